//! Bytes on their way from one floe node's stream to another's, written and read as fast as they go.

use std::time::Duration;

use floe_core::rtc::{Read, StreamId};
use floe_tests::floe::Floe;
use floe_tests::world::{Handle, World};

use crate::secs;

/// A transfer in one direction.
pub(crate) struct Flow {
    pub(crate) from: (Handle<Floe>, StreamId),
    pub(crate) to: (Handle<Floe>, StreamId),
    bytes: Vec<u8>,
    written: usize,
    finished: bool,
    received: Vec<u8>,
    end: Option<Read>,
    /// Whether the receiver reads.
    pub(crate) reads: bool,
}

impl Flow {
    pub(crate) fn new(
        from: (Handle<Floe>, StreamId),
        to: (Handle<Floe>, StreamId),
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            from,
            to,
            bytes,
            written: 0,
            finished: false,
            received: Vec::new(),
            end: None,
            reads: true,
        }
    }

    /// Bytes that the sender's stream has taken.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Writes and reads what can be; says whether all has arrived and the end too.
    ///
    /// # Panics
    /// If what arrives is not what was sent.
    pub(crate) fn pump(&mut self, world: &mut World) -> bool {
        self.write(world);
        if self.reads && self.end.is_none() {
            let (node, stream) = self.to;
            let (bytes, end) = world[node].read(stream, usize::MAX);
            let start = self.received.len();
            let expected = self.bytes.get(start..start + bytes.len());
            assert!(expected == Some(&bytes), "the bytes from {start} on are not what was sent");
            self.received.extend(bytes);
            self.end = (end != Read::Empty).then_some(end);
        }
        if self.end.is_some() {
            assert_eq!(self.end, Some(Read::Finished), "at {}", self.received.len());
            assert_eq!(self.received.len(), self.bytes.len());
        }
        self.end.is_some()
    }

    fn write(&mut self, world: &mut World) {
        let (node, stream) = self.from;
        if self.finished {
            return;
        }
        let mut stream = world[node].endpoint.stream(stream).expect("the sender's stream is there");
        while self.written < self.bytes.len() {
            let len = stream.write(&self.bytes[self.written..]).expect("it can be written to");
            if len == 0 {
                return;
            }
            self.written += len;
        }
        stream.finish().expect("it can be finished");
        self.finished = true;
    }
}

/// Runs transfers until all are done.
pub(crate) fn run(world: &mut World, limit: Duration, flows: &mut [&mut Flow]) {
    let done = world.until(limit, |world| {
        let done = flows.iter_mut().map(|flow| flow.pump(world)).filter(|done| *done).count();
        (done == flows.len()).then_some(())
    });
    assert!(done.is_some(), "the transfers do not come to their end: {world:#?}");
    // The last acknowledgements.
    world.run(secs(1));
}
