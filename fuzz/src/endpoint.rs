//! A listener and whatever comes in: no panic, limits kept, little said towards who proves nothing.
//!
//! Random datagrams die at admission, so most steps are checks that hold: of either version, from a
//! few addresses, for a few sessions, whole or with one bit changed. Beside them stand clients that speak
//! DTLS, whose datagrams come late, twice, altered, from elsewhere or not at all. Time is virtual.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use floe_core::ice::stun::{REQUEST_LEN_MAX, Request, Role, TransactionId, write_binding_request};
use floe_core::ice::{DialSecrets, Version};
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, DtlsVersions, Identity, Limits};
use floe_core::time::Timestamp;
use floe_tests::entropy;
use floe_tests::net::Packet;
use floe_tests::node::Node as _;
use floe_tests::rude_peer::{Rude, RudePeer, Step};

use crate::hmac::Ring;
use crate::input::{Input, flip};
use crate::node::{Node, Sent};

/// Steps: a check, a client's next datagram, a ClientHello, any datagram, or time; until the bytes or the
/// steps run out.
pub fn endpoint(data: &[u8]) {
    entropy::seeded(0, || play(&mut Input::new(data)));
}

fn play(input: &mut Input<'_>) {
    let mut listener = Listener::new();
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        match op % 8 {
            0 | 1 => listener.check(op, input),
            2 => listener.client(op, input),
            3 => listener.client_hello(op, input),
            4 => listener.again(op, input),
            5 => {
                let from = input.peer_addr();
                let len = usize::from(input.byte());
                listener.take(from, input.take(len));
            }
            6 => {
                // A record behind a header that looks like DTLS.
                let (from, kind, len) = (input.peer_addr(), input.byte(), input.byte());
                let body = input.take(usize::from(len));
                let head = [20 + kind % 44, 0xfe, 0xfd, 0, kind >> 6, 0, 0, 0, 0, 0, 0, 0];
                listener.take(from, &[&head[..], &[body.len() as u8], body].concat());
            }
            _ => listener.wait(Duration::from_millis(1 << (input.byte() % 16))),
        }
    }
    // Of clients that stop in the middle, nobody ever hears.
    assert!(listener.node.events.is_empty(), "{:?}", listener.node.events);
    listener.node.fall_silent();
}

struct Listener {
    node: Node,
    clients: BTreeMap<u8, RudePeer>,
    traffic: BTreeMap<SocketAddr, Traffic>,
    /// Addresses from which an answer came, or the end of a handshake.
    proven: BTreeSet<SocketAddr>,
    /// What came, for repetition.
    history: Vec<Vec<u8>>,
}

/// Bytes received from an address, and sent to it.
#[derive(Default)]
struct Traffic {
    received: usize,
    sent: usize,
}

impl Listener {
    fn new() -> Self {
        Self {
            node: Node::new(config(), 3),
            clients: BTreeMap::new(),
            traffic: BTreeMap::new(),
            proven: BTreeSet::new(),
            history: Vec::new(),
        }
    }

    /// A check of one of a few sessions, in one of sixteen cases with one bit changed.
    fn check(&mut self, op: u8, input: &mut Input<'_>) {
        let (from, session) = (input.peer_addr(), input.byte());
        let version = if session & 1 == 0 { Version::V1 } else { Version::V2 };
        let secrets = DialSecrets::new(version, &[session >> 1 & 15; DialSecrets::RANDOM_LEN]);
        let credentials = secrets.credentials();
        let request = Request::new(
            TransactionId([op; 12]),
            credentials.remote.ufrag,
            credentials.local.ufrag,
            1,
            Role::Controlling { tie_breaker: 1 },
        )
        .with_use_candidate(op & 0x80 != 0);
        let key = credentials.remote.password.as_str().as_bytes();
        let mut out = [0; REQUEST_LEN_MAX];
        let check = write_binding_request(&mut out, &request, key, &Ring);
        let mut check = check.expect("the length suffices").to_vec();
        if op >> 3 & 15 == 0 {
            flip(&mut check, input.u16());
            let dropped = self.node.endpoint.counters().datagrams_dropped;
            self.take(from, &check);
            // With another first byte it may pass for a DTLS record, which DTLS drops.
            let is_dropped = self.node.endpoint.counters().datagrams_dropped == dropped + 1;
            assert!(is_dropped || check[0] != 0, "an altered check was taken: {check:02x?}");
        } else {
            self.take(from, &check);
        }
    }

    /// The next datagram of one of four clients: as it is, or lost, altered, twice, or from another address.
    fn client(&mut self, op: u8, input: &mut Input<'_>) {
        let number = op >> 3 & 3;
        let choice = input.byte();
        let now = self.node.now;
        let client = self.clients.entry(number).or_insert_with(|| client(number, choice, now));
        let addr = client.addr();
        // Who has nothing to say checks once more, at the next step.
        let Some(mut datagram) = client.take_next() else { return client.check() };
        match op >> 5 {
            0 => return,
            1 => flip(&mut datagram, input.u16()),
            2 => self.take(addr, &datagram),
            3 => return self.take(input.peer_addr(), &datagram),
            _ => {}
        }
        self.take(addr, &datagram);
    }

    /// Half of a recorded ClientHello, often with one bit changed, sometimes with its end cut off.
    fn client_hello(&mut self, op: u8, input: &mut Input<'_>) {
        let from = input.peer_addr();
        let mut hello = CLIENT_HELLO[usize::from(op >> 6 & 1)].to_vec();
        if op & 0x10 != 0 {
            flip(&mut hello, input.u16());
        }
        if op & 0x20 != 0 {
            hello.truncate(usize::from(input.u16()) % hello.len());
        }
        self.take(from, &hello);
    }

    /// Something that came before, once more and perhaps from elsewhere.
    fn again(&mut self, op: u8, input: &mut Input<'_>) {
        let (from, index) = (input.peer_addr(), usize::from(input.byte()));
        let Some(datagram) = self.history.get(index % self.history.len().max(1)) else { return };
        let mut datagram = datagram.clone();
        if op & 0x10 != 0 {
            flip(&mut datagram, input.u16());
        }
        self.take(from, &datagram);
    }

    fn take(&mut self, remote: SocketAddr, payload: &[u8]) {
        if self.history.len() < HISTORY_MAX {
            self.history.push(payload.to_vec());
        }
        self.traffic.entry(remote).or_default().received += payload.len();
        // It has the transaction of the check that it answers, which nobody could guess.
        if payload.first_chunk() == Some(&[1, 1]) {
            self.proven.insert(remote);
        }
        self.node.put(remote, payload);
        self.carry();
    }

    /// What the listener sends reaches those who are there.
    fn carry(&mut self) {
        for Sent { to: destination, payload, .. } in self.node.sent.drain(..) {
            self.traffic.entry(destination).or_default().sent += payload.len();
            let at = self.clients.values_mut().filter(|client| client.addr() == destination);
            for client in at {
                let packet = Packet { source: LISTENER, destination, payload: payload.clone() };
                client.handle_packet(self.node.now, &packet);
                if client.reached() >= Step::Secured {
                    self.proven.insert(destination);
                }
            }
        }
        for (addr, Traffic { received, sent }) in &self.traffic {
            let is_little = *sent < 3 * received || *sent == 0;
            assert!(
                is_little || self.proven.contains(addr),
                "{addr} sent {received} bytes and got {sent}"
            );
        }
    }

    /// Time passes, and every deadline on the way is served.
    fn wait(&mut self, duration: Duration) {
        self.node.wait(duration);
        self.carry();
        for client in self.clients.values_mut().filter(|client| client.is_due(self.node.now)) {
            client.handle_timeout(self.node.now);
        }
    }
}

/// A client that comes to one of four addresses, and stops before it could say who it is.
fn client(number: u8, choice: u8, now: Timestamp) -> RudePeer {
    let addr = Input::new(&[number]).peer_addr();
    let fingerprint = *config().certificate.fingerprint().as_bytes();
    let mut rude = Rude::new(number.into(), addr, (LISTENER, fingerprint));
    rude.dtls = [DtlsVersions::V12, DtlsVersions::V13, DtlsVersions::Auto][usize::from(choice % 3)];
    rude.mtu = if choice & 0x10 == 0 { 1_200 } else { 200 };
    let until = [Step::Hello, Step::Secured, Step::Associated, Step::Associated];
    rude.until = until[usize::from(choice >> 5 & 3)];
    rude.proves = choice & 0x80 == 0;
    RudePeer::new(rude, now, entropy::epoch())
}

/// Limits so low that an input reaches them.
fn config() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let identity = Identity::from(Keypair::ed25519_from_seed([1; 32]));
        let mut config = Config::new(identity, Certificate::generate([2; 32]));
        let mut limits = Limits::default();
        limits.connections = 4;
        limits.half_open = 6;
        limits.handshaking = 3;
        limits.checks_per_second = 4;
        limits.checks_burst = 12;
        limits.addresses_per_peer = 3;
        config.limits = limits;
        Arc::new(config)
    });
    config.clone()
}

const LISTENER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99)), 4001);
/// Chromium's, which takes two datagrams.
const CLIENT_HELLO: [&[u8]; 2] =
    [include_bytes!("endpoint/client_hello_1.bin"), include_bytes!("endpoint/client_hello_2.bin")];
const STEPS_MAX: usize = 200;
const HISTORY_MAX: usize = 256;
