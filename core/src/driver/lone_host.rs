//! A host for the driver's own tests: one interface, no network, and a clock that a test moves.

use core::future::{Future, pending, poll_fn};
use core::net::SocketAddr;
use core::task::Poll;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::vec::Vec;

use futures::FutureExt;

use super::endpoint::Endpoint;
use super::outside::{Batch, Clock, Socket};
use super::run::Driver;
use crate::rtc::identity::{Identity, Keypair};
use crate::rtc::{Certificate, Config, Epoch, Transmit};
use crate::time::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Host {
    /// The last number of its address.
    pub(super) host: Mutex<u8>,
    /// Where datagrams were sent to.
    pub(super) sent: Mutex<Vec<SocketAddr>>,
    now: Mutex<Timestamp>,
    /// When the driver waits to be woken, if at all.
    alarm: Mutex<Option<Timestamp>>,
}

impl Host {
    /// An endpoint there, and the future that drives it.
    pub(super) fn endpoint(self: &Arc<Self>) -> (Endpoint, impl Future<Output = ()> + use<>) {
        let identity = Identity::from(Keypair::ed25519_from_seed([1; 32]));
        let config = Config::new(identity, Certificate::generate([1; 32]));
        let time = Time(self.clone(), Epoch::new(Instant::now()));
        let (endpoint, driver) = Driver::new(config, Io(self.clone()), time, [1; 32]).unwrap();
        (endpoint, driver.run())
    }

    /// Runs the driver until it waits; says until when.
    pub(super) fn run(&self, driver: impl Future<Output = ()> + Unpin) -> Option<Timestamp> {
        *self.alarm.lock().unwrap() = None;
        assert!(driver.now_or_never().is_none(), "the endpoint is open");
        *self.alarm.lock().unwrap()
    }

    pub(super) fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = *now + time;
    }
}

struct Io(Arc<Host>);

impl Socket for Io {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([0; 4], 4001).into())
    }

    fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        Ok([([192, 0, 2, *self.0.host.lock().unwrap()], 4001).into()].into())
    }

    fn sibling(&self) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn batch(&self) -> Batch {
        Batch::new(1, 1)
    }

    async fn recv(&self, _: &mut Batch) -> io::Result<()> {
        pending().await
    }

    async fn send(&self, transmit: Transmit<'_>) -> io::Result<()> {
        self.0.sent.lock().unwrap().push(transmit.remote);
        Ok(())
    }
}

struct Time(Arc<Host>, Epoch);

impl Clock for Time {
    fn epoch(&self) -> Epoch {
        self.1
    }

    fn now(&self) -> Timestamp {
        *self.0.now.lock().unwrap()
    }

    async fn sleep_until(&self, at: Timestamp) {
        poll_fn(|_| {
            let waits = self.now() < at;
            *self.0.alarm.lock().unwrap() = waits.then_some(at);
            if waits { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}
