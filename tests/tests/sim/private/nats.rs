//! Which NATs private connections find a way through.

use std::net::SocketAddr;

use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_tests::net::nat::Kind;
use floe_tests::net::{Nat, Weather};
use floe_tests::stun::Server;
use floe_tests::world::World;

use super::meeting::Two;
use crate::{CLIENT, SERVER, millis, secs};

const STUN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 3)), 3478);

const KINDS: [(&str, Kind); 4] = [
    ("full cone", Kind::FULL_CONE),
    ("restricted", Kind::RESTRICTED),
    ("port-restricted", Kind::PORT_RESTRICTED),
    ("symmetric", Kind::SYMMETRIC),
];

/// Two nodes behind NATs of these kinds, the one who offers first; `None` is no NAT.
fn behind(seed: u64, kinds: [Option<Kind>; 2], weather: Weather) -> Two {
    let nats = |world: &mut World| {
        world.add(Server::new(STUN));
        // `two` puts the one who offers at CLIENT.
        for (at, (kind, host)) in kinds.into_iter().zip([CLIENT, SERVER]).enumerate() {
            if let Some(kind) = kind {
                let public = [198, 51, 100, 1 + at as u8].into();
                world.net.add_nat(Nat::new(public, [host]).kind(kind));
            }
        }
    };
    Two::with(seed, weather, |config| config.stun_servers = vec![STUN], nats)
}

/// A symmetric NAT has another port for each peer: who filters by port never sees it come.
fn is_possible(kinds: [Kind; 2]) -> bool {
    let strict = |kind: Kind| kind == Kind::SYMMETRIC || kind == Kind::PORT_RESTRICTED;
    let symmetric = kinds.contains(&Kind::SYMMETRIC);
    !(symmetric && kinds.iter().all(|kind| strict(*kind)))
}

#[test]
fn every_pair_of_nats_that_can_be_passed_is_passed() {
    for (seed, (one, first)) in KINDS.into_iter().enumerate() {
        for (other, second) in KINDS {
            let weather = Weather { delay: millis(20), ..Weather::FAIR };
            let mut two = behind(10 + seed as u64, [Some(first), Some(second)], weather);
            if is_possible([first, second]) {
                two.connect();
                two.talk();
                // Longer than the NAT's patience with a silent path would be.
                two.run(secs(60));
                two.talk();
                continue;
            }
            let (nodes, ids) = (two.nodes, two.ids);
            for side in [0, 1] {
                let end = two.until(secs(20), |world| world[nodes[side]].closed(ids[side]));
                let end = end.map(|(end, _)| end);
                assert!(
                    matches!(end, Some(ConnectionEnd::HandshakeTimeout(Step::Stun)))
                        || end.as_ref().and_then(ConnectionEnd::step) == Some(Step::Signaling),
                    "{one} and {other}: {end:?}"
                );
            }
        }
    }
}

#[test]
fn a_nat_on_one_side_only_is_passed_whatever_its_kind() {
    for (_, kind) in KINDS {
        for kinds in [[Some(kind), None], [None, Some(kind)]] {
            let mut two = behind(20, kinds, Weather::FAIR);
            two.connect();
            two.talk();
        }
    }
}

#[test]
fn nats_are_passed_in_bad_weather() {
    for seed in 0..20 {
        let weather = Weather { delay: millis(40), loss: 100_000, ..Weather::FAIR };
        let kinds = [Some(Kind::PORT_RESTRICTED), Some(Kind::RESTRICTED)];
        let mut two = behind(100 + seed, kinds, weather);
        two.connect();
        two.talk();
    }
}

#[test]
fn without_stun_servers_nobody_is_asked_and_two_nats_are_not_passed() {
    let mut server = None;
    let nats = |world: &mut World| {
        server = Some(world.add(Server::new(STUN)));
        for (at, host) in [CLIENT, SERVER].into_iter().enumerate() {
            world.net.add_nat(Nat::new([198, 51, 100, 1 + at as u8].into(), [host]));
        }
    };
    let mut two = Two::with(30, Weather::FAIR, |_| {}, nats);
    let (nodes, ids) = (two.nodes, two.ids);
    let end = two.until(secs(20), |world| world[nodes[0]].closed(ids[0]));
    assert!(end.is_some());
    assert_eq!(server.map(|server| two.world[server].answered), Some(0));
}

#[test]
fn a_stun_server_is_asked_once_for_meetings_that_begin_together() {
    let mut server = None;
    let add = |world: &mut World| server = Some(world.add(Server::new(STUN)));
    let mut two = Two::with(31, Weather::FAIR, |config| config.stun_servers = vec![STUN], add);
    two.connect();
    let now = two.world.now;
    let peer = two.world[two.nodes[1]].peer_id();
    let again = floe_core::rtc::private::Meeting::offering(peer);
    two.world[two.nodes[0]].endpoint.meet(now, again).expect("there is room");
    two.run(secs(1));
    assert_eq!(server.map(|server| two.world[server].answered), Some(2), "one for each node");
}
