//! `str0m` as a webrtc-direct peer: the second opinion.
//!
//! Everything above ICE, DTLS and SCTP is written here once more, from the specification and not from
//! floe: the meaning of credentials, Noise, framing, the flags of a stream. Where floe and this peer
//! understand each other, both read the specification alike. It answers by rule (its [`Manner`]) and
//! does by hand what a test tells it; it is no model of a good implementation: its streams buffer
//! without bound.
//!
//! Time is virtual, but `str0m` rolls its own dice: contents differ from run to run, while the number
//! of datagrams and their times hardly do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::Epoch;
use floe_core::time::Timestamp;
use ring::digest::{SHA256, digest};
use str0m::config::DtlsCert;
pub use str0m::config::DtlsVersion;

use crate::net::Packet;
use crate::node::Node;
use crate::rng::Rng;

mod channel;
mod credentials;
pub(crate) mod frames;
pub(crate) mod noise;
mod session;

pub use channel::Channel;
pub use frames::{Cut, Flag};
pub use session::{ChannelId, Session};

use credentials::Credentials;
use noise::Identity;
use session::{Role, Setup};

/// How a peer behaves where it has a choice.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Sends back what comes in, and FIN after FIN.
    pub echo: bool,
    /// Answers FIN with FIN_ACK.
    pub acknowledge: bool,
    /// How frames are cut into messages.
    pub cut: Cut,
    /// As listener, sends checks of its own, as most implementations do though the specification wants
    /// ICE-lite.
    pub full_ice: bool,
    /// Which DTLS is spoken.
    pub dtls: DtlsVersion,
    /// Opens so many channels, each with something to say, before anybody is authenticated.
    pub early: Vec<Vec<u8>>,
    /// Names a certificate in its Noise prologue that is not the one in DTLS, as a middleman would.
    pub lies: bool,
    /// Stops after this step of the set-up.
    pub silent_after: Option<SilentAfter>,
}

/// A step of the set-up after which a peer says nothing more of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilentAfter {
    /// SCTP is up; no Noise message is sent.
    Sctp,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            echo: true,
            acknowledge: true,
            cut: Cut::Whole,
            full_ice: false,
            dtls: DtlsVersion::Auto,
            early: Vec::new(),
            lies: false,
            silent_after: None,
        }
    }
}

/// `str0m` at an address: a listener with any number of sessions, or a dialer with one.
#[derive(Debug)]
pub struct Str0mPeer {
    /// How it behaves from the next session on.
    pub manner: Manner,
    addr: SocketAddr,
    epoch: Epoch,
    certificate: DtlsCert,
    identity: Rc<Identity>,
    rng: Rng,
    target: Option<(DirectAddr, Version)>,
    sessions: BTreeMap<SocketAddr, Session>,
}

impl Str0mPeer {
    /// A peer that waits to be dialed.
    pub fn listener(seed: u64, addr: SocketAddr, epoch: Epoch) -> Self {
        Self::new(seed, addr, epoch, None)
    }

    /// A peer that dials `target` as soon as it is stepped.
    pub fn dialer(
        seed: u64,
        addr: SocketAddr,
        epoch: Epoch,
        target: DirectAddr,
        version: Version,
    ) -> Self {
        Self::new(seed, addr, epoch, Some((target, version)))
    }

    fn new(
        seed: u64,
        addr: SocketAddr,
        epoch: Epoch,
        target: Option<(DirectAddr, Version)>,
    ) -> Self {
        let mut rng = Rng::new(seed);
        let provider = str0m::crypto::from_feature_flags().dtls_provider;
        let certificate = provider.generate_certificate().expect("the provider makes certificates");
        Self {
            manner: Manner::default(),
            addr,
            epoch,
            certificate,
            identity: Rc::new(Identity::new(&rng.seed())),
            rng,
            target,
            sessions: BTreeMap::new(),
        }
    }

    /// The address to dial it at.
    pub fn address(&self) -> DirectAddr {
        let address = DirectAddr::new(self.addr).with_peer(self.peer_id());
        address.with_certhash(Fingerprint::from_bytes(self.fingerprint()))
    }

    /// Who it is.
    pub fn peer_id(&self) -> PeerId {
        self.identity.peer_id()
    }

    /// Its sessions, by the address of the peer.
    pub fn sessions(&mut self) -> &mut BTreeMap<SocketAddr, Session> {
        &mut self.sessions
    }

    /// Its only session, if there is one.
    ///
    /// # Panics
    /// If there are several.
    pub fn session(&mut self) -> Option<&mut Session> {
        assert!(self.sessions.len() < 2, "the peer has several sessions");
        self.sessions.values_mut().next()
    }

    /// Its only session, if the peer has proven who it is.
    pub fn authenticated(&mut self) -> Option<PeerId> {
        self.session()?.peer()
    }

    fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.certificate.certificate)
    }

    fn setup(&self, now: Timestamp, remote: SocketAddr, role: Role, ice: Credentials) -> Setup<'_> {
        Setup {
            now: self.epoch.instant(now),
            local: self.addr,
            remote,
            role,
            ice,
            certificate: &self.certificate,
            fingerprint: self.fingerprint(),
            identity: self.identity.clone(),
            manner: &self.manner,
        }
    }

    /// Starts the dial, once.
    fn dial(&mut self, now: Timestamp) {
        let Some((target, version)) = self.target.take() else { return };
        let remote = target.socket_addr();
        let certhash = *target.certhash().expect("a dialer needs a certhash").as_bytes();
        let ice = Credentials::of_dialer(version, &mut self.rng);
        let session = Session::new(self.setup(now, remote, Role::Dialer { certhash }, ice));
        self.sessions.insert(remote, session);
    }
}

impl Node for Str0mPeer {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        let at = self.epoch.instant(now);
        if !self.sessions.contains_key(&packet.source) {
            let Some(ice) = Credentials::of_listener(&packet.payload) else { return };
            let session = Session::new(self.setup(now, packet.source, Role::Listener, ice));
            self.sessions.insert(packet.source, session);
        }
        let session = self.sessions.get_mut(&packet.source).expect("it was just inserted");
        session.handle_packet(at, packet);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        let at = self.epoch.instant(now);
        for session in self.sessions.values_mut() {
            session.handle_timeout(at);
        }
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        self.dial(now);
        let at = self.epoch.instant(now);
        let epoch = self.epoch;
        let timeouts = self.sessions.values_mut().filter_map(|session| session.drain(at, send));
        timeouts.map(|at| epoch.timestamp(at)).min()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
