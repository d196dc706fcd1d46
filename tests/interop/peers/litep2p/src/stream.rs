//! A stream, used as litep2p's own documentation would have it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use contract::Duplex;
use futures::{AsyncRead, AsyncWrite};
use litep2p::substream::Substream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

/// `Substream` for whoever speaks the traits of `futures`. Closing it sends FIN and waits for FIN_ACK;
/// dropping it sends STOP_SENDING and FIN, behind everything that was written.
pub(crate) struct Stream(Compat<Substream>);

impl Stream {
    pub(crate) fn new(substream: Substream) -> Self {
        Self(substream.compat())
    }
}

impl Duplex for Stream {
    fn stop_reading(&mut self) -> io::Result<()> {
        Err(io::Error::other("litep2p's Substream cannot stop reading and go on writing"))
    }

    /// There is no call for it, so this only ends both halves.
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
