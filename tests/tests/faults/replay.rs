//! What was said before, said again: by the same one or by somebody else, at once, later, in another
//! connection. Nothing of it may be believed twice.

use floe_core::demux::is_client_hello;
use floe_core::rtc::Read;
use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_tests::net::{Packet, Weather};
use floe_tests::rng::Rng;
use floe_tests::world::World;

use crate::exchange::{Exchange, connect, is_of_use, lives, story};
use crate::pair::{Pair, both_connected, dial, two};
use crate::{CLIENT, OTHER, SERVER, millis, secs};

/// A whole connection, heard by somebody on the way: set-up, transfer, and end if it is to have one.
fn heard(seed: u64, closes: bool) -> (Pair, Vec<Packet>) {
    let (mut pair, _) = connect(seed, secs(10), |net| net.tap(100_000));
    Exchange::new(&mut pair, seed, 100_000).finish(&mut pair.world, secs(10));
    if closes {
        let (client, now) = (pair.client, pair.world.now);
        pair.world[client].endpoint.close(now, pair.at_client);
        pair.world.run(secs(1));
    }
    let heard = pair.world.net.tapped().map(|(_, packet)| packet.clone()).collect();
    pair.world.net.tap(0);
    (pair, heard)
}

/// Sends it all again, each datagram from whom it was or from somebody else, a few in a millisecond.
fn replay(world: &mut World, heard: &[Packet], rng: &mut Rng, strangers: u64) {
    for packet in heard {
        let is_strange = rng.chance(strangers);
        let packet = if is_strange { packet.clone().from(OTHER) } else { packet.clone() };
        world.net.spoof(world.now, packet);
        if rng.chance(200_000) {
            world.run(millis(1));
        }
    }
}

#[test]
fn a_whole_connection_while_it_lives() {
    for strangers in [0, 500_000, 1_000_000] {
        story(0..3, |seed| {
            let (mut pair, heard) = heard(seed, false);
            let mut rng = Rng::new(seed);
            let mut exchange = Exchange::new(&mut pair, seed, 300_000);
            let mut sent = heard.iter();
            // A hundred old datagrams each 2 ms, among the new ones.
            let before = pair.world.now;
            loop {
                let some: Vec<_> = sent.by_ref().take(100).cloned().collect();
                for packet in some {
                    let is_strange = rng.chance(strangers);
                    let packet = if is_strange { packet.from(OTHER) } else { packet };
                    pair.world.net.spoof(pair.world.now, packet);
                }
                if exchange.run(&mut pair.world, millis(2)) && sent.len() == 0 {
                    break;
                }
                assert!(pair.world.now.saturating_since(before) < secs(10), "{:#?}", pair.world);
            }
            let took = pair.world.now.saturating_since(before);
            println!("{strangers}, seed {seed}: {} replayed, done in {took:?}", heard.len());
            pair.world.run(secs(40));
            is_of_use(&mut pair, seed);
            for node in [pair.client, pair.server] {
                assert_eq!(pair.world[node].endpoint.counters().connections, 1);
            }
        });
    }
}

/// The close of a connection, in the next one between the same addresses, among everything else.
#[test]
fn a_whole_connection_in_the_next_one() {
    story(0..4, |seed| {
        let (mut pair, heard) = heard(seed, true);
        let (client, server) = (pair.client, pair.server);
        for node in [client, server] {
            pair.world[node].events.clear();
        }
        dial(&mut pair.world, client, server, |_| {}).unwrap();
        (pair.at_client, pair.at_server) = both_connected(&mut pair.world, client, server);
        let mut rng = Rng::new(seed);
        let mut exchange = Exchange::new(&mut pair, seed, 300_000);
        assert!(!exchange.run(&mut pair.world, millis(30)));
        replay(&mut pair.world, &heard, &mut rng, 100_000);
        let took = exchange.finish(&mut pair.world, secs(10));
        println!("seed {seed}: {} replayed, done {took:?} after", heard.len());
        pair.world.run(secs(40));
        is_of_use(&mut pair, seed);
    });
}

/// At a listener that knows nothing of it any more, or never did: no connection comes of it, and nothing
/// remains.
#[test]
fn a_whole_connection_at_a_listener() {
    for restarts in [false, true] {
        story(0..4, |seed| {
            let (mut pair, heard) = heard(seed, true);
            let to_server: Vec<_> =
                heard.iter().filter(|packet| packet.destination == SERVER).cloned().collect();
            if restarts {
                let node = floe_tests::floe::Floe::new(seed * 2, SERVER, pair.world.epoch, |_| {});
                pair.world.replace(pair.server, node);
            }
            let server = pair.server;
            pair.world[server].events.clear();
            let mut rng = Rng::new(seed);
            for source in [CLIENT, OTHER] {
                let packets: Vec<_> =
                    to_server.iter().map(|packet| packet.clone().from(source)).collect();
                for _ in 0..3 {
                    replay(&mut pair.world, &packets, &mut rng, 0);
                    let counters = pair.world[server].endpoint.counters();
                    assert!(counters.connections <= 3 && counters.half_open <= 4, "{counters:?}");
                }
            }
            pair.world.run(secs(60));
            let counters = pair.world[server].endpoint.counters();
            println!("restarts {restarts}, seed {seed}: {counters:?}");
            // The one that was real is over, and has streams that nobody has let go of.
            let was = usize::from(!restarts);
            assert_eq!((counters.connections, counters.handshaking), (was, 0));
            assert!(!lives(&pair.world, server, pair.at_server));
            assert!(pair.world[server].events.is_empty(), "{:?}", pair.world[server].events);
        });
    }
}

/// What a server said before, to a client that dials it again. In the server's own name an old handshake may spoil
/// one of DTLS 1.3, where nothing says so: then it ends in time, and the next one is as good as any.
#[test]
fn a_whole_connection_at_a_dialer() {
    story(0..6, |seed| {
        let (_, heard) = heard(seed, true);
        let answers: Vec<_> =
            heard.iter().filter(|packet| packet.destination == CLIENT).cloned().collect();
        // The same two nodes, in another world, where what is drawn is drawn anew.
        let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
        let id = dial(&mut world, client, server, |_| {}).unwrap();
        let mut rng = Rng::new(seed);
        let (mut next, mut end) = (answers.iter().cycle(), None);
        let up = world.until(secs(11), |world| {
            for _ in 0..rng.below(10) {
                let packet = next.next().unwrap().clone();
                world.net.spoof(world.now, packet);
            }
            end = world[client].closed(id).map(|(end, _)| end);
            let up = world[client].established().map(|(_, established)| established);
            (up.is_some() || end.is_some()).then_some(up)
        });
        let up = up.expect("it comes up or ends").or_else(|| {
            assert_eq!(end, Some(ConnectionEnd::HandshakeTimeout(Step::Dtls)));
            dial(&mut world, client, server, |_| {}).unwrap();
            world.until(secs(1), |world| world[client].established()).map(|(_, it)| it)
        });
        println!("seed {seed}: up at {:?}, after {end:?}", world.now);
        assert_eq!(up.expect("it connects").peer, world[server].peer_id());
    });
}

/// Somebody on the way is faster: every datagram comes from a stranger first, and then from its sender.
/// The stranger cannot say anything of its own, and when it stops, it is as if it had never been.
#[test]
fn by_a_stranger_who_is_faster_than_its_sender() {
    story(0..4, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let mut exchange = Exchange::new(&mut pair, seed, 300_000);
        assert!(!exchange.run(&mut pair.world, millis(50)));
        pair.world.net.tap(1_000);
        pair.world.net.path(OTHER, SERVER).delay(millis(1));
        pair.world.net.path(OTHER, CLIENT).delay(millis(1));
        for _ in 0..500 {
            let heard: Vec<_> = pair.world.net.tapped().map(|(_, packet)| packet.clone()).collect();
            pair.world.net.tap(1_000);
            for packet in heard.into_iter().filter(|packet| packet.destination != OTHER) {
                pair.world.net.spoof(pair.world.now, packet.from(OTHER));
            }
            exchange.run(&mut pair.world, millis(1));
        }
        pair.world.net.tap(0);
        let took = exchange.finish(&mut pair.world, secs(20));
        println!("seed {seed}: done {took:?} after");
        pair.world.run(secs(40));
        is_of_use(&mut pair, seed);
    });
}

/// A datagram with an application's bytes, a thousand times: they are read once.
#[test]
fn one_datagram_a_thousand_times() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |_| {});
        let (ours, theirs) = pair.open();
        pair.world.run(secs(1));
        pair.world.net.tap(10);
        let (client, server) = (pair.client, pair.server);
        pair.world[client].endpoint.stream(ours).unwrap().write(b"once").unwrap();
        pair.world.run(millis(5));
        let heard: Vec<_> = pair.world.net.tapped().map(|(_, packet)| packet.clone()).collect();
        let said = heard.iter().find(|packet| packet.source == CLIENT).expect("it was said");
        for n in 0..1_000 {
            let source = if n % 2 == 0 { CLIENT } else { OTHER };
            pair.world.net.spoof(pair.world.now, said.clone().from(source));
            pair.world.run(millis(n % 3));
        }
        pair.world.run(secs(1));
        assert_eq!(pair.world[server].read(theirs, 100), (b"once".to_vec(), Read::Empty));
        assert!(lives(&pair.world, server, pair.at_server));
        is_of_use(&mut pair, seed);
    });
}

/// A ClientHello that comes so late that its client has given the dial up and checks for the next one: it is not
/// taken for the next one's, or at least does not spoil it.
#[test]
fn a_client_hello_of_the_dial_before() {
    for dtls in [DtlsVersions::V12, DtlsVersions::Auto] {
        story(0..6, |seed| {
            let (mut world, client, server) = two(seed, Weather::FAIR, |config| config.dtls = dtls);
            world.net.tap(1_000);
            let first = dial(&mut world, client, server, |_| {}).unwrap();
            let is_hello =
                |packet: &Packet| packet.source == CLIENT && is_client_hello(&packet.payload);
            let hello = world.until(secs(1), |world| {
                world.net.tapped().map(|(_, packet)| packet).find(|it| is_hello(it)).cloned()
            });
            let hello = hello.expect("the client says hello");
            world.net.path(CLIENT, SERVER).cut();
            world.run(millis(30));
            world.net.path(CLIENT, SERVER).heal();
            let now = world.now;
            world[client].endpoint.close(now, first);
            world[client].events.clear();
            dial(&mut world, client, server, |_| {}).unwrap();
            // The check takes ten milliseconds to the server, and the new hello comes twenty later.
            world.run(millis(12 + seed * 3));
            world.net.spoof(world.now, hello);
            let up = world.until(secs(5), |world| world[client].connected());
            println!("{dtls:?}, seed {seed}: up {}, at {:?}", up.is_some(), world.now);
            assert!(up.is_some() || dtls == DtlsVersions::Auto);
        });
    }
}
