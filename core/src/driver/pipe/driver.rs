//! The driver's side of a pipe: what it is to do, and what it brings.

use core::mem;
use core::task::Waker;
use std::sync::Arc;

use super::{After, Attention, Dropped, Opening, Pipe, ReadEnd, State, Taken};
use crate::rtc::error::{OpenError, StreamEnd, WriteError};
use crate::rtc::{Blocks, Pieces, StreamId};

impl Pipe {
    /// The pipe of a stream that the peer has opened.
    pub(in crate::driver) fn accepted(id: StreamId) -> Arc<Self> {
        Self::new(Opening::Open(id))
    }

    /// Says what the handle wishes; from now on it may post again.
    pub(in crate::driver) fn attend(&self) -> Attention {
        let mut state = self.lock();
        state.posted = false;
        let id = match state.opening {
            Opening::Asked { connection, patience } if !state.dropped => {
                return Attention::Open { connection, patience };
            }
            Opening::Asked { .. } | Opening::Failed(_) => return Attention::Gone,
            Opening::Open(id) => id,
        };
        let outbound = &state.outbound;
        let closing = outbound.finish && !outbound.finished && outbound.failed.is_none();
        let dropped = state.dropped.then_some(match closing {
            true => Dropped::Closing,
            false if outbound.blocks.is_empty() => Dropped::Done,
            false => Dropped::Midway,
        });
        Attention::Serve {
            id,
            wanted: state.inbound.wanted && state.inbound.more,
            stop_reading: mem::take(&mut state.stop_reading),
            reset: mem::take(&mut state.reset),
            dropped,
        }
    }

    /// Whether nobody waits for it any more.
    pub(in crate::driver) fn is_left(&self) -> bool {
        self.lock().dropped
    }

    pub(in crate::driver) fn opened(&self, result: Result<StreamId, OpenError>) {
        self.wake_writer(|state| {
            state.opening = match result {
                Ok(id) => Opening::Open(id),
                Err(error) => Opening::Failed(error),
            };
        });
    }

    /// The endpoint has something to read. Whether the application wants it now; it will ask otherwise.
    pub(in crate::driver) fn readable(&self) -> bool {
        let mut state = self.lock();
        state.inbound.more = true;
        state.inbound.wanted && state.inbound.ended.is_none()
    }

    /// Hands over what was read from the endpoint.
    pub(in crate::driver) fn deliver(&self, mut pieces: Pieces, after: After) {
        let (mut reader, mut writer) = (None, None);
        {
            let mut state = self.lock();
            if state.dropped || state.inbound.ended.is_some() {
                return;
            }
            // Why it was reset is said by the event that follows: the peer did it, or the connection is
            // over. It is asked for again then, and nobody hears of an end without its reason.
            let after =
                if after == After::Reset && state.end.is_none() { After::More } else { after };
            if after == After::Reset {
                // A reset ends both directions.
                state.outbound.fail(WriteError::Reset);
                writer = state.outbound.writer.take();
            }
            let inbound = &mut state.inbound;
            let is_empty = pieces.is_empty();
            // Only an empty pipe has asked for them, so they are moved as they are.
            pieces.hand_over(&mut inbound.pieces, usize::MAX);
            inbound.more = after == After::More;
            inbound.wanted &= is_empty;
            inbound.ended = match after {
                After::Empty | After::More => None,
                After::Finished => Some(ReadEnd::Finished),
                After::Reset => Some(ReadEnd::Reset),
            };
            if !is_empty || inbound.ended.is_some() {
                reader = inbound.reader.take();
            }
        }
        reader.into_iter().chain(writer).for_each(Waker::wake);
    }

    /// Takes what is to be sent. What fills no frame stays to be filled up, if there is more than `spare`
    /// besides and more may come.
    pub(in crate::driver) fn take(&self, sent: &mut Blocks, spare: Option<usize>) -> Taken {
        self.wake_writer(|state| {
            let outbound = &mut state.outbound;
            let spare = if outbound.finish { Some(usize::MAX) } else { spare };
            *sent = outbound.blocks.take_urgent(spare);
            if !sent.is_empty() {
                Taken::Bytes
            } else if outbound.finish && outbound.failed.is_none() {
                Taken::Finish
            } else {
                Taken::Nothing
            }
        })
    }

    /// The endpoint takes no more. If it was reset, the event that follows says why, and ends it.
    pub(in crate::driver) fn write_failed(&self, error: WriteError) {
        self.wake_writer(|state| {
            if error != WriteError::Reset || state.end.is_some() {
                state.outbound.fail(error);
            }
        });
    }

    /// The end of our data was acknowledged, or never will be.
    pub(in crate::driver) fn finished(&self) {
        self.wake_writer(|state| state.outbound.finished = true);
    }

    /// The stream is over in both directions. What the endpoint holds may still be read.
    pub(in crate::driver) fn ended(&self, end: StreamEnd) {
        self.wake_writer(|state| state.end(end));
    }

    /// There is no driver any more: nothing moves from here on.
    pub(in crate::driver) fn abandon(&self) {
        let reader = {
            let mut state = self.lock();
            state.end(StreamEnd::ConnectionClosed);
            state.inbound.more = false;
            state.inbound.ended.get_or_insert(ReadEnd::Reset);
            state.inbound.reader.take()
        };
        reader.into_iter().for_each(Waker::wake);
        self.wake_writer(|_| ());
    }

    fn wake_writer<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let (result, writer) = {
            let mut state = self.lock();
            (change(&mut state), state.outbound.writer.take())
        };
        writer.into_iter().for_each(Waker::wake);
        result
    }
}
