//! Chaos by the thousand, and whether its judge would notice.
//!
//! `cargo run --release -p floe-tests --bin chaos -- --seeds 100000` plays more of it.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, Counters, Read, Stats, StreamId};
use floe_core::time::Timestamp;
use floe_tests::chaos::bare::Bare;
use floe_tests::chaos::peer::{Ask, Broken, Happening, Peer};
use floe_tests::chaos::play::{play, play_with};
use floe_tests::chaos::script::Script;
use floe_tests::chaos::shrink::shrink;
use floe_tests::chaos::{Violation, total::Total};
use floe_tests::net::Packet;
use floe_tests::node::Node;

/// How many seeds are played in a debug build; `.ci/run` plays thousands in a release build.
const SEEDS: u64 = 400;

#[test]
fn whatever_happens_everything_comes_right() {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return;
            }
            let script = Script::random(seed);
            match play(&script) {
                Ok(summary) => total.lock().unwrap().add(&summary),
                Err(violation) => {
                    let failure = shrink(&script, &violation, 200, |script| play(script).err());
                    panic!("seed {seed}: {violation}\n\n{}", failure.as_test());
                }
            }
        }
    };
    thread::scope(|scope| (0..2).map(|_| scope.spawn(work)).for_each(drop));
    let total = total.into_inner().unwrap();
    println!("{total}");
    // Scripts in which nothing happens would find nothing.
    let tally = total.tally();
    assert!(tally.connections > 2 * SEEDS && tally.closed > SEEDS / 2, "{tally:?}");
    assert!(tally.refusals > SEEDS / 2 && total.restarts() > SEEDS / 4, "{tally:?}");
    assert!(tally.streams > 2 * SEEDS && tally.bytes > 10_000 * SEEDS, "{tally:?}");
    assert!(tally.finished > 4 * SEEDS && tally.resets > SEEDS / 10, "{tally:?}");
}

/// What chaos found, shrunk; each is a story of its own elsewhere.
#[test]
fn what_was_found_stays_fixed() {
    use floe_tests::chaos::script::prelude::*;
    let all = 1_000_000;
    let plan = |back| Plan { there: 0, back, piece: all, sip: 10 };
    let found = [
        // What was not read when a stream was reset, after the peer had finished, was taken for the end.
        Script {
            seed: 42,
            nodes: vec![Plain, Plain],
            acts: vec![
                (0, Dial { from: 1, to: 0, version: None, named: true }),
                (100, Open { from: 1, to: 0, plan: plan(149) }),
                (145, Reset(1, 0)),
            ],
        },
        // A damaged record in a flight of DTLS 1.3 made the dialer spin.
        Script {
            seed: 77,
            nodes: vec![Plain, Plain, Plain, Dtls12],
            acts: vec![
                (0, Weather(Path { jitter: 2, corrupt_any: 31_952, ..Path::FAIR })),
                (0, Dial { from: 2, to: 3, version: Some(V2), named: true }),
                (11, Dial { from: 0, to: 3, version: None, named: false }),
                (63, Dial { from: 0, to: 2, version: Some(V2), named: true }),
                (128, Dial { from: 1, to: 3, version: Some(V1), named: true }),
            ],
        },
        // A stranger's dial took the place of a connection in whose name a check had been forged.
        Script {
            seed: 300_289,
            nodes: vec![Plain, Plain, Plain],
            acts: vec![
                (0, Dial { from: 0, to: 1, version: None, named: true }),
                (65, Forge { to: 1, forgery: Check, claims: Some(2) }),
                (65, Dial { from: 2, to: 1, version: None, named: true }),
            ],
        },
        // What filled a gap was refused with what was too much beside it, each time that both were sent again.
        Script {
            seed: 1506,
            nodes: vec![Small, Dtls12],
            acts: vec![
                (0, Dial { from: 0, to: 1, version: Some(V1), named: false }),
                (
                    183,
                    Weather(Path {
                        burst: Some(Burst { begin: 898, end: 51555 }),
                        rate: Some(Rate { bytes: 10084, queue: 3043 }),
                        ..Path::FAIR
                    }),
                ),
                (232, Open { from: 0, to: 1, plan: Plan { there: 0, back: 0, piece: 1, sip: 10 } }),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 0, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 0, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 194, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 194, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open { from: 0, to: 1, plan: Plan { there: 0, back: 194, piece: 1, sip: 10 } },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 300, back: 0, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 0, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 300, back: 0, piece: 100000, sip: 100000 },
                    },
                ),
                (
                    232,
                    Open { from: 0, to: 1, plan: Plan { there: 0, back: 194, piece: 1, sip: 10 } },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open { from: 0, to: 1, plan: Plan { there: 300, back: 0, piece: 1, sip: 10 } },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open { from: 0, to: 1, plan: Plan { there: 300, back: 97, piece: 1, sip: 10 } },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 150, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 300, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 300, back: 194, piece: 1, sip: 10 },
                    },
                ),
                (
                    232,
                    Open {
                        from: 1,
                        to: 0,
                        plan: Plan { there: 5030, back: 3095, piece: 10000, sip: 1000 },
                    },
                ),
                (644, Between { from: 0, to: 1, path: Path { delay: 1, ..Path::FAIR } }),
                (
                    1544,
                    Open {
                        from: 1,
                        to: 0,
                        plan: Plan { there: 747, back: 0, piece: 10, sip: 1000 },
                    },
                ),
                (1944, Forge { to: 1, forgery: Mutated(52), claims: Some(0) }),
            ],
        },
        // A stream whose peer did not know that nobody reads it any more was reset, and filled the window.
        Script {
            seed: 10661,
            nodes: vec![Plain, Small, Plain],
            acts: vec![
                (0, Dial { from: 0, to: 1, version: Some(V2), named: true }),
                (
                    176,
                    Open {
                        from: 1,
                        to: 0,
                        plan: Plan { there: 0, back: 106669, piece: 100000, sip: 100000 },
                    },
                ),
                (195, Cut { from: 1, to: 0 }),
                (195, Forget(1, 0)),
                (13095, Dial { from: 2, to: 0, version: None, named: true }),
            ],
        },
        // No fault but the judge's: a listener is done before its dialer, which may give up in between.
        Script {
            seed: 93_279,
            nodes: vec![Plain, Plain],
            acts: vec![
                (0, Dial { from: 0, to: 1, version: None, named: false }),
                (
                    1194,
                    Weather(Path {
                        delay: 200,
                        jitter: 4,
                        loss: 256_803,
                        burst: Some(Burst { begin: 29_180, end: 64_283 }),
                        ..Path::FAIR
                    }),
                ),
                (4194, Restart { node: 1, rebirth: NewCertificate }),
                (6794, Dial { from: 1, to: 0, version: Some(V2), named: true }),
                (6794, Dial { from: 0, to: 1, version: Some(V2), named: true }),
                (13_694, Weather(Path::FAIR)),
            ],
        },
        // A server that had restarted took an old connection's check for the new dial's, and went on answering
        // it: the client held the old connection to be alive for ever.
        Script {
            seed: 63_410,
            nodes: vec![Plain, Plain],
            acts: vec![
                (0, Dial { from: 0, to: 1, version: None, named: true }),
                (
                    300,
                    Open {
                        from: 0,
                        to: 1,
                        plan: Plan { there: 0, back: 0, piece: 100_000, sip: 100_000 },
                    },
                ),
                (300, Cut { from: 1, to: 0 }),
                (1000, Restart { node: 1, rebirth: NewIdentity }),
                (1000, Dial { from: 0, to: 1, version: None, named: true }),
                (1467, Dial { from: 0, to: 1, version: None, named: true }),
            ],
        },
    ];
    let failed: Vec<_> =
        found.iter().filter_map(|script| Some((script.seed, play(script).err()?.rule))).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_play_is_the_same_twice() {
    for seed in [0, 1, 5, 8] {
        let script = Script::random(seed);
        assert_eq!(play(&script), play(&script), "seed {seed}");
    }
    assert_ne!(play(&Script::random(5)), play(&Script::random(8)));
}

#[test]
fn a_script_prints_as_it_is_written() {
    use floe_tests::chaos::script::prelude::*;
    let script = Script {
        seed: 7,
        nodes: vec![Plain, Small],
        acts: vec![
            (0, Weather(Path { loss: 5, mtu: Some(900), ..Path::FAIR })),
            (10, Dial { from: 0, to: 1, version: Some(V2), named: true }),
            (20, Forge { to: 1, forgery: Noise(22, 9), claims: None }),
        ],
    };
    let text = "Script {
    seed: 7,
    nodes: vec![Plain, Small],
    acts: vec![
        (0, Weather(Path { loss: 5, mtu: Some(900), ..Path::FAIR })),
        (10, Dial { from: 0, to: 1, version: Some(V2), named: true }),
        (20, Forge { to: 1, forgery: Noise(22, 9), claims: None }),
    ],
}";
    assert_eq!(script.to_string(), text);
}

#[test]
fn every_planted_fault_is_found() {
    for (fault, rule) in FAULTS {
        let found = (0..60).find_map(|seed| {
            let script = Script::random(seed);
            let faulty = play_with(&script, &|birth| Faulty::boxed(Bare::new(birth), *fault));
            Some((seed, faulty.err().filter(|violation| violation.rule == *rule)?))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
        println!("{fault:?}, seed {seed}: {violation}");
    }
}

#[test]
fn a_failure_is_shrunk_to_what_matters() {
    let broken = |script: &Script| -> Option<Violation> {
        play_with(script, &|birth| Faulty::boxed(Bare::new(birth), Fault::Late)).err()
    };
    let (script, violation) = (0..60)
        .find_map(|seed| {
            let script = Script::random(seed);
            let violation = broken(&script).filter(|_| script.acts.len() > 20)?;
            Some((script, violation))
        })
        .expect("a wrong byte is found in a long script");
    let failure = shrink(&script, &violation, 300, broken);
    println!("from {} acts, in {} plays:\n{}", script.acts.len(), failure.plays, failure.as_test());
    assert_eq!(failure.violation.rule, violation.rule);
    assert_eq!(broken(&failure.script), Some(failure.violation.clone()), "it still fails");
    // A dial, and a stream that is long enough.
    assert!((2..=3).contains(&failure.script.acts.len()), "{}", failure.script);
    assert!(failure.as_test().contains("fn chaos_"));
}

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A byte is another.
    Wrong,
    /// A byte is another, after many that were right.
    Late,
    /// Bytes are lost.
    Lost,
    /// Bytes come twice.
    Doubled,
    /// Two bytes change places.
    Swapped,
    /// What is read is another stream's.
    Crossed,
    /// The end comes before the end.
    Short,
    /// The end is acknowledged, and what was sent is reset.
    Unkept,
    /// A reset comes from nowhere.
    Broken,
    /// Streams surface before their connection.
    Early,
    /// A peer is taken for another.
    Mistaken,
    /// Dials are never answered.
    Mute,
    /// The end of a stream never comes.
    Endless,
    /// More is kept than allowed.
    Greedy,
    /// A timer is always due.
    Spinning,
}

/// What finds it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::Wrong, "bytes"),
    (Fault::Late, "bytes"),
    (Fault::Lost, "bytes"),
    (Fault::Doubled, "bytes"),
    (Fault::Swapped, "bytes"),
    (Fault::Crossed, "bytes"),
    (Fault::Short, "early end"),
    (Fault::Unkept, "acknowledged and lost"),
    (Fault::Broken, "reset without a cause"),
    (Fault::Early, "stream"),
    (Fault::Mistaken, "peer id"),
    (Fault::Mute, "a dial hangs"),
    (Fault::Endless, "a stream hangs"),
    (Fault::Greedy, "limit"),
];

/// A node with something wrong.
#[derive(Debug)]
struct Faulty {
    peer: Bare,
    fault: Fault,
    reads: u64,
    bytes: usize,
    held: Option<Happening>,
    told: Vec<Happening>,
}

impl Faulty {
    fn boxed(peer: Bare, fault: Fault) -> Box<dyn Peer> {
        Box::new(Self { peer, fault, reads: 0, bytes: 0, held: None, told: Vec::new() })
    }

    /// What is wrong with bytes that were read.
    fn spoil(&mut self, out: &mut [u8], len: usize) -> Read {
        match self.fault {
            Fault::Wrong => out[len / 2] ^= 1,
            Fault::Late => out[0] ^= u8::from(self.bytes > 40_000),
            Fault::Lost if len > 1 => {
                out.copy_within(1..len, 0);
                return Read::Bytes(len - 1);
            }
            Fault::Doubled if len < out.len() => {
                out[len] = out[len - 1];
                return Read::Bytes(len + 1);
            }
            Fault::Swapped if len > 1 => out.swap(len - 2, len - 1),
            Fault::Crossed => out[..len].reverse(),
            Fault::Short => return Read::Finished,
            Fault::Unkept | Fault::Broken => return Read::Reset,
            Fault::Endless => return Read::Empty,
            _ => {}
        }
        Read::Bytes(len)
    }
}

impl Peer for Faulty {
    fn peer_id(&self) -> PeerId {
        self.peer.peer_id()
    }

    fn address(&self) -> DirectAddr {
        self.peer.address()
    }

    fn dial(&mut self, now: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask {
        self.peer.dial(now, address, version)
    }

    fn open(&mut self, now: Timestamp, on: ConnectionId) -> Ask {
        self.peer.open(now, on)
    }

    fn write(&mut self, now: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken> {
        self.peer.write(now, to, bytes)
    }

    fn read(&mut self, now: Timestamp, from: StreamId, out: &mut [u8]) -> Read {
        match self.peer.read(now, from, out) {
            // The header is left alone.
            Read::Bytes(len) => {
                self.reads += 1;
                self.bytes += len;
                let spoiled = self.reads > 6 && out.len() > 24;
                if spoiled { self.spoil(out, len) } else { Read::Bytes(len) }
            }
            Read::Finished if self.fault == Fault::Endless => Read::Empty,
            Read::Finished if self.fault == Fault::Unkept => Read::Reset,
            other => other,
        }
    }

    fn finish(&mut self, now: Timestamp, stream: StreamId) -> Result<(), Broken> {
        self.peer.finish(now, stream)
    }

    fn stop_reading(&mut self, now: Timestamp, stream: StreamId) {
        self.peer.stop_reading(now, stream);
    }

    fn reset(&mut self, now: Timestamp, stream: StreamId) {
        self.peer.reset(now, stream);
    }

    fn forget(&mut self, now: Timestamp, stream: StreamId) {
        self.peer.forget(now, stream);
    }

    fn close(&mut self, now: Timestamp, connection: ConnectionId) {
        self.peer.close(now, connection);
    }

    fn happening(&mut self) -> Option<Happening> {
        if let Some(told) = self.told.pop() {
            return Some(told);
        }
        let happening = self.peer.happening()?;
        match (self.fault, &happening) {
            (
                Fault::Mute,
                Happening::Connected { ask: Some(_), .. } | Happening::Refused { .. },
            ) => self.happening(),
            (Fault::Mistaken, Happening::Connected { ask, id, .. }) => {
                Some(Happening::Connected { ask: *ask, id: *id, peer: self.peer.peer_id() })
            }
            (Fault::Early, Happening::Connected { ask: None, .. }) => {
                self.held = Some(happening);
                self.happening()
            }
            (Fault::Early, Happening::Opened { .. }) => {
                self.told.extend(self.held.take());
                Some(happening)
            }
            _ => Some(happening),
        }
    }

    fn tells_ends(&self) -> bool {
        self.peer.tells_ends()
    }

    fn counters(&self) -> Option<Counters> {
        let mut counters = self.peer.counters()?;
        if self.fault == Fault::Greedy && self.reads > 6 {
            counters.handshaking += 10_000;
        }
        Some(counters)
    }

    fn stats(&self, of: ConnectionId) -> Option<Stats> {
        self.peer.stats(of)
    }
}

impl Node for Faulty {
    fn addr(&self) -> SocketAddr {
        self.peer.addr()
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        self.peer.is_at(addr)
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        self.peer.handle_packet(now, packet);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.peer.handle_timeout(now);
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        let wake_at = self.peer.drain(now, send);
        if self.fault == Fault::Spinning && self.reads > 6 { Some(now) } else { wake_at }
    }
}

#[test]
fn a_timer_that_spins_is_a_panic_that_is_caught() {
    let violation = (0..60).find_map(|seed| {
        let script = Script::random(seed);
        play_with(&script, &|birth| Faulty::boxed(Bare::new(birth), Fault::Spinning)).err()
    });
    let violation = violation.expect("it is found");
    assert!(violation.rule.starts_with("panic at tests/src/world.rs"), "{violation}");
}
