//! Translated addresses that change. The server follows a client whose address changes; whoever dials from
//! behind a NAT connects, of whichever kind it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use floe_core::rtc::{Event, Target};
use floe_tests::net::nat::Kind;
use floe_tests::net::{Nat, Net, Weather};

use crate::exchange::{Exchange, connect, connect_and_exchange, is_of_use, lives, story};
use crate::pair::{Pair, both_connected, two};
use crate::{CLIENT, SERVER, millis, secs};

const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
const LATER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2));
const KINDS: [Kind; 4] =
    [Kind::FULL_CONE, Kind::RESTRICTED, Kind::PORT_RESTRICTED, Kind::SYMMETRIC];

fn behind(kind: Kind) -> impl FnOnce(&mut Net) {
    move |net| net.add_nat(Nat::new(PUBLIC, [CLIENT]).kind(kind))
}

/// Where the server says that the client has moved to, if it does.
fn moved(pair: &mut Pair) -> Option<SocketAddr> {
    let at_server = pair.at_server;
    pair.world[pair.server].take(|event| match event {
        Event::Moved { id, remote } if *id == at_server => Some(*remote),
        _ => None,
    })
}

#[test]
fn a_client_behind_any_nat() {
    for kind in KINDS {
        story(0..2, |seed| {
            let (mut pair, up, took) = connect_and_exchange(seed, 100_000, secs(5), behind(kind));
            println!("{kind:?}, seed {seed}: up after {up:?}, done in {took:?}");
            is_of_use(&mut pair, seed);
        });
    }
}

#[test]
fn a_server_behind_a_forwarded_port() {
    story(0..3, |seed| {
        let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
        world.net.add_nat(Nat::new(PUBLIC, [SERVER]));
        world.net.nat(SERVER).forward(SERVER, 4001);
        let mut target = Target::new(&world[server].address()).unwrap();
        target.remote = SocketAddr::new(PUBLIC, 4001);
        let now = world.now;
        world[client].endpoint.dial(now, target).unwrap();
        let (at_client, at_server) = both_connected(&mut world, client, server);
        let mut pair = Pair { world, client, server, at_client, at_server };
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn a_new_port_in_mid_transfer() {
    for kind in KINDS {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), behind(kind));
            let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
            assert!(!exchange.run(&mut pair.world, millis(100)));
            pair.world.net.nat(CLIENT).forget();
            let took = exchange.finish(&mut pair.world, secs(15));
            let public = moved(&mut pair).expect("the server has noticed");
            println!("{kind:?}, seed {seed}: at {public}, done {took:?} after");
            assert_eq!(public.ip(), PUBLIC);
            is_of_use(&mut pair, seed);
        });
    }
}

#[test]
fn a_new_address_in_mid_transfer() {
    for kind in KINDS {
        story(0..3, |seed| {
            let (mut pair, _) = connect(seed, secs(10), behind(kind));
            let mut exchange = Exchange::new(&mut pair, seed, 1_000_000);
            assert!(!exchange.run(&mut pair.world, millis(100)));
            pair.world.net.nat(CLIENT).move_to(LATER);
            let took = exchange.finish(&mut pair.world, secs(15));
            let public = moved(&mut pair).expect("the server has noticed");
            println!("{kind:?}, seed {seed}: at {public}, done {took:?} after");
            assert_eq!(public.ip(), LATER);
            is_of_use(&mut pair, seed);
        });
    }
}

/// Only the server has something to say, and what it says goes to nobody until the client's next check.
#[test]
fn a_new_port_while_the_client_is_quiet() {
    story(0..4, |seed| {
        let (mut pair, _) = connect(seed, secs(10), behind(Kind::PORT_RESTRICTED));
        let (ours, theirs) = pair.open();
        pair.world.run(secs(5) + millis(seed * 700));
        pair.world.net.nat(CLIENT).forget();
        let rebound = pair.world.now;
        pair.world[pair.server].endpoint.stream(theirs).unwrap().write(b"are you there").unwrap();
        let client = pair.client;
        let heard = pair.world.until(secs(30), |world| {
            let (bytes, _) = world[client].read(ours, 100);
            (!bytes.is_empty()).then_some(bytes)
        });
        let took = pair.world.now.saturating_since(rebound);
        println!("seed {seed}: heard {took:?} after");
        assert_eq!(heard.as_deref(), Some(&b"are you there"[..]));
        // The client's checks come every three seconds, and SCTP tries every five at most.
        assert!(took < secs(10), "{took:?}");
        is_of_use(&mut pair, seed);
    });
}

/// A new port every five seconds while bytes go both ways. The server takes nothing from a new address
/// before the client has checked from there, which it does every three.
#[test]
fn a_nat_that_forgets_all_the_time() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), behind(Kind::PORT_RESTRICTED));
        // Wide enough for all of it in eight seconds.
        pair.world.net.between(CLIENT, SERVER).bandwidth(4_000_000, 100_000);
        let mut exchange = Exchange::new(&mut pair, seed, 4_000_000);
        let mut times = 0;
        while !exchange.run(&mut pair.world, secs(5)) {
            pair.world.net.nat(CLIENT).forget();
            times += 1;
            assert!(times < 12, "too slow: {:#?}", pair.world);
        }
        println!("seed {seed}: done after {times} new ports");
        assert!(times > 1);
        is_of_use(&mut pair, seed);
    });
}

/// Mappings that last ten seconds, and nothing to say for five minutes: the checks keep them.
#[test]
fn a_short_mapping_timeout_and_a_quiet_connection() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            net.add_nat(Nat::new(PUBLIC, [CLIENT]).timeout(secs(10)));
        });
        pair.world.run(secs(300));
        assert_eq!(moved(&mut pair), None, "the mapping was kept");
        is_of_use(&mut pair, seed);
    });
}

/// Mappings that last shorter than the pauses between checks: every check comes from another port.
#[test]
fn a_mapping_timeout_shorter_than_the_pauses_of_checks() {
    story(0..3, |seed| {
        let (mut pair, _) = connect(seed, secs(10), |net| {
            net.add_nat(Nat::new(PUBLIC, [CLIENT]).timeout(secs(2)));
        });
        pair.world.run(secs(120));
        let mut moves = 0;
        while moved(&mut pair).is_some() {
            moves += 1;
        }
        println!("seed {seed}: {moves} moves in two minutes");
        assert!(lives(&pair.world, pair.client, pair.at_client));
        is_of_use(&mut pair, seed);
    });
}

#[test]
fn a_new_port_in_the_set_up() {
    for after in (0..14).map(|n| millis(n * 10)) {
        story(0..1, |seed| {
            let mut first = true;
            let (mut world, client, server) = two(seed, Weather::FAIR, |_| {});
            behind(Kind::PORT_RESTRICTED)(&mut world.net);
            crate::pair::dial(&mut world, client, server, |_| {}).unwrap();
            let (mut at_client, mut at_server) = (None, None);
            let up = world.until(secs(10), |world| {
                if first && world.now.since_epoch() >= after {
                    world.net.nat(CLIENT).forget();
                    first = false;
                }
                at_client = at_client.or_else(|| world[client].connected());
                at_server = at_server.or_else(|| world[server].connected());
                Some((at_client?, at_server?))
            });
            let up = up.unwrap_or_else(|| panic!("after {after:?}: no connection: {world:#?}"));
            println!("after {after:?}: up at {:?}", world.now);
            let (at_client, at_server) = up;
            let mut pair = Pair { world, client, server, at_client, at_server };
            is_of_use(&mut pair, seed);
        });
    }
}
