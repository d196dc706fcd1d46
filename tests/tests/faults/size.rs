//! Paths that long datagrams do not pass, and no router says so.

use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_tests::net::Weather;

use crate::exchange::{Exchange, connect_and_exchange, is_of_use, lives, story};
use crate::pair::{Pair, dial, two};
use crate::{CLIENT, SERVER, millis, secs};

/// IPv6's minimum, which every path has to carry (RFC 8200 §5).
#[test]
fn the_smallest_path_that_ipv6_allows_carries_everything() {
    story(0..3, |seed| {
        // As narrow as with the headers of IPv6, though the hosts have IPv4 here.
        let (mut pair, up, took) = connect_and_exchange(seed, 500_000, secs(10), |net| {
            net.between(CLIENT, SERVER).payload_max(1280 - 48);
        });
        let too_long = [(CLIENT, SERVER), (SERVER, CLIENT)]
            .map(|(from, to)| pair.world.net.tally(from, to).too_long);
        println!("seed {seed}: up after {up:?}, done in {took:?}");
        assert_eq!(too_long, [0, 0]);
        is_of_use(&mut pair, seed);
    });
}

/// Narrower than any path may be. DTLS 1.2 fits all the same, and so does STUN; the ClientHello of 1.3 is
/// longer, so the dial ends with its deadline and says what it waited for.
#[test]
fn a_black_hole_from_the_start() {
    for dtls in [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto] {
        story(0..3, |seed| {
            let (mut world, client, server) = two(seed, Weather::FAIR, |config| config.dtls = dtls);
            world.net.between(CLIENT, SERVER).payload_max(1_100);
            let id = dial(&mut world, client, server, |_| {}).unwrap();
            let (mut up, mut end) = (false, None);
            world.until(secs(11), |world| {
                up = world[client].connected().is_some();
                end = world[client].closed(id).map(|(end, _)| end);
                (up || end.is_some()).then_some(())
            });
            println!("{dtls:?}, seed {seed}: up {up}, {end:?} at {:?}", world.now);
            if dtls == DtlsVersions::V12 {
                assert!(up && world.now.since_epoch() < secs(1), "{end:?}");
            } else {
                assert_eq!(end, Some(ConnectionEnd::HandshakeTimeout(Step::Dtls)));
            }
        });
    }
}

/// Short datagrams still pass, so nobody takes the other for dead; long ones are tried again and again, and
/// as soon as they pass again, everything arrives.
#[test]
fn a_black_hole_in_mid_transfer() {
    story(0..3, |seed| {
        let mut pair = Pair::new(seed, Weather::FAIR);
        let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
        assert!(!exchange.run(&mut pair.world, millis(50)));
        pair.world.net.between(CLIENT, SERVER).payload_max(1_100);
        assert!(!exchange.run(&mut pair.world, secs(100)));
        assert!(lives(&pair.world, pair.client, pair.at_client));
        assert!(lives(&pair.world, pair.server, pair.at_server));
        pair.world.net.between(CLIENT, SERVER).clear();
        let took = exchange.finish(&mut pair.world, secs(15));
        println!("seed {seed}: done {took:?} after");
        is_of_use(&mut pair, seed);
    });
}
