//! Peers that come back on their address without memory, as the same one or with another certificate.

use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Target};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};

use crate::exchange::{Exchange, connect, ends, is_of_use, lives, story};
use crate::pair::{Pair, dial, two};
use crate::{millis, secs};

/// Another node at the same place: the identity says whose identity and certificate it has. What it draws
/// is its own, as that of any process.
fn reborn(world: &mut World, place: Handle<Floe>, identity: u64) {
    let addr = world[place].addr;
    let node = Floe::new(identity + 500, addr, world.epoch, |config| {
        let mut rng = Rng::new(identity);
        config.identity = Keypair::ed25519_from_seed(rng.seed()).into();
        config.certificate = Certificate::generate(rng.seed());
    });
    world.replace(place, node);
}

/// The seeds that the pair's nodes had, and one that none had.
fn identities(seed: u64, at_server: bool) -> [(&'static str, u64); 2] {
    let was = if at_server { seed * 2 } else { seed * 2 + 1 };
    [("the same certificate", was), ("another certificate", seed + 1_000)]
}

#[test]
fn a_server_in_mid_transfer() {
    for which in 0..2 {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            let mut exchange = Exchange::new(&mut pair, seed, 2_000_000);
            assert!(!exchange.run(&mut pair.world, millis(150)));
            let (what, identity) = identities(seed, true)[which];
            reborn(&mut pair.world, pair.server, identity);
            let before = pair.world.now;
            let (end, at) = ends(&mut pair.world, pair.client, pair.at_client, secs(60));
            println!("{what}, seed {seed}: {end:?} after {:?}", at.saturating_since(before));
            assert_eq!(end, ConnectionEnd::IdleTimeout);
            connects_again(&mut pair, seed);
        });
    }
}

/// The client dials again at once, from the same port; the server takes it for what it is.
#[test]
fn a_client_in_mid_transfer() {
    for which in 0..2 {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            let mut exchange = Exchange::new(&mut pair, seed, 2_000_000);
            assert!(!exchange.run(&mut pair.world, millis(150)));
            let (what, identity) = identities(seed, false)[which];
            reborn(&mut pair.world, pair.client, identity);
            let before = pair.world.now;
            let old = pair.at_server;
            connects_again(&mut pair, seed);
            let (end, at) = ends(&mut pair.world, pair.server, old, secs(5));
            println!("{what}, seed {seed}: {end:?} after {:?}", at.saturating_since(before));
            assert_eq!(end, ConnectionEnd::Replaced(pair.at_server));
            assert!(!lives(&pair.world, pair.server, old));
        });
    }
}

/// A client that restarts and stays silent: the server gives it up, and sends it nothing for ever.
#[test]
fn a_client_that_does_not_dial_again() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut exchange = Exchange::new(&mut pair, seed, 2_000_000);
        assert!(!exchange.run(&mut pair.world, millis(150)));
        reborn(&mut pair.world, pair.client, seed + 1_000);
        let before = pair.world.now;
        let (end, at) = ends(&mut pair.world, pair.server, pair.at_server, secs(60));
        let took = at.saturating_since(before);
        println!("seed {seed}: {end:?} after {took:?}");
        assert_eq!(end, ConnectionEnd::IdleTimeout);
        assert!(took < secs(31), "{took:?}");
        pair.world.run(secs(1));
        let sent = pair.world.net.sent();
        pair.world.run(secs(100));
        assert_eq!(pair.world.net.sent(), sent, "nobody says anything any more");
    });
}

/// Dialed by the certhash that it had before.
#[test]
fn a_server_with_another_certificate_is_not_who_was_dialed() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let before = pair.world[pair.server].address();
        reborn(&mut pair.world, pair.server, seed + 1_000);
        pair.world.run(secs(60));
        pair.world[pair.client].events.clear();
        let target = Target::new(&before).unwrap();
        let now = pair.world.now;
        let id = pair.world[pair.client].endpoint.dial(now, target).unwrap();
        let (end, at) = ends(&mut pair.world, pair.client, id, secs(11));
        println!("seed {seed}: {end:?} after {:?}", at.saturating_since(now));
        assert!(matches!(end, ConnectionEnd::WrongCerthash { .. }), "{end:?}");
        assert!(at.saturating_since(now) < secs(1));
        pair.world.run(secs(30));
        assert_eq!(pair.world[pair.server].endpoint.counters().connections, 0);
        assert!(pair.world[pair.server].events.is_empty());
    });
}

/// A server that restarts in every moment of a client's set-up: the client succeeds with what is there
/// later, or says within its deadline that it could not.
#[test]
fn a_server_in_the_set_up() {
    for after in (1..14).map(|n| millis(n * 10)) {
        story(0..1, |seed| {
            let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
            let id = dial(&mut world, client, server, |_| {}).unwrap();
            world.run(after);
            reborn(&mut world, server, seed * 2);
            let (mut up, mut end) = (None, None);
            world.until(secs(60), |world| {
                up = up.or_else(|| world[client].connected());
                end = world[client].closed(id);
                end.is_some().then_some(())
            });
            let end = end.map(|(end, _)| end);
            println!("after {after:?}: up {}, {end:?} at {:?}", up.is_some(), world.now);
            if end.is_none() {
                // The new server was there in time for all that it had to see.
                assert!(world[server].connected().is_some() && up.is_some());
                return;
            }
            let limit = if up.is_some() { secs(45) } else { secs(10) };
            assert!(world.now.since_epoch() <= limit, "{:?}", world.now);
            dial(&mut world, client, server, |_| {}).unwrap();
            world.until(secs(2), |world| world[client].connected()).expect("it can dial again");
        });
    }
}

fn connects_again(pair: &mut Pair, seed: u64) {
    let Pair { world, client, server, .. } = pair;
    world[*client].events.clear();
    let (client, server) = (*client, *server);
    dial(world, client, server, |_| {}).expect("nothing stands in the way");
    let before = world.now;
    let at_client = world.until(secs(5), |world| world[client].connected());
    let at_server = world.until(secs(5), |world| world[server].connected());
    println!("connected again in {:?}", world.now.saturating_since(before));
    pair.at_client = at_client.expect("the client is connected");
    pair.at_server = at_server.expect("the server is connected");
    is_of_use(pair, seed);
}
