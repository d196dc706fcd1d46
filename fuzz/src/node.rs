//! A floe endpoint without a network: what it is given, what it says, and what must hold of every endpoint
//! whatever comes.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use floe_core::rtc::{Config, ConnectionId, Datagram, Endpoint, Event, Limits, Output, Port};
use floe_core::time::Timestamp;
use floe_tests::entropy;

/// An endpoint and its clock.
pub(crate) struct Node {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Timestamp,
    /// What it sends. Whoever carries it takes it from here.
    pub(crate) sent: Vec<Sent>,
    /// What happened, oldest first.
    pub(crate) events: Vec<Event>,
    limits: Limits,
    deadline: Option<Timestamp>,
    connected: BTreeSet<ConnectionId>,
    closed: BTreeSet<ConnectionId>,
}

/// A datagram on its way.
pub(crate) struct Sent {
    pub(crate) to: SocketAddr,
    pub(crate) payload: Vec<u8>,
}

impl Node {
    pub(crate) fn new(config: Arc<Config>, seed: u8) -> Self {
        let limits = config.limits.clone();
        let endpoint = Endpoint::new(config, entropy::epoch(), [seed; 32]).expect("it can work");
        Self {
            endpoint,
            now: Timestamp::from_millis(1_000),
            sent: Vec::new(),
            events: Vec::new(),
            limits,
            deadline: None,
            connected: BTreeSet::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Gives it a datagram; says how many bytes it sends for that.
    pub(crate) fn put(&mut self, from: SocketAddr, payload: &[u8]) -> usize {
        self.put_at(Port::Main, from, payload)
    }

    /// As `put`, at one of its ports.
    pub(crate) fn put_at(&mut self, port: Port, from: SocketAddr, payload: &[u8]) -> usize {
        let datagram = Datagram::new(from, payload).with_port(port);
        self.endpoint.handle_datagram(self.now, datagram);
        self.drain()
    }

    /// Takes what it has to say; says how many bytes it sends.
    pub(crate) fn drain(&mut self) -> usize {
        let before = self.sent.len();
        let is_drained = (0..OUTPUTS_MAX).any(|_| match self.endpoint.poll(self.now) {
            Output::Transmit(transmit) => {
                assert!(!transmit.payload.is_empty() && transmit.segment > 0);
                for datagram in transmit.datagrams() {
                    assert!(datagram.len() <= DATAGRAM_LEN_MAX, "{} bytes", datagram.len());
                    self.sent.push(Sent { to: transmit.remote, payload: datagram.to_vec() });
                }
                false
            }
            Output::Event(event) => {
                note(&mut self.connected, &mut self.closed, &event);
                self.events.push(event);
                false
            }
            Output::Timeout(next) => {
                self.deadline = next.map(|next| next.at);
                true
            }
        });
        assert!(is_drained, "an endpoint that never stops talking");
        self.check();
        self.sent[before..].iter().map(|sent| sent.payload.len()).sum()
    }

    /// When it wants to be woken, if that is not after `until`.
    pub(crate) fn due(&self, until: Timestamp) -> Option<Timestamp> {
        self.deadline.filter(|at| *at <= until)
    }

    /// It is that late now.
    pub(crate) fn wake(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.endpoint.handle_timeout(self.now);
        self.drain();
        let next = self.deadline;
        assert!(next.is_none_or(|at| at > self.now), "{next:?} is due for ever");
    }

    /// Time passes, and nothing comes: what it sends is lost.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        for _ in 0..WAKES_MAX {
            match self.due(until) {
                Some(at) => self.wake(at),
                None => return self.wake(until),
            }
        }
        panic!("a timer spins: {WAKES_MAX} wakes in {duration:?}");
    }

    /// Nobody says anything any more: whatever was begun must come to its end.
    pub(crate) fn fall_silent(&mut self) {
        for _ in 0..2 {
            self.sent.clear();
            self.wait(Duration::from_secs(60));
        }
        let counters = self.endpoint.counters();
        // Half-open peers have no timer: they give way to the next one.
        let all = counters.connections + counters.handshaking;
        assert_eq!(all, 0, "nobody has spoken for two minutes: {counters:?}");
    }

    /// Whether a connection has ended.
    pub(crate) fn has_closed(&self, id: ConnectionId) -> bool {
        self.closed.contains(&id)
    }

    /// How many connections came up, those among them that ended.
    pub(crate) fn connected(&self) -> usize {
        self.connected.len()
    }

    fn check(&self) {
        let (counters, limits) = (self.endpoint.counters(), &self.limits);
        assert!(counters.connections <= limits.connections, "{counters:?}");
        assert!(counters.half_open <= limits.half_open, "{counters:?}");
        assert!(counters.handshaking <= limits.handshaking, "{counters:?}");
        assert!(counters.datagrams_dropped <= counters.datagrams_received, "{counters:?}");
        for id in &self.connected {
            let Some(stats) = self.endpoint.stats(*id) else { continue };
            assert!(stats.streams <= limits.streams, "{stats:?}");
            let received = limits.connection_receive_bytes + MESSAGE_COST_MAX;
            assert!(stats.receive_buffered <= received, "{stats:?}");
            let sent = limits.streams * limits.stream_send_bytes;
            assert!(stats.send_buffered <= sent, "{stats:?}");
        }
    }
}

/// What may be said of a connection: nothing of its streams before it is up, nothing after its end.
fn note(
    connected: &mut BTreeSet<ConnectionId>,
    closed: &mut BTreeSet<ConnectionId>,
    event: &Event,
) {
    let id = match event {
        Event::Connected { id, .. } => {
            assert!(connected.insert(*id), "twice: {event:?}");
            *id
        }
        Event::Closed { id, .. } => {
            assert!(closed.insert(*id), "twice: {event:?}");
            return;
        }
        Event::Moved { id, .. } => *id,
        Event::Opened { id }
        | Event::Readable { id }
        | Event::Writable { id }
        | Event::Finished { id, .. }
        | Event::StreamClosed { id, .. } => id.connection(),
        _ => return,
    };
    assert!(!closed.contains(&id), "after its end: {event:?}");
    assert!(connected.contains(&id), "of nobody known: {event:?}");
}

/// What any path carries.
const DATAGRAM_LEN_MAX: usize = 1_200;
const OUTPUTS_MAX: usize = 10_000;
/// DTLS retransmits and ICE checks come several times a second, from a few connections.
const WAKES_MAX: usize = 10_000;
/// The longest message that SCTP gives us, which is taken whole: half of the receive window. And what comes
/// with it.
const MESSAGE_COST_MAX: usize = 512 * 1024;
