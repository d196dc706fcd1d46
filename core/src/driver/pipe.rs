//! The duplex pipe under every async stream.
//!
//! A pipe is a leaf: its mutex guards two queues, two wakers and a few flags, and is never held across
//! a call into the endpoint or into a waker. Each direction holds at most [`PIPE_BYTES`] (twice that on
//! the way out, where the driver works on one buffer while the application fills the next), allocates
//! when bytes come and gives the memory back when they are gone.
//!
//! Inbound bytes are moved on demand: a stream that nobody reads stays in the endpoint, where its bytes
//! count against the limits of its connection and close the peer's window.
//!
//! ```text
//! out   poll_write ─ copied → outbound.blocks ─ moved → lane.unsent ─ moved → endpoint
//! in    endpoint ─ moved → inbound.pieces ─ copied → poll_read               only while `wanted`
//! ```

mod driver;
mod handle;

use core::mem;
use core::task::Waker;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::write_error;
use crate::rtc::error::{OpenError, StreamEnd, WriteError};
use crate::rtc::{Blocks, ConnectionId, Pieces, StreamId};

/// Bytes that a pipe holds in each direction: four of the longest frames, enough that a wake-up moves
/// more than it costs.
pub(super) const PIPE_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Pipe {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// A letter about this pipe is in the box.
    posted: bool,
    opening: Opening,
    inbound: Inbound,
    outbound: Outbound,
    stop_reading: bool,
    reset: bool,
    dropped: bool,
    end: Option<StreamEnd>,
}

#[derive(Clone, Copy, Debug)]
enum Opening {
    Asked { connection: ConnectionId, patience: Patience },
    Open(StreamId),
    Failed(OpenError),
}

#[derive(Debug, Default)]
struct Inbound {
    pieces: Pieces,
    /// The application has read everything and would take more.
    wanted: bool,
    /// The endpoint may have more, and will not say so again.
    more: bool,
    ended: Option<ReadEnd>,
    reader: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadEnd {
    Finished,
    Reset,
}

#[derive(Debug, Default)]
struct Outbound {
    blocks: Blocks,
    /// The application has closed.
    finish: bool,
    /// The end of our data has been delivered, or never will be.
    finished: bool,
    failed: Option<WriteError>,
    writer: Option<Waker>,
}

/// What an opener does when there are as many streams as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It hears of that.
    None,
    /// It waits for its turn.
    Waits,
}

/// What a letter about a pipe stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attention {
    /// Open a stream for it.
    Open { connection: ConnectionId, patience: Patience },
    /// It never had a stream, and needs none any more.
    Gone,
    /// Look after its stream.
    Serve {
        id: StreamId,
        /// The reader has nothing left.
        wanted: bool,
        stop_reading: bool,
        reset: bool,
        dropped: Option<Dropped>,
    },
}

/// How a handle was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// In the middle, or when all was done: forget the stream.
    Done,
    /// In the middle, and what was written last is still here: send what the path takes at once, then
    /// forget the stream.
    Midway,
    /// After it began to close: what was written and its end are still to be delivered.
    Closing,
}

/// What a read of the endpoint ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// There is no more now; the endpoint will say when there is.
    Empty,
    /// There may be more.
    More,
    /// There will never be more.
    Finished,
    /// The stream was reset.
    Reset,
}

/// What there is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Bytes,
    Nothing,
    /// Nothing, and there will be no more.
    Finish,
}

impl Pipe {
    fn new(opening: Opening) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                posted: false,
                opening,
                inbound: Inbound::default(),
                outbound: Outbound::default(),
                stop_reading: false,
                reset: false,
                dropped: false,
                end: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside can panic half-way but for want of memory.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a letter is needed.
    fn ask(&mut self) -> bool {
        !mem::replace(&mut self.posted, true)
    }

    /// The reader has nothing left, if so; whether the driver must be told.
    fn want(&mut self) -> bool {
        let inbound = &mut self.inbound;
        if !inbound.pieces.is_empty() || inbound.ended.is_some() {
            return false;
        }
        inbound.wanted = true;
        inbound.more && self.ask()
    }

    fn end(&mut self, end: StreamEnd) {
        let end = *self.end.get_or_insert(end);
        if end == StreamEnd::Finished {
            self.outbound.finished = true;
        } else {
            self.outbound.fail(WriteError::Reset);
        }
    }

    fn write_failure(&self) -> Option<io::Error> {
        self.outbound.failed.map(|error| write_error(error, self.end))
    }
}

impl Inbound {
    fn finish(&mut self, end: ReadEnd) {
        self.release();
        self.ended = Some(end);
    }

    fn release(&mut self) {
        self.pieces = Pieces::default();
        self.wanted = false;
    }
}

impl Outbound {
    fn fail(&mut self, error: WriteError) {
        self.failed.get_or_insert(error);
        self.blocks = Blocks::default();
    }
}

#[cfg(test)]
mod tests;
