//! A signaling stream in the driver's hands.
//!
//! It is the caller's, over whatever relay: it may bring bytes without end, take none, or fail, and none of that may
//! hold up the driver. So one poll reads one buffer at most, and no more waits to be written than one message and the
//! end behind it; the next one is taken from [`Signaling`](crate::rtc::signaling) when the stream has taken this one.
//!
//! Whoever drops a talk resets its stream, unless both halves are closed.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::boxed::Box;
use std::io;
use std::vec::Vec;

use futures::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use crate::rtc::telemetry;

/// What a signaling stream is.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Duplex for S {}

pub(super) struct Talk {
    stream: Pin<Box<dyn Duplex>>,
    /// The message that is being written, and how much of it is.
    message: Vec<u8>,
    written: usize,
    ours: Half,
    /// The peer has closed its half.
    is_ended: bool,
}

/// How far our half is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    /// It takes messages; what it has taken waits to be flushed, if so.
    Open { is_flushed: bool },
    /// It is to be closed behind what is still to be written.
    Closing,
    /// It is closed.
    Closed,
    /// It has failed.
    Broken,
}

/// What a stream has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// So many bytes, in the buffer; there may be more.
    Bytes(usize),
    /// The end of the peer's half.
    End,
    /// Its own end: it was reset, or has failed.
    Reset,
}

impl Talk {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        Self {
            stream: Box::pin(stream),
            message: Vec::new(),
            written: 0,
            ours: Half::Open { is_flushed: true },
            is_ended: false,
        }
    }

    /// Waits for what the stream brings.
    pub(super) fn poll_hear(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Came> {
        if !self.is_ended {
            match self.stream.as_mut().poll_read(context, buffer) {
                Poll::Ready(Ok(0)) => {
                    self.is_ended = true;
                    return Poll::Ready(Came::End);
                }
                Poll::Ready(Ok(n)) => return Poll::Ready(Came::Bytes(n.min(buffer.len()))),
                Poll::Ready(Err(error)) => {
                    debug!(target: telemetry::DRIVER, %error, "a signaling stream failed");
                    return Poll::Ready(Came::Reset);
                }
                Poll::Pending => {}
            }
        }
        // What has come by the time that writing failed is heard before that.
        if self.ours == Half::Broken { Poll::Ready(Came::Reset) } else { Poll::Pending }
    }

    /// Writes what is to be written. Ready when another message may be [said](Self::say); of a failure hears who
    /// [hears](Self::poll_hear), and is woken for it.
    pub(super) fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let written = match self.ours {
            Half::Open { .. } | Half::Closing => ready!(self.poll_write(context)),
            Half::Closed | Half::Broken => return Poll::Pending,
        };
        if let Err(error) = written {
            debug!(target: telemetry::DRIVER, %error, "a signaling stream takes nothing");
            self.ours = Half::Broken;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.message.len() {
            let rest = &self.message[self.written..];
            let written = ready!(self.stream.as_mut().poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written = self.written.saturating_add(written);
        }
        self.message = Vec::new();
        self.written = 0;
        if self.ours == Half::Closing {
            ready!(self.stream.as_mut().poll_close(context))?;
            self.ours = Half::Closed;
        } else if self.ours == (Half::Open { is_flushed: false })
            && let Poll::Ready(flushed) = self.stream.as_mut().poll_flush(context)
        {
            flushed?;
            self.ours = Half::Open { is_flushed: true };
        }
        Poll::Ready(Ok(()))
    }

    /// Gives a message to be written next: when [`poll_say`](Self::poll_say) is ready.
    pub(super) fn say(&mut self, message: Vec<u8>) {
        debug_assert!(self.message.is_empty(), "one message after the other");
        self.message = message;
        if let Half::Open { is_flushed } = &mut self.ours {
            *is_flushed = false;
        }
    }

    /// Closes our half behind what was said.
    pub(super) fn close(&mut self) {
        if matches!(self.ours, Half::Open { .. }) {
            self.ours = Half::Closing;
        }
    }

    /// Whether the stream has nothing left to do with what was said, and with the close if there was one.
    pub(super) fn is_said(&self) -> bool {
        match self.ours {
            Half::Open { is_flushed } => is_flushed && self.message.is_empty(),
            Half::Closing => false,
            Half::Closed | Half::Broken => true,
        }
    }
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk")
            .field("waits", &(self.message.len() - self.written.min(self.message.len())))
            .field("ours", &self.ours)
            .field("is_ended", &self.is_ended)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
