//! A stream whose close is begun and then left to the driver.
//!
//! An acceptor that is done has nothing to learn from the peer's acknowledgement, and rust-libp2p never
//! sends one: whoever waited for it would hold one of the places for ten seconds. floe delivers what was
//! written, and its end, after the handle of a closing stream is dropped.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use floe_core::driver::Stream;
use futures::{AsyncRead, AsyncWrite};

/// A stream that is closed as soon as its close has begun.
pub(super) struct CloseInBackground(pub(super) Stream);

impl AsyncRead for CloseInBackground {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, out)
    }
}

impl AsyncWrite for CloseInBackground {
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
        match Pin::new(&mut self.0).poll_close(context) {
            Poll::Pending => Poll::Ready(Ok(())),
            ready => ready,
        }
    }
}
