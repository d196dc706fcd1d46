use std::time::Instant;
use std::vec::Vec;

use super::*;
use crate::rtc::entropy::Entropy;
use crate::rtc::private::LocalSecrets;

const BOTH: Families = Families { ipv4: true, ipv6: true };

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn addr(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 4001))
}

/// An offerer and an answerer that know each other's credentials.
fn pair(seed: u8, limit: usize) -> [TrickleAgent; 2] {
    let (epoch, mut entropy) = (Epoch::new(Instant::now()), Entropy::new([seed; 32]));
    let secrets = [(); 2].map(|()| LocalSecrets::new(&mut entropy));
    let mut agents = [0, 1].map(|at| {
        let local = secrets[at].as_secrets();
        TrickleAgent::new(epoch, &local, at == 0, at as u64, limit, BOTH)
    });
    for (side, agent) in agents.iter_mut().enumerate() {
        agent.describe(at(0), &secrets[1 - side].as_secrets(), false);
    }
    agents
}

fn name(agent: &mut TrickleAgent, remote: SocketAddr) {
    let line =
        std::format!("candidate:1 1 udp 2130706431 {} {} typ host", remote.ip(), remote.port());
    agent.add_candidate(at(0), &sdp::Candidate::parse(&line).unwrap());
}

fn sent(agent: &mut TrickleAgent) -> Vec<(SocketAddr, Vec<u8>)> {
    let (mut outbox, mut datagrams) = (Outbox::default(), Vec::new());
    agent.poll_transmit(&mut outbox);
    while let Some(transmit) = outbox.pop() {
        let remote = transmit.remote;
        datagrams.extend(transmit.datagrams().map(|it| (remote, it.to_vec())));
    }
    datagrams
}

/// Lets two agents talk until `end`; whether a datagram from one to an address gets there, and from where, `way` says.
fn talk(
    agents: &mut [TrickleAgent; 2],
    begin: Timestamp,
    end: Timestamp,
    way: impl Fn(usize, SocketAddr) -> Option<SocketAddr>,
) {
    let mut now = begin;
    while now <= end {
        for from in [0, 1] {
            for (remote, datagram) in sent(&mut agents[from]) {
                if let Some(source) = way(from, remote) {
                    agents[1 - from].handle_stun(now, source, &datagram);
                }
            }
            agents[from].handle_timeout(now);
        }
        now = now + Duration::from_millis(10);
    }
}

#[test]
fn both_come_to_the_one_path_that_there_is() {
    let mut agents = pair(1, 8);
    // Of three addresses that the answerer names one leads to it, and it learns of the offerer's only by its checks.
    for last in [7, 8, 9] {
        name(&mut agents[0], addr(last));
    }
    talk(&mut agents, at(0), at(1_000), |from, to| match (from, to) {
        (0, to) => (to == addr(8)).then(|| addr(1)),
        (_, to) => (to == addr(1)).then(|| addr(8)),
    });
    assert_eq!(agents[0].destination(), Some(addr(8)));
    assert_eq!(agents[1].destination(), Some(addr(1)));
    assert!(agents[0].knows(addr(8)) && !agents[0].knows(addr(7)));
    assert_eq!(agents[1].proven(), [addr(1)]);
}

#[test]
fn a_peer_is_followed_to_where_it_has_proven_to_be_and_nowhere_else() {
    let mut agents = pair(1, 8);
    name(&mut agents[0], addr(8));
    talk(&mut agents, at(0), at(500), |from, _| Some(addr(if from == 0 { 1 } else { 8 })));
    agents[1].on_authentic(addr(3));
    assert_eq!(agents[1].destination(), Some(addr(1)), "nothing of ICE came from there");
    // The offerer's NAT forgets it.
    talk(&mut agents, at(510), at(9_000), |from, _| Some(addr(if from == 0 { 2 } else { 8 })));
    assert!(agents[1].knows(addr(2)));
    agents[1].on_authentic(addr(2));
    assert_eq!(agents[1].destination(), Some(addr(2)));
}

#[test]
fn a_peer_names_and_uses_so_many_addresses_and_no_more() {
    let mut agents = pair(1, 3);
    for last in 1..100 {
        name(&mut agents[0], addr(last));
    }
    assert_eq!(agents[0].known(), [addr(1), addr(2), addr(3)]);
    let targets: Vec<_> = sent(&mut agents[0]).into_iter().map(|(remote, _)| remote).collect();
    assert!(targets.iter().all(|it| agents[0].known().contains(it)), "{targets:?}");

    // Checks that it sends from ever new addresses.
    name(&mut agents[1], addr(200));
    for last in 10..100 {
        agents[1].handle_timeout(at(u64::from(last) * 1_000));
        for (_, check) in sent(&mut agents[1]) {
            agents[0].handle_stun(at(u64::from(last) * 1_000), addr(last), &check);
        }
    }
    assert_eq!(agents[0].known().len(), 3);
    assert_eq!(agents[0].proven(), []);
}

#[test]
fn what_is_not_the_peers_is_not_taken() {
    let [mut offerer, mut answerer] = pair(1, 8);
    name(&mut offerer, addr(8));
    let (_, check) = sent(&mut offerer).remove(0);
    let mut forged = check.clone();
    *forged.last_mut().unwrap() ^= 1;
    // The integrity stands before the fingerprint, so another byte of it is needed too.
    forged[40] ^= 1;
    assert!(!answerer.handle_stun(at(1), addr(1), &forged));
    assert!(!answerer.handle_stun(at(1), addr(1), b"no STUN at all"));
    let [_, mut stranger] = pair(9, 8);
    assert!(!stranger.handle_stun(at(1), addr(1), &check));
    assert!(answerer.proven().is_empty() && stranger.known().is_empty());
    assert!(answerer.handle_stun(at(1), addr(1), &check));
}

#[test]
fn nothing_is_done_before_the_peer_is_described() {
    let epoch = Epoch::new(Instant::now());
    let secrets = LocalSecrets::new(&mut Entropy::new([2; 32]));
    let mut agent = TrickleAgent::new(epoch, &secrets.as_secrets(), true, 1, 8, BOTH);
    name(&mut agent, addr(8));
    agent.handle_timeout(at(10));
    assert!(sent(&mut agent).is_empty() && agent.deadline().is_none());
}

#[test]
fn addresses_of_another_ip_version_are_not_checked() {
    let families = Families::of(&[addr(1)]);
    assert_eq!(families, Families { ipv4: true, ipv6: false });
    assert_eq!(Families::of(&[]), BOTH);
    let (epoch, mut entropy) = (Epoch::new(Instant::now()), Entropy::new([4; 32]));
    let [local, remote] = [(); 2].map(|()| LocalSecrets::new(&mut entropy));
    let mut agent = TrickleAgent::new(epoch, &local.as_secrets(), true, 1, 8, families);
    agent.describe(at(0), &remote.as_secrets(), false);
    for to in ["[2001:db8::8]:4001", "192.0.2.8:4001"] {
        name(&mut agent, to.parse().unwrap());
    }
    let mut targets = Vec::new();
    for millis in 1..100 {
        agent.handle_timeout(at(millis * 10));
        targets.extend(sent(&mut agent).into_iter().map(|(remote, _)| remote));
    }
    assert!(!targets.is_empty() && targets.iter().all(SocketAddr::is_ipv4), "{targets:?}");
}
