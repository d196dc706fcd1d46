//! What an application does with one stream.

use std::collections::VecDeque;

use super::{Endpoint, StreamStats};
use crate::rtc::block::Blocks;
use crate::rtc::error::WriteError;
use crate::rtc::output::{Event, Read, StreamId};
use crate::rtc::pieces::Pieces;
use crate::rtc::streams::Streams;
use crate::time::Timestamp;

/// A stream of a connection, for as long as the endpoint is borrowed.
#[derive(Debug)]
pub struct StreamMut<'a> {
    endpoint: &'a mut Endpoint,
    id: StreamId,
}

impl<'a> StreamMut<'a> {
    pub(super) fn new(endpoint: &'a mut Endpoint, id: StreamId) -> Self {
        Self { endpoint, id }
    }

    /// What is buffered for this stream, in both directions.
    pub fn stats(&self) -> StreamStats {
        let connection = self.endpoint.connections.get(&self.id.connection);
        connection.and_then(|connection| connection.stream_stats(self.id)).unwrap_or_default()
    }

    /// Reads into `out`, which must not be empty.
    pub fn read(&mut self, out: &mut [u8]) -> Read {
        let id = self.id;
        self.taking(|streams, events| streams.read(id, out, events))
    }

    /// Reads without a copy: moves the pieces that came to the end of `out`, so many that it costs no more
    /// than `cost_max` (and one piece at least, or a part of it, where there was none), and says what there is
    /// behind them.
    pub fn read_pieces(&mut self, out: &mut Pieces, cost_max: usize) -> Read {
        let id = self.id;
        self.taking(|streams, events| streams.read_pieces(id, out, cost_max, events))
    }

    /// Takes what there is room for and says how much. Less than all means that
    /// [`Event::Writable`](super::super::Event::Writable) will follow.
    ///
    /// # Errors
    /// [`WriteError`] if nothing can be written any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, WriteError> {
        let id = self.id;
        self.change(|streams, events| streams.write(id, bytes, events)).ok_or(WriteError::Reset)?
    }

    /// Writes without a copy: takes the blocks that there is room for. What is left means that
    /// [`Event::Writable`](super::super::Event::Writable) will follow.
    ///
    /// # Errors
    /// [`WriteError`] if nothing can be written any more.
    pub fn write_blocks(&mut self, blocks: &mut Blocks) -> Result<(), WriteError> {
        let id = self.id;
        self.change(|streams, events| streams.write_blocks(id, blocks, events))
            .ok_or(WriteError::Reset)?
    }

    /// How much may be written until so much waits that what fills no frame had better wait for more, with the
    /// writer. `None`: it had better wait now, and [`Event::Writable`](super::super::Event::Writable) will
    /// follow.
    pub fn spare(&mut self) -> Option<usize> {
        let connection = self.endpoint.connections.get_mut(&self.id.connection);
        connection.map_or(Some(0), |connection| connection.streams.spare(self.id))
    }

    /// Ends the write half: FIN follows all that was written.
    /// [`Event::Finished`](super::super::Event::Finished) says when the peer has it.
    ///
    /// # Errors
    /// [`WriteError`] if the write half is at an end already.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        let id = self.id;
        self.change(|streams, events| streams.finish(id, events)).ok_or(WriteError::Reset)?
    }

    /// Ends the read half: what was not read is dropped, and the peer is asked to stop (STOP_SENDING).
    pub fn stop_reading(&mut self, now: Timestamp) {
        let id = self.id;
        self.change(|streams, events| streams.stop_reading(now, id, events));
    }

    /// Ends both halves at once (RESET_STREAM).
    pub fn reset(&mut self, now: Timestamp) {
        let id = self.id;
        self.change(|streams, events| streams.reset(now, id, events));
    }

    /// Reads, after which the connection may have room for more.
    fn taking(&mut self, read: impl FnOnce(&mut Streams, &mut VecDeque<Event>) -> Read) -> Read {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        let Some(connection) = connections.get_mut(&self.id.connection) else { return Read::Reset };
        let read = read(&mut connection.streams, &mut shared.events);
        if connection.wants_to_take() {
            self.endpoint.make_busy(self.id.connection);
        }
        read
    }

    /// Does something that the connection has to act on; `None` if it is gone.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Streams, &mut VecDeque<Event>) -> T,
    ) -> Option<T> {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        let connection = connections.get_mut(&self.id.connection)?;
        let changed = change(&mut connection.streams, &mut shared.events);
        self.endpoint.make_busy(self.id.connection);
        Some(changed)
    }
}
