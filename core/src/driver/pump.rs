//! Moves bytes between the pipes and the streams of the endpoint.
//!
//! Nothing is polled for: a pipe is served when its handle posts a letter or the endpoint says that its
//! stream is readable or writable, and then until one side can do no more.

use core::mem;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::vec::Vec;

use super::pipe::{After, Attention, Dropped, PIPE_BYTES, Pipe, Taken};
use crate::rtc::error::{StreamEnd, WriteError};
use crate::rtc::output::Read;
use crate::rtc::{Blocks, ConnectionId, Endpoint, Pieces, StreamId};
use crate::time::Timestamp;

/// All streams that have a handle, or wait for one, or are still closing after theirs is gone.
#[derive(Debug)]
pub(super) struct Pump {
    lanes: BTreeMap<StreamId, Lane>,
    /// To be forgotten once what their handles wrote last has had its chance to leave.
    leaving: Vec<StreamId>,
}

#[derive(Debug)]
struct Lane {
    pipe: Arc<Pipe>,
    /// Taken from the pipe, not yet by the endpoint.
    unsent: Blocks,
    /// The endpoint knows that there will be no more.
    finished: bool,
    /// The handle is gone; so is the lane as soon as the endpoint has all that was written.
    closing: bool,
}

impl Pump {
    pub(super) fn new() -> Self {
        Self { lanes: BTreeMap::new(), leaving: Vec::new() }
    }

    /// A stream was opened for `pipe`, or came from the peer.
    pub(super) fn insert(&mut self, id: StreamId, pipe: Arc<Pipe>) {
        let lane = Lane { pipe, unsent: Blocks::default(), finished: false, closing: false };
        self.lanes.insert(id, lane);
    }

    /// Does what the handle of a pipe wishes.
    pub(super) fn serve(&mut self, now: Timestamp, endpoint: &mut Endpoint, wishes: Attention) {
        let Attention::Serve { id, wanted, stop_reading, reset, dropped } = wishes else { return };
        if reset && let Some(mut stream) = endpoint.stream(id) {
            stream.reset(now);
        }
        if (stop_reading || dropped == Some(Dropped::Closing))
            && let Some(mut stream) = endpoint.stream(id)
        {
            stream.stop_reading(now);
        }
        match dropped {
            Some(Dropped::Done) => return self.forget(now, endpoint, id),
            Some(Dropped::Midway) => self.leaving.push(id),
            Some(Dropped::Closing) => {
                if let Some(lane) = self.lanes.get_mut(&id) {
                    lane.closing = true;
                }
            }
            None => {}
        }
        if wanted {
            self.read(endpoint, id);
        }
        self.write(now, endpoint, id);
    }

    /// Forgets the streams that were left midway. Says whether there were any.
    pub(super) fn settle(&mut self, now: Timestamp, endpoint: &mut Endpoint) -> bool {
        let mut leaving = mem::take(&mut self.leaving);
        let any = !leaving.is_empty();
        leaving.drain(..).for_each(|id| self.forget(now, endpoint, id));
        self.leaving = leaving;
        any
    }

    /// The endpoint has something to read.
    pub(super) fn readable(&mut self, endpoint: &mut Endpoint, id: StreamId) {
        if self.lanes.get(&id).is_some_and(|lane| lane.pipe.readable()) {
            self.read(endpoint, id);
        }
    }

    /// The endpoint has room again, or the application has written.
    pub(super) fn write(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: StreamId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let written = lane.write(endpoint, id);
        if let Err(error) = written {
            lane.unsent = Blocks::default();
            lane.pipe.write_failed(error);
        }
        // The endpoint has all there is, or takes no more: it sees to the rest without a handle.
        if lane.closing && (lane.finished || written.is_err()) {
            self.forget(now, endpoint, id);
        }
    }

    /// The end of our data was acknowledged, or never will be.
    pub(super) fn finished(&mut self, id: StreamId) {
        if let Some(lane) = self.lanes.get(&id) {
            lane.pipe.finished();
        }
    }

    /// A stream is over in both directions; what came may still be read.
    pub(super) fn ended(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        id: StreamId,
        end: StreamEnd,
    ) {
        let Some(lane) = self.lanes.get(&id) else { return };
        lane.pipe.ended(end);
        if lane.closing {
            self.forget(now, endpoint, id);
        } else {
            self.readable(endpoint, id);
        }
    }

    /// A connection is over, and all its streams with it; what came may still be read.
    pub(super) fn disconnected(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        connection: ConnectionId,
    ) {
        let first = StreamId { connection, channel: 0, serial: 0 };
        let last = StreamId { connection, channel: u16::MAX, serial: u32::MAX };
        let ids: Vec<_> = self.lanes.range(first..=last).map(|(id, _)| *id).collect();
        for id in ids {
            self.ended(now, endpoint, id, StreamEnd::ConnectionClosed);
        }
    }

    /// A stream needs nothing more: nobody holds it.
    pub(super) fn forget(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: StreamId) {
        endpoint.forget_stream(now, id);
        self.lanes.remove(&id);
    }

    /// The driver ends: nothing moves from here on.
    pub(super) fn abandon(&mut self) {
        for lane in self.lanes.values() {
            lane.pipe.abandon();
        }
        self.lanes.clear();
        self.leaving.clear();
    }

    fn read(&mut self, endpoint: &mut Endpoint, id: StreamId) {
        let Some(lane) = self.lanes.get(&id) else { return };
        let mut pieces = Pieces::default();
        let behind = endpoint
            .stream(id)
            .map_or(Read::Reset, |mut stream| stream.read_pieces(&mut pieces, PIPE_BYTES));
        let after = match behind {
            Read::Bytes(_) => After::More,
            Read::Empty => After::Empty,
            Read::Finished => After::Finished,
            Read::Reset => After::Reset,
        };
        lane.pipe.deliver(pieces, after);
    }
}

impl Lane {
    fn write(&mut self, endpoint: &mut Endpoint, id: StreamId) -> Result<(), WriteError> {
        loop {
            if !self.unsent.is_empty() {
                let mut stream = endpoint.stream(id).ok_or(WriteError::Reset)?;
                stream.write_blocks(&mut self.unsent)?;
                if !self.unsent.is_empty() {
                    return Ok(()); // The endpoint is full and will say when it is not.
                }
            }
            let spare = endpoint.stream(id).map_or(Some(0), |mut stream| stream.spare());
            match self.pipe.take(&mut self.unsent, spare) {
                Taken::Bytes => {}
                Taken::Nothing => return Ok(()),
                Taken::Finish if self.finished => return Ok(()),
                Taken::Finish => {
                    self.finished = true;
                    return endpoint.stream(id).ok_or(WriteError::Reset)?.finish();
                }
            }
        }
    }
}
