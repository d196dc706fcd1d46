//! Peers that stall, and clocks that jump.

use std::time::Duration;

use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::{ConnectionId, Target};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::world::Handle;

use crate::exchange::{Exchange, connect, ends, is_of_use, story};
use crate::pair::{Pair, dial, two};
use crate::{millis, secs};

const HOUR: Duration = secs(3_600);
const DAY: Duration = secs(24 * 3_600);

fn sides(pair: &Pair) -> [(&'static str, Handle<Floe>, ConnectionId); 2] {
    [("client", pair.client, pair.at_client), ("server", pair.server, pair.at_server)]
}

#[test]
fn who_stalls_in_mid_transfer_goes_on() {
    for side in 0..2 {
        for pause in [millis(300), secs(3), secs(20)] {
            story(0..3, |seed| {
                let (mut pair, _) = connect(seed, secs(10), |_| {});
                let (what, node, _) = sides(&pair)[side];
                let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
                assert!(!exchange.run(&mut pair.world, millis(100)));
                pair.world.stall(node, pause);
                // Whoever stalls does not read or write either.
                pair.world.run(pause);
                let took = exchange.finish(&mut pair.world, secs(20));
                println!("{what}, {pause:?}, seed {seed}: done {took:?} after");
                is_of_use(&mut pair, seed);
            });
        }
    }
}

/// The other one gives up; who stalled finds out when it looks, and they connect again.
#[test]
fn who_stalls_too_long_is_given_up() {
    for side in 0..2 {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            let (what, stalled, of_stalled) = sides(&pair)[side];
            let (_, awake, of_awake) = sides(&pair)[1 - side];
            let before = pair.world.now;
            pair.world.stall(stalled, secs(50));
            let (end, at) = ends(&mut pair.world, awake, of_awake, secs(50));
            println!("{what}, seed {seed}: {end:?} after {:?}", at.saturating_since(before));
            assert_eq!(end, ConnectionEnd::IdleTimeout);
            let (end, at) = ends(&mut pair.world, stalled, of_stalled, secs(50));
            println!("{what}, seed {seed}: {end:?} after {:?}", at.saturating_since(before));
            assert!(matches!(end, ConnectionEnd::ClosedByPeer | ConnectionEnd::IdleTimeout));
            assert!(at.saturating_since(before) <= secs(52));
            let (world, client, server) = (&mut pair.world, pair.client, pair.server);
            dial(world, client, server, |_| {}).unwrap();
            world.until(secs(2), |world| world[client].connected()).expect("it connects again");
        });
    }
}

#[test]
fn who_stalls_in_the_set_up() {
    for side in 0..2 {
        for after in (0..12).map(|n| millis(n * 10)) {
            story(0..1, |seed| {
                let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
                let id = dial(&mut world, client, server, |_| {}).unwrap();
                world.run(after);
                let node = [client, server][side];
                world.stall(node, secs(4));
                let up = world.until(secs(10), |world| {
                    assert_eq!(world[client].closed(id), None, "side {side}, after {after:?}");
                    world[client].connected()
                });
                println!("side {side}, after {after:?}: up at {:?}", world.now);
                assert_eq!(up, Some(id));
            });
        }
    }
}

/// A machine that slept: its clock says that an hour went by in which nothing came. Whether it gives the
/// connection up or not, both sides agree on it soon, and a new one can be had.
#[test]
fn a_clock_that_jumps_by_an_hour_or_a_day() {
    for side in 0..2 {
        for by in [HOUR, DAY] {
            for transfers in [false, true] {
                story(0..2, |seed| {
                    let (mut pair, _) = connect(seed, secs(10), |_| {});
                    let (what, jumped, of_jumped) = sides(&pair)[side];
                    let (_, still, of_still) = sides(&pair)[1 - side];
                    let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
                    let pause = if transfers { millis(100) } else { secs(0) };
                    assert!(!exchange.run(&mut pair.world, pause));
                    let before = pair.world.now;
                    pair.world.jump(jumped, by);
                    let (end, at) = ends(&mut pair.world, jumped, of_jumped, secs(40));
                    let took = at.saturating_since(before);
                    println!("{what}, {by:?}, seed {seed}: {end:?} after {took:?}");
                    assert_eq!(end, ConnectionEnd::IdleTimeout);
                    let (end, at) = ends(&mut pair.world, still, of_still, secs(40));
                    let took = at.saturating_since(before);
                    println!("  the other one: {end:?} after {took:?}");
                    assert!(took < secs(1), "it was told: {took:?}");
                    assert_eq!(end, ConnectionEnd::ClosedByPeer);
                    redials(&mut pair, seed);
                });
            }
        }
    }
}

/// Less than the idle timeout: nothing is given up.
#[test]
fn a_clock_that_jumps_by_seconds() {
    for side in 0..2 {
        for by in [millis(700), secs(5), secs(15)] {
            story(0..3, |seed| {
                let (mut pair, _) = connect(seed, secs(10), |_| {});
                let (what, jumped, _) = sides(&pair)[side];
                let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
                assert!(!exchange.run(&mut pair.world, millis(100)));
                pair.world.jump(jumped, by);
                let took = exchange.finish(&mut pair.world, secs(10));
                println!("{what}, {by:?}, seed {seed}: done {took:?} after");
                is_of_use(&mut pair, seed);
            });
        }
    }
}

/// In the set-up: the deadline is over at once, or the peer's is not and the dial can be made again.
#[test]
fn a_clock_that_jumps_in_the_set_up() {
    for side in 0..2 {
        for after in (1..12).map(|n| millis(n * 10)) {
            story(0..1, |seed| {
                let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
                let id = dial(&mut world, client, server, |_| {}).unwrap();
                world.run(after);
                world.jump([client, server][side], HOUR);
                let (mut up, mut end) = (false, None);
                world.until(secs(45), |world| {
                    up |= world[client].connected().is_some();
                    end = world[client].closed(id);
                    (up || end.is_some()).then_some(())
                });
                let end = end.map(|(end, _)| end);
                println!("side {side}, after {after:?}: up {up}, {end:?} at {:?}", world.now);
                assert!(world.now.since_epoch() <= secs(11));
                world.run(secs(45));
                world[client].events.clear();
                if end.is_some() {
                    let target = Target::new(&world[server].address()).unwrap();
                    let clock = world.clock(client);
                    world[client].endpoint.dial(clock, target).unwrap();
                    world.until(secs(2), |world| world[client].connected()).expect("it dials");
                }
            });
        }
    }
}

fn redials(pair: &mut Pair, seed: u64) {
    let (world, client, server) = (&mut pair.world, pair.client, pair.server);
    for node in [client, server] {
        world[node].events.clear();
    }
    let target = Target::new(&world[server].address()).unwrap();
    let clock = world.clock(client);
    world[client].endpoint.dial(clock, target).unwrap();
    let at_client = world.until(secs(2), |world| world[client].connected());
    let at_server = world.until(secs(2), |world| world[server].connected());
    pair.at_client = at_client.expect("the client is connected");
    pair.at_server = at_server.expect("the server is connected");
    is_of_use(pair, seed);
}
