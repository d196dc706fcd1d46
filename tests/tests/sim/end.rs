//! How a connection ends.

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::rtc::error::{ConnectionEnd, DialRefused, OpenError, StreamEnd, WriteError};
use floe_core::rtc::{Event, Read};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;

use crate::connect::drop_checks_of_v2;
use crate::flow::{self, Flow};
use crate::pair::{Pair, both_connected, dial, two};
use crate::{CLIENT, SERVER, secs};

#[test]
fn a_close_is_seen_by_the_peer_at_once() {
    for by_server in [false, true] {
        let mut pair = Pair::new(1, Weather::FAIR);
        let (ours, theirs) = pair.open();
        let now = pair.world.now;
        let (closer, id, other, other_id) = if by_server {
            (pair.server, pair.at_server, pair.client, pair.at_client)
        } else {
            (pair.client, pair.at_client, pair.server, pair.at_server)
        };
        let world = &mut pair.world;
        world[closer].endpoint.close(now, id);
        let (end, _) = world.until(secs(1), |world| world[closer].closed(id)).expect("it closes");
        assert_eq!(end, ConnectionEnd::ClosedLocally);
        let (end, _) =
            world.until(secs(1), |world| world[other].closed(other_id)).expect("it is told");
        assert_eq!(end, ConnectionEnd::ClosedByPeer);
        assert!(world.now.saturating_since(now) <= Weather::FAIR.delay * 2, "{:?}", world.now);
        // Streams end with it, and nothing is done in vain.
        assert_eq!(world[pair.client].read(ours, 10).1, Read::Reset);
        assert_eq!(world[pair.server].read(theirs, 10).1, Read::Reset);
        let error = world[closer].endpoint.open_stream(id);
        assert_eq!(error, Err(OpenError::Closed));
        let now = world.now;
        for (node, stream) in [(pair.client, ours), (pair.server, theirs)] {
            if let Some(mut stream) = world[node].endpoint.stream(stream) {
                assert_eq!(stream.write(b"x"), Err(WriteError::Reset));
            }
            world[node].endpoint.forget_stream(now, stream);
        }
        world.run(secs(5));
        for node in [pair.client, pair.server] {
            assert_eq!(world[node].endpoint.counters().connections, 0);
            assert_eq!(world[node].endpoint.stats(id), None);
        }
        // Nothing is said of streams after the end of their connection, or that they ended with it.
        for event in &world[other].events {
            let tells = matches!(
                event,
                Event::StreamClosed { end: StreamEnd::ConnectionClosed, .. }
                    | Event::Readable { .. }
            );
            assert!(tells, "{event:?}");
        }
    }
}

#[test]
fn silence_ends_a_connection_after_the_idle_timeout() {
    let mut pair = Pair::new(2, Weather::FAIR);
    // While both are there, a connection on which nothing happens stays.
    pair.world.run(secs(120));
    assert!(pair.world[pair.client].endpoint.stats(pair.at_client).is_some());
    assert!(pair.world[pair.server].endpoint.stats(pair.at_server).is_some());
    // Then the cable is cut.
    let cut = pair.world.now;
    pair.world.net.add_rule(|_, _| false);
    for (node, id) in [(pair.client, pair.at_client), (pair.server, pair.at_server)] {
        let end = pair.world.until(secs(40), |world| world[node].closed(id));
        assert_eq!(end.expect("it ends").0, ConnectionEnd::IdleTimeout);
        let after = pair.world.now.saturating_since(cut);
        assert!(after >= secs(10) && after <= secs(31), "after {after:?}");
    }
}

#[test]
fn a_client_that_restarts_on_its_address_replaces_its_connection() {
    let mut pair = Pair::new(3, Weather::FAIR);
    let world = &mut pair.world;
    let reborn = Floe::new(77, CLIENT, world.epoch, |_| {});
    world.replace(pair.client, reborn);
    dial(world, pair.client, pair.server, |_| {}).unwrap();
    let at_client = world.until(secs(5), |world| world[pair.client].connected());
    let at_client = at_client.expect("the new one connects, though the old one was never closed");
    let at_server = world.until(secs(5), |world| world[pair.server].connected()).unwrap();
    let (end, _) = world
        .until(secs(5), |world| world[pair.server].closed(pair.at_server))
        .expect("the old connection ends");
    assert_eq!(end, ConnectionEnd::Replaced(at_server));
    pair.at_client = at_client;
    pair.at_server = at_server;
    let (ours, theirs) = pair.open();
    pair.world[pair.client].endpoint.stream(ours).unwrap().write(b"again").unwrap();
    pair.world.run(secs(1));
    assert_eq!(pair.world[pair.server].read(theirs, 100).0, b"again");
    assert_eq!(pair.world[pair.server].endpoint.counters().connections, 1);
}

#[test]
fn a_server_that_restarts_on_its_address_is_noticed() {
    let mut pair = Pair::new(4, Weather::FAIR);
    let world = &mut pair.world;
    let restarted = world.now;
    // The same node again: the same identity and certificate, and no memory.
    let reborn = Floe::new(4 * 2, SERVER, world.epoch, |_| {});
    world.replace(pair.server, reborn);
    let end = world.until(secs(120), |world| world[pair.client].closed(pair.at_client));
    let (end, _) = end.expect("the client notices, even if it has nothing to say");
    // The server answers its checks, as those of anybody; but it knows of no connection.
    assert_eq!(end, ConnectionEnd::IdleTimeout);
    let noticed = world.now.saturating_since(restarted);
    assert!(noticed < secs(31), "{noticed:?}");
    dial(world, pair.client, pair.server, |_| {}).unwrap();
    world.until(secs(5), |world| world[pair.client].connected()).expect("it can dial again");
}

/// Who knows its new certhash need not wait until the silence of the old connection is noticed.
#[test]
fn a_server_that_comes_back_with_another_certificate_is_dialed_at_once() {
    let versions = [Some(Version::V1), Some(Version::V2), None];
    for (before, after) in versions.into_iter().flat_map(|it| versions.map(|after| (it, after))) {
        for old_server in [false, true] {
            if old_server && [before, after].contains(&Some(Version::V2)) {
                continue;
            }
            let (mut world, client, server) = two(5, Weather::FAIR, |_| {});
            if old_server {
                drop_checks_of_v2(&mut world);
            }
            let old = dial(&mut world, client, server, |it| it.version = before).unwrap();
            both_connected(&mut world, client, server);
            for seed in [70, 80] {
                // It has crashed, without a word, and begins anew; then once more.
                let reborn = Floe::new(seed, SERVER, world.epoch, |_| {});
                world.replace(server, reborn);
                let new = dial(&mut world, client, server, |it| it.version = after);
                let case = format!("{before:?}, {after:?}, old: {old_server}, {seed}");
                let new = new.unwrap_or_else(|error| panic!("{case}: {error}"));
                let begun = world.now;
                let (at_client, at_server) = both_connected(&mut world, client, server);
                assert_eq!(at_client, new, "{case}");
                assert!(world.now < begun + secs(2), "{case}");
                // It lasts, and is not disturbed by what becomes of the others.
                let mut pair = Pair { world, client, server, at_client, at_server };
                pair.world.run(secs(1));
                let (ours, theirs) = pair.open();
                let sent = vec![7; 50_000];
                let mut flow = Flow::new((client, ours), (server, theirs), sent);
                flow::run(&mut pair.world, secs(20), &mut [&mut flow]);
                world = pair.world;
                let now = world.now;
                world[client].endpoint.forget_stream(now, ours);
                let again = dial(&mut world, client, server, |it| it.version = after);
                assert_eq!(again, Err(DialRefused::AlreadyConnected(new)), "{case}");
            }
            let (end, _) = world.until(secs(60), |world| world[client].closed(old)).unwrap();
            assert_eq!(end, ConnectionEnd::IdleTimeout);
            world.run(secs(60));
            assert_eq!(world[client].endpoint.counters().connections, 1);
            assert_eq!(world[server].endpoint.counters().connections, 1);
        }
    }
}

/// It may be that the address is wrong and the server as it was.
#[test]
fn a_dial_for_another_certificate_does_not_disturb_the_connection() {
    for version in [Some(Version::V1), Some(Version::V2), None] {
        let mut pair = Pair::new(6, Weather::FAIR);
        let promised = Fingerprint::from_bytes([7; 32]);
        let wrong = dial(&mut pair.world, pair.client, pair.server, |target| {
            target.version = version;
            *target = target.clone().with_certhash(promised);
        });
        let wrong = wrong.expect("another server is dialed");
        let again = dial(&mut pair.world, pair.client, pair.server, |target| {
            *target = target.clone().with_certhash(promised);
        });
        assert_eq!(again, Err(DialRefused::AlreadyConnected(wrong)), "one after the other");
        let end = pair.world.until(secs(5), |world| world[pair.client].closed(wrong));
        let (end, _) = end.expect("the certificate is not the one that was promised");
        assert!(matches!(end, ConnectionEnd::WrongCerthash { .. }), "{end}");
        let (ours, theirs) = pair.open();
        let mut flow = Flow::new((pair.client, ours), (pair.server, theirs), vec![7; 50_000]);
        flow::run(&mut pair.world, secs(20), &mut [&mut flow]);
        pair.world.run(secs(60));
        assert_eq!(pair.world[pair.client].closed(pair.at_client), None);
        assert_eq!(pair.world[pair.server].closed(pair.at_server), None);
    }
}
