//! The hot paths: work for a [`Pair`], always the same.

use std::time::Duration;

use floe_core::rtc::{ConnectionId, Event, Read, StreamId};

use crate::pair::Pair;
use crate::transfer;

/// A path, and how often it is gone.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) units: u64,
    prepare: fn(&mut Pair) -> Option<ConnectionId>,
    work: fn(&mut Pair, Option<ConnectionId>, u64),
}

pub(crate) const PATHS: [Path; 9] = [
    Path {
        name: "dial",
        unit: "dial",
        units: 1,
        prepare: |_| None,
        work: |pair, _, _| {
            pair.connect();
        },
    },
    bulk("bulk-16k", |pair, on, mib| bulk_of(pair, on, mib, 1, 16 * 1024)),
    bulk("bulk-1k", |pair, on, mib| bulk_of(pair, on, mib, 1, 1024)),
    bulk("bulk-64", |pair, on, mib| bulk_of(pair, on, mib, 1, 64)),
    bulk("bulk-16k-on-64-streams", |pair, on, mib| bulk_of(pair, on, mib, 64, 16 * 1024)),
    Path {
        name: "bulk-16k-beside-2000-idle-streams",
        unit: "MiB",
        units: MIB,
        prepare: |pair| {
            let connection = connect(pair)?;
            for _ in 0..2_000 {
                open(pair, connection);
            }
            exchange(pair);
            Some(connection)
        },
        work: |pair, on, mib| bulk_of(pair, on, mib, 1, 16 * 1024),
    },
    Path {
        name: "request",
        unit: "request",
        units: 256,
        prepare: connect,
        work: |pair, on, count| (0..count).for_each(|_| request(pair, on.expect("connected"))),
    },
    Path {
        name: "ping",
        unit: "ping",
        units: 1_024,
        prepare: connect,
        work: |pair, on, count| pings(pair, on.expect("connected"), count),
    },
    Path {
        name: "idle",
        unit: "hour",
        units: 10,
        prepare: connect,
        work: |pair, _, hours| {
            let end = pair.now + Duration::from_secs(3600 * hours);
            while pair.now < end {
                exchange(pair);
            }
        },
    },
];

const fn bulk(name: &'static str, work: fn(&mut Pair, Option<ConnectionId>, u64)) -> Path {
    Path { name, unit: "MiB", units: MIB, prepare: connect, work }
}

impl Path {
    /// Goes it; what each side has allocated on it.
    ///
    /// What goes before is not on the path, and nothing that counts sees it.
    pub(crate) fn run(&self) -> [u64; 2] {
        let mut pair = Pair::new(1);
        let connection = pair.ignoring(self.prepare);
        (self.work)(&mut pair, connection, self.units);
        pair.allocations().map(|count| count.try_into().expect("a count is not negative"))
    }
}

fn connect(pair: &mut Pair) -> Option<ConnectionId> {
    let [connection, _] = pair.connect();
    exchange(pair);
    Some(connection)
}

fn bulk_of(pair: &mut Pair, on: Option<ConnectionId>, mib: u64, streams: usize, write: usize) {
    transfer::run(pair, on.expect("connected"), streams, write, (mib << 20) as usize);
}

/// Opens a stream, asks 100 bytes, and reads as many back to the end.
fn request(pair: &mut Pair, on: ConnectionId) {
    let ours = open(pair, on);
    pair.sides[0].call(|endpoint| {
        let mut stream = endpoint.stream(ours).expect("it is open");
        stream.write(&[7; 100]).expect("it can be written");
        stream.finish().expect("it can be finished");
    });
    until_answered(pair, 100, true);
}

/// Writes 32 bytes to one stream and reads as many back, time and again.
fn pings(pair: &mut Pair, on: ConnectionId, count: u64) {
    let ours = open(pair, on);
    for _ in 0..count {
        pair.sides[0].call(|endpoint| {
            let mut stream = endpoint.stream(ours).expect("it is open");
            stream.write(&[7; 32]).expect("it can be written");
        });
        until_answered(pair, 32, false);
    }
}

/// Goes on until so many bytes have come back; whoever answers ends its half if `finish`.
fn until_answered(pair: &mut Pair, len: usize, finish: bool) {
    let mut answered = 0;
    while answered < len {
        pair.round();
        while let Some(event) = pair.sides[1].events.pop_front() {
            if let Event::Readable { id } = event {
                echo(pair, id, finish);
            }
        }
        while let Some(event) = pair.sides[0].events.pop_front() {
            if let Event::Readable { id } = event {
                answered += read(pair, 0, id).len();
            }
        }
    }
}

fn echo(pair: &mut Pair, id: StreamId, finish: bool) {
    let asked = read(pair, 1, id);
    pair.sides[1].call(|endpoint| {
        let Some(mut stream) = endpoint.stream(id) else { return };
        if !asked.is_empty() {
            stream.write(&asked).expect("it can be written");
        }
        if finish {
            stream.finish().expect("it can be finished");
        }
    });
}

fn read(pair: &mut Pair, side: usize, id: StreamId) -> Vec<u8> {
    let mut buffer = [0; 128];
    let len = pair.sides[side].call(|endpoint| {
        let mut stream = endpoint.stream(id).expect("it is open");
        let mut len = 0;
        while let Read::Bytes(more) = stream.read(&mut buffer[len..]) {
            len += more;
        }
        len
    });
    buffer[..len].to_vec()
}

fn open(pair: &mut Pair, on: ConnectionId) -> StreamId {
    pair.sides[0].call(|endpoint| endpoint.open_stream(on)).expect("fewer than the limit")
}

/// Until nobody has anything to say for now.
fn exchange(pair: &mut Pair) {
    let now = pair.now;
    while pair.now == now {
        pair.round();
        pair.sides.iter_mut().for_each(|side| side.events.clear());
    }
}

const MIB: u64 = 8;
