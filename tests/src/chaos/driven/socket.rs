//! The driver's socket: a port of a [host](super::host).

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use floe_core::driver::{self, Batch};
use floe_core::rtc::Transmit;

use super::host::Host;

/// A bound port; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    host: Host,
    addr: SocketAddr,
}

impl Socket {
    pub(super) fn bind(host: Host, addr: SocketAddr) -> Self {
        host.bind(addr);
        Self { host, addr }
    }
}

impl driver::Socket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }

    fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.addr])
    }

    fn sibling(&self) -> io::Result<Self> {
        let addr = self.host.bind_sibling(self.addr)?;
        Ok(Self { host: self.host.clone(), addr })
    }

    fn batch(&self) -> Batch {
        self.host.batch()
    }

    async fn recv(&self, batch: &mut Batch) -> io::Result<()> {
        poll_fn(|context| self.host.poll_recv(self.addr, batch, context)).await
    }

    async fn send(&self, mut transmit: Transmit<'_>) -> io::Result<()> {
        while !transmit.payload.is_empty() {
            let sent = poll_fn(|context| self.host.poll_send(self.addr, transmit, context)).await?;
            transmit.payload = &transmit.payload[sent..];
        }
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.host.release(self.addr);
    }
}
