//! Dials that are not answered as they should be: by servers that stop in the middle, that are somebody else,
//! or by whoever else hears of it. Nothing is sent to anybody but them, nobody is taken for who was dialed,
//! and each dial comes to its end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, DtlsVersions, Event, Port, Target};
use floe_tests::net::Packet;
use floe_tests::node::Node as _;
use floe_tests::rude_peer::{Rude, RudePeer, Step};
use floe_tests::{entropy, stun};

use crate::input::{Input, flip};
use crate::node::{Node, Sent};

/// Two bytes say whom is dialed and how; then steps until the bytes run out.
pub fn dialer(data: &[u8]) {
    entropy::seeded(2, || play(&mut Input::new(data)));
}

fn play(input: &mut Input<'_>) {
    let mut dialer = Dialer::new();
    for number in 0..2 {
        let choice = input.byte();
        if number == 0 || choice & 0x80 != 0 {
            dialer.dial(number, choice);
        }
    }
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        match op % 8 {
            0..=2 => dialer.server(op, input),
            3 => dialer.answer(op, input),
            4 => dialer.check(op, input),
            5 => {
                let (from, len) = (input.peer_addr(), usize::from(input.byte()));
                dialer.take(op, from, input.take(len));
            }
            6 => dialer.again(op, input),
            _ => dialer.wait(Duration::from_millis(1 << (op / 16))),
        }
    }
    dialer.end();
}

struct Dialer {
    node: Node,
    servers: Vec<RudePeer>,
    /// floe's checks, the last ones at the end.
    checks: Vec<Sent>,
    /// What came, for repetition.
    history: Vec<Vec<u8>>,
}

impl Dialer {
    fn new() -> Self {
        Self {
            node: Node::new(config(), 3),
            servers: Vec::new(),
            checks: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Dials a server of one's choice, which may have another certificate than was promised.
    fn dial(&mut self, number: u8, choice: u8) {
        let addr = Input::new(&[number]).peer_addr();
        let fingerprint = *config().certificate.fingerprint().as_bytes();
        let mut rude = Rude::new(number.into(), addr, (FLOE, fingerprint));
        rude.listens = true;
        rude.inits = choice & 0x40 != 0;
        rude.dtls = [DtlsVersions::V12, DtlsVersions::V13][usize::from(choice & 1)];
        let until = [Step::Checked, Step::Proven, Step::Secured, Step::Associated];
        rude.until = until[usize::from(choice >> 1 & 3)];
        let server = RudePeer::new(rude, self.node.now, entropy::epoch());
        let mut target = Target::new(&server.address()).expect("it has a certhash");
        if choice & 0x08 != 0 {
            target = target.with_certhash(Fingerprint::from_bytes([9; 32]));
        }
        target.version =
            [Some(Version::V2), Some(Version::V1), None][usize::from(choice >> 4 & 3).min(2)];
        self.node.endpoint.dial(self.node.now, target).expect("it can be dialed");
        self.servers.push(server);
        self.node.drain();
        self.carry();
    }

    /// The next datagram of a server: as it is, or lost, altered, twice, or from another address.
    fn server(&mut self, op: u8, input: &mut Input<'_>) {
        let index = usize::from(op >> 3 & 1) % self.servers.len();
        let server = &mut self.servers[index];
        let addr = server.addr();
        let Some(mut datagram) = server.take_next() else { return };
        match op >> 5 {
            0 => return,
            1 => flip(&mut datagram, input.u16()),
            2 => self.take(op, addr, &datagram),
            3 => return self.take(op, input.peer_addr(), &datagram),
            _ => {}
        }
        self.take(op, addr, &datagram);
    }

    /// An answer to one of floe's last checks: good, altered, or an error; from whom it was sent to, or
    /// somebody else.
    fn answer(&mut self, op: u8, input: &mut Input<'_>) {
        let (choice, from) = (input.byte(), input.peer_addr());
        let back = usize::from(choice % 4).min(self.checks.len().saturating_sub(1));
        let Some(check) = self.checks.iter().rev().nth(back) else { return };
        let password = secret(&check.payload);
        let mapped = if choice & 4 == 0 { FLOE } else { from };
        let mut answer = stun::answer(&check.payload, mapped, &password);
        let from = if choice & 8 == 0 { check.to } else { from };
        match choice >> 5 {
            0 => flip(&mut answer, input.u16()),
            // An error response: its class is in two bits of the type.
            1 => answer[..2].copy_from_slice(&[1, 0x11]),
            _ => {}
        }
        self.take(op, from, &answer);
    }

    /// A check of a server's own, as pion and libjuice send them, or of a stranger.
    fn check(&mut self, op: u8, input: &mut Input<'_>) {
        let (choice, from) = (input.byte(), input.peer_addr());
        let Some(last) = self.checks.last() else { return };
        let username = stun::username(&last.payload).expect("floe's checks have a USERNAME");
        let username = String::from_utf8_lossy(username).into_owned();
        let (server, client) = username.split_once(':').expect("it has two halves");
        // In version 2 the client's password is in the server's ufrag.
        let password = server.strip_prefix("libp2p+webrtc+v2/").unwrap_or(client);
        let (username, password) = match choice & 3 {
            0 | 1 => (format!("{client}:{server}"), password),
            2 => (format!("{server}:{client}"), server),
            _ => (format!("{client}:{server}"), server),
        };
        let mut check = stun::check([choice; 12], &username, password);
        let from = if choice & 4 == 0 { last.to } else { from };
        if choice & 0x18 == 0 {
            flip(&mut check, input.u16());
        }
        self.take(op, from, &check);
    }

    /// Something that came before, once more and perhaps from elsewhere, or altered.
    fn again(&mut self, op: u8, input: &mut Input<'_>) {
        let (from, index) = (input.peer_addr(), usize::from(input.byte()));
        let Some(datagram) = self.history.get(index % self.history.len().max(1)) else { return };
        let mut datagram = datagram.clone();
        if op & 0x20 != 0 {
            flip(&mut datagram, input.u16());
        }
        self.take(op, from, &datagram);
    }

    fn take(&mut self, op: u8, from: SocketAddr, datagram: &[u8]) {
        if self.history.len() < HISTORY_MAX {
            self.history.push(datagram.to_vec());
        }
        let port = if op & 0x10 == 0 { Port::Main } else { Port::Fallback };
        let sent = self.node.put_at(port, from, datagram);
        assert!(sent <= REPLY_MAX, "{sent} bytes for {}", datagram.len());
        self.carry();
    }

    /// What floe sends is to whom it dialed, and reaches those who are there.
    fn carry(&mut self) {
        for sent in std::mem::take(&mut self.node.sent) {
            let server = self.servers.iter_mut().find(|server| server.addr() == sent.to);
            let server = server.unwrap_or_else(|| panic!("{} was not dialed", sent.to));
            let (destination, payload) = (sent.to, sent.payload.clone());
            let packet = Packet { source: FLOE, destination, payload };
            server.handle_packet(self.node.now, &packet);
            if sent.payload.first_chunk() == Some(&[0, 1]) {
                self.checks.push(sent);
            }
        }
    }

    fn wait(&mut self, duration: Duration) {
        self.node.wait(duration);
        self.carry();
        for server in self.servers.iter_mut().filter(|server| server.is_due(self.node.now)) {
            server.handle_timeout(self.node.now);
        }
    }

    /// Nobody of them has said who it is, so every dial has failed.
    fn end(mut self) {
        self.node.fall_silent();
        let is_end = |event: &&Event| matches!(event, Event::Closed { .. });
        let ends = self.node.events.iter().filter(is_end).count();
        assert_eq!(ends, self.servers.len(), "{:?}", self.node.events);
        assert_eq!(self.node.events.len(), ends, "{:?}", self.node.events);
    }
}

/// The password that an answer to one of floe's checks is keyed with: the server's ufrag.
fn secret(check: &[u8]) -> String {
    let username = stun::username(check).expect("floe's checks have a USERNAME");
    let server = username.split(|byte| *byte == b':').next().expect("there is a first half");
    String::from_utf8_lossy(server).into_owned()
}

fn config() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let keypair = Keypair::ed25519_from_seed([1; 32]);
        let mut config = Config::new(keypair, Certificate::generate([2; 32]));
        config.accept = false;
        Arc::new(config)
    });
    config.clone()
}

const FLOE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99)), 4001);
const STEPS_MAX: usize = 200;
const HISTORY_MAX: usize = 256;
/// A flight of DTLS, and some checks.
const REPLY_MAX: usize = 16 * 1024;
