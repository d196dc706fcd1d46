//! Bits changed, ends cut off. UDP's checksum keeps nearly all of it away; what is left must not matter
//! once DTLS has keys, and must not be believed before.

use floe_core::rtc::error::ConnectionEnd;
use floe_tests::net::Weather;

use crate::exchange::{Exchange, connect, is_of_use, story};
use crate::pair::{dial, two};
use crate::{CLIENT, PERCENT, SERVER, secs};

#[test]
fn one_in_fifty_damaged_in_mid_transfer() {
    story(0..5, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut exchange = Exchange::new(&mut pair, seed, 300_000);
        pair.world.net.between(CLIENT, SERVER).corrupt(2 * PERCENT);
        let took = exchange.finish(&mut pair.world, secs(30));
        println!("seed {seed}: done in {took:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn one_in_fifty_cut_short_in_mid_transfer() {
    story(0..5, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut exchange = Exchange::new(&mut pair, seed, 300_000);
        pair.world.net.between(CLIENT, SERVER).truncate(2 * PERCENT);
        let took = exchange.finish(&mut pair.world, secs(30));
        println!("seed {seed}: done in {took:?}");
        pair.world.net.between(CLIENT, SERVER).clear();
        is_of_use(&mut pair, seed);
    });
}

/// A set-up that is damaged may fail. It never panics, never ends with another peer, is over in time,
/// and the next one, undamaged, works.
#[test]
fn a_damaged_set_up_succeeds_or_fails_in_time() {
    for (corrupt, truncate) in [(10 * PERCENT, 0), (0, 10 * PERCENT), (5 * PERCENT, 5 * PERCENT)] {
        story(0..12, |seed| {
            let weather = Weather { corrupt, truncate, ..Weather::FAIR };
            let (mut world, client, server) = two(seed, weather, |_| {});
            let id = dial(&mut world, client, server, |_| {}).unwrap();
            let peer = world[server].peer_id();
            let mut end: Option<ConnectionEnd> = None;
            let up = world.until(secs(11), |world| {
                end = world[client].closed(id).map(|(end, _)| end);
                let up = world[client].established();
                (up.is_some() || end.is_some()).then_some(up)
            });
            let up = up.expect("it is over within the deadline of set-ups");
            println!("{corrupt}, {truncate}, seed {seed}: {:?} after {:?}", end, world.now);
            if let Some((_, established)) = up {
                assert_eq!(established.peer, peer);
            }
            world.net.weather = Weather::FAIR;
            let now = world.now;
            world[client].endpoint.close(now, id);
            world.run(secs(1));
            world[client].events.clear();
            dial(&mut world, client, server, |_| {}).unwrap();
            world.until(secs(5), |world| world[client].connected()).expect("the next one works");
        });
    }
}
