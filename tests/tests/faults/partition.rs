//! Paths that are cut, in both directions or in one, and heal.

use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_tests::net::{Net, Path, Weather};
use floe_tests::rng::Rng;

use crate::exchange::{Exchange, connect, ends, is_of_use, lives, story};
use crate::pair::{dial, two};
use crate::{CLIENT, SERVER, millis, secs};

/// Which directions a story cuts.
type Ways = fn(&mut Net) -> Path<'_>;

const WAYS: [(&str, Ways); 3] = [
    ("both ways", |net| net.between(CLIENT, SERVER)),
    ("to the server", |net| net.path(CLIENT, SERVER)),
    ("to the client", |net| net.path(SERVER, CLIENT)),
];

#[test]
fn shorter_than_the_idle_timeout_in_mid_transfer() {
    for (what, ways) in WAYS {
        for cut in [secs(2), secs(8), secs(20)] {
            story(0..3, |seed| {
                let (mut pair, _) = connect(seed, secs(10), |_| {});
                let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
                assert!(!exchange.run(&mut pair.world, millis(100)));
                ways(&mut pair.world.net).cut();
                assert!(!exchange.run(&mut pair.world, cut));
                ways(&mut pair.world.net).heal();
                // SCTP tries every five seconds by then, and recovers what was lost.
                let took = exchange.finish(&mut pair.world, secs(20));
                println!("{what}, {cut:?}, seed {seed}: done {took:?} after");
                is_of_use(&mut pair, seed);
            });
        }
    }
}

#[test]
fn shorter_than_the_idle_timeout_while_nothing_happens() {
    for (what, ways) in WAYS {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            pair.world.run(secs(3 + seed));
            ways(&mut pair.world.net).cut();
            pair.world.run(secs(22));
            ways(&mut pair.world.net).heal();
            println!("{what}, seed {seed}");
            pair.world.run(secs(60));
            is_of_use(&mut pair, seed);
        });
    }
}

/// Both notice, in time, whoever of them still hears the other; and afterwards they can connect again.
#[test]
fn longer_than_the_idle_timeout() {
    for (what, ways) in WAYS {
        for transfers in [true, false] {
            story(0..3, |seed| {
                let (mut pair, _) = connect(seed, secs(10), |_| {});
                let mut exchange = Exchange::new(&mut pair, seed, 3_000_000);
                if transfers {
                    assert!(!exchange.run(&mut pair.world, millis(150)));
                } else {
                    pair.world.run(secs(1));
                }
                ways(&mut pair.world.net).cut();
                let cut = pair.world.now;
                let mut all = Vec::new();
                for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
                    let (end, _) = ends(&mut pair.world, node, id, secs(70));
                    all.push((end, pair.world.now.saturating_since(cut)));
                }
                println!("{what}, transfers {transfers}, seed {seed}: {all:?}");
                // Who hears nothing notices after the idle timeout; who hears, when that one tells it
                // or falls silent.
                for (end, _) in all {
                    let fits =
                        matches!(end, ConnectionEnd::IdleTimeout | ConnectionEnd::ClosedByPeer);
                    assert!(fits, "{end:?}");
                }
                ways(&mut pair.world.net).heal();
                pair.world.run(secs(5));
                let (world, client, server) = (&mut pair.world, pair.client, pair.server);
                assert!(
                    !lives(world, client, pair.at_client) && !lives(world, server, pair.at_server)
                );
                dial(world, client, server, |_| {}).expect("nothing stands in the way");
                world.until(secs(2), |world| world[client].connected()).expect("it connects");
            });
        }
    }
}

#[test]
fn in_the_set_up_and_healed_in_time() {
    for (what, ways) in WAYS {
        // In each of the round trips of 20 ms, and between them.
        for after in (0..16).map(|n| millis(n * 10)) {
            story(0..1, |seed| {
                let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
                let id = dial(&mut world, client, server, |_| {}).unwrap();
                world.run(after);
                ways(&mut world.net).cut();
                world.run(secs(3));
                ways(&mut world.net).heal();
                let healed = world.now;
                let up = world.until(secs(7), |world| {
                    assert_eq!(world[client].closed(id), None, "{what}, after {after:?}");
                    world[client].connected().or_else(|| {
                        // It may have been up before.
                        world[client].endpoint.open_stream(id).ok().map(|_| id)
                    })
                });
                let took = world.now.saturating_since(healed);
                println!("{what}, after {after:?}, seed {seed}: up {took:?} after");
                assert_eq!(up, Some(id), "{what}, after {after:?}");
            });
        }
    }
}

#[test]
fn in_the_set_up_for_good() {
    for (what, ways) in WAYS {
        for after in [millis(0), millis(15), millis(35), millis(55), millis(75)] {
            story(0..1, |seed| {
                let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
                let id = dial(&mut world, client, server, |_| {}).unwrap();
                world.run(after);
                ways(&mut world.net).cut();
                let (end, at) = ends(&mut world, client, id, secs(11));
                println!("{what}, after {after:?}: {end:?} at {at:?}");
                assert_eq!(at.since_epoch(), secs(10), "{what}, after {after:?}");
                assert!(matches!(end, ConnectionEnd::HandshakeTimeout(_)), "{end:?}");
                if after == millis(0) && what != "to the server" {
                    assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Stun));
                }
                // The server forgets it too, without a word to its application.
                world.run(secs(45));
                let counters = world[server].endpoint.counters();
                assert_eq!((counters.connections, counters.handshaking), (0, 0), "{what}");
            });
        }
    }
}

/// A path that comes and goes, most of the time every second. Irregularly: timers that double would meet
/// the same half of a regular second for ever.
#[test]
fn a_flapping_path() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            // Wide enough for all of it in two seconds.
            net.between(CLIENT, SERVER).bandwidth(4_000_000, 50_000);
        });
        let mut rng = Rng::new(seed);
        let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
        let mut flaps = 0;
        let mut is_done = false;
        while !is_done && !exchange.run(&mut pair.world, millis(200 + rng.below(800))) {
            pair.world.net.between(CLIENT, SERVER).cut();
            // What is under way at that moment still arrives.
            is_done = exchange.run(&mut pair.world, millis(100 + rng.below(900)));
            pair.world.net.between(CLIENT, SERVER).heal();
            flaps += 1;
            assert!(pair.world.now.since_epoch() < secs(90), "too slow: {:#?}", pair.world);
        }
        println!("seed {seed}: done after {flaps} flaps, at {:?}", pair.world.now);
        assert!(flaps > 2);
        is_of_use(&mut pair, seed);
    });
}
