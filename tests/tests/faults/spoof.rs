//! What nobody said: datagrams in the peer's name that look like STUN, DTLS or SCTP, in the middle of a
//! transfer and of a set-up.

use std::net::SocketAddr;

use floe_tests::net::Packet;
use floe_tests::rng::Rng;
use floe_tests::stun;
use floe_tests::world::World;

use crate::exchange::{Exchange, connect, is_of_use, story};
use crate::pair::{dial, two};
use crate::{CLIENT, OTHER, SERVER, millis, secs};

/// A kind of forgery.
type Forge = fn(&mut Rng) -> Vec<u8>;

const FORGERIES: [(&str, Forge); 9] = [
    ("STUN request with a USERNAME of its own", |rng| {
        let server = format!("libp2p+webrtc+v2/aStrangersPassword{:08}", rng.below(100_000_000));
        let mut transaction = [0; 12];
        rng.fill(&mut transaction);
        stun::check(transaction, &format!("{server}:wxYZ"), &server)
    }),
    ("STUN success", |rng| stun_like(rng, 0x0101)),
    ("STUN error", |rng| stun_like(rng, 0x0111)),
    ("STUN indication", |rng| stun_like(rng, 0x0011)),
    ("DTLS 1.2 alert", |rng| record(rng, 21, 0, &[2, 40])),
    ("DTLS 1.2 close_notify in the current epoch", |rng| record(rng, 21, 1, &[1, 0])),
    ("DTLS ClientHello, empty", |rng| record(rng, 22, 0, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    ("DTLS application data", |rng| {
        let len = rng.below(1_100) as usize;
        let body = rng.bytes(len);
        record(rng, 23, 1, &body)
    }),
    ("DTLS 1.3 unified header", |rng| {
        let mut payload = vec![0x2c | rng.below(4) as u8];
        let len = 20 + rng.below(1_100) as usize;
        payload.extend(rng.bytes(2));
        payload.extend((len as u16).to_be_bytes());
        payload.extend(rng.bytes(len));
        payload
    }),
];

/// SCTP is inside of DTLS: outside it is nothing.
fn sctp_abort(rng: &mut Rng) -> Vec<u8> {
    let mut payload = vec![0x13, 0x88, 0x13, 0x88];
    payload.extend(rng.bytes(8));
    payload.extend([6, 0, 0, 4]);
    payload
}

fn stun_like(rng: &mut Rng, kind: u16) -> Vec<u8> {
    let mut payload = kind.to_be_bytes().to_vec();
    let len = rng.below(20) * 4;
    payload.extend((len as u16).to_be_bytes());
    payload.extend([0x21, 0x12, 0xa4, 0x42]);
    payload.extend(rng.bytes(12 + len as usize));
    payload
}

fn record(rng: &mut Rng, kind: u8, epoch: u16, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![kind, 0xfe, 0xfd];
    payload.extend(epoch.to_be_bytes());
    // A number that is soon to be used, or was.
    payload.extend(&rng.below(300).to_be_bytes()[2..]);
    payload.extend((body.len() as u16).to_be_bytes());
    payload.extend(body);
    payload
}

/// In both directions, in the peer's name and in a stranger's.
fn forge(world: &mut World, rng: &mut Rng, forgery: Forge) {
    let ways: [(SocketAddr, SocketAddr); 4] =
        [(CLIENT, SERVER), (SERVER, CLIENT), (OTHER, SERVER), (OTHER, CLIENT)];
    for (source, destination) in ways {
        let payload = forgery(rng);
        world.net.spoof(world.now, Packet { source, destination, payload });
    }
}

fn all() -> impl Iterator<Item = (&'static str, Forge)> {
    FORGERIES.into_iter().chain([("SCTP ABORT in the clear", sctp_abort as Forge)])
}

#[test]
fn in_the_middle_of_a_transfer() {
    for (what, forgery) in all() {
        story(0..2, |seed| {
            let (mut pair, _) = connect(seed, secs(10), |_| {});
            let mut rng = Rng::new(seed);
            let mut exchange = Exchange::new(&mut pair, seed, 300_000);
            let before = pair.world.now;
            let mut is_done = false;
            for _ in 0..300 {
                (0..5).for_each(|_| forge(&mut pair.world, &mut rng, forgery));
                is_done = is_done || exchange.run(&mut pair.world, millis(1));
            }
            if !is_done {
                exchange.finish(&mut pair.world, secs(5));
            }
            let took = pair.world.now.saturating_since(before);
            println!("{what}, seed {seed}: done in {took:?} at most");
            assert!(took < secs(3), "{what}: {took:?}");
            is_of_use(&mut pair, seed);
            pair.world.run(secs(40));
            is_of_use(&mut pair, seed);
        });
    }
}

/// The set-up has no keys yet, so one who hears it may spoil it; one who does not must not. A stranger's
/// address is not the peer's, and what it says is not looked at.
#[test]
fn in_the_middle_of_a_set_up_by_a_stranger() {
    for (what, forgery) in all() {
        story(0..2, |seed| {
            let (mut world, client, server) = two(seed, floe_tests::net::Weather::FAIR, |_| {});
            let id = dial(&mut world, client, server, |_| {}).unwrap();
            let mut rng = Rng::new(seed);
            let up = world.until(secs(10), |world| {
                for destination in [SERVER, CLIENT] {
                    let payload = forgery(&mut rng);
                    world.net.spoof(world.now, Packet { source: OTHER, destination, payload });
                }
                world[client].connected()
            });
            println!("{what}, seed {seed}: up after {:?}", world.now);
            assert_eq!(up, Some(id), "{what}");
            assert!(world.now.since_epoch() < secs(1), "{what}: {:?}", world.now);
        });
    }
}

/// In the peer's own name, which takes somebody who knows its address and port. Only what looks like a
/// handshake can spoil one: DTLS takes it into account as long as it has no keys (the library beneath does
/// so even when the client's Finished is there). Then it ends in time, and the next one is as good as any.
#[test]
fn in_the_middle_of_a_set_up_in_the_peers_name() {
    for (what, forgery) in all() {
        story(0..3, |seed| {
            let (mut world, client, server) = two(seed, floe_tests::net::Weather::FAIR, |_| {});
            let id = dial(&mut world, client, server, |_| {}).unwrap();
            let mut rng = Rng::new(seed);
            let (mut up, mut end, mut forged) = (None, None, 0);
            world.until(secs(11), |world| {
                // For the first half second, at each moment.
                if world.now.since_epoch() < millis(500) && forged < 500 {
                    forge(world, &mut rng, forgery);
                    forged += 1;
                }
                up = up.or_else(|| world[client].established());
                end = world[client].closed(id).map(|(end, _)| end);
                (up.is_some() || end.is_some()).then_some(())
            });
            println!("{what}, seed {seed}: up {}, {end:?} at {:?}", up.is_some(), world.now);
            let peer = world[server].peer_id();
            if let Some((_, established)) = up {
                assert_eq!(established.peer, peer);
                return;
            }
            assert!(what.contains("ClientHello"), "{what}, seed {seed}: {end:?}");
            assert!(world.now.since_epoch() <= secs(10));
            dial(&mut world, client, server, |_| {}).unwrap();
            let up = world.until(secs(1), |world| world[client].established());
            assert_eq!(up.expect("the next one comes up").1.peer, peer);
        });
    }
}
