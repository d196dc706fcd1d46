//! Bytes from the dialer of a [`Pair`] to its listener, written and read as fast as they go.

use floe_core::rtc::{ConnectionId, Event, Read, StreamId};

use crate::pair::Pair;

/// Sends `total` bytes over `streams` streams of the dialer's connection, in writes of `write` bytes.
pub(crate) fn run(
    pair: &mut Pair,
    connection: ConnectionId,
    streams: usize,
    write: usize,
    total: usize,
) {
    let mut outgoing = open(pair, connection, streams, total);
    let payload = vec![0x5a; write];
    let mut buffer = vec![0; 64 * 1024];
    let mut received = 0;
    for outgoing in &mut outgoing {
        outgoing.write(pair, &payload);
    }
    while received < total {
        pair.round();
        while let Some(event) = pair.sides[0].events.pop_front() {
            match event {
                Event::Writable { id } => {
                    let outgoing = outgoing.iter_mut().find(|outgoing| outgoing.id == id);
                    outgoing.expect("one of ours").write(pair, &payload);
                }
                Event::Finished { .. } => {}
                event => panic!("{event:?} at the sender"),
            }
        }
        while let Some(event) = pair.sides[1].events.pop_front() {
            match event {
                Event::Readable { id } => received += read(pair, id, &mut buffer),
                Event::Opened { .. } => {}
                event => panic!("{event:?} at the receiver"),
            }
        }
    }
    assert_eq!(received, total);
}

/// A stream, and how much is still to be written to it.
struct Outgoing {
    id: StreamId,
    left: usize,
}

fn open(pair: &mut Pair, on: ConnectionId, streams: usize, total: usize) -> Vec<Outgoing> {
    let mut open = || pair.sides[0].call(|endpoint| endpoint.open_stream(on));
    let id = |_| open().expect("fewer streams than the limit");
    (0..streams).map(id).map(|id| Outgoing { id, left: total / streams }).collect()
}

impl Outgoing {
    /// Writes until the stream takes no more.
    fn write(&mut self, pair: &mut Pair, payload: &[u8]) {
        let Self { id, left } = self;
        pair.sides[0].call(|endpoint| {
            let mut stream = endpoint.stream(*id).expect("the stream is open");
            while *left > 0 {
                let bytes = &payload[..payload.len().min(*left)];
                let written = stream.write(bytes).expect("the stream can be written");
                *left -= written;
                if written < bytes.len() {
                    break;
                }
            }
        });
    }
}

/// Reads all there is.
fn read(pair: &mut Pair, id: StreamId, buffer: &mut [u8]) -> usize {
    pair.sides[1].call(|endpoint| {
        let mut stream = endpoint.stream(id).expect("the stream is open");
        let mut received = 0;
        loop {
            match stream.read(buffer) {
                Read::Bytes(len) => received += len,
                Read::Empty => break received,
                end => panic!("{end:?} in mid-transfer"),
            }
        }
    })
}
