//! Bad input: it does not panic, it does not fill memory, it does not disturb others.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use floe_core::rtc::Limits;
use floe_tests::floe::Floe;
use floe_tests::net::{Packet, Weather};
use floe_tests::rng::Rng;
use floe_tests::stun;
use floe_tests::world::{Handle, World};

use crate::flow::{self, Flow};
use crate::pair::{Pair, both_connected, dial, two};
use crate::{CLIENT, OTHER, SERVER, millis, secs};

#[test]
fn refused_usernames_get_no_answer_and_leave_nothing() {
    let long = "a".repeat(257);
    let v1 = "libp2p+webrtc+v1/abcdefghijklmnopqrstuvwxyz";
    let v2 = "libp2p+webrtc+v2/clientPassword1234567890";
    let refused = [
        "libp2p+webrtc+v3/clientPassword1234567890:wxYZ".to_owned(),
        "libp2p+webrtc+v0/clientPassword1234567890:wxYZ".to_owned(),
        "libp2p+webrtc/clientPassword1234567890:wxYZ".to_owned(),
        "abcdefghijklmnopqrstuvwxyz:abcdefghijklmnopqrstuvwxyz".to_owned(),
        "abcdEFGH:abcdEFGH".to_owned(),
        "libp2p+webrtc+v2/short:wxYZ".to_owned(),
        "libp2p+webrtc+v1/abc:libp2p+webrtc+v1/abc".to_owned(),
        v1.to_owned(),
        format!("{v2}:"),
        format!(":{v2}"),
        format!("{v2}:a\r\nb"),
        format!("{v2}:ab"),
        format!("{v2}:{long}"),
        format!("{v2}{long}:wxYZ"),
        "\0".repeat(17) + "abcdefghijklmnopqrstuvwxyz:abcdefghijklmnopqrstuvwxyz",
        String::new(),
    ];
    let (mut world, server) = listener(1);
    for (n, username) in refused.iter().enumerate() {
        let password = username.split(':').next().unwrap();
        let check = stun::check([n as u8; 12], username, password);
        assert_eq!(answers(&mut world, server, CLIENT, &check), 0, "{username:?}");
        assert_eq!(world[server].endpoint.counters().half_open, 0, "{username:?}");
    }
    // The same with a good name is answered, so that the silence above was about the names.
    let good = stun::check([0; 12], &format!("{v2}:wxYZ"), v2);
    assert_eq!(answers(&mut world, server, CLIENT, &good), 2, "an answer, and a check in return");
    assert_eq!(world[server].endpoint.counters().half_open, 1);
    assert!(world[server].events.is_empty());
}

/// Found by chaos, seed 300289: a check with the ufrag of somebody's connection, in the name of another
/// host, made that one's dial take the connection's place.
#[test]
fn a_forged_check_lets_no_stranger_replace_a_connection() {
    let (mut world, client, server) = two(300_289, Weather::FAIR, |_| {});
    let heard = Rc::new(RefCell::new(None));
    let tap = heard.clone();
    world.net.add_rule(move |_, packet| {
        let username = stun::username(&packet.payload).map(|it| String::from_utf8_lossy(it).into());
        tap.borrow_mut().get_or_insert(username.unwrap_or_default());
        true
    });
    dial(&mut world, client, server, |_| {}).unwrap();
    let (at_client, at_server) = both_connected(&mut world, client, server);
    let username: String = heard.borrow_mut().take().expect("the first datagram is a check");
    let password = username.split(':').next().unwrap();
    let payload = stun::check([7; 12], &username, password);
    let now = world.now;
    world.net.inject(now, Packet { source: OTHER, destination: SERVER, payload });
    world.run(secs(1));

    let stranger = world.add(Floe::new(9, OTHER, world.epoch, |_| {}));
    dial(&mut world, stranger, server, |_| {}).unwrap();
    both_connected(&mut world, stranger, server);
    world.run(secs(5));
    assert!(world[server].closed(at_server).is_none(), "{:?}", world[server].events);
    assert!(world[client].closed(at_client).is_none());
    assert_eq!(world[server].endpoint.counters().connections, 2);
}

#[test]
fn a_check_whose_integrity_does_not_hold_is_nothing() {
    let (mut world, server) = listener(2);
    let v2 = "libp2p+webrtc+v2/clientPassword1234567890";
    let username = format!("{v2}:wxYZ");
    let wrong_key = stun::check([1; 12], &username, "clientPassword1234567890");
    assert_eq!(answers(&mut world, server, CLIENT, &wrong_key), 0);
    let good = stun::check([1; 12], &username, v2);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(answers(&mut world, server, CLIENT, &bad), 0, "bit of byte {at}");
    }
    for len in 0..good.len() {
        assert_eq!(answers(&mut world, server, CLIENT, &good[..len]), 0, "cut at {len}");
    }
    assert_eq!(world[server].endpoint.counters().half_open, 0);
}

#[test]
fn a_check_brings_forth_less_than_three_times_its_size_once_and_then_less_than_itself() {
    let (mut world, server) = listener(2);
    // The shortest there may be.
    let v2 = "libp2p+webrtc+v2/clientPassword12345678";
    let good = stun::check([1; 12], &format!("{v2}:wxYZ"), v2);
    let len = good.len() as u64;
    for times in 0..20 {
        let before = world.net.bytes();
        let sent = answers(&mut world, server, CLIENT, &good);
        // The check itself is not counted: it came from nowhere.
        let (sent_max, bytes_max) = if times == 0 { (2, 3 * len) } else { (1, len) };
        let bytes = world.net.bytes() - before;
        assert!(sent == sent_max && bytes <= bytes_max, "{sent} datagrams, {bytes} of {len} bytes");
    }
}

#[test]
fn a_flood_of_checks_fills_a_bounded_table_and_lets_others_in() {
    let mut world = World::new(3, Weather::FAIR);
    let limits = Limits::default();
    let server = world.add(Floe::new(6, SERVER, world.epoch, |it| it.limits.half_open = 500));
    let client = world.add(Floe::new(7, CLIENT, world.epoch, |_| {}));
    let mut rng = Rng::new(3);
    // One host first: only its burst gets in.
    for n in 0..2000 {
        flood(&mut world, n, "203.0.113.1:1000".parse().unwrap());
    }
    world.settle();
    let half_open = world[server].endpoint.counters().half_open;
    assert!(half_open <= limits.checks_burst as usize, "{half_open}");
    // Then everybody.
    for n in 2000..6000 {
        let source = SocketAddr::from((
            rng.next_u64().to_be_bytes().first_chunk::<4>().copied().unwrap(),
            1000,
        ));
        flood(&mut world, n, source);
    }
    world.settle();
    assert!(world[server].endpoint.counters().half_open <= 500);
    dial(&mut world, client, server, |_| {}).unwrap();
    world.until(secs(2), |world| world[client].connected()).expect("a real peer gets in");
    // Half-open peers are forgotten, and nothing else remains of them.
    world.run(secs(11));
    flood(&mut world, 6000, CLIENT);
    world.settle();
    assert!(world[server].endpoint.counters().half_open <= 1);
    assert_eq!(world[server].endpoint.counters().connections, 1);
}

#[test]
fn hellos_that_lead_nowhere_are_bounded_and_forgotten() {
    // A real ClientHello, from a connection that was recorded.
    let hello = recorded(4)
        .into_iter()
        .find(|packet| packet.destination == SERVER && stun::is_dtls(&packet.payload));
    let hello = hello.expect("a client says hello").payload;
    let mut world = World::new(4, Weather::FAIR);
    let server = world.add(Floe::new(8, SERVER, world.epoch, |it| it.limits.handshaking = 20));
    for n in 0..200_u64 {
        let source = SocketAddr::from(([203, 0, 113, n as u8], 1000));
        flood(&mut world, n, source);
        world.net.inject(world.now, Packet { source, destination: SERVER, payload: hello.clone() });
        world.settle();
        let counters = world[server].endpoint.counters();
        assert!(counters.handshaking <= 20 && counters.connections <= 20, "{counters:?}");
    }
    world.run(secs(30));
    let counters = world[server].endpoint.counters();
    assert_eq!((counters.handshaking, counters.connections), (0, 0));
    assert!(world[server].events.is_empty(), "{:?}", world[server].events);
}

#[test]
fn noise_at_a_listener_is_dropped() {
    for seed in 0..4 {
        let (mut world, server) = listener(seed);
        let mut rng = Rng::new(seed);
        for n in 0..5000 {
            let payload = random_datagram(&mut rng);
            assert_eq!(answers(&mut world, server, CLIENT, &payload), 0, "datagram {n}");
        }
        let counters = world[server].endpoint.counters();
        assert_eq!((counters.half_open, counters.connections), (0, 0));
        assert_eq!(counters.datagrams_received, 5000);
        assert_eq!(counters.datagrams_dropped, 5000);
    }
}

/// Everything that a real connection consists of, bent, at a listener that knows nothing of it.
#[test]
fn damaged_recordings_at_a_listener_leave_nothing() {
    for seed in 0..4 {
        let recorded = recorded(seed);
        let (mut world, server) = listener(seed);
        let mut rng = Rng::new(seed);
        for _ in 0..4000 {
            let packet = &recorded[rng.below(recorded.len() as u64) as usize];
            let payload = bend(&mut rng, &packet.payload, &recorded);
            let source = if rng.chance(800_000) { CLIENT } else { OTHER };
            world.net.inject(world.now, Packet { source, destination: SERVER, payload });
            if rng.chance(100_000) {
                world.run(millis(rng.below(200)));
            }
            world.settle();
            let counters = world[server].endpoint.counters();
            assert!(counters.connections <= 4 && counters.half_open <= 4, "{counters:?}");
        }
        world.run(secs(45));
        assert_eq!(world[server].endpoint.counters().connections, 0);
    }
}

/// The same in the middle of a connection, from the peer's address and from others, at both ends.
#[test]
fn damaged_datagrams_do_not_disturb_a_connection() {
    for seed in 0..6 {
        let mut rng = Rng::new(seed);
        let mut pair = Pair::new(seed, Weather::FAIR);
        let (ours, theirs) = pair.open();
        let (client, server) = (pair.client, pair.server);
        let mut flows = [
            Flow::new((client, ours), (server, theirs), rng.bytes(200_000)),
            Flow::new((server, theirs), (client, ours), rng.bytes(200_000)),
        ];
        let log = record(&mut pair.world);
        let mut old = recorded(seed + 100);
        let mut injected = 0;
        let done = pair.world.until(secs(120), |world| {
            let done = flows.iter_mut().map(|flow| flow.pump(world)).filter(|done| *done).count();
            if injected < 4000 {
                old.extend(log.borrow_mut().drain(..));
                for _ in 0..40 {
                    injected += 1;
                    inject(world, &mut rng, &old);
                }
            }
            for node in [client, server] {
                let counters = world[node].endpoint.counters();
                assert!(counters.connections <= 4 && counters.half_open <= 16, "{counters:?}");
            }
            (done == 2 && injected >= 4000).then_some(())
        });
        done.unwrap_or_else(|| panic!("the transfers do not end: {:#?}", pair.world));
        assert!(pair.world[client].endpoint.stats(pair.at_client).is_some());
        assert!(pair.world[server].endpoint.stats(pair.at_server).is_some());
        assert_eq!(pair.world[client].closed(pair.at_client), None);
        assert_eq!(pair.world[server].closed(pair.at_server), None);
        // It can still be used.
        let (ours, theirs) = pair.open();
        let mut after = Flow::new((client, ours), (server, theirs), b"still here".to_vec());
        flow::run(&mut pair.world, secs(20), &mut [&mut after]);
    }
}

/// During the set-up, from an address that is not the peer's.
#[test]
fn strangers_do_not_disturb_a_set_up() {
    for seed in 0..10 {
        let recorded = recorded(seed + 50);
        let (mut world, client, server) = crate::pair::two(seed, Weather::FAIR, |_| {});
        let mut rng = Rng::new(seed);
        dial(&mut world, client, server, |_| {}).unwrap();
        let up = world.until(secs(9), |world| {
            for _ in 0..10 {
                let packet = &recorded[rng.below(recorded.len() as u64) as usize];
                let payload = bend(&mut rng, &packet.payload, &recorded);
                let destination = packet.destination;
                world.net.inject(world.now, Packet { source: OTHER, destination, payload });
            }
            world[client].connected()
        });
        up.unwrap_or_else(|| panic!("seed {seed}: strangers prevented a connection: {world:#?}"));
    }
}

fn listener(seed: u64) -> (World, Handle<Floe>) {
    let mut world = World::new(seed, Weather::FAIR);
    let server = world.add(Floe::new(seed, SERVER, world.epoch, |_| {}));
    (world, server)
}

/// How many datagrams a node sends when one comes in.
fn answers(world: &mut World, node: Handle<Floe>, source: SocketAddr, payload: &[u8]) -> u64 {
    let destination = floe_tests::node::Node::addr(&world[node]);
    let before = world.net.sent();
    world.net.inject(world.now, Packet { source, destination, payload: payload.to_vec() });
    world.settle();
    world.net.sent() - before
}

/// A good check of a new peer.
fn flood(world: &mut World, n: u64, source: SocketAddr) {
    let server = format!("libp2p+webrtc+v2/aStrangersPassword{n:08}");
    let payload = stun::check([n as u8; 12], &format!("{server}:wxYZ"), &server);
    world.net.inject(world.now, Packet { source, destination: SERVER, payload });
}

/// From now on, every datagram is written down.
fn record(world: &mut World) -> Rc<RefCell<Vec<Packet>>> {
    let log = Rc::new(RefCell::new(Vec::new()));
    let writer = log.clone();
    world.net.add_rule(move |_, packet| {
        writer.borrow_mut().push(packet.clone());
        true
    });
    log
}

/// The datagrams of a short connection, in both directions.
fn recorded(seed: u64) -> Vec<Packet> {
    let (mut world, client, server) = crate::pair::two(seed, Weather::FAIR, |_| {});
    let log = record(&mut world);
    dial(&mut world, client, server, |_| {}).unwrap();
    let (at_client, at_server) = crate::pair::both_connected(&mut world, client, server);
    let mut pair = Pair { world, client, server, at_client, at_server };
    let (ours, theirs) = pair.open();
    let mut flow = Flow::new((client, ours), (server, theirs), vec![7; 5000]);
    flow::run(&mut pair.world, secs(10), &mut [&mut flow]);
    let now = pair.world.now;
    pair.world[client].endpoint.close(now, at_client);
    pair.world.run(secs(1));
    log.take()
}

/// A datagram of a recording, bent, to where it went; or a random one.
fn inject(world: &mut World, rng: &mut Rng, recorded: &[Packet]) {
    let packet = &recorded[rng.below(recorded.len() as u64) as usize];
    let payload = match rng.below(4) {
        0 => random_datagram(rng),
        1 => {
            // Bits are flipped only behind the header, so that it comes as far as it can.
            let mut payload = packet.payload.clone();
            if payload.len() > 14 {
                let at = 13 + rng.below(payload.len() as u64 - 13) as usize;
                payload[at] ^= 1 << rng.below(8);
            }
            payload
        }
        _ => bend(rng, &packet.payload, recorded),
    };
    let source = if rng.chance(700_000) { packet.source } else { OTHER };
    let destination = packet.destination;
    world.net.inject(world.now, Packet { source, destination, payload });
}

fn random_datagram(rng: &mut Rng) -> Vec<u8> {
    let len = match rng.below(4) {
        0 => rng.below(30),
        _ => rng.below(1500),
    };
    let mut payload = rng.bytes(len as usize);
    // Half of them look like STUN or DTLS at first sight.
    match (rng.below(4), payload.len()) {
        (0, 20..) => {
            let len = (payload.len() - 20) as u16;
            payload[..2].copy_from_slice(&[0, 1]);
            payload[2..4].copy_from_slice(&len.to_be_bytes());
            payload[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        }
        (1, 13..) => {
            let len = (payload.len() - 13) as u16;
            payload[0] = 20 + rng.below(7) as u8;
            payload[1..3].copy_from_slice(&[0xfe, 0xfd]);
            payload[3..11].fill(0);
            payload[11..13].copy_from_slice(&len.to_be_bytes());
        }
        _ => {}
    }
    payload
}

/// Bends a datagram out of shape.
fn bend(rng: &mut Rng, payload: &[u8], others: &[Packet]) -> Vec<u8> {
    let mut bent = payload.to_vec();
    for _ in 0..=rng.below(3) {
        let len = bent.len() as u64;
        if len == 0 {
            break;
        }
        let at = rng.below(len) as usize;
        match rng.below(6) {
            0 => bent[at] ^= 1 << rng.below(8),
            1 => bent[at] = rng.next_u64() as u8,
            2 => bent.truncate(at),
            3 => bent.extend(rng.bytes(20)),
            4 => {
                let other = &others[rng.below(others.len() as u64) as usize].payload;
                bent.truncate(at);
                bent.extend(other.iter().skip(at));
            }
            _ => bent.copy_within(at.., 0),
        }
    }
    bent
}
