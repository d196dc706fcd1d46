//! What an application does with one stream.

use super::Endpoint;
use crate::rtc::error::WriteError;
use crate::rtc::output::{Read, StreamId};
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

    /// Reads into `out`, which must not be empty.
    pub fn read(&mut self, out: &mut [u8]) -> Read {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        let Some(connection) = connections.get_mut(&self.id.connection) else { return Read::Reset };
        let read = connection.streams.read(self.id, out, &mut shared.events);
        if connection.wants_to_take() {
            self.endpoint.make_busy(self.id.connection);
        }
        read
    }

    /// Takes what there is room for and says how much. Less than all means that
    /// [`Event::Writable`](super::super::Event::Writable) will follow.
    ///
    /// # Errors
    /// [`WriteError`] if nothing can be written any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, WriteError> {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        let connection = connections.get_mut(&self.id.connection).ok_or(WriteError::Reset)?;
        let written = connection.streams.write(self.id, bytes, &mut shared.events);
        self.endpoint.make_busy(self.id.connection);
        written
    }

    /// Ends the write half: FIN follows all that was written.
    /// [`Event::Finished`](super::super::Event::Finished) says when the peer has it.
    ///
    /// # Errors
    /// [`WriteError`] if the write half is at an end already.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        let connection = connections.get_mut(&self.id.connection).ok_or(WriteError::Reset)?;
        let finished = connection.streams.finish(self.id, &mut shared.events);
        self.endpoint.make_busy(self.id.connection);
        finished
    }

    /// Ends the read half: what was not read is dropped, and the peer is asked to stop (STOP_SENDING).
    pub fn stop_reading(&mut self, now: Timestamp) {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        if let Some(connection) = connections.get_mut(&self.id.connection) {
            connection.streams.stop_reading(now, self.id, &mut shared.events);
            self.endpoint.make_busy(self.id.connection);
        }
    }

    /// Ends both halves at once (RESET_STREAM).
    pub fn reset(&mut self, now: Timestamp) {
        let Endpoint { connections, shared, .. } = &mut *self.endpoint;
        if let Some(connection) = connections.get_mut(&self.id.connection) {
            connection.streams.reset(now, self.id, &mut shared.events);
            self.endpoint.make_busy(self.id.connection);
        }
    }
}
