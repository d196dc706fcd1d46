//! The handle's side of a pipe: polls, wishes, and the letters that tell the driver.

use core::mem;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use super::{Opening, PIPE_BYTES, Patience, Pipe, ReadEnd};
use crate::driver::error::{read_error, write_error};
use crate::driver::mail::{Letter, Mailbox};
use crate::rtc::error::{OpenError, StreamEnd, WriteError};
use crate::rtc::{ConnectionId, StreamId};

impl Pipe {
    /// A pipe that asks for a stream of `connection`.
    pub(in crate::driver) fn asking(connection: ConnectionId, patience: Patience) -> Arc<Self> {
        Self::new(Opening::Asked { connection, patience })
    }

    /// Marks the first letter of a new pipe as posted and posts it. `false`: there is no driver.
    pub(in crate::driver) fn ask_first(self: &Arc<Self>, mail: &Mailbox) -> bool {
        self.lock().posted = true;
        mail.post(Letter::Stream(self.clone()))
    }

    pub(in crate::driver) fn poll_opened(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), OpenError>> {
        let stale;
        {
            let mut state = self.lock();
            match state.opening {
                Opening::Open(_) => return Poll::Ready(Ok(())),
                Opening::Failed(error) => return Poll::Ready(Err(error)),
                Opening::Asked { .. } if state.end.is_some() => {
                    return Poll::Ready(Err(OpenError::Closed));
                }
                Opening::Asked { .. } => {
                    stale = state.outbound.writer.replace(context.waker().clone());
                }
            }
        }
        drop(stale);
        Poll::Pending
    }

    /// The stream's id, once it is open.
    pub(in crate::driver) fn id(&self) -> Option<StreamId> {
        match self.lock().opening {
            Opening::Open(id) => Some(id),
            Opening::Asked { .. } | Opening::Failed(_) => None,
        }
    }

    pub(in crate::driver) fn poll_read(
        self: &Arc<Self>,
        context: &mut Context<'_>,
        mail: &Mailbox,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if out.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let (mut stale, mut post) = (None, false);
        let result = {
            let mut state = self.lock();
            let n = state.inbound.pieces.read(out);
            if n > 0 {
                post = state.want();
                Poll::Ready(Ok(n))
            } else {
                match state.inbound.ended {
                    Some(ReadEnd::Finished) => Poll::Ready(Ok(0)),
                    Some(ReadEnd::Reset) => Poll::Ready(Err(read_error(state.end))),
                    None => {
                        stale = state.inbound.reader.replace(context.waker().clone());
                        post = state.want();
                        Poll::Pending
                    }
                }
            }
        };
        drop(stale);
        self.post_if(post, mail);
        result
    }

    pub(in crate::driver) fn poll_write(
        self: &Arc<Self>,
        context: &mut Context<'_>,
        mail: &Mailbox,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (mut stale, mut post) = (None, false);
        let result = {
            let mut state = self.lock();
            let room = PIPE_BYTES - state.outbound.blocks.len();
            if let Some(error) = state.write_failure() {
                Poll::Ready(Err(error))
            } else if state.outbound.finish {
                Poll::Ready(Err(write_error(WriteError::Finished, state.end)))
            } else if bytes.is_empty() {
                Poll::Ready(Ok(0))
            } else if room == 0 {
                stale = state.outbound.writer.replace(context.waker().clone());
                Poll::Pending
            } else {
                let n = bytes.len().min(room);
                state.outbound.blocks.write(&bytes[..n]);
                post = state.ask();
                Poll::Ready(Ok(n))
            }
        };
        drop(stale);
        self.post_if(post, mail);
        result
    }

    /// Never waits: the letter about what was written is posted, and it is sent without being asked for.
    pub(in crate::driver) fn flush(&self) -> io::Result<()> {
        self.lock().write_failure().map_or(Ok(()), Err)
    }

    /// Ends our data. Ready when the peer has acknowledged that, or never will.
    pub(in crate::driver) fn poll_close(
        self: &Arc<Self>,
        context: &mut Context<'_>,
        mail: &Mailbox,
    ) -> Poll<io::Result<()>> {
        let stale;
        let post;
        {
            let mut state = self.lock();
            if state.outbound.finished {
                return Poll::Ready(Ok(()));
            }
            if let Some(error) = state.write_failure() {
                return Poll::Ready(Err(error));
            }
            stale = state.outbound.writer.replace(context.waker().clone());
            post = !mem::replace(&mut state.outbound.finish, true) && state.ask();
        }
        drop(stale);
        self.post_if(post, mail);
        Poll::Pending
    }

    /// Discards what was received and asks the peer to send no more.
    pub(in crate::driver) fn stop_reading(self: &Arc<Self>, mail: &Mailbox) {
        let post = {
            let mut state = self.lock();
            if state.inbound.ended.is_some() {
                return;
            }
            state.inbound.finish(ReadEnd::Finished);
            state.stop_reading = true;
            state.ask()
        };
        self.post_if(post, mail);
    }

    /// Ends both directions at once and discards what is under way.
    pub(in crate::driver) fn reset(self: &Arc<Self>, mail: &Mailbox) {
        let post = {
            let mut state = self.lock();
            if state.end.is_some() {
                return;
            }
            state.end = Some(StreamEnd::ResetLocally);
            state.inbound.finish(ReadEnd::Reset);
            state.outbound.fail(WriteError::Reset);
            state.reset = true;
            state.ask()
        };
        self.post_if(post, mail);
    }

    /// The handle is gone.
    pub(in crate::driver) fn leave(self: &Arc<Self>, mail: &Mailbox) {
        let (reader, writer, post);
        {
            let mut state = self.lock();
            state.dropped = true;
            state.inbound.release();
            reader = state.inbound.reader.take();
            writer = state.outbound.writer.take();
            post = !matches!(state.opening, Opening::Failed(_)) && state.ask();
        }
        drop((reader, writer));
        self.post_if(post, mail);
    }

    fn post_if(self: &Arc<Self>, post: bool, mail: &Mailbox) {
        if post {
            // Without a driver nothing is lost: it has ended all pipes, or is about to.
            mail.post(Letter::Stream(self.clone()));
        }
    }
}
