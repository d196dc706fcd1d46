//! A listener and whatever comes in: no panic, limits kept, silence towards what proves nothing.
//!
//! Random datagrams die at admission, so most steps are checks that hold: of either version, from a
//! few addresses, for a few sessions, whole or with one bit changed. Time is virtual.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use floe_core::ice::stun::{REQUEST_LEN_MAX, Request, Role, TransactionId, write_binding_request};
use floe_core::ice::{DialSecrets, Version};
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{
    Certificate, Config, Datagram, Endpoint, Epoch, Event, Identity, Limits, Output,
};
use floe_core::time::Timestamp;

use crate::hmac::Ring;
use crate::input::{Input, flip};

/// Steps: a check, a ClientHello, any datagram, or time; until the bytes or the steps run out.
pub fn endpoint(data: &[u8]) {
    let mut listener = Listener::new();
    let mut input = Input::new(data);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        match op % 8 {
            0..=2 => listener.check(op, &mut input),
            3 | 4 => listener.client_hello(op, &mut input),
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
    listener.wait(Duration::from_secs(60));
    listener.wait(Duration::from_secs(60));
    let counters = listener.endpoint.counters();
    assert_eq!(counters.connections + counters.handshaking, 0, "nobody has spoken for a minute");
}

struct Listener {
    endpoint: Endpoint,
    now: Timestamp,
    traffic: BTreeMap<SocketAddr, Traffic>,
    /// Whether a connection has ever begun.
    has_accepted: bool,
}

/// Bytes received from an address, and sent to it.
#[derive(Default)]
struct Traffic {
    received: usize,
    sent: usize,
}

impl Listener {
    fn new() -> Self {
        static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
        static EPOCH: OnceLock<Epoch> = OnceLock::new();
        let config = CONFIG.get_or_init(|| Arc::new(config()));
        let epoch = EPOCH.get_or_init(|| Epoch::new(Instant::now()));
        let endpoint = Endpoint::new(config.clone(), *epoch, [3; 32]).expect("it can work");
        Self { endpoint, now: Timestamp::ZERO, traffic: BTreeMap::new(), has_accepted: false }
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
            let dropped = self.endpoint.counters().datagrams_dropped;
            self.take(from, &check);
            // With another first byte it may pass for a DTLS record, which DTLS drops.
            let is_dropped = self.endpoint.counters().datagrams_dropped == dropped + 1;
            assert!(is_dropped || check[0] != 0, "an altered check was taken: {check:02x?}");
        } else {
            self.take(from, &check);
        }
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

    fn take(&mut self, remote: SocketAddr, payload: &[u8]) {
        let traffic = self.traffic.entry(remote).or_default();
        traffic.received += payload.len();
        self.endpoint.handle_datagram(self.now, Datagram::new(remote, payload));
        self.drain();
    }

    /// Time passes, and every deadline on the way is served.
    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..WAKES_MAX {
            match self.drain() {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.endpoint.handle_timeout(self.now);
                }
                _ => {
                    self.now = until;
                    self.endpoint.handle_timeout(until);
                    self.drain();
                    return;
                }
            }
        }
        panic!("a timer spins: {WAKES_MAX} wakes in {duration:?}");
    }

    /// Takes what the endpoint has to say, and looks at its limits.
    fn drain(&mut self) -> Option<Timestamp> {
        let mut deadline = None;
        let is_drained = (0..OUTPUTS_MAX).any(|_| match self.endpoint.poll(self.now) {
            Output::Transmit(transmit) => {
                let traffic = self.traffic.entry(transmit.remote).or_default();
                traffic.sent += transmit.payload.len();
                assert!(!transmit.payload.is_empty() && transmit.segment > 0);
                false
            }
            // There is nobody who could prove an identity.
            Output::Event(event @ (Event::Connected { .. } | Event::Opened { .. })) => {
                panic!("{event:?}")
            }
            Output::Event(_) => false,
            Output::Timeout(next) => {
                deadline = next.map(|next| next.at);
                true
            }
        });
        assert!(is_drained, "an endpoint that never stops talking");

        let counters = self.endpoint.counters();
        let limits = limits();
        assert!(counters.connections <= limits.connections, "{counters:?}");
        assert!(counters.half_open <= limits.half_open, "{counters:?}");
        assert!(counters.handshaking <= limits.handshaking, "{counters:?}");
        assert!(counters.datagrams_dropped <= counters.datagrams_received, "{counters:?}");
        // A check moves a connection that has begun, so only strangers are looked at.
        self.has_accepted |= counters.connections > 0;
        for (addr, Traffic { received, sent }) in &self.traffic {
            let is_amplified = !self.has_accepted && *sent > 2 * received;
            assert!(!is_amplified, "{addr} sent {received} bytes and got {sent}");
        }
        deadline
    }
}

/// Limits so low that an input reaches them.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.connections = 4;
    limits.half_open = 6;
    limits.handshaking = 3;
    limits.checks_per_second = 4;
    limits.checks_burst = 12;
    limits.addresses_per_peer = 3;
    limits
}

fn config() -> Config {
    let identity = Identity::from(Keypair::ed25519_from_seed([1; 32]));
    let mut config = Config::new(identity, Certificate::generate([2; 32]));
    config.limits = limits();
    config
}

/// Chromium's, which takes two datagrams.
const CLIENT_HELLO: [&[u8]; 2] =
    [include_bytes!("endpoint/client_hello_1.bin"), include_bytes!("endpoint/client_hello_2.bin")];
const STEPS_MAX: usize = 200;
/// DTLS retransmits and ICE checks come several times a second, from four connections.
const WAKES_MAX: usize = 10_000;
const OUTPUTS_MAX: usize = 10_000;
