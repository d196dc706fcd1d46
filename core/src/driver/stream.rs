//! The handle of a stream.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use futures::io::{AsyncRead, AsyncWrite};

use super::connection::Alive;
use super::mail::Mailbox;
use super::pipe::Pipe;
use crate::rtc::StreamId;

/// A stream of bytes in both directions, ordered and reliable.
///
/// - **Writing** takes up to 64 KiB (and as much again that the driver works on) before it waits for the
///   peer. What was written is sent without being asked for: `flush` never waits, and fails if writing
///   would.
/// - **Closing** (`AsyncWrite::poll_close`) ends our half: the peer reads to the end and then finds it.
///   Done when the peer has acknowledged that, or the configured time for it has passed. Reading goes
///   on.
/// - **Dropping** the handle resets the stream if it is not over: what was written and is not delivered
///   may be lost. If closing had begun and was given up, what was written and the end of it are still
///   delivered, for as long as the connection lives.
/// - **Errors** are `std::io::Error`s with a kind: `ConnectionReset` when the peer reset the stream,
///   `ConnectionAborted` when we did or the connection is over, `BrokenPipe` when the peer stopped
///   reading or our half is closed, `InvalidData` when the peer broke its rules; the typed cause
///   ([`StreamEnd`](crate::rtc::error::StreamEnd) or [`WriteError`](crate::rtc::error::WriteError)) is
///   inside.
///
/// Every future made from it is cancel-safe in the way of `AsyncRead` and `AsyncWrite`: a poll that says
/// `Pending` has moved no byte.
#[must_use = "dropping a stream that was not closed resets it"]
pub struct Stream {
    pipe: Arc<Pipe>,
    alive: Arc<Alive>,
}

impl Stream {
    pub(super) const fn new(pipe: Arc<Pipe>, alive: Arc<Alive>) -> Self {
        Self { pipe, alive }
    }

    /// The id by which the endpoint, and its traces, know the stream.
    pub fn id(&self) -> StreamId {
        self.pipe.id().expect("nobody gets a stream before it is open")
    }

    /// Asks the peer to send no more (STOP_SENDING) and discards what has come and still comes. Reads
    /// find the end from here on. Writing goes on.
    pub fn stop_reading(&mut self) {
        self.pipe.stop_reading(self.mail());
    }

    /// Ends both directions at once (RESET_STREAM) and discards what is under way.
    pub fn reset(&mut self) {
        self.pipe.reset(self.mail());
    }

    fn mail(&self) -> &Mailbox {
        &self.alive.hub.mail
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pipe.poll_read(context, self.mail(), out)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pipe.poll_write(context, self.mail(), bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.pipe.flush())
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.poll_close(context, self.mail())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pipe.leave(self.mail());
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.pipe.id()).finish()
    }
}
