//! Bad networks, and peers that move.

use std::net::SocketAddr;

use floe_core::ice::Version;
use floe_core::rtc::Event;
use floe_core::rtc::config::DtlsVersions;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use floe_tests::stun::is_dtls;

use crate::flow::{self, Flow};
use crate::pair::{Pair, both_connected, dial, two};
use crate::{CLIENT, SERVER, millis, secs};

#[test]
fn transfers_arrive_in_foul_weather() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let mut pair = Pair::new(seed, Weather::FOUL);
        pair.world.net.weather = Weather::DAMAGING;
        let (ours, theirs) = pair.open();
        let (more, more_there) = pair.open_from_server();
        let (client, server) = (pair.client, pair.server);
        let mut bytes = || rng.bytes(150_000);
        let mut flows = [
            Flow::new((client, ours), (server, theirs), bytes()),
            Flow::new((server, theirs), (client, ours), bytes()),
            Flow::new((client, more), (server, more_there), bytes()),
            Flow::new((server, more_there), (client, more), bytes()),
        ];
        let mut flows: Vec<_> = flows.iter_mut().collect();
        flow::run(&mut pair.world, secs(300), &mut flows);
    }
}

#[test]
fn what_is_sent_again_is_counted() {
    for (seed, weather) in
        [(1, Weather::FAIR), (2, Weather { loss: 20_000, ..Weather::FAIR }), (3, Weather::FAIR)]
    {
        let mut pair = Pair::new(seed, weather);
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        // No more than the receiver's window: a path without loss has nothing to send again.
        let bytes = Rng::new(seed).bytes(2_000_000);
        let mut flow = Flow::new((client, ours), (server, theirs), bytes);
        pair.world.until(millis(60), |world| {
            flow.pump(world);
            None::<()>
        });
        let of_stream = pair.world[client].endpoint.stream(ours).unwrap().stats();
        let stats = pair.world[client].endpoint.stats(pair.at_client).unwrap();
        assert!(of_stream.send_buffered > 0, "{of_stream:?}");
        assert_eq!(of_stream.send_buffered, stats.send_buffered);
        flow::run(&mut pair.world, secs(300), &mut [&mut flow]);
        let stats = pair.world[client].endpoint.stats(pair.at_client).unwrap();
        let there = pair.world[server].endpoint.stats(pair.at_server).unwrap();
        println!("seed {seed}: {stats:?}");
        assert_eq!(stats.retransmits > 0, weather.loss > 0, "{stats:?}");
        assert!(stats.retransmits < stats.datagrams_sent, "{stats:?}");
        assert_eq!(stats.send_buffered, 0);
        assert_eq!(there.datagrams_received < stats.datagrams_sent, weather.loss > 0, "{there:?}");
        assert!(stats.rtt_min >= Some(millis(20)) && stats.rtt >= stats.rtt_min, "{stats:?}");
        let counters = pair.world[client].endpoint.counters();
        assert!(counters.datagrams_sent > stats.datagrams_sent, "checks are counted too");
    }
}

/// Nothing is lost here, so nothing has to be sent again: datagrams overtake each other, among them the
/// first Noise message the COOKIE-ACK of SCTP.
#[test]
fn reordering_does_not_delay_a_connection() {
    let weather = Weather { jitter: millis(9), ..Weather::FAIR };
    for seed in 0..40 {
        for dtls in [DtlsVersions::V12, DtlsVersions::Auto] {
            let (mut world, client, server) = two(seed, weather, |config| config.dtls = dtls);
            dial(&mut world, client, server, |target| target.version = Some(Version::V2)).unwrap();
            both_connected(&mut world, client, server);
            let took = world.now.since_epoch();
            assert!(took < secs(2), "seed {seed}, DTLS {dtls:?}: {took:?}");
        }
    }
}

#[test]
fn connections_come_up_in_terrible_weather() {
    let weather = Weather { loss: 150_000, duplicate: 50_000, ..Weather::FOUL };
    let mut slowest = millis(0);
    for seed in 0..60 {
        let dtls = [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto][seed as usize % 3];
        for version in [Some(Version::V1), Some(Version::V2), None] {
            let (mut world, client, server) = two(seed, weather, |config| {
                config.handshake_timeout = secs(60);
                config.dtls = dtls;
            });
            let id = dial(&mut world, client, server, |target| target.version = version).unwrap();
            let connected = world.until(secs(61), |world| world[client].connected());
            assert_eq!(connected, Some(id), "seed {seed}, {version:?}, {:?}", world[client].events);
            slowest = slowest.max(world.now.since_epoch());
        }
    }
    println!("the slowest took {slowest:?}");
    assert!(slowest < secs(30), "{slowest:?}");
}

#[test]
fn a_peer_that_moves_is_followed() {
    for seed in 0..4 {
        let mut pair = Pair::new(seed, Weather::FAIR);
        let mut rng = Rng::new(seed);
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        let mut there = Flow::new((client, ours), (server, theirs), rng.bytes(3_000_000));
        let mut back = Flow::new((server, theirs), (client, ours), rng.bytes(3_000_000));
        pair.world.until(millis(200), |world| {
            there.pump(world);
            back.pump(world);
            None::<()>
        });
        // The NAT forgets the client and gives it another port, in the middle of everything.
        let public: SocketAddr = "198.51.100.7:999".parse().unwrap();
        pair.world.net.rebind(CLIENT, public);
        let before = pair.world.now;
        flow::run(&mut pair.world, secs(120), &mut [&mut there, &mut back]);
        println!("seed {seed}: done {:?} after", pair.world.now.saturating_since(before));
        let moved = pair.world[server].take(|event| match event {
            Event::Moved { id, remote } => Some((*id, *remote)),
            _ => None,
        });
        assert_eq!(moved, Some((pair.at_server, public)));
    }
}

#[test]
fn a_peer_may_check_from_several_addresses_at_once() {
    // go-libp2p checks from every interface within a millisecond.
    let (mut world, client, server) = two(5, Weather::FAIR, |_| {});
    let others: Vec<SocketAddr> =
        (1..4).map(|n| format!("198.51.100.{n}:7777").parse().unwrap()).collect();
    let seen = others.clone();
    let mut turn = 0;
    world.net.add_rule(move |_, packet| {
        // The first checks come from other addresses, whose answers are lost.
        if packet.source == CLIENT && turn < seen.len() {
            packet.source = seen[turn];
            turn += 1;
        }
        true
    });
    dial(&mut world, client, server, |target| target.version = Some(Version::V2)).unwrap();
    both_connected(&mut world, client, server);
    assert_eq!(world[server].endpoint.counters().connections, 1);
    assert_eq!(world[server].endpoint.counters().half_open, 0);
}

/// Found by chaos, seed 77: DTLS 1.3 acknowledged what it had of the flight, at once and at once again.
#[test]
fn a_gap_in_a_handshake_is_no_flood() {
    for seed in 0..4 {
        let (mut world, client, server) =
            two(seed, Weather::FAIR, |config| config.dtls = DtlsVersions::V13);
        let mut flights = 0;
        world.net.add_rule(move |_, packet| {
            // One record in the middle of the server's first flight is damaged.
            if packet.source == SERVER && is_dtls(&packet.payload) {
                flights += 1;
                let middle = packet.payload.len() / 4 * (1 + seed as usize % 3);
                packet.payload[middle] ^= u8::from(flights == 1);
            }
            true
        });
        dial(&mut world, client, server, |target| target.version = Some(Version::V2)).unwrap();
        both_connected(&mut world, client, server);
        println!("seed {seed}: {} datagrams", world.net.sent());
        assert!(world.net.sent() < 60, "{}", world.net.sent());
    }
}
