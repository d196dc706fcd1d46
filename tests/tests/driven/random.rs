//! Applications that do anything, on hosts of any manner, in weather of any kind, by the seed: no byte is
//! wrong, nothing that was finished is lost, and once all is well again everything comes to its end.
//!
//! `FLOE_DRIVEN_SEEDS=FROM..TO` plays others than the ones below.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use floe_core::ice::Version;
use floe_tests::chaos::driven::{Driven, Manner};
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::World;

use crate::talk::{Plan, Talk, Way};
use crate::{millis, secs};

#[test]
fn whatever_applications_do() {
    for seed in seeds() {
        seeded(seed, || Chance::new(seed).play());
    }
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in [3, 14] {
        let trace = || seeded(seed, || Chance::new(seed).play());
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

struct Chance {
    seed: u64,
    rng: Rng,
    world: World,
    talk: Talk<Driven>,
    streams: u32,
}

impl Chance {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xd1ce);
        let weather = Weather {
            delay: millis(1 + rng.below(40)),
            jitter: millis(rng.below(15)),
            loss: rng.below(50_000),
            duplicate: rng.below(20_000),
            ..Weather::FAIR
        };
        let mut world = World::new(seed, weather);
        let nodes = (0..NODES).map(|n| world.add(node(seed, n, 0, &world)));
        let nodes = nodes.collect();
        let talk = Talk::new(seed, nodes);
        Self { seed, rng, world, talk, streams: 0 }
    }

    /// Twenty seconds of anything, and then as long as it takes; says the trace.
    fn play(mut self) -> u64 {
        let over = self.world.now + secs(20);
        while self.world.now < over {
            self.act();
            let pause = Duration::from_micros(self.rng.below(300_000));
            let talk = &mut self.talk;
            self.world.until(pause, |world| {
                talk.turn(world);
                None::<()>
            });
        }
        self.world.net.weather = Weather::FAIR;
        for node in self.talk.nodes.clone() {
            let late = self.world[node].manner().late;
            self.world[node].set_manner(Manner { late, ..Manner::KIND });
        }
        let (talk, world) = (&mut self.talk, &mut self.world);
        let done = world.until(secs(120), |world| {
            talk.turn(world);
            talk.is_idle().then_some(())
        });
        assert!(done.is_some(), "seed {}: under way is {}", self.seed, talk.under_way());
        world.net.trace()
    }

    fn act(&mut self) {
        let rng = &mut self.rng;
        let node = rng.below(NODES) as usize;
        match rng.below(100) {
            0..25 => {
                let other = (node + 1 + rng.below(NODES - 1) as usize) % NODES as usize;
                let address = self.world[self.talk.nodes[other]].address();
                let version = [None, Some(Version::V1), Some(Version::V2)][rng.below(3) as usize];
                self.talk.dial(&mut self.world, node, &address, version);
            }
            25..85 => {
                if self.talk.connections.is_empty() {
                    return;
                }
                let nth = rng.below(self.talk.connections.len() as u64) as usize;
                let (node, on) = self.talk.connections[nth];
                let way = Way::ALL[rng.below(Way::ALL.len() as u64) as usize];
                let longest = [10, 1_000, 30_000, 200_000][rng.below(4) as usize];
                let plan = Plan { way, seed: self.streams, len: rng.below(longest) as u32 };
                self.streams += 1;
                self.talk.open(&mut self.world, node, on, plan);
            }
            85..90 => {
                if let Some((node, id)) = self.talk.connections.first().copied() {
                    self.talk.close(&mut self.world, node, id);
                }
            }
            90..93 => {
                let full = millis(rng.below(4_000));
                self.world[self.talk.nodes[node]].fill_send_buffer(full);
            }
            93..96 => {
                let by = secs([1, 5, 3600][rng.below(3) as usize]);
                self.world[self.talk.nodes[node]].jump(by);
            }
            96..98 => {
                let manner = Manner::any(rng.next_u64());
                self.world[self.talk.nodes[node]].set_manner(manner);
            }
            _ => {
                let again = node_again(self.seed, node as u64, rng.next_u64(), &self.world);
                self.world.replace(self.talk.nodes[node], again);
                self.talk.is_gone(node);
            }
        }
    }
}

fn node(seed: u64, n: u64, whim: u64, world: &World) -> Driven {
    let addr = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 10 + n as u8), 4001));
    let manner = Manner::any(seed * NODES + n + whim);
    Driven::new(seed * NODES + n, addr, world.epoch, manner, |_| {}).with_application()
}

/// The same identity in another process.
fn node_again(seed: u64, n: u64, whim: u64, world: &World) -> Driven {
    node(seed, n, whim >> 8, world)
}

fn seeds() -> Range<u64> {
    let Ok(asked) = env::var("FLOE_DRIVEN_SEEDS") else { return 0..40 };
    let range =
        asked.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.expect("FLOE_DRIVEN_SEEDS is FROM..TO")
}

const NODES: u64 = 3;
