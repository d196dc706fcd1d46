//! Datagrams that are lost, one by one and in bursts.

use floe_tests::net::Burst;

use crate::exchange::{Exchange, connect, connect_and_exchange, is_of_use, story};
use crate::{CLIENT, PERCENT, SERVER, millis, secs};

#[test]
fn one_in_a_hundred_in_ten_in_four() {
    for (percent, len, limit) in
        [(1, 300_000, secs(20)), (10, 100_000, secs(40)), (25, 20_000, secs(90))]
    {
        story(0..4, |seed| {
            let lossy = |net: &mut floe_tests::net::Net| {
                net.between(CLIENT, SERVER).loss(percent * PERCENT);
            };
            let (mut pair, up, took) = connect_and_exchange(seed, len, limit, lossy);
            println!("{percent} %, seed {seed}: up after {up:?}, {len} bytes each way in {took:?}");
            pair.world.net.between(CLIENT, SERVER).clear();
            is_of_use(&mut pair, seed);
        });
    }
}

/// Where the last acknowledgement of a flight is lost, the sender waits for its timer, and takes the next
/// one for a measure of how long the way is.
#[test]
fn a_way_that_loses_only_acknowledgements() {
    story(0..4, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        pair.world.net.path(SERVER, CLIENT).loss(10 * PERCENT);
        let (ours, theirs) = pair.open();
        let bytes = vec![seed as u8; 300_000];
        let mut flow = crate::flow::Flow::new((pair.client, ours), (pair.server, theirs), bytes);
        let before = pair.world.now;
        let done = pair.world.until(secs(30), |world| flow.pump(world).then_some(()));
        let took = pair.world.now.saturating_since(before);
        println!("seed {seed}: 300 kB in {took:?}");
        assert!(done.is_some(), "not within {took:?}");
    });
}

#[test]
fn bursts_of_five_and_of_ten() {
    for (burst, limit) in
        [(Burst::of(2 * PERCENT, 5), secs(30)), (Burst::of(5 * PERCENT, 10), secs(60))]
    {
        story(0..4, |seed| {
            let (mut pair, up, took) = connect_and_exchange(seed, 200_000, limit, |net| {
                net.between(CLIENT, SERVER).burst(burst);
            });
            let lost = pair.world.net.tally(CLIENT, SERVER).burst_lost;
            println!(
                "{burst:?}, seed {seed}: up after {up:?}, done in {took:?}, {lost} lost there"
            );
            pair.world.net.between(CLIENT, SERVER).clear();
            is_of_use(&mut pair, seed);
        });
    }
}

/// Everything is lost for a moment, in which no timer has a chance; then nothing is.
#[test]
fn a_storm_in_mid_transfer_costs_little_more_than_it_lasts() {
    story(0..6, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
        assert!(!exchange.run(&mut pair.world, millis(100)));
        pair.world.net.between(CLIENT, SERVER).loss(60 * PERCENT);
        exchange.run(&mut pair.world, secs(3));
        pair.world.net.between(CLIENT, SERVER).clear();
        let took = exchange.finish(&mut pair.world, secs(15));
        println!("seed {seed}: done {took:?} after the storm");
        is_of_use(&mut pair, seed);
    });
}
