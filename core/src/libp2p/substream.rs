//! A stream, with the manners that rust-libp2p's protocols count on.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::io;

use futures::io::{AsyncRead, AsyncWrite};

use crate::driver::{Endpoint, Stream};
use crate::rtc::error::WriteError;

/// A stream of a [`Connection`](super::Connection): a [`Stream`] that closes as swarms expect it to.
///
/// - `poll_close` is done when all that was written, and the end of it, is handed over.
/// - Dropping it closes it, unless it was reset: what was written is delivered. The peer is asked to send no
///   more.
#[derive(Debug)]
pub struct Substream {
    stream: Stream,
    /// The last field: without its endpoint, what has come and was not read would be lost.
    _endpoint: Endpoint,
}

impl Substream {
    pub(super) const fn new(stream: Stream, endpoint: Endpoint) -> Self {
        Self { stream, _endpoint: endpoint }
    }
}

impl AsyncRead for Substream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(context, out)
    }
}

impl AsyncWrite for Substream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        let closed = match stream.as_mut().poll_close(context) {
            // The peer's word is not waited for: the driver does that, and forgets the stream then.
            Poll::Pending => stream.poll_flush(context),
            ready => ready,
        };
        closed.map(|result| match result {
            // Whoever wants no more has got what it wanted.
            Err(error) if was_stopped(&error) => Ok(()),
            result => result,
        })
    }
}

impl Drop for Substream {
    fn drop(&mut self) {
        // From now on the driver delivers what is left, and the end of it.
        let _ = Pin::new(&mut self.stream).poll_close(&mut Context::from_waker(Waker::noop()));
    }
}

fn was_stopped(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    cause == Some(&WriteError::Stopped)
}
