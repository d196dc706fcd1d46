//! Peers that say nothing for a long time, because they have nothing to say or because they are gone; and
//! strangers who say it in their place.

use std::time::Duration;

use floe_core::rtc::error::ConnectionEnd;
use floe_tests::floe::Floe;
use floe_tests::net::Packet;
use floe_tests::world::{Handle, World};

use crate::exchange::{connect, ends, is_of_use, lives, story};
use crate::pair::Pair;
use crate::{CLIENT, OTHER, SERVER, millis, secs};

/// Two who are connected, and a check of the client, which anybody on the way has seen.
fn overheard(seed: u64) -> (Pair, Packet) {
    let (mut pair, _) = connect(seed, secs(10), |net| net.tap(1_000));
    pair.world.run(secs(10));
    let is_check = |packet: &&Packet| {
        packet.source == CLIENT && packet.destination == SERVER && packet.payload[..2] == [0, 1]
    };
    let heard = pair.world.net.tapped().map(|(_, packet)| packet);
    let check = heard.filter(is_check).last().expect("the client has checked").clone();
    pair.world.net.tap(0);
    (pair, check)
}

/// Lets time pass, in which somebody sends a datagram again and again.
fn run_with(world: &mut World, duration: Duration, often: Duration, packet: &Packet) {
    let until = world.now + duration;
    while world.now < until {
        world.net.spoof(world.now, packet.clone());
        world.run(often);
    }
}

/// Puts somebody in a node's place who knows nothing and says nothing.
fn silence(world: &mut World, place: Handle<Floe>) {
    let addr = world[place].addr;
    let node = Floe::new(999, addr, world.epoch, |_| {});
    world.replace(place, node);
}

#[test]
fn who_idles_stays_connected() {
    story(0..3, |seed| {
        let (mut pair, _) = overheard(seed);
        pair.world.run(secs(600));
        is_of_use(&mut pair, seed);
    });
}

/// A client that is gone, and a stranger who goes on checking with its ufrag, in its name or in its own.
#[test]
fn a_stranger_keeps_no_dead_client_alive() {
    for source in [CLIENT, OTHER] {
        for often in [millis(100), secs(5)] {
            story(0..2, |seed| {
                let (mut pair, check) = overheard(seed);
                silence(&mut pair.world, pair.client);
                run_with(&mut pair.world, secs(40), often, &check.clone().from(source));
                assert!(!lives(&pair.world, pair.server, pair.at_server), "{source}, {often:?}");
                let (end, _) = ends(&mut pair.world, pair.server, pair.at_server, secs(1));
                assert_eq!(end, ConnectionEnd::IdleTimeout);
            });
        }
    }
}

/// A server that is gone, and a stranger who sends the client the checks that a listener sends.
#[test]
fn a_stranger_keeps_no_dead_server_alive() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| net.tap(1_000));
        pair.world.run(secs(1));
        let is_check = |packet: &&Packet| packet.source == SERVER && packet.payload[..2] == [0, 1];
        let heard = pair.world.net.tapped().map(|(_, packet)| packet);
        let check = heard.filter(is_check).last().expect("the listener has checked").clone();
        silence(&mut pair.world, pair.server);
        run_with(&mut pair.world, secs(60), secs(1), &check);
        assert!(!lives(&pair.world, pair.client, pair.at_client));
    });
}

/// A client that idles, while a stranger checks with its ufrag: nothing is turned to the stranger.
#[test]
fn a_stranger_turns_no_idle_client_away() {
    story(0..3, |seed| {
        let (mut pair, check) = overheard(seed);
        run_with(&mut pair.world, secs(60), millis(100), &check.from(OTHER));
        let (_, stream) = pair.open();
        let server = pair.server;
        pair.world.run(millis(50));
        let before = pair.world.now;
        pair.world.net.tap(1_000);
        pair.world[server].endpoint.stream(stream).unwrap().write(b"for you alone").unwrap();
        pair.world.run(millis(100));
        let sent = pair.world.net.tapped().filter(|(at, packet)| {
            *at >= before && packet.source == SERVER && packet.payload[0] >= 20
        });
        assert!(sent.map(|(_, packet)| packet.destination).all(|to| to == CLIENT));
        pair.world.net.tap(0);
        is_of_use(&mut pair, seed);
    });
}
