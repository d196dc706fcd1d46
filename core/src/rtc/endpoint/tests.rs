//! Two endpoints and nothing between them. What happens on worse networks is told in `tests/sim`.

use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::fingerprint::Fingerprint;
use crate::ice::stun::{
    Binding, Class, REQUEST_LEN_MAX, Request, Role, SUCCESS_LEN_MAX, TransactionId,
    write_binding_request, write_binding_success,
};
use crate::ice::{DialSecrets, Version};
use crate::multiaddr::DirectAddr;
use crate::multiaddr::certhashes::Certhashes;
use crate::rtc::certificate::Certificate;
use crate::rtc::engine::RingHmac;
use crate::rtc::error::{ConnectionEnd, Step};
use crate::rtc::identity::{Identity, Keypair};
use crate::rtc::output::{Event, Port, Read};

/// A dialer and a listener, on a path of 5 ms each way.
struct Pair {
    now: Timestamp,
    nodes: [Node; 2],
    under_way: VecDeque<Packet>,
}

struct Node {
    endpoint: Endpoint,
    addr: SocketAddr,
    events: VecDeque<Event>,
    deadline: Option<Deadline>,
}

/// A datagram on its way: when it arrives, at which node and port, and from where.
struct Packet {
    at: Timestamp,
    to: usize,
    port: Port,
    remote: SocketAddr,
    payload: Vec<u8>,
}

const DIALER: usize = 0;
const LISTENER: usize = 1;

impl Pair {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(adjust: impl Fn(&mut Config)) -> Self {
        let epoch = Epoch::new(Instant::now());
        let node = |n: u8| {
            let identity = Identity::from(Keypair::ed25519_from_seed([n; 32]));
            let mut config = Config::new(identity, Certificate::generate([n; 32]));
            adjust(&mut config);
            Node {
                endpoint: Endpoint::new(Arc::new(config), epoch, [n; 32]).expect("it can work"),
                addr: SocketAddr::from(([192, 0, 2, n], 4000)),
                events: VecDeque::new(),
                deadline: None,
            }
        };
        Self { now: Timestamp::ZERO, nodes: [node(1), node(2)], under_way: VecDeque::new() }
    }

    fn target(&self) -> Target {
        let listener = &self.nodes[LISTENER];
        let config = &listener.endpoint.shared.config;
        Target {
            remote: listener.addr,
            certhashes: Certhashes::one(config.certificate.fingerprint()),
            peer: Some(config.identity.peer_id()),
            version: None,
            timeout: None,
        }
    }

    fn drain(&mut self) {
        for index in 0..2 {
            let Node { endpoint, addr, events, deadline } = &mut self.nodes[index];
            loop {
                match endpoint.poll(self.now) {
                    Output::Transmit(transmit) => {
                        assert_ne!(transmit.remote, *addr);
                        let at = self.now + Duration::from_millis(5);
                        let port = port_of(transmit.remote);
                        let remote = at_port(*addr, transmit.port);
                        self.under_way.extend(transmit.datagrams().map(|bytes| Packet {
                            at,
                            to: 1 - index,
                            port,
                            remote,
                            payload: bytes.to_vec(),
                        }));
                    }
                    Output::Event(event) => events.push_back(event),
                    Output::Timeout(next) => {
                        *deadline = next;
                        break;
                    }
                }
            }
        }
    }

    /// Goes on until `done`, for a minute at most.
    fn run(&mut self, mut done: impl FnMut(&mut Self) -> bool) {
        let limit = self.now + Duration::from_secs(60);
        self.drain();
        while !done(self) {
            let arrival = self.under_way.front().map(|packet| packet.at);
            let deadlines = self.nodes.iter().filter_map(|node| Some(node.deadline?.at));
            let next = deadlines.chain(arrival).min().expect("something is awaited");
            assert!(next < limit, "nothing came of it: {:?}", self.nodes[0].events);
            self.now = self.now.max(next);
            while let Some(Packet { to, port, remote, payload, .. }) =
                self.under_way.pop_front_if(|packet| packet.at <= self.now)
            {
                let datagram = Datagram { port, remote, local: None, payload: &payload };
                self.nodes[to].endpoint.handle_datagram(self.now, datagram);
            }
            for node in &mut self.nodes {
                if node.deadline.is_some_and(|deadline| deadline.at <= self.now) {
                    node.endpoint.handle_timeout(self.now);
                }
            }
            self.drain();
        }
    }

    /// What the listener sends when a stranger's datagram comes in.
    fn listener_says(&mut self, port: u16, payload: &[u8]) -> Vec<Vec<u8>> {
        let remote = SocketAddr::from(([203, 0, 113, 1], port));
        let endpoint = &mut self.nodes[LISTENER].endpoint;
        endpoint.handle_datagram(self.now, Datagram::new(remote, payload));
        let mut sent = Vec::new();
        while let Output::Transmit(transmit) = endpoint.poll(self.now) {
            assert_eq!((transmit.port, transmit.remote), (Port::Main, remote));
            sent.extend(transmit.datagrams().map(<[u8]>::to_vec));
        }
        sent
    }

    fn take<T>(&mut self, node: usize, pick: impl Fn(&Event) -> Option<T>) -> T {
        let mut found = None;
        self.run(|pair| {
            let events = &mut pair.nodes[node].events;
            if let Some(index) = events.iter().position(|event| pick(event).is_some()) {
                found = events.remove(index).and_then(|event| pick(&event));
            }
            found.is_some()
        });
        found.expect("the run ended with it")
    }

    fn connected(&mut self, node: usize) -> ConnectionId {
        self.take(node, |event| match event {
            Event::Connected { id, .. } => Some(*id),
            _ => None,
        })
    }

    fn end(&mut self, node: usize) -> ConnectionEnd {
        self.take(node, |event| match event {
            Event::Closed { end, .. } => Some(end.clone()),
            _ => None,
        })
    }

    fn connect(&mut self, target: Target) -> [ConnectionId; 2] {
        let id = self.nodes[DIALER].endpoint.dial(self.now, target).expect("it can be dialed");
        let connected = self.connected(DIALER);
        assert_eq!(connected, id);
        [connected, self.connected(LISTENER)]
    }

    fn opened(&mut self, node: usize) -> StreamId {
        self.take(node, |event| match event {
            Event::Opened { id } => Some(*id),
            _ => None,
        })
    }

    /// Reads to the end.
    fn read_to_end(&mut self, node: usize, id: StreamId) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.run(|pair| {
            let mut buffer = [0; 4096];
            let mut stream = pair.nodes[node].endpoint.stream(id).expect("it has a handle");
            loop {
                match stream.read(&mut buffer) {
                    Read::Bytes(len) => bytes.extend_from_slice(&buffer[..len]),
                    Read::Empty => break,
                    Read::Finished => return true,
                    Read::Reset => panic!("reset"),
                }
            }
            pair.drain();
            false
        });
        bytes
    }
}

/// Where a node's datagrams come from that leave by `port`.
fn at_port(addr: SocketAddr, port: Port) -> SocketAddr {
    match port {
        Port::Main => addr,
        Port::Fallback => SocketAddr::new(addr.ip(), FALLBACK),
    }
}

fn port_of(addr: SocketAddr) -> Port {
    if addr.port() == FALLBACK { Port::Fallback } else { Port::Main }
}

const FALLBACK: u16 = 5000;

/// A listener is nobody at its fallback port: checks there earn no answer and no entry.
#[test]
fn nobody_is_accepted_at_the_fallback_port() {
    for version in [Version::V1, Version::V2] {
        let mut pair = Pair::new();
        let target = Target {
            version: Some(version),
            remote: at_port(pair.nodes[LISTENER].addr, Port::Fallback),
            ..pair.target()
        };
        pair.nodes[DIALER].endpoint.dial(pair.now, target).expect("it can be dialed");
        assert_eq!(pair.end(DIALER), ConnectionEnd::HandshakeTimeout(Step::Stun));
        let counters = pair.nodes[LISTENER].endpoint.counters();
        assert!(counters.datagrams_received > 0);
        assert_eq!(counters.datagrams_dropped, counters.datagrams_received);
        assert_eq!((counters.half_open, counters.connections), (0, 0));
    }
}

#[test]
fn both_versions_connect_and_carry_an_echo() {
    for version in [Some(Version::V1), Some(Version::V2), None] {
        let mut pair = Pair::new();
        let [dialed, _] = pair.connect(Target { version, ..pair.target() });
        let ours = pair.nodes[DIALER].endpoint.open_stream(dialed).expect("it is open");
        let mut stream = pair.nodes[DIALER].endpoint.stream(ours).expect("it is there");
        let hello = vec![7; 100_000];
        assert_eq!(stream.write(&hello), Ok(hello.len()));
        stream.finish().expect("it was open");
        let theirs = pair.opened(LISTENER);
        assert_eq!(pair.read_to_end(LISTENER, theirs), hello);
        let mut stream = pair.nodes[LISTENER].endpoint.stream(theirs).expect("it is there");
        assert_eq!(stream.write(b"got it"), Ok(6));
        stream.finish().expect("it was open");
        assert_eq!(pair.read_to_end(DIALER, ours), b"got it");
        let acknowledged = pair.take(DIALER, |event| match event {
            Event::Finished { id, acknowledged } if *id == ours => Some(*acknowledged),
            _ => None,
        });
        assert!(acknowledged);
        let now = pair.now;
        pair.nodes[LISTENER].endpoint.forget_stream(now, theirs);
        pair.nodes[DIALER].endpoint.forget_stream(now, ours);
        pair.nodes[DIALER].endpoint.close(now, dialed);
        assert_eq!(pair.end(LISTENER), ConnectionEnd::ClosedByPeer);
        assert_eq!(pair.end(DIALER), ConnectionEnd::ClosedLocally);
        for node in &pair.nodes {
            assert_eq!(node.endpoint.counters().connections, 0);
            assert_eq!(node.endpoint.connections.len(), 0);
        }
    }
}

#[test]
fn who_is_not_who_was_dialed_is_told_at_the_right_step() {
    let mut pair = Pair::new();
    let good = pair.target();
    let wrong = Fingerprint::from_bytes([9; 32]);
    let target = good.clone().with_certhash(wrong);
    pair.nodes[DIALER].endpoint.dial(Timestamp::ZERO, target).expect("it can be dialed");
    assert_eq!(pair.end(DIALER).step(), Some(Step::Certhash));

    let mut pair = Pair::new();
    let stranger = Keypair::ed25519_from_seed([77; 32]);
    let stranger = Identity::from(stranger).peer_id();
    let target = Target { peer: Some(stranger), ..good };
    pair.nodes[DIALER].endpoint.dial(Timestamp::ZERO, target).expect("it can be dialed");
    assert_eq!(pair.end(DIALER).step(), Some(Step::PeerId));
}

/// Without a certhash anybody's certificate would do, so whoever stands on the way could answer.
#[test]
fn a_target_without_certhashes_is_not_dialed() {
    let bare = DirectAddr::new(SocketAddr::from(([192, 0, 2, 1], 4000)));
    assert_eq!(Target::new(&bare).err(), Some(DialRefused::NoCerthash));
    let target = Pair::new().target();
    let promised: Vec<_> = target.certhashes().collect();
    assert_eq!(promised, [target.certhashes.first()], "there is always one");
}

/// What a configuration takes as the least is enough: a connection, and a stream on it.
#[test]
fn the_least_limits_are_enough() {
    let mut pair = Pair::with(|config| {
        let limits = &mut config.limits;
        (limits.connections, limits.half_open, limits.handshaking) = (1, 1, 1);
        (limits.checks_per_second, limits.checks_burst, limits.addresses_per_peer) = (1, 1, 1);
        (limits.streams, limits.early_streams, limits.early_stream_bytes) = (1, 0, 0);
        (limits.stream_receive_bytes, limits.connection_receive_bytes) = (16_384, 16_384);
        (limits.stream_send_bytes, limits.receive_window, limits.frame_bytes) = (1, 65_536, 16_388);
        config.validate().expect("these are the least");
    });
    let [dialed, _] = pair.connect(pair.target());
    let ours = pair.nodes[DIALER].endpoint.open_stream(dialed).expect("it is open");
    let mut stream = pair.nodes[DIALER].endpoint.stream(ours).expect("it is there");
    assert_eq!(stream.write(b"hello"), Ok(1));
    stream.finish().expect("it was open");
    let theirs = pair.opened(LISTENER);
    let mut stream = pair.nodes[LISTENER].endpoint.stream(theirs).expect("it is there");
    assert_eq!(stream.write(b"x"), Ok(1));
    stream.finish().expect("it was open");
    assert_eq!(pair.read_to_end(LISTENER, theirs), b"h");
    assert_eq!(pair.read_to_end(DIALER, ours), b"x");
}

/// Acknowledgements alone must set the rest in motion: the application does nothing after its write.
#[test]
fn what_was_written_at_once_arrives_without_another_call() {
    let bytes = vec![5; 4 * 1024 * 1024];
    let mut pair = Pair::with(|config| config.limits.stream_send_bytes = bytes.len());
    let [dialed, _] = pair.connect(pair.target());
    let ours = pair.nodes[DIALER].endpoint.open_stream(dialed).expect("it is open");
    let mut stream = pair.nodes[DIALER].endpoint.stream(ours).expect("it has a handle");
    assert_eq!(stream.write(&bytes), Ok(bytes.len()));
    stream.finish().expect("it was open");
    let theirs = pair.opened(LISTENER);
    assert_eq!(pair.read_to_end(LISTENER, theirs), bytes);
}

/// The listener finds the ClientHello of a dial that was given up and the check of the next one in the
/// same batch: its answer to the former must not come when the client waits for one to the latter.
#[test]
fn a_dial_that_is_given_up_in_its_handshake_does_not_spoil_the_next() {
    let mut pair = Pair::new();
    let target = pair.target();
    let first = pair.nodes[DIALER].endpoint.dial(pair.now, target.clone()).unwrap();
    pair.run(|pair| pair.under_way.iter().any(|packet| is_client_hello(&packet.payload)));
    pair.nodes[DIALER].endpoint.close(pair.now, first);
    let begun = pair.now;
    pair.nodes[DIALER].endpoint.dial(begun, target).unwrap();
    let answered = |packet: &Packet| packet.to == DIALER && packet.at > begun;
    pair.run(|pair| pair.under_way.iter().any(answered));
    // Each datagram by itself: what comes after the answer to the check comes in the handshake.
    for (packet, n) in pair.under_way.iter_mut().zip(1..) {
        packet.at = packet.at + Duration::from_micros(n);
    }
    pair.connected(DIALER);
    assert!(pair.now < begun + Duration::from_secs(1), "no handshake had to be repeated");
}

/// Who nominates when a check comes, as pion does, need not wait for its own timer; and what a check
/// brings forth that anybody can forge stays below three times its size.
#[test]
fn the_first_check_from_an_address_is_answered_and_returned() {
    for version in [Version::V1, Version::V2] {
        let mut pair = Pair::new();
        let secrets = DialSecrets::new(version, &[5; DialSecrets::RANDOM_LEN]);
        let check = check_of(&secrets, Role::Controlling { tie_breaker: 7 });
        let sent = pair.listener_says(1000, &check);
        let classes = |sent: &[Vec<u8>]| -> Vec<_> {
            sent.iter().map(|bytes| Binding::parse(bytes).unwrap().class()).collect()
        };
        assert_eq!(classes(&sent), [Class::Success, Class::Request], "{version}");
        assert!(sent.concat().len() < 3 * check.len());

        let client = secrets.credentials();
        let returned = Binding::parse(&sent[1]).unwrap();
        let username = [client.local.ufrag.as_str(), ":", client.remote.ufrag.as_str()].concat();
        assert_eq!(returned.username(), Some(username.as_bytes()));
        returned.verify_fingerprint().unwrap();
        let key = client.local.password.as_str().as_bytes();
        returned.verify_integrity(key, &RingHmac).expect("it is keyed with the client's password");
        assert!(matches!(returned.role(), Some(Role::Controlled { .. })));
        assert!(!returned.use_candidate(), "who is controlled does not nominate");

        // Its answer is expected, and says nothing.
        let mut answer = [0; SUCCESS_LEN_MAX];
        let (id, addr) = (returned.transaction_id(), pair.nodes[LISTENER].addr);
        let answer = write_binding_success(&mut answer, id, addr, key, &RingHmac).unwrap();
        assert!(pair.listener_says(1000, answer).is_empty());
        assert_eq!(pair.nodes[LISTENER].endpoint.counters().datagrams_dropped, 0);
        assert!(pair.listener_says(1001, answer).is_empty());
        assert_eq!(pair.nodes[LISTENER].endpoint.counters().datagrams_dropped, 1, "of a stranger");

        // The same again is only answered, from another address it is returned once more.
        assert_eq!(classes(&pair.listener_says(1000, &check)), [Class::Success]);
        assert_eq!(classes(&pair.listener_says(1001, &check)), [Class::Success, Class::Request]);
    }
}

/// In v1 both halves of USERNAME are one: what a listener sends to a dial that is over must not become a
/// client here.
#[test]
fn a_check_of_a_listener_is_no_client() {
    for version in [Version::V1, Version::V2] {
        let mut pair = Pair::new();
        let secrets = DialSecrets::new(version, &[5; DialSecrets::RANDOM_LEN]);
        let check = check_of(&secrets, Role::Controlled { tie_breaker: 7 });
        assert!(pair.listener_says(1000, &check).is_empty(), "{version}");
        let counters = pair.nodes[LISTENER].endpoint.counters();
        assert_eq!((counters.half_open, counters.datagrams_dropped), (0, 1), "{version}");
    }
}

/// A check of a client with these secrets.
fn check_of(secrets: &DialSecrets, role: Role) -> Vec<u8> {
    let server = secrets.credentials().remote;
    let client = secrets.credentials().local;
    let request = Request::new(TransactionId([3; 12]), server.ufrag, client.ufrag, 1, role);
    let mut out = [0; REQUEST_LEN_MAX];
    let key = server.password.as_str().as_bytes();
    write_binding_request(&mut out, &request, key, &RingHmac).expect("it fits").to_vec()
}

/// A clock that jumps, as over a sleep of the machine: the dial comes before anybody has looked at the time.
#[test]
fn a_connection_that_died_in_a_jump_of_the_clock_is_not_in_the_way() {
    let mut pair = Pair::new();
    let target = pair.target();
    let id = pair.nodes[DIALER].endpoint.dial(pair.now, target).unwrap();
    assert_eq!(pair.connected(DIALER), id);
    let target = pair.target();
    let again = pair.nodes[DIALER].endpoint.dial(pair.now, target);
    assert_eq!(again, Err(DialRefused::AlreadyConnected(id)));
    pair.now = pair.now + Duration::from_secs(3_600);
    let target = pair.target();
    pair.nodes[DIALER].endpoint.dial(pair.now, target).expect("the old one is dead");
}

/// Its time is a deadline, like any other: nobody else has to come for it to be forgotten.
#[test]
fn a_half_open_peer_goes_when_it_had_its_time() {
    let mut pair = Pair::new();
    let secrets = DialSecrets::new(Version::V2, &[5; DialSecrets::RANDOM_LEN]);
    let check = check_of(&secrets, Role::Controlling { tie_breaker: 7 });
    assert!(!pair.listener_says(1000, &check).is_empty());
    let endpoint = &mut pair.nodes[LISTENER].endpoint;
    let Output::Timeout(Some(deadline)) = endpoint.poll(pair.now) else {
        panic!("it has a deadline")
    };
    assert_eq!(deadline.at, pair.now + endpoint.shared.config.handshake_timeout);
    endpoint.handle_timeout(deadline.at);
    assert_eq!(endpoint.counters().half_open, 0);
    assert!(matches!(endpoint.poll(deadline.at), Output::Timeout(None)));
}
