//! Narrow lines, and queues before them that are too short or too long.

use crate::exchange::{Exchange, connect, connect_and_exchange, is_of_use, story};
use crate::flow::Flow;
use crate::{CLIENT, SERVER, millis, secs};

/// A queue of 10 ms: whoever sends a burst loses most of it.
#[test]
fn a_megabit_with_a_shallow_queue() {
    story(0..4, |seed| {
        // 200 kB each way at 125 kB/s: 1.6 s if nothing were lost and nothing added.
        let (mut pair, up, took) = connect_and_exchange(seed, 200_000, secs(12), |net| {
            net.between(CLIENT, SERVER).bandwidth(1_000_000, 12_000);
        });
        let there = pair.world.net.tally(CLIENT, SERVER);
        println!("seed {seed}: up after {up:?}, done in {took:?}; {there:?}");
        assert!(up < secs(2), "{up:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

/// A queue of four seconds, as in many a modem: nothing is lost, everything is late. What is already under
/// way is not sent again for being late, and neither side takes the other for dead.
#[test]
fn a_megabit_with_a_queue_of_seconds() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            net.between(CLIENT, SERVER).bandwidth(1_000_000, 500_000);
        });
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        let mut flow = Flow::new((client, ours), (server, theirs), vec![seed as u8; 1_000_000]);
        let before = pair.world.now;
        let done = pair.world.until(secs(40), |world| flow.pump(world).then_some(()));
        let took = pair.world.now.saturating_since(before);
        let stats = pair.world[client].endpoint.stats(pair.at_client).unwrap();
        println!("seed {seed}: 1 MB in {took:?}, which is 8 s at best; {stats:?}");
        assert!(done.is_some(), "{took:?}");
        // The queue drains.
        pair.world.run(secs(5));
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn a_line_that_is_narrow_in_one_direction() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            net.path(CLIENT, SERVER).bandwidth(128_000, 8_000);
            net.path(SERVER, CLIENT).bandwidth(10_000_000, 64_000);
        });
        let (ours, theirs) = pair.open_from_server();
        let (client, server) = (pair.client, pair.server);
        // Down, so that only acknowledgements go up.
        let mut flow = Flow::new((server, theirs), (client, ours), vec![seed as u8; 1_000_000]);
        let before = pair.world.now;
        let done = pair.world.until(secs(20), |world| flow.pump(world).then_some(()));
        let took = pair.world.now.saturating_since(before);
        println!("seed {seed}: 1 MB down in {took:?}, which is 0.8 s at best");
        assert!(done.is_some(), "{took:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

/// 64 kbit/s: a set-up of some six kilobytes takes most of a second of pure line.
#[test]
fn a_modem() {
    story(0..3, |seed| {
        let (mut pair, up) = connect(seed, secs(10), |net| {
            net.between(CLIENT, SERVER).delay(millis(80)).bandwidth(64_000, 8_000);
        });
        let took = Exchange::new(&mut pair, seed, 20_000).finish(&mut pair.world, secs(20));
        println!(
            "seed {seed}: up after {up:?}, 20 kB each way in {took:?}, which is 2.5 s at best"
        );
        assert!(up < secs(5), "{up:?}");
    });
}

/// The line becomes narrower by a hundred in mid-transfer, and wide again.
#[test]
fn a_line_that_changes() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            net.between(CLIENT, SERVER).bandwidth(100_000_000, 100_000);
        });
        let mut exchange = Exchange::new(&mut pair, seed, 3_000_000);
        assert!(!exchange.run(&mut pair.world, millis(200)));
        pair.world.net.between(CLIENT, SERVER).bandwidth(1_000_000, 20_000);
        assert!(!exchange.run(&mut pair.world, secs(5)));
        pair.world.net.between(CLIENT, SERVER).bandwidth(100_000_000, 100_000);
        let took = exchange.finish(&mut pair.world, secs(15));
        println!("seed {seed}: done {took:?} after the line is wide again");
        is_of_use(&mut pair, seed);
    });
}
