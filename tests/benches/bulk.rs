//! Bulk transfer in memory: what a byte costs both endpoints together.
//!
//! ```sh
//! cargo bench -p floe-tests --bench bulk
//! cargo bench -p floe-tests --bench bulk -- 64x8    # one row: write size and streams
//! ```
//!
//! Both endpoints on one thread and under virtual time, so the figures are MiB per CPU second of
//! sender and receiver together, with DTLS, SCTP, framing and the streams' buffers, without a socket.
//! Beside them what the machine does at best, from the same run: bytes copied once in pieces of the
//! same size, and AES-128-GCM on 1200-byte records (of which a transfer needs two: seal and open).

mod measure;
mod pair;

use std::time::Duration;

use floe_core::rtc::{ConnectionId, Event, Read, StreamId};
use measure::{Sample, memcpy, mib_per_second, seal};
use pair::Pair;

fn main() {
    // `cargo bench` adds a flag of its own.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("medians of {RUNS} runs, ± half the range between quartiles; MiB per CPU second");
    println!("{:>34} {}", "AES-128-GCM, seal 1200 B", seal(RUNS));
    println!(
        "{:>9} {:>8} {:>7} {:>14} {:>14} {:>14} {:>14} {:>9}",
        "write", "streams", "MiB", "both", "sender", "receiver", "memcpy", "× memcpy"
    );
    for (write, total) in [(16 * 1024, 32 << 20), (1024, 32 << 20), (64, 2 << 20)] {
        let memcpy = memcpy(total, write, RUNS);
        for streams in [1, 8, 64] {
            if only.as_ref().is_some_and(|only| *only != format!("{write}x{streams}")) {
                continue;
            }
            let mut rates = [Vec::new(), Vec::new(), Vec::new()];
            for run in 0..RUNS {
                let [sender, receiver] = transfer(run as u64, streams, write, total);
                for (rates, time) in rates.iter_mut().zip([sender + receiver, sender, receiver]) {
                    rates.push(mib_per_second(total, time));
                }
            }
            let [both, sender, receiver] = rates.map(Sample::of);
            println!(
                "{write:>7} B {streams:>8} {:>7} {both:>14} {sender:>14} {receiver:>14} {memcpy:>14} {:>9.0}",
                total >> 20,
                memcpy.median / both.median,
            );
        }
    }
}

/// Sends `total` bytes over `streams` streams in writes of `write` bytes; what each side spent.
fn transfer(seed: u64, streams: usize, write: usize, total: usize) -> [Duration; 2] {
    let mut pair = Pair::new(seed);
    let [connection, _] = pair.connect();
    for side in &mut pair.sides {
        side.spent = Duration::ZERO;
    }
    let mut outgoing = open(&mut pair, connection, streams, total);
    let payload = vec![0x5a; write];
    let mut buffer = vec![0; 64 * 1024];
    let mut received = 0;
    for outgoing in &mut outgoing {
        outgoing.write(&mut pair, &payload);
    }
    while received < total {
        pair.round();
        while let Some(event) = pair.sides[0].events.pop_front() {
            match event {
                Event::Writable { id } => {
                    let outgoing = outgoing.iter_mut().find(|outgoing| outgoing.id == id);
                    outgoing.expect("one of ours").write(&mut pair, &payload);
                }
                Event::Finished { .. } => {}
                event => panic!("{event:?} at the sender"),
            }
        }
        while let Some(event) = pair.sides[1].events.pop_front() {
            match event {
                Event::Readable { id } => received += read(&mut pair, id, &mut buffer),
                Event::Opened { .. } => {}
                event => panic!("{event:?} at the receiver"),
            }
        }
    }
    assert_eq!(received, total);
    pair.sides.map(|side| side.spent)
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

const RUNS: usize = 7;
