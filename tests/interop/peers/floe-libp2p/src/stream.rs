//! A stream of a swarm, as it is.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use contract::Duplex;
use futures::{AsyncRead, AsyncWrite};

pub(crate) struct Stream(pub(crate) libp2p::Stream);

/// Neither is played: there is no way to ask a swarm for it.
impl Duplex for Stream {
    fn stop_reading(&mut self) -> io::Result<()> {
        Err(io::Error::other("libp2p::Stream cannot stop reading and go on writing"))
    }

    fn reset(self) {}
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, out)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
