//! Late, out of order, twice.

use floe_tests::net::Net;

use crate::exchange::{connect_and_exchange, is_of_use, story};
use crate::{CLIENT, PERCENT, SERVER, millis, secs};

/// Half a second each way, as by a geostationary satellite with a queue. Timers begin shorter than that.
#[test]
fn a_long_way() {
    story(0..3, |seed| {
        let (mut pair, up, took) = connect_and_exchange(seed, 300_000, secs(30), |net| {
            net.between(CLIENT, SERVER).delay(millis(500));
        });
        println!("seed {seed}: up after {up:?}, done in {took:?}");
        // Five round trips with DTLS 1.3, and nothing is waited for beside them.
        assert!(up <= secs(5), "{up:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn one_way_much_longer_than_the_other() {
    story(0..3, |seed| {
        let (mut pair, up, took) = connect_and_exchange(seed, 300_000, secs(20), |net| {
            net.path(CLIENT, SERVER).delay(millis(400));
            net.path(SERVER, CLIENT).delay(millis(2));
        });
        println!("seed {seed}: up after {up:?}, done in {took:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn jitter_twice_as_long_as_the_way() {
    nothing_is_lost("jitter", |net| {
        net.between(CLIENT, SERVER).delay(millis(20)).jitter(millis(40));
    });
}

#[test]
fn one_in_five_held_back() {
    nothing_is_lost("held back", |net| {
        net.between(CLIENT, SERVER).reorder(20 * PERCENT, millis(30));
    });
}

#[test]
fn every_second_one_twice() {
    nothing_is_lost("twice", |net| {
        net.between(CLIENT, SERVER).duplicate(50 * PERCENT).jitter(millis(5));
    });
}

/// The second datagram comes long after the first, when what it was about is over.
#[test]
fn everything_twice_and_the_second_one_late() {
    nothing_is_lost("twice and late", |net| {
        net.between(CLIENT, SERVER).duplicate(100 * PERCENT).reorder(50 * PERCENT, millis(700));
    });
}

fn nothing_is_lost(what: &str, net: impl Fn(&mut Net) + Sync) {
    story(0..5, |seed| {
        let (mut pair, up, took) = connect_and_exchange(seed, 300_000, secs(30), &net);
        println!("{what}, seed {seed}: up after {up:?}, done in {took:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        // What is still held back arrives.
        pair.world.run(secs(1));
        is_of_use(&mut pair, seed);
    });
}
