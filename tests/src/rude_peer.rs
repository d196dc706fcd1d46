//! A peer without manners: it comes as far as it is told, stops there, and sends what it likes.
//!
//! ICE and SCTP are written by hand, so that nothing keeps it from breaking their rules; DTLS and Noise are
//! the real thing, as without keys nobody gets past them. It dials floe, or waits to be dialed; floe sends
//! INIT first, unless it is told to do so itself. What it says beyond that, each test says.

mod rude;
mod sctp;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use dimpl::{Config, Dtls, DtlsCertificate, Output};
use floe_core::fingerprint::Fingerprint;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::{Certificate, Epoch};
use floe_core::time::Timestamp;

pub use self::rude::{Rude, Step};
pub use self::sctp::{Chunk, DATA_BEGIN, DATA_END, DATA_WHOLE, PPID_BINARY, PPID_DCEP, Sctp, Tsn};

use crate::net::Packet;
use crate::node::Node;
use crate::rng::Rng;
use crate::str0m_peer::frames;
use crate::str0m_peer::noise::{Identity, Noise};
use crate::stun;

/// A peer without manners.
pub struct RudePeer {
    rude: Rude,
    epoch: Epoch,
    reached: Step,
    username: String,
    password: String,
    dtls: Option<Dtls>,
    secured: bool,
    deadline: Option<Timestamp>,
    /// What is written by hand.
    pub sctp: Sctp,
    identity: Identity,
    fingerprint: [u8; 32],
    noise: Option<Noise>,
    outbox: VecDeque<Vec<u8>>,
    /// Bytes that came, of everything.
    pub bytes_received: u64,
}

impl RudePeer {
    /// A peer that begins at once.
    pub fn new(rude: Rude, now: Timestamp, epoch: Epoch) -> Self {
        let mut rng = Rng::new(rude.seed ^ 0x5eed);
        let certificate = Certificate::generate(rng.seed());
        let password = format!("{PREFIX}aRudePeersPassword{:016x}", rng.next_u64());
        let dtls = DtlsCertificate {
            certificate: certificate.der().to_vec(),
            private_key: certificate.private_key_der().to_vec(),
        };
        let config = Config::builder().mtu(rude.mtu).build().expect("it can be built");
        let (config, at) = (Arc::new(config), epoch.instant(now));
        let mut dtls = match rude.dtls {
            DtlsVersions::V12 => Dtls::new_12(config, dtls, at),
            DtlsVersions::V13 => Dtls::new_13(config, dtls, at),
            _ => Dtls::new_auto(config, dtls, at),
        };
        dtls.set_active(!rude.listens);
        let mut peer = Self {
            epoch,
            reached: Step::Checked,
            username: format!("{password}:rude"),
            password,
            dtls: Some(dtls),
            secured: false,
            deadline: None,
            sctp: Sctp::new(rng.next_u64() as u32, rude.window),
            identity: Identity::new(&rng.seed()),
            fingerprint: *certificate.fingerprint().as_bytes(),
            noise: None,
            outbox: VecDeque::new(),
            bytes_received: 0,
            rude,
        };
        if !peer.rude.listens {
            peer.check();
        }
        peer
    }

    /// Where it is when it is dialed.
    pub fn address(&self) -> DirectAddr {
        let address = DirectAddr::new(self.rude.addr).with_peer(self.identity.peer_id());
        address.with_certhash(Fingerprint::from_bytes(self.fingerprint))
    }

    /// How far it has come.
    pub fn reached(&self) -> Step {
        self.reached
    }

    /// Checks once more.
    pub fn check(&mut self) {
        let check = stun::check([7; 12], &self.username, &self.password);
        self.outbox.push_back(check);
    }

    /// Its ClientHello, in as many datagrams as it takes.
    pub fn hello(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        self.outbox.clear();
        self.go(Step::Hello);
        let at = self.epoch.instant(now);
        self.with_dtls(|dtls| dtls.handle_timeout(at));
        self.take_outbox()
    }

    /// Puts chunks into a packet of its own, encrypts it and sends it.
    pub fn send(&mut self, chunks: &[Chunk]) {
        let packet = self.sctp.packet(chunks);
        self.send_packet(&packet);
    }

    /// Packs chunks into as few packets as they fit in, and sends those.
    pub fn send_all(&mut self, chunks: impl IntoIterator<Item = Chunk>) {
        let (mut pack, mut len) = (Vec::new(), 0);
        for chunk in chunks {
            if len + chunk.padded_len() > CHUNKS_LEN_MAX && !pack.is_empty() {
                self.send(&std::mem::take(&mut pack));
                len = 0;
            }
            len += chunk.padded_len();
            pack.push(chunk);
        }
        if !pack.is_empty() {
            self.send(&pack);
        }
    }

    /// Says that it ends DTLS (close_notify).
    pub fn hang_up(&mut self) {
        self.with_dtls(Dtls::close);
    }

    /// Whether its timer is due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|at| at <= now)
    }

    /// What is to be sent next.
    pub fn take_next(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// All that is to be sent.
    pub fn take_outbox(&mut self) -> Vec<Vec<u8>> {
        self.outbox.drain(..).collect()
    }

    /// Encrypts any bytes and sends them.
    pub fn send_packet(&mut self, packet: &[u8]) {
        if self.secured {
            self.with_dtls(|dtls| dtls.send_application_data(packet).map(drop));
        }
    }

    fn go(&mut self, step: Step) {
        self.reached = self.reached.max(step);
    }

    fn may(&self, step: Step) -> bool {
        self.rude.until >= step
    }

    fn handle_stun(&mut self, now: Timestamp, datagram: &[u8]) {
        let is_request = datagram[..2] == [0, 1];
        if is_request && self.rude.proves && self.may(Step::Proven) {
            let password = match self.rude.listens {
                // The server's ufrag is its password, too.
                true => stun::username(datagram)
                    .and_then(|username| username.split(|byte| *byte == b':').next())
                    .and_then(|server| str::from_utf8(server).ok())
                    .expect("floe's checks have a USERNAME"),
                false => self.password.strip_prefix(PREFIX).expect("so it was made"),
            };
            let answer = stun::answer(datagram, self.rude.floe.0, password);
            self.outbox.push_back(answer);
            self.go(Step::Proven);
        }
        if !is_request && !self.rude.listens && self.may(Step::Hello) && self.reached < Step::Hello
        {
            self.go(Step::Hello);
            let at = self.epoch.instant(now);
            self.with_dtls(|dtls| dtls.handle_timeout(at));
        }
    }

    fn handle_dtls(&mut self, now: Timestamp, datagram: &[u8]) {
        if !self.may(Step::Secured) {
            return;
        }
        let at = self.epoch.instant(now);
        self.with_dtls(|dtls| {
            dtls.handle_timeout(at)?;
            dtls.handle_packet(datagram)
        });
    }

    fn with_dtls(&mut self, change: impl FnOnce(&mut Dtls) -> Result<(), dimpl::Error>) {
        if let Some(dtls) = &mut self.dtls {
            match change(dtls) {
                Ok(()) => self.drain_dtls(),
                Err(_) => self.dtls = None,
            }
        }
    }

    fn drain_dtls(&mut self) {
        let mut buffer = vec![0; 20_000];
        let mut packets = Vec::new();
        let mut just_secured = false;
        while let Some(dtls) = &mut self.dtls {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => self.outbox.push_back(packet.to_vec()),
                Output::ApplicationData(data) => packets.push(data.to_vec()),
                Output::Connected => {
                    self.secured = true;
                    just_secured = true;
                    self.go(Step::Secured);
                }
                Output::CloseNotify => self.dtls = None,
                Output::Timeout(at) => {
                    self.deadline = Some(self.epoch.timestamp(at));
                    break;
                }
                _ => {}
            }
        }
        if just_secured && self.rude.inits && self.may(Step::Associated) {
            let init = self.sctp.init();
            self.send_packet(&init);
        }
        for packet in packets {
            if self.may(Step::Associated) {
                self.handle_sctp(&packet);
            }
        }
    }

    fn handle_sctp(&mut self, packet: &[u8]) {
        let was_up = self.sctp.is_up();
        let mut answers = self.sctp.handle(packet);
        if self.sctp.is_up() {
            self.go(Step::Associated);
        }
        if self.may(Step::Open) {
            if self.rude.listens && self.sctp.is_up() && !was_up {
                let first = self.noise().begin();
                answers.push(self.noise_packet(&first));
            }
            while let Some(message) = self.sctp.take_zero() {
                answers.extend(self.handle_noise(message));
            }
        }
        for answer in answers {
            self.send_packet(&answer);
        }
    }

    fn handle_noise(&mut self, mut message: Vec<u8>) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        while let Some(Ok((_, payload))) = frames::take(&mut message) {
            let answer = self.noise().handle(&payload).expect("floe's Noise is understood");
            if !answer.is_empty() {
                answers.push(self.noise_packet(&answer));
            }
        }
        if self.noise().peer().is_some() {
            self.go(Step::Open);
        }
        answers
    }

    fn noise(&mut self) -> &mut Noise {
        let Self { rude, identity, fingerprint, noise, .. } = self;
        noise.get_or_insert_with(|| {
            let (client, server) = match rude.listens {
                true => (&rude.floe.1, &*fingerprint),
                false => (&*fingerprint, &rude.floe.1),
            };
            Noise::new(identity, rude.listens, client, server)
        })
    }

    fn noise_packet(&mut self, records: &[u8]) -> Vec<u8> {
        let chunk = self.sctp.data(0, PPID_BINARY, DATA_WHOLE, &frames::data(records));
        self.sctp.packet(&[chunk])
    }
}

impl Node for RudePeer {
    fn addr(&self) -> SocketAddr {
        self.rude.addr
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        self.bytes_received += packet.payload.len() as u64;
        if stun::is_dtls(&packet.payload) {
            self.handle_dtls(now, &packet.payload);
        } else {
            self.handle_stun(now, &packet.payload);
        }
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        if self.deadline.take().is_some() && self.may(Step::Secured) {
            let at = self.epoch.instant(now);
            self.with_dtls(|dtls| dtls.handle_timeout(at));
        }
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        let (source, destination) = (self.rude.addr, self.rude.floe.0);
        for payload in self.outbox.drain(..) {
            send(Packet { source, destination, payload });
        }
        // "Never" is years away.
        let never = now + std::time::Duration::from_secs(3600);
        self.deadline.filter(|at| *at < never && self.rude.until >= Step::Secured && !self.secured)
    }
}

impl fmt::Debug for RudePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RudePeer").field("reached", &self.reached).finish_non_exhaustive()
    }
}

/// Of server ufrags of version 2, which are the server's passwords too.
const PREFIX: &str = "libp2p+webrtc+v2/";
/// Chunks of a packet: 1 200 bytes of UDP, without DTLS and the header of SCTP.
const CHUNKS_LEN_MAX: usize = 1_100;
