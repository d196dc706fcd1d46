//! The same script on bare endpoints and on driven ones: what applications see is the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::Epoch;
use floe_tests::chaos::bare::Bare;
use floe_tests::chaos::driven::{Driven, Manner};
use floe_tests::chaos::peer::Peer;
use floe_tests::entropy::seeded;
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::World;

use crate::talk::{Plan, Talk, Way};
use crate::{CLIENT, SERVER, secs};

/// What applications see.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    streams: BTreeMap<(u32, bool), String>,
    ends: Vec<(usize, String)>,
}

/// What the client dials.
#[derive(Clone, Copy, Debug)]
enum Dialed {
    Right,
    Nobody,
    WrongPeer,
    WrongCerthash,
}

#[derive(Clone, Copy, Debug)]
struct Script {
    dialed: Dialed,
    version: Option<Version>,
    streams: u32,
    longest: u64,
    /// Which node closes the connection.
    closes: usize,
}

fn bare(seed: u64, addr: SocketAddr, epoch: Epoch) -> Bare {
    Bare::around(Floe::new(seed, addr, epoch, |_| {}))
}

fn kind(seed: u64, addr: SocketAddr, epoch: Epoch) -> Driven {
    Driven::new(seed, addr, epoch, Manner::KIND, |_| {}).with_application()
}

fn any(seed: u64, addr: SocketAddr, epoch: Epoch) -> Driven {
    Driven::new(seed, addr, epoch, Manner::any(seed), |_| {}).with_application()
}

fn play<P: Peer>(
    seed: u64,
    script: Script,
    node: impl Fn(u64, SocketAddr, Epoch) -> P + Send + Sync,
) -> Seen {
    seeded(seed, || {
        let mut world = World::new(seed, Weather::FOUL);
        let epoch = world.epoch;
        let server = world.add(node(seed * 2, SERVER, epoch));
        let client = world.add(node(seed * 2 + 1, CLIENT, epoch));
        let mut talk = Talk::new(seed, vec![server, client]);
        let right = world[server].address();
        let nobody = "192.0.2.99:9".parse().expect("an address");
        let address = match script.dialed {
            Dialed::Right => right,
            Dialed::Nobody => DirectAddr::new(nobody)
                .with_certhash(right.certhash().expect("it has one"))
                .with_peer(world[server].peer_id()),
            Dialed::WrongPeer => right.with_peer(world[client].peer_id()),
            Dialed::WrongCerthash => DirectAddr::new(SERVER)
                .with_certhash(Fingerprint::from_bytes([7; 32]))
                .with_peer(world[server].peer_id()),
        };
        talk.dial(&mut world, 1, &address, script.version);
        let up = world.until(secs(20), |world| {
            talk.turn(world);
            (talk.connections.len() == 2).then_some(())
        });
        if up.is_some() {
            let mut rng = Rng::new(seed);
            let mut expected = 0;
            for n in 0..script.streams {
                let (node, on) = talk.connections[n as usize % 2];
                let way = Way::ALL[n as usize / 2 % Way::ALL.len()];
                let len = rng.below(script.longest) as u32;
                talk.open(&mut world, node, on, Plan { way, seed: n, len });
                expected += if matches!(way, Way::OpenerResets | Way::OpenerDrops) { 1 } else { 2 };
            }
            world
                .until(secs(300), |world| {
                    talk.turn(world);
                    let heard = talk.outcomes.len() == expected;
                    (talk.is_idle() && heard).then_some(())
                })
                .unwrap_or_else(|| {
                    let all: Vec<_> = talk.outcomes.keys().collect();
                    panic!("seed {seed}: under way: {}, done: {all:?}", talk.under_way())
                });
            let closing = talk.connections.iter().find(|(node, _)| *node == script.closes);
            let (node, id) = *closing.expect("it is up");
            talk.close(&mut world, node, id);
        }
        let ends = world.until(secs(45), |world| {
            talk.turn(world);
            (talk.connections.is_empty() && talk.ends.len() >= 4).then_some(())
        });
        assert_eq!(ends.is_some(), up.is_some());
        let Talk { outcomes: streams, mut ends, .. } = talk;
        // Which node hears first is a matter of moments.
        ends.sort();
        Seen { streams, ends }
    })
}

#[test]
fn scripts_come_to_the_same() {
    let right =
        Script { dialed: Dialed::Right, version: None, streams: 14, longest: 60_000, closes: 1 };
    let scripts = [
        right,
        Script { version: Some(Version::V1), closes: 0, ..right },
        Script { version: Some(Version::V2), streams: 56, longest: 5_000, ..right },
        Script { streams: 14, longest: 400_000, closes: 0, ..right },
        Script { dialed: Dialed::Nobody, ..right },
        Script { dialed: Dialed::WrongPeer, ..right },
        Script { dialed: Dialed::WrongCerthash, version: Some(Version::V2), ..right },
    ];
    for (seed, script) in scripts.into_iter().enumerate() {
        let seed = seed as u64;
        let bare = play(seed, script, bare);
        println!("seed {seed}: {:?}", bare.ends);
        assert_eq!(play(seed, script, kind), bare, "seed {seed}, {script:?}");
        assert_eq!(play(seed, script, any), bare, "seed {seed}, {script:?}");
    }
}
