//! Who is there: floe, a peer without manners, and a good one if wanted; and the wire between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{
    Certificate, Config, ConnectionId, DtlsVersions, Event, Limits, Read, StreamId, Target,
};
use floe_core::time::Timestamp;
use floe_tests::entropy;
use floe_tests::net::Packet;
use floe_tests::node::Node as _;
use floe_tests::rude_peer::{Rude, RudePeer, Step};

use crate::node::{Node, Sent};

/// How it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup(u8);

impl From<u8> for Setup {
    fn from(choices: u8) -> Self {
        Self(choices)
    }
}

impl Setup {
    fn floe_dials(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether the peer stops before Noise.
    fn is_anonymous(self) -> bool {
        self.0 & 2 != 0
    }

    fn dtls(self) -> DtlsVersions {
        if self.0 & 4 == 0 { DtlsVersions::V12 } else { DtlsVersions::V13 }
    }

    fn peer_inits(self) -> bool {
        self.0 & 8 != 0
    }

    fn has_neighbour(self) -> bool {
        self.0 & 16 != 0
    }

    fn version(self) -> Version {
        if self.0 & 32 == 0 { Version::V2 } else { Version::V1 }
    }
}

/// Who is there.
pub(crate) struct Stage {
    pub(crate) node: Node,
    pub(crate) peer: RudePeer,
    neighbour: Option<Neighbour>,
    streams: Vec<StreamId>,
    /// What the peer said, for repetition.
    history: Vec<Vec<u8>>,
    /// The connection with the peer, if it came up.
    id: Option<ConnectionId>,
}

/// A good peer, whose connection is nobody else's business.
struct Neighbour {
    node: Node,
    at_node: ConnectionId,
    id: ConnectionId,
}

impl Stage {
    pub(crate) fn new(setup: Setup) -> Self {
        let node = Node::new(config(), 3);
        let fingerprint = *config().certificate.fingerprint().as_bytes();
        let mut rude = Rude::new(5, PEER, (FLOE, fingerprint));
        rude.listens = setup.floe_dials();
        rude.dtls = setup.dtls();
        rude.inits = setup.peer_inits();
        rude.until = if setup.is_anonymous() { Step::Associated } else { Step::Open };
        let until = rude.until;
        let peer = RudePeer::new(rude, node.now, entropy::epoch());
        let (streams, history) = (Vec::new(), Vec::new());
        let mut stage = Self { node, peer, neighbour: None, streams, history, id: None };
        if setup.has_neighbour() {
            stage.invite();
        }
        if setup.floe_dials() {
            let target = target(&stage.peer.address(), setup.version());
            stage.node.endpoint.dial(stage.node.now, target).expect("it can be dialed");
            stage.node.drain();
        }
        for _ in 0..100 {
            stage.wait(Duration::from_millis(10));
            if stage.peer.reached() >= until {
                break;
            }
        }
        stage.wait(Duration::from_millis(50));
        assert_eq!(stage.peer.reached(), until, "nobody was rude yet: {setup:?}");
        stage.id = stage.connection_with(PEER);
        assert_eq!(stage.id.is_none(), setup.is_anonymous(), "{setup:?}");
        stage
    }

    /// A good peer dials and comes in.
    fn invite(&mut self) {
        let mut node = Node::new(good(), 4);
        let address = DirectAddr::new(FLOE).with_certhash(config().certificate.fingerprint());
        let target = target(&address, Version::V2);
        let id = node.endpoint.dial(node.now, target).expect("it can be dialed");
        node.drain();
        self.neighbour = Some(Neighbour { node, at_node: id, id });
        for _ in 0..100 {
            self.wait(Duration::from_millis(10));
            if let Some(at_node) = self.connection_with(NEIGHBOUR) {
                self.neighbour.as_mut().expect("it was invited").at_node = at_node;
                return self.wait(Duration::from_millis(10));
            }
        }
        panic!("a good peer did not come in");
    }

    fn connection_with(&self, addr: SocketAddr) -> Option<ConnectionId> {
        self.node.events.iter().find_map(|event| match event {
            Event::Connected { id, established } if established.remote == addr => Some(*id),
            _ => None,
        })
    }

    pub(crate) fn peer_addr(&self) -> SocketAddr {
        PEER
    }

    /// What the peer says through DTLS.
    pub(crate) fn say(&mut self, packet: &[u8]) {
        if !packet.is_empty() {
            self.peer.send_packet(&packet[..packet.len().min(PLAIN_LEN_MAX)]);
        }
        self.carry();
    }

    /// A datagram for floe, from anywhere.
    pub(crate) fn put(&mut self, from: SocketAddr, datagram: &[u8]) {
        if from == PEER && self.history.len() < HISTORY_MAX {
            self.history.push(datagram.to_vec());
        }
        let sent = self.node.put(from, datagram);
        assert!(sent <= REPLY_MAX, "{sent} bytes for {}", datagram.len());
    }

    /// A datagram that the peer has sent.
    pub(crate) fn said(&self, index: usize) -> Option<Vec<u8>> {
        self.history.get(index % self.history.len().max(1)).cloned()
    }

    /// The peer checks, from anywhere.
    pub(crate) fn check_from(&mut self, from: SocketAddr) {
        self.peer.check();
        for datagram in self.peer.take_outbox() {
            self.put(from, &datagram);
        }
        self.carry();
    }

    /// Carries what everybody says, until all are silent.
    pub(crate) fn carry(&mut self) {
        for _ in 0..ROUNDS_MAX {
            for datagram in self.peer.take_outbox() {
                self.put(PEER, &datagram);
            }
            if let Some(neighbour) = &mut self.neighbour {
                for sent in std::mem::take(&mut neighbour.node.sent) {
                    self.node.put(NEIGHBOUR, &sent.payload);
                }
            }
            self.node.drain();
            if self.node.sent.is_empty() {
                return;
            }
            for Sent { to: destination, payload, .. } in std::mem::take(&mut self.node.sent) {
                match &mut self.neighbour {
                    Some(neighbour) if destination == NEIGHBOUR => {
                        _ = neighbour.node.put(FLOE, &payload)
                    }
                    _ => {
                        let packet = Packet { source: FLOE, destination, payload };
                        self.peer.handle_packet(self.node.now, &packet);
                    }
                }
            }
        }
        panic!("{ROUNDS_MAX} rounds without an end");
    }

    /// Time passes for everybody, and every deadline on the way is served.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.node.now + duration;
        self.carry();
        for _ in 0..WAKES_MAX {
            let other = self.neighbour.as_ref().and_then(|it| it.node.due(until));
            let due = [self.node.due(until), other].into_iter().flatten().min();
            self.pass(due.unwrap_or(until));
            if due.is_none() {
                return;
            }
        }
        panic!("a timer spins: {WAKES_MAX} wakes in {duration:?}");
    }

    fn pass(&mut self, now: Timestamp) {
        self.node.wake(now);
        if let Some(neighbour) = &mut self.neighbour {
            neighbour.node.wake(now);
        }
        if self.peer.is_due(now) {
            self.peer.handle_timeout(now);
        }
        self.carry();
    }

    /// The application's turn: it takes note of its streams.
    pub(crate) fn settle(&mut self) {
        self.node.drain();
        self.carry();
        let opened = self.node.events.drain(..).filter_map(|event| match event {
            Event::Opened { id } => Some(id),
            _ => None,
        });
        self.streams.extend(opened);
    }

    /// Opens a stream to the peer, if there is one.
    pub(crate) fn open(&mut self) {
        let opened = self.id.and_then(|id| self.node.endpoint.open_stream(id).ok());
        self.streams.extend(opened);
    }

    /// One of the streams that the application has.
    pub(crate) fn stream(&self, index: u8) -> Option<StreamId> {
        self.streams.get(usize::from(index) % self.streams.len().max(1)).copied()
    }

    /// The application has no such stream any more.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        self.streams.retain(|id| *id != stream);
    }

    /// Closes the connection with the peer.
    pub(crate) fn close(&mut self) {
        if let Some(id) = self.id {
            self.node.endpoint.close(self.node.now, id);
        }
    }

    /// Whatever happened: the neighbour is still heard, and after silence nothing is left.
    pub(crate) fn end(mut self) {
        self.settle();
        if self.neighbour.is_some() {
            self.echo();
        }
        let known = usize::from(self.id.is_some()) + usize::from(self.neighbour.is_some());
        assert_eq!(self.node.connected(), known, "somebody unknown came up");
        self.neighbour = None;
        self.settle();
        for stream in self.streams.drain(..) {
            self.node.endpoint.forget_stream(self.node.now, stream);
        }
        self.node.fall_silent();
        assert!(self.id.is_none_or(|id| self.node.has_closed(id)));
    }

    /// The neighbour says something, and floe says it back.
    fn echo(&mut self) {
        let Neighbour { node, at_node, id } = self.neighbour.as_mut().expect("it was invited");
        assert!(!self.node.has_closed(*at_node), "another connection was ended");
        assert!(!node.has_closed(*id), "another connection was ended");
        let stream = node.endpoint.open_stream(*id).expect("it is open");
        let mut it = node.endpoint.stream(stream).expect("it was just opened");
        assert_eq!(it.write(WORDS), Ok(WORDS.len()));
        node.drain();
        let at_node = *at_node;
        self.wait(Duration::from_millis(500));
        let opened = self.node.events.iter().find_map(|event| match event {
            Event::Opened { id } if id.connection() == at_node => Some(*id),
            _ => None,
        });
        let mut heard = [0; WORDS.len() + 1];
        let mut at_node = self.node.endpoint.stream(opened.expect("it was opened")).expect("it is");
        assert_eq!(at_node.read(&mut heard), Read::Bytes(WORDS.len()));
        assert_eq!(at_node.write(&heard[..WORDS.len()]), Ok(WORDS.len()));
        self.wait(Duration::from_millis(500));
        let node = &mut self.neighbour.as_mut().expect("it was invited").node;
        let mut heard = [0; WORDS.len() + 1];
        let mut it = node.endpoint.stream(stream).expect("nobody ended it");
        assert_eq!(it.read(&mut heard), Read::Bytes(WORDS.len()));
        assert_eq!(heard[..WORDS.len()], *WORDS);
    }
}

fn target(address: &DirectAddr, version: Version) -> Target {
    let mut target = Target::new(address).expect("it has a certhash");
    target.version = Some(version);
    target
}

/// Limits so low that an input reaches them.
fn config() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut limits = Limits::default();
        limits.connections = 4;
        limits.streams = 16;
        limits.early_streams = 4;
        limits.early_stream_bytes = 2_048;
        limits.stream_receive_bytes = 16 * 1024;
        limits.connection_receive_bytes = 32 * 1024;
        limits.stream_send_bytes = 8 * 1024;
        limits.receive_window = 64 * 1024;
        let keypair = Keypair::ed25519_from_seed([1; 32]);
        let mut config = Config::new(keypair, Certificate::generate([2; 32]));
        config.limits = limits;
        Arc::new(config)
    });
    config.clone()
}

fn good() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let keypair = Keypair::ed25519_from_seed([6; 32]);
        Arc::new(Config::new(keypair, Certificate::generate([7; 32])))
    });
    config.clone()
}

const fn host(n: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)), 4000)
}

const FLOE: SocketAddr = host(99);
/// One of those that `Input::peer_addr` leads to.
const PEER: SocketAddr = host(1);
const NEIGHBOUR: SocketAddr = host(77);
const WORDS: &[u8] = b"are you still there?";
const HISTORY_MAX: usize = 256;
/// What DTLS takes at once.
const PLAIN_LEN_MAX: usize = 1_100;
/// One acknowledgement may release all that waits on every stream, some of it for the second time.
const REPLY_MAX: usize = 512 * 1024;
const ROUNDS_MAX: usize = 1_000;
const WAKES_MAX: usize = 10_000;
