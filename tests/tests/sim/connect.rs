//! How a connection begins, or does not.

use std::collections::HashSet;
use std::time::Duration;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::error::{ConnectionEnd, DialRefused, OpenError, Step};
use floe_core::rtc::output::Direction;
use floe_core::rtc::{ConnectionId, Port, Read, Target};
use floe_tests::floe::Floe;
use floe_tests::net::{Packet, Weather};
use floe_tests::rng::Rng;
use floe_tests::stun;
use floe_tests::world::{Handle, World};

use crate::pair::{both_connected, dial, two};
use crate::{CLIENT, SERVER, millis, secs};

#[test]
fn both_sides_learn_who_the_other_is() {
    for version in [Version::V1, Version::V2] {
        let (mut world, client, server) = two(1, Weather::FAIR, |_| {});
        let id = dial(&mut world, client, server, |target| target.version = Some(version))
            .expect("it can be dialed");
        assert_eq!(world[client].endpoint.open_stream(id), Err(OpenError::NotConnected));
        let (mut here, mut there) = (None, None);
        world
            .until(secs(5), |world| {
                here = here.or_else(|| world[client].established());
                there = there.or_else(|| world[server].established());
                here.and(there)
            })
            .expect("both are connected");
        let ((here_id, here), (_, there)) = (here.unwrap(), there.unwrap());
        assert_eq!(here_id, id);
        assert_eq!(here.peer, world[server].peer_id());
        assert_eq!(there.peer, world[client].peer_id());
        assert_eq!((here.direction, there.direction), (Direction::Outbound, Direction::Inbound));
        assert_eq!((here.version, there.version), (Some(version), Some(version)));
        assert_eq!((here.remote, there.remote), (SERVER, CLIENT));
        let times: Vec<_> =
            Step::DIRECT.iter().filter_map(|step| here.timeline.done(*step)).collect();
        assert_eq!(times.len(), Step::DIRECT.len(), "each step has its time: {:?}", here.timeline);
        assert!(times.is_sorted(), "the steps are done in their order: {:?}", here.timeline);
    }
}

/// The price of a set-up in round trips, as the dialer sees it: the same on a long path, where timers are shorter than
/// a round trip.
#[test]
fn a_set_up_takes_so_many_round_trips_and_no_more() {
    for delay in [Weather::FAIR.delay, millis(150), millis(500)] {
        let weather = Weather { delay, ..Weather::FAIR };
        for (version, dtls, tenths_max) in [
            (Version::V1, DtlsVersions::V12, 60),
            (Version::V1, DtlsVersions::V13, 50),
            (Version::V1, DtlsVersions::Auto, 50),
            (Version::V2, DtlsVersions::V12, 60),
            (Version::V2, DtlsVersions::V13, 50),
            (Version::V2, DtlsVersions::Auto, 50),
        ] {
            let (mut world, client, server) = two(1, weather, |config| config.dtls = dtls);
            dial(&mut world, client, server, |target| target.version = Some(version)).unwrap();
            let (_, established) =
                world.until(secs(8), |world| world[client].established()).expect("a connection");
            let rtt = delay * 2;
            let tenths = |time: Duration| (time.as_secs_f64() / rtt.as_secs_f64() * 10.0) as u64;
            let done = |step: &Step| established.timeline.done(*step).unwrap();
            let steps: Vec<_> = Step::DIRECT.iter().map(|step| tenths(done(step))).collect();
            println!("{rtt:?}, {version:?}, DTLS {dtls:?}: {steps:?} tenths of a round trip");
            let tenths = tenths(world.now.since_epoch());
            assert!(tenths <= tenths_max, "{tenths} tenths of {rtt:?}, {version:?}, {dtls:?}");
        }
    }
}

#[test]
fn every_pair_of_dtls_versions_that_overlaps_connects() {
    use DtlsVersions::{Auto, V12, V13};
    let pairs = [(Auto, Auto), (Auto, V12), (Auto, V13), (V12, Auto), (V13, Auto), (V13, V13)];
    for (of_client, of_server) in pairs {
        let mut world = World::new(1, Weather::FAIR);
        let server = world.add(Floe::new(2, SERVER, world.epoch, |it| it.dtls = of_server));
        let client = world.add(Floe::new(3, CLIENT, world.epoch, |it| it.dtls = of_client));
        dial(&mut world, client, server, |_| {}).unwrap();
        both_connected(&mut world, client, server);
    }
}

#[test]
fn auto_prefers_v2_and_falls_back_to_v1() {
    for old_server in [false, true] {
        let (mut world, client, server) = two(3, Weather::FAIR, |_| {});
        if old_server {
            drop_checks_of_v2(&mut world);
        }
        dial(&mut world, client, server, |target| target.version = None).unwrap();
        let (_, established) =
            world.until(secs(5), |world| world[client].established()).expect("a connection");
        let expected = if old_server { Version::V1 } else { Version::V2 };
        assert_eq!(established.version, Some(expected));
        // The loser was dropped before it cost the server anything.
        world.run(secs(1));
        assert_eq!(world[server].endpoint.counters().connections, 1);
    }
}

/// Listeners that bind a source address to the first ufrag that came from it never answer v1 where v2
/// was tried before: the fallback comes from another port, and the connection stays there.
#[test]
fn the_fallback_reaches_a_listener_that_has_bound_the_first_port_to_v2() {
    for seed in 0..4 {
        let weather = if seed == 0 { Weather::FAIR } else { Weather::FOUL };
        let (mut world, client, server) = two(seed, weather, |_| {});
        ignore_who_tried_v2(&mut world);
        dial(&mut world, client, server, |target| target.version = None).unwrap();
        let (mut here, mut there) = (None, None);
        let both = world.until(secs(10), |world| {
            here = here.or_else(|| world[client].established());
            there = there.or_else(|| world[server].established());
            here.zip(there)
        });
        let ((id, here), (_, there)) = both.expect("both are connected");
        assert_eq!((here.version, there.version), (Some(Version::V1), Some(Version::V1)));
        let fallback = world[client].addr_of(Port::Fallback);
        assert_eq!((here.remote, there.remote), (SERVER, fallback));

        let sent = Rng::new(seed).bytes(200_000);
        let ours = world[client].endpoint.open_stream(id).expect("it can be opened");
        let mut stream = world[client].endpoint.stream(ours).expect("it is there");
        assert_eq!(stream.write(&sent), Ok(sent.len()));
        stream.finish().expect("it was open");
        let theirs = world.until(secs(10), |world| world[server].opened()).expect("it arrives");
        let mut received = Vec::new();
        world
            .until(secs(60), |world| {
                let (bytes, end) = world[server].read(theirs, usize::MAX);
                received.extend(bytes);
                (end == Read::Finished).then_some(())
            })
            .expect("all of it arrives");
        assert!(received == sent, "what arrives is what was sent");
        // Consent is asked for from the same port, for ever.
        world.run(secs(60));
        assert_eq!(world[client].closed(id), None);
    }
}

#[test]
fn a_slow_server_is_still_reached_with_v2_from_the_main_port() {
    let slow = Weather { delay: millis(200), ..Weather::FAIR };
    let (mut world, client, server) = two(3, slow, |_| {});
    dial(&mut world, client, server, |target| target.version = None).unwrap();
    let (_, established) =
        world.until(secs(10), |world| world[server].established()).expect("a connection");
    assert_eq!((established.version, established.remote), (Some(Version::V2), CLIENT));
    // What the server still says to the loser of the race is dropped, and hurts nobody.
    world.run(secs(60));
    assert!(world[client].connected().is_some());
    assert_eq!(world[client].endpoint.counters().connections, 1);
    assert_eq!(world[server].endpoint.counters().connections, 1);
}

#[test]
fn a_version_that_was_asked_for_is_dialed_from_the_main_port() {
    for version in [Version::V1, Version::V2] {
        let (mut world, client, server) = two(3, Weather::FAIR, |_| {});
        let fallback = world[client].addr_of(Port::Fallback);
        world.net.add_rule(move |_, packet| {
            assert_ne!(packet.source, fallback, "{version:?}");
            true
        });
        dial(&mut world, client, server, |target| target.version = Some(version)).unwrap();
        both_connected(&mut world, client, server);
    }
}

#[test]
fn a_version_that_was_asked_for_is_not_replaced() {
    let (mut world, client, server) = two(3, Weather::FAIR, |_| {});
    drop_checks_of_v2(&mut world);
    let id = dial(&mut world, client, server, |target| {
        target.version = Some(Version::V2);
        target.timeout = Some(secs(3));
    });
    let end = fails(&mut world, client, id.unwrap());
    assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Stun));
    assert_eq!(world.now.since_epoch(), secs(3));
}

#[test]
fn a_wrong_certhash_ends_the_dial() {
    for dtls in [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto] {
        let (mut world, client, server) = two(4, Weather::FAIR, |config| config.dtls = dtls);
        let promised = Fingerprint::from_bytes([7; 32]);
        let id = dial(&mut world, client, server, |target| {
            *target = target.clone().with_certhash(promised);
        });
        let end = fails(&mut world, client, id.unwrap());
        let actual = world[server].address().certhash().unwrap();
        assert_eq!(end, ConnectionEnd::WrongCerthash { expected: promised, actual });
        assert!(end.to_string().contains(&actual.certhash().to_string()), "{end}");
        nobody_is_left(&mut world, client, server);
    }
}

#[test]
fn one_of_several_certhashes_is_enough() {
    let (mut world, client, server) = two(4, Weather::FAIR, |_| {});
    let real = world[server].address();
    let several = real.with_certhash(Fingerprint::from_bytes([7; 32]));
    let several = several.try_add_certhash(real.certhash().unwrap()).unwrap();
    dial(&mut world, client, server, |target| *target = Target::new(&several).unwrap()).unwrap();
    both_connected(&mut world, client, server);
}

#[test]
fn a_wrong_peer_ends_the_dial() {
    let (mut world, client, server) = two(5, Weather::FAIR, |_| {});
    let expected = world[client].peer_id();
    let id = dial(&mut world, client, server, |target| target.peer = Some(expected));
    let end = fails(&mut world, client, id.unwrap());
    let actual = world[server].peer_id();
    assert_eq!(end, ConnectionEnd::WrongPeer { expected, actual });
    assert_eq!(world[client].endpoint.counters().connections, 0);
    // The server's last Noise message is what told the client, so for the server the connection was up.
    let (up, _) = world[server].established().expect("the server saw who dialed");
    let end = world.until(secs(1), |world| world[server].closed(up)).expect("it is told");
    assert_eq!(end.0, ConnectionEnd::ClosedByPeer);
    nobody_is_left(&mut world, client, server);
}

#[test]
fn an_unknown_peer_is_taken_where_none_was_named() {
    let (mut world, client, server) = two(5, Weather::FAIR, |_| {});
    dial(&mut world, client, server, |target| target.peer = None).unwrap();
    let (_, established) =
        world.until(secs(5), |world| world[client].established()).expect("a connection");
    assert_eq!(established.peer, world[server].peer_id());
}

#[test]
fn each_step_of_a_dial_has_the_deadline() {
    // What never gets through, and what is waited for then.
    type Blocks = fn(&Packet) -> bool;
    let cases: [(Step, Blocks); 3] = [
        (Step::Stun, |_| true),
        (Step::Dtls, |packet| stun::is_dtls(&packet.payload)),
        // DTLS 1.2: the handshake is content type 20 to 22, what comes after it 23.
        (Step::Sctp, |packet| packet.payload[0] == 23),
    ];
    for (step, blocks) in cases {
        let (mut world, client, server) = two(7, Weather::FAIR, |config| {
            config.dtls = DtlsVersions::V12;
        });
        world.net.add_rule(move |_, packet| !blocks(packet));
        let id = dial(&mut world, client, server, |_| {}).unwrap();
        let end = fails(&mut world, client, id);
        assert_eq!(end, ConnectionEnd::HandshakeTimeout(step));
        assert_eq!(world.now.since_epoch(), secs(10), "{step}");
        nobody_is_left(&mut world, client, server);
    }
}

#[test]
fn a_dial_may_have_a_deadline_of_its_own() {
    let (mut world, client, server) = two(7, Weather::FAIR, |_| {});
    world.net.add_rule(|_, _| false);
    let id = dial(&mut world, client, server, |target| target.timeout = Some(millis(700)));
    let end = fails(&mut world, client, id.unwrap());
    assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Stun));
    assert_eq!(world.now.since_epoch(), millis(700));
}

#[test]
fn what_cannot_be_dialed_is_said_at_once() {
    let (mut world, client, server) = two(8, Weather::FAIR, |config| config.limits.connections = 1);
    let bare = DirectAddr::new(world[server].addr);
    assert_eq!(Target::new(&bare).unwrap_err(), DialRefused::NoCerthash);
    for remote in ["192.0.2.1:0", "0.0.0.0:4001", "[::]:4001", "224.0.0.1:4001"] {
        let error = dial(&mut world, client, server, |it| it.remote = remote.parse().unwrap());
        assert_eq!(error, Err(DialRefused::BadAddress), "{remote}");
    }
    let id = dial(&mut world, client, server, |_| {}).expect("this is a good address");
    let again = dial(&mut world, client, server, |_| {});
    assert_eq!(again, Err(DialRefused::AlreadyConnected(id)), "while it is dialed");
    both_connected(&mut world, client, server);
    let again = dial(&mut world, client, server, |_| {});
    assert_eq!(again, Err(DialRefused::AlreadyConnected(id)), "when it is up");
    let third = dial(&mut world, client, server, |it| it.remote.set_port(4002));
    assert_eq!(third, Err(DialRefused::TooManyConnections));
    // Afterwards the address is free again.
    let now = world.now;
    world[client].endpoint.close(now, id);
    world.run(secs(1));
    dial(&mut world, client, server, |_| {}).expect("the old connection is gone");
    both_connected(&mut world, client, server);
}

#[test]
fn two_nodes_may_dial_each_other_at_once() {
    for seed in 0..4 {
        let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
        dial(&mut world, client, server, |_| {}).unwrap();
        if seed % 2 == 1 {
            world.run(millis(15));
        }
        dial(&mut world, server, client, |_| {}).unwrap();
        // There is nothing in DTLS to tell two connections of the same two addresses apart, so one may
        // be lost; but neither side is left without any, and what is up works.
        world.run(secs(12));
        let (a, b) = (ups(&mut world, client), ups(&mut world, server));
        println!("seed {seed}: {} and {} connections", a.len(), b.len());
        assert!(!a.is_empty() && !b.is_empty(), "{world:#?}");
        let stream = a.iter().rev().find_map(|id| world[client].endpoint.open_stream(*id).ok());
        let stream = stream.expect("a stream can be opened");
        world[client].endpoint.stream(stream).unwrap().write(b"hello").unwrap();
        let opened = world.until(secs(5), |world| world[server].opened()).expect("it arrives");
        world.run(secs(1));
        assert_eq!(world[server].read(opened, 100).0, b"hello");
    }
}

#[test]
fn who_does_not_accept_is_silent() {
    let (mut world, client, server) = two(9, Weather::FAIR, |_| {});
    world[server].endpoint.set_accept(false);
    let id = dial(&mut world, client, server, |_| {}).unwrap();
    let end = fails(&mut world, client, id);
    assert_eq!(end, ConnectionEnd::HandshakeTimeout(Step::Stun));
    assert!(world[server].events.is_empty());
    // It can dial all the same.
    dial(&mut world, server, client, |_| {}).unwrap();
    both_connected(&mut world, server, client);
}

/// The connections that came up and did not end again.
fn ups(world: &mut World, node: Handle<Floe>) -> Vec<ConnectionId> {
    let mut up = Vec::new();
    while let Some(id) = world[node].connected() {
        if world[node].closed(id).is_none() {
            up.push(id);
        }
    }
    up
}

/// Waits for the end of a dial that fails.
fn fails(world: &mut World, client: Handle<Floe>, id: ConnectionId) -> ConnectionEnd {
    let end = world.until(secs(30), |world| world[client].closed(id));
    let (end, _) = end.expect("the dial fails");
    assert_eq!(world[client].connected(), None, "it never was up");
    end
}

/// After a failed dial both endpoints are as before, the server a deadline later at the most, and the
/// server's application has heard nothing of it.
fn nobody_is_left(world: &mut World, client: Handle<Floe>, server: Handle<Floe>) {
    assert_eq!(world[client].endpoint.counters().connections, 0);
    world.run(secs(11));
    let counters = world[server].endpoint.counters();
    assert_eq!((counters.connections, counters.handshaking), (0, 0));
    assert!(world[server].events.is_empty(), "{:?}", world[server].events);
}

/// What a server that knows only v1 does: nothing.
pub(crate) fn drop_checks_of_v2(world: &mut World) {
    world.net.add_rule(|_, packet| !is_check_of_v2(packet));
}

/// What a server does that knows only v1 and keeps an address for whoever came from it first: from then
/// on it hears nothing else from there.
fn ignore_who_tried_v2(world: &mut World) {
    let mut bound = HashSet::new();
    world.net.add_rule(move |_, packet| {
        if is_check_of_v2(packet) {
            bound.insert(packet.source);
        }
        !bound.contains(&packet.source)
    });
}

fn is_check_of_v2(packet: &Packet) -> bool {
    stun::username(&packet.payload).is_some_and(|name| name.starts_with(b"libp2p+webrtc+v2/"))
}
