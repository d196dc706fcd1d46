//! One peer: its phase, its engine, its streams.
//!
//! Datagrams and commands change the connection at once but send nothing; [`Connection::advance`] does
//! all sending and telling, once for a whole batch. It asks the engine what happened, takes what the
//! streams have room for, hands over what they have to send, and lets the engine put datagrams into
//! the outbox, until nothing moves any more.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::boxed::Box;
use std::string::ToString;
use std::vec::Vec;

use bytes::Bytes;

use super::admission::HalfOpen;
use super::channel_ids::ChannelIds;
use super::channel_zero::{CHANNEL_ZERO, ChannelZero, NoiseFailure};
use super::endpoint::{Stats, Target};
use super::engine::{Engine, Event as EngineEvent, Expected, Ice, Lite, Params, Role};
use super::error::{ConnectionEnd, OpenError, Step};
use super::handshake::{Authenticated, Handshake, HandshakeError, Secrets};
use super::output::{ConnectionId, Direction, Established, Event, Port, StreamId, Timeline};
use super::phase::{Authenticating, Open, Phase, Securing};
use super::race::Race;
use super::shared::Shared;
use super::streams::Streams;
use crate::fingerprint::Fingerprint;
use crate::prologue::prologue;
use crate::time::{Deadline, Timestamp};

/// A connection of an endpoint, in any state but half-open.
#[derive(Debug)]
pub(super) struct Connection {
    id: ConnectionId,
    direction: Direction,
    started: Timestamp,
    /// The set-up must be done by then.
    due: Timestamp,
    timeline: Timeline,
    phase: Phase,
    pub(super) streams: Streams,
    remote: SocketAddr,
}

impl Connection {
    /// Starts a dial.
    pub(super) fn dial(
        now: Timestamp,
        id: ConnectionId,
        target: Target,
        shared: &mut Shared,
    ) -> Self {
        let due = now + target.timeout.unwrap_or(shared.config.handshake_timeout);
        let remote = target.remote;
        let streams = Streams::new(id, ChannelIds::even(), &shared.config.limits);
        let phase = Phase::Racing(Race::start(now, target, shared));
        let timeline = Timeline::default();
        let direction = Direction::Outbound;
        Self { id, direction, started: now, due, timeline, phase, streams, remote }
    }

    /// Takes up a half-open peer that has sent its first DTLS.
    pub(super) fn accept(
        now: Timestamp,
        id: ConnectionId,
        peer: &HalfOpen,
        cookie: bool,
        shared: &mut Shared,
    ) -> Self {
        let mut lite = Lite::new(shared.config.limits.addresses_per_peer);
        for source in peer.sources() {
            lite.on_check(source.heard, source.local, source.remote, source.nominated);
        }
        let remote = peer.latest();
        let engine =
            build_engine(now, Ice::Lite(lite), Role::Server, Expected::Any, cookie, shared);
        let phase = Phase::Securing(Securing {
            engine,
            version: peer.version,
            expected: None,
            fingerprint: None,
        });
        let mut timeline = Timeline::default();
        timeline.mark(Step::Stun, now.saturating_since(peer.since));
        Self {
            id,
            direction: Direction::Inbound,
            started: peer.since,
            due: peer.since + shared.config.handshake_timeout,
            timeline,
            phase,
            streams: Streams::new(id, ChannelIds::odd(), &shared.config.limits),
            remote,
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Where the peer is.
    pub(super) fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Every address that the peer may use.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        match self.phase.engine() {
            Some(engine) => engine.addresses(),
            None => Vec::from([self.remote]),
        }
    }

    /// Whether the peer sends to a port of ours.
    pub(super) fn uses(&self, port: Port) -> bool {
        match &self.phase {
            Phase::Racing(race) => race.uses(port),
            phase => phase.engine().is_some_and(|engine| engine.port() == port),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) fn stats(&self) -> Stats {
        let engine = self.phase.engine();
        let wire = engine.map(Engine::counters).unwrap_or_default();
        Stats {
            rtt: engine.and_then(Engine::rtt),
            bytes_sent: wire.bytes_sent,
            bytes_received: wire.bytes_received,
            unread: self.streams.unread(),
            unsent: engine.map_or(0, Engine::unacknowledged) + self.streams.unsent(),
            streams: self.streams.len(),
        }
    }

    /// Whether a read has made room for more to be taken from the peer.
    pub(super) fn wants_to_take(&self) -> bool {
        matches!(&self.phase, Phase::Open(open) if open.stalled && !self.streams.is_full())
    }

    // ── from the network ──

    /// A STUN message that the endpoint did not answer itself; says whether it belongs here.
    pub(super) fn handle_stun(&mut self, now: Timestamp, remote: SocketAddr, stun: &[u8]) -> bool {
        match &mut self.phase {
            Phase::Racing(race) => race.handle_stun(now, remote, stun),
            phase => phase.engine_mut().is_some_and(|engine| engine.handle_stun(now, remote, stun)),
        }
    }

    /// A check of the peer that the endpoint has verified and answered.
    pub(super) fn on_check(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        use_candidate: bool,
    ) {
        if let Some(engine) = self.phase.engine_mut() {
            engine.on_check(now, local, remote, use_candidate);
        }
    }

    /// A DTLS datagram from an address of the peer.
    pub(super) fn handle_dtls(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        datagram: &[u8],
    ) {
        if let Some(engine) = self.phase.engine_mut() {
            engine.handle_dtls(now, local, remote, datagram);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, shared: &mut Shared) {
        if let Some(step) = self.phase.awaited()
            && self.due <= now
        {
            return self.end(now, ConnectionEnd::HandshakeTimeout(step), shared);
        }
        if self.idle_at(shared).is_some_and(|at| at <= now) {
            return self.end(now, ConnectionEnd::IdleTimeout, shared);
        }
        match &mut self.phase {
            Phase::Racing(race) => race.handle_timeout(now, shared),
            phase => {
                if let Some(engine) = phase.engine_mut() {
                    engine.handle_timeout(now);
                }
            }
        }
        self.streams.handle_timeout(now, &mut shared.events);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`advance`](Self::advance).
    pub(super) fn deadline(&self, shared: &Shared) -> Option<Deadline> {
        let at = |at, why| Some(Deadline { at, why });
        let of_phase = match &self.phase {
            Phase::Racing(race) => race.deadline(),
            Phase::Authenticating(authenticating) => {
                authenticating.zero.start_at.map(|at| Deadline { at, why: "Noise begins" })
            }
            Phase::Open(open) => {
                open.quiet_until.map(|at| Deadline { at, why: "streams may be opened" })
            }
            Phase::Securing(_) | Phase::Over => None,
        };
        let of_life = match self.phase.awaited() {
            Some(_) => at(self.due, "the set-up is due"),
            None => self.idle_at(shared).map(|at| Deadline { at, why: "the peer is silent" }),
        };
        let of_engine = self.phase.engine().and_then(Engine::deadline);
        [of_phase, of_life, of_engine, self.streams.deadline()]
            .into_iter()
            .fold(None, Deadline::earliest)
    }

    // ── from the application ──

    pub(super) fn open_stream(&mut self) -> Result<StreamId, OpenError> {
        match self.phase {
            Phase::Open(_) => self.streams.open(),
            Phase::Over => Err(OpenError::Closed),
            _ => Err(OpenError::NotConnected),
        }
    }

    /// Ends the connection from our side, telling the peer.
    pub(super) fn end(&mut self, now: Timestamp, end: ConnectionEnd, shared: &mut Shared) {
        let told = self.is_open() || self.direction == Direction::Outbound;
        let mut phase = core::mem::replace(&mut self.phase, Phase::Over);
        if matches!(phase, Phase::Over) {
            return;
        }
        tracing::debug!(target: "floe::connection", id = ?self.id, %end, "closed");
        if let Some(engine) = phase.engine_mut() {
            engine.close(now);
            engine.flush(now, &mut shared.outbox);
        }
        self.streams.on_connection_closed(now);
        if told {
            shared.events.push_back(Event::Closed { id: self.id, end, timeline: self.timeline });
        }
    }

    // ── one pass ──

    /// Does everything that is to be done, until nothing moves any more.
    pub(super) fn advance(&mut self, now: Timestamp, shared: &mut Shared) {
        self.run_race(now, shared);
        loop {
            self.take(now, shared);
            self.send(now, shared);
            let Some(engine) = self.phase.engine_mut() else { return };
            engine.flush(now, &mut shared.outbox);
            // Flushing can bring news: what it sent may have ended the connection or freed a channel.
            let Some(event) = engine.poll_event() else { return };
            self.on_engine_event(now, event, shared);
        }
    }

    fn run_race(&mut self, now: Timestamp, shared: &mut Shared) {
        let Phase::Racing(race) = &mut self.phase else { return };
        let winner = race.winner();
        race.flush(shared);
        let Some((version, agent)) = winner else { return };
        let (certhashes, expected) = (Expected::OneOf(race.target.certhashes), race.target.peer);
        self.mark(now, Step::Stun);
        let engine =
            build_engine(now, Ice::Full(Box::new(agent)), Role::Client, certhashes, false, shared);
        self.phase = Phase::Securing(Securing { engine, version, expected, fingerprint: None });
    }

    fn on_engine_event(&mut self, now: Timestamp, event: EngineEvent, shared: &mut Shared) {
        match event {
            EngineEvent::Secured { remote, .. } => self.on_secured(now, remote),
            EngineEvent::Associated { as_server, dtls12 } => {
                self.on_associated(now, as_server && dtls12, shared);
            }
            EngineEvent::ChannelOpened { channel, .. } => self.on_opened(now, channel, shared),
            EngineEvent::ChannelClosed(channel) => {
                self.streams.on_channel_closed(now, channel, &mut shared.events);
            }
            EngineEvent::Moved(remote) => {
                self.remote = remote;
                if self.is_open() {
                    shared.events.push_back(Event::Moved { id: self.id, remote });
                }
            }
            EngineEvent::WrongCerthash { expected, actual } => {
                self.mark(now, Step::Dtls);
                self.end(now, ConnectionEnd::WrongCerthash { expected, actual }, shared);
            }
            EngineEvent::Closed => {
                self.take_the_rest(now, shared);
                let end = match self.phase.awaited() {
                    Some(step) => ConnectionEnd::Failed {
                        step,
                        cause: "the peer closed the connection".into(),
                    },
                    None => ConnectionEnd::ClosedByPeer,
                };
                self.end(now, end, shared);
            }
            EngineEvent::Failed { step, cause } => {
                let cause = cause.into();
                self.end(now, ConnectionEnd::Failed { step, cause }, shared);
            }
            EngineEvent::ChannelFree(channel) => self.streams.on_channel_free(channel),
        }
    }

    fn on_secured(&mut self, now: Timestamp, remote: Fingerprint) {
        self.mark(now, Step::Dtls);
        if self.direction == Direction::Outbound {
            self.mark(now, Step::Certhash);
        }
        if let Phase::Securing(securing) = &mut self.phase {
            securing.fingerprint = Some(remote);
            // A check can be forged; this is where DTLS came from.
            self.remote = securing.engine.remote().unwrap_or(self.remote);
        }
    }

    fn on_associated(&mut self, now: Timestamp, in_a_burst: bool, shared: &mut Shared) {
        let Phase::Securing(securing) = core::mem::replace(&mut self.phase, Phase::Over) else {
            unreachable!("an association comes up once, while the connection is being secured");
        };
        let Securing { engine, version, expected, fingerprint } = securing;
        let remote = fingerprint.expect("SCTP runs inside DTLS, so DTLS was up before");
        self.streams.allow(engine.peer_channels());
        // What leaves in one burst with the COOKIE-ACK reaches webrtc-rs before its channel 0 exists, and
        // is lost there.
        let pause = engine.rtt().unwrap_or_default().max(BURST_GAP);
        let start_at = if in_a_burst { now + pause } else { now };
        self.mark(now, Step::Sctp);
        let local = shared.config.certificate.fingerprint();
        let identity = shared.config.identity.clone();
        let secrets = Secrets::from_seed(shared.entropy.next_block());
        let zero = match self.direction {
            Direction::Inbound => {
                let handshake = Handshake::listener(identity, &prologue(&remote, &local), secrets);
                ChannelZero::new(handshake, Some(start_at))
            }
            Direction::Outbound => {
                let prologue = prologue(&local, &remote);
                ChannelZero::new(Handshake::dialer(identity, expected, &prologue, secrets), None)
            }
        };
        let zero = Box::new(zero);
        self.phase = Phase::Authenticating(Authenticating { engine, version, zero });
    }

    /// Takes what happened and what arrived, the latter as far as there is room for it.
    ///
    /// Events come first, each time: a message never precedes the opening of its channel.
    fn take(&mut self, now: Timestamp, shared: &mut Shared) {
        while let Some(engine) = self.phase.engine_mut() {
            if let Some(event) = engine.poll_event() {
                self.on_engine_event(now, event, shared);
            } else if !self.may_receive(now) {
                return;
            } else if let Some((channel, message)) =
                self.phase.engine_mut().and_then(Engine::receive)
            {
                self.on_message(now, channel, &message, shared);
            } else {
                return;
            }
        }
    }

    /// Takes what arrived before the peer closed: it was acknowledged, so it must not be lost. The
    /// receive window bounds it.
    fn take_the_rest(&mut self, now: Timestamp, shared: &mut Shared) {
        while let Some((channel, message)) = self.phase.engine_mut().and_then(Engine::receive) {
            self.on_message(now, channel, &message, shared);
        }
    }

    /// Whether there is room for what arrives; says so to the peer when there is room again.
    fn may_receive(&mut self, now: Timestamp) -> bool {
        let Phase::Open(open) = &mut self.phase else { return true };
        if open.stalled && !self.streams.is_full() {
            open.stalled = false;
            open.engine.window_update(now);
        }
        open.stalled |= self.streams.is_full();
        !open.stalled
    }

    fn on_opened(&mut self, now: Timestamp, channel: u16, shared: &mut Shared) {
        self.end_quiet();
        let Some(engine) = self.phase.engine_mut() else { return };
        if !self.streams.on_opened(now, channel, engine, &mut shared.events) {
            let cause = "the peer opened too many channels before it was known".into();
            self.end(now, ConnectionEnd::Failed { step: Step::Noise, cause }, shared);
        }
    }

    fn on_message(&mut self, now: Timestamp, channel: u16, message: &Bytes, shared: &mut Shared) {
        if channel == CHANNEL_ZERO {
            return self.on_noise(now, message, shared);
        }
        self.end_quiet();
        self.streams.on_message(now, channel, message, &mut shared.events);
    }

    fn on_noise(&mut self, now: Timestamp, message: &[u8], shared: &mut Shared) {
        let Phase::Authenticating(authenticating) = &mut self.phase else { return };
        match authenticating.zero.on_message(message) {
            Ok(outcome) => {
                for frame in outcome.send {
                    authenticating.engine.send(CHANNEL_ZERO, frame);
                }
                if let Some(authenticated) = outcome.authenticated {
                    self.on_authenticated(now, &authenticated, shared);
                }
            }
            Err(NoiseFailure::Handshake(HandshakeError::WrongPeerId { expected, actual })) => {
                self.mark(now, Step::Noise);
                self.end(now, ConnectionEnd::WrongPeer { expected, actual }, shared);
            }
            Err(error) => {
                let cause = error.to_string().into();
                let failed = ConnectionEnd::Failed { step: Step::Noise, cause };
                self.end(now, failed, shared);
            }
        }
    }

    fn on_authenticated(&mut self, now: Timestamp, peer: &Authenticated, shared: &mut Shared) {
        let phase = core::mem::replace(&mut self.phase, Phase::Over);
        let Phase::Authenticating(Authenticating { engine, version, .. }) = phase else {
            unreachable!("a peer is authenticated once, while it is being authenticated");
        };
        self.mark(now, Step::Noise);
        self.mark(now, Step::PeerId);
        let quiet_until = match self.direction {
            Direction::Inbound => Some(now + QUIET),
            Direction::Outbound => None,
        };
        self.phase = Phase::Open(Open { engine, quiet_until, stalled: false });
        let established = Established {
            peer: peer.peer,
            direction: self.direction,
            version,
            remote: self.remote,
            timeline: self.timeline,
        };
        tracing::debug!(target: "floe::connection", id = ?self.id, peer = %peer.peer, "connected");
        shared.events.push_back(Event::Connected { id: self.id, established });
        self.streams.surface(&mut shared.events);
    }

    fn send(&mut self, now: Timestamp, shared: &mut Shared) {
        match &mut self.phase {
            Phase::Authenticating(Authenticating { engine, zero, .. }) => {
                if let Some(frame) = zero.start(now) {
                    engine.send(CHANNEL_ZERO, frame);
                }
            }
            Phase::Open(Open { engine, quiet_until, .. }) => {
                if quiet_until.is_none_or(|at| at <= now) {
                    *quiet_until = None;
                    engine.refresh();
                    self.streams.send(now, engine, &mut shared.events);
                }
            }
            Phase::Racing(_) | Phase::Securing(_) | Phase::Over => {}
        }
    }

    // ── helpers ──

    /// The peer has sent something on a stream, so it has authenticated us.
    fn end_quiet(&mut self) {
        if let Phase::Open(open) = &mut self.phase {
            open.quiet_until = None;
        }
    }

    fn mark(&mut self, now: Timestamp, step: Step) {
        self.timeline.mark(step, now.saturating_since(self.started));
    }

    fn idle_at(&self, shared: &Shared) -> Option<Timestamp> {
        let engine = self.phase.engine()?;
        self.is_open().then(|| engine.last_heard() + shared.config.idle_timeout)
    }
}

fn build_engine(
    now: Timestamp,
    ice: Ice,
    role: Role,
    expected: Expected,
    cookie: bool,
    shared: &mut Shared,
) -> Box<Engine> {
    let params = Params {
        role,
        ice,
        dtls: &shared.dtls,
        cookie,
        expected,
        receive_window: shared.config.limits.receive_window,
    };
    Box::new(Engine::new(now, shared.epoch, params))
}

/// How long a listener keeps quiet after Noise message 3, if nothing comes from the dialer.
///
/// Long enough for message 3 to arrive on most paths; rust-libp2p and litep2p lose channels that
/// overtake it (protocol dossier, "Early streams").
const QUIET: Duration = Duration::from_millis(100);

/// What webrtc-rs needs between COOKIE-ACK and the first message, on a path without delay.
///
/// Measured: 2 ms were enough in 14 of 14 dials; the race is in the peer, so there is room to spare.
const BURST_GAP: Duration = Duration::from_millis(20);
