//! 100 000 strangers while ten good peers dial, are let in, and send 1 MiB each.

use std::net::SocketAddr;

use floe_core::rtc::{Config, ConnectionId, Read, StreamId, Target};
use floe_tests::counted;
use floe_tests::entropy::seeded;
use floe_tests::floe::Floe;
use floe_tests::net::{Packet, Weather};
use floe_tests::rude_peer::{Rude, RudePeer};
use floe_tests::world::{Handle, World};

use crate::stage::{self, Stage};
use crate::{SERVER, expect, millis, secs, stranger};

const STRANGERS: u32 = 100_000;
const GOOD: usize = 10;

/// A good peer and its transfer.
struct Good {
    node: Handle<Floe>,
    connection: Option<ConnectionId>,
    stream: Option<StreamId>,
    written: usize,
    finished: bool,
}

/// A world with a server, and good peers that have begun to dial it.
pub(crate) struct Party {
    pub(crate) world: World,
    pub(crate) server: Handle<Floe>,
    good: Vec<Good>,
    /// What the server has of each stream, and whether that is all.
    received: Vec<(StreamId, usize, bool)>,
}

impl Party {
    pub(crate) fn new(seed: u64, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut world = World::new(seed, Weather::FAIR);
        let server = world.add(Floe::new(seed, SERVER, world.epoch, adjust));
        Self { world, server, good: Vec::new(), received: Vec::new() }
    }

    pub(crate) fn invite(&mut self, good: usize) {
        let target = Target::new(&self.world[self.server].address()).expect("it has a certhash");
        for n in 0..good {
            let addr = SocketAddr::from(([198, 51, 100, n as u8 + 1], 5002));
            let node = Floe::new(1000 + n as u64, addr, self.world.epoch, |_| {});
            let node = self.world.add(node);
            let now = self.world.now;
            self.world[node].endpoint.dial(now, target.clone()).expect("it can be dialed");
            let (connection, stream, written, finished) = (None, None, 0, false);
            self.good.push(Good { node, connection, stream, written, finished });
        }
    }

    /// Writes and reads what can be; says whether all good peers are done.
    pub(crate) fn pump(&mut self) -> bool {
        let world = &mut self.world;
        for good in &mut self.good {
            let node = &mut world[good.node];
            good.connection = good.connection.or_else(|| node.connected());
            let Some(connection) = good.connection else { continue };
            assert_eq!(node.closed(connection), None, "good peers are not sent away");
            let stream = *good
                .stream
                .get_or_insert_with(|| node.endpoint.open_stream(connection).expect("it is open"));
            let mut stream = node.endpoint.stream(stream).expect("it is there");
            while good.written < MIB {
                let len = stream.write(&BYTES[..BYTES.len().min(MIB - good.written)]);
                match len.expect("it can be written to") {
                    0 => break,
                    len => good.written += len,
                }
            }
            if good.written == MIB && !good.finished {
                stream.finish().expect("once");
                good.finished = true;
            }
        }
        while let Some(stream) = world[self.server].opened() {
            self.received.push((stream, 0, false));
        }
        for (stream, len, done) in self.received.iter_mut().filter(|(.., done)| !done) {
            let (bytes, end) = world[self.server].read(*stream, usize::MAX);
            *len += bytes.len();
            *done = end == Read::Finished;
        }
        self.done() == self.good.len()
    }

    /// How many transfers are done.
    pub(crate) fn done(&self) -> usize {
        self.received.iter().filter(|(_, len, done)| *done && *len == MIB).count()
    }

    /// How many good peers are connected.
    pub(crate) fn connected(&self) -> usize {
        self.good.iter().filter(|good| good.connection.is_some()).count()
    }

    fn inject(&mut self, source: SocketAddr, payload: Vec<u8>) {
        self.world.net.inject(self.world.now, Packet { source, destination: SERVER, payload });
    }
}

/// Lets strangers come, `rate` in each millisecond, while good peers dial from the second on.
fn flood(seed: u64, strangers: u32, rate: u32, burst: impl Fn(&mut Party, u32)) -> i64 {
    let mut party = Party::new(seed, |_| {});
    let mut next = 0;
    let mut come = |party: &mut Party| {
        for _ in 0..rate {
            if next < strangers {
                burst(party, next);
                next += 1;
            }
        }
        next < strangers
    };
    for _ in 0..500 {
        come(&mut party);
        party.world.run(millis(1));
    }
    let ((), count) = counted::of(|| {
        party.invite(GOOD);
        let begun = party.world.now;
        let mut finished = None;
        loop {
            let more = come(&mut party);
            party.world.run(millis(1));
            if finished.is_none() && party.pump() {
                finished = Some(party.world.now.saturating_since(begun));
            }
            let counters = party.world[party.server].endpoint.counters();
            assert!(counters.half_open <= 4096 && counters.handshaking <= 256, "{counters:?}");
            if !more && finished.is_some() {
                break;
            }
            let late = party.world.now.saturating_since(begun);
            assert!(late < secs(60), "{} of {GOOD} are done: {:?}", party.done(), party.world);
        }
        println!("ten good peers took {:?}", finished.expect("they are done"));
        assert!(finished.expect("they are done") <= FINISHED_MAX, "{finished:?}");
    });
    count.peak
}

#[test]
fn a_hundred_thousand_forged_checks() {
    let peak = seeded(1, || {
        flood(1, STRANGERS, 20, |party, n| party.inject(stranger(n), stage::check(n)))
    });
    println!("at most {} KiB, the ten good peers included", peak / 1024);
    assert!(peak < PEAK_MAX, "{peak}");
}

#[test]
fn a_hundred_thousand_forged_checks_and_client_hellos() {
    let peak = seeded(2, || {
        flood(2, STRANGERS, 20, |party, n| {
            party.inject(stranger(n), stage::check(n));
            party.inject(stranger(n), garbage(n));
        })
    });
    println!("at most {} KiB, the ten good peers included", peak / 1024);
    assert!(peak < PEAK_MAX, "{peak}");
}

/// A ClientHello that is good, each time from somebody else.
#[test]
fn ten_thousand_replayed_client_hellos() {
    let peak = seeded(3, || {
        let stage = Stage::new(|_| {});
        let rude = Rude::new(1, stranger(1), (SERVER, stage.certhash));
        let hello = RudePeer::new(rude, stage.now, stage.epoch).hello(stage.now).remove(0);
        flood(3, STRANGERS / 10, 5, |party, n| {
            party.inject(stranger(n), stage::check(n));
            party.inject(stranger(n), hello.clone());
        })
    });
    println!("at most {} KiB, the ten good peers included", peak / 1024);
    assert!(peak < PEAK_MAX, "{peak}");
}

/// What strangers alone leave in memory: as much after 60 000 as after 100 000.
#[test]
fn memory_is_as_flat_as_a_table() {
    seeded(4, || {
        let mut stage = Stage::new(|_| {});
        let mut run = |from: u32, to: u32| {
            let ((), count) = counted::of(|| {
                for n in from..to {
                    let check = stage::check(n);
                    stage.put(stranger(n), &check);
                    if n % 4 == 0 {
                        let garbage = garbage(n);
                        stage.put(stranger(n), &garbage);
                    }
                    if n % 20 == 0 {
                        stage.pass(millis(1), |_, _| {});
                    }
                }
            });
            count
        };
        // Until all tables have the size that they need with entries coming and going.
        let first = run(0, 60_000);
        let rest = run(60_000, STRANGERS);
        expect("bytes for a flood of 60 000", first.live, committed::FLOOD);
        assert!(rest.live.abs() < 1_024, "{} more for the rest", rest.live);
        // One handshake goes when the next has come.
        assert!(rest.peak < 32 * 1_024, "{} more at a time", rest.peak);
    });
}

/// What looks like a ClientHello until it is parsed.
fn garbage(n: u32) -> Vec<u8> {
    let mut hello = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 112, 1, 0, 0, 100, 0, 0];
    hello.extend([0, 0, 0, 0, 0, 100]);
    hello.extend((0..100).map(|at| (at * n) as u8));
    hello
}

mod committed {
    /// Bytes that a flood of forged checks and ClientHellos leaves.
    pub(super) const FLOOD: i64 = 7_090_000;
}

/// Without a flood it takes a third of a second.
const FINISHED_MAX: std::time::Duration = secs(2);
/// Of which most is the good peers' own, at both ends, and the simulated ways that lead here from each stranger.
const PEAK_MAX: i64 = 80 << 20;
const MIB: usize = 1 << 20;
static BYTES: [u8; 64 * 1024] = [7; 64 * 1024];
