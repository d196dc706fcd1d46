//! One peer: its phase, its engine, its streams. How it comes up is [`setup`]'s.
//!
//! Datagrams and commands change the connection at once but send nothing; [`Connection::advance`] does
//! all sending and telling, once for a whole batch. It asks the engine what happened, takes what the
//! streams have room for, hands over what they have to send, and lets the engine put datagrams into
//! the outbox, until nothing moves any more.

mod private;
mod setup;

use core::fmt::Display;
use core::net::{IpAddr, SocketAddr};
use std::boxed::Box;
use std::vec::Vec;

use bytes::Bytes;
use tracing::{Span, debug, trace};

use super::allowance::Allowance;
use super::channel_zero::CHANNEL_ZERO;
use super::endpoint::{Stats, StreamStats};
use super::engine::{Engine, Event as EngineEvent};
use super::error::{ConnectionEnd, OpenError, Step};
use super::outbox::Outbox;
use super::output::{ConnectionId, Direction, Event, Port, StreamId, Timeline};
use super::phase::{Authenticating, Open, Phase};
use super::private::Private;
use super::shared::Shared;
use super::streams::Streams;
use super::telemetry::{self, Tally};
use crate::demux::is_client_hello;
use crate::fingerprint::Fingerprint;
use crate::multiaddr::certhashes::Certhashes;
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
    /// The certificate that the peer has shown.
    certificate: Option<Fingerprint>,
    /// Of the peer's changes of address.
    moves: Tally,
    /// What DTLS has to say is not sent, until the peer is heard.
    hushed: bool,
    /// Of a private connection: its signaling, and who is at the other end.
    private: Option<Box<Private>>,
    /// What is told of the connection, its engine and its streams is told inside of it.
    span: Span,
}

impl Connection {
    /// Tells the log that the connection is dropped without a word to anybody.
    pub(super) fn tell_given_up(&self, now: Timestamp, why: &'static str) {
        let _entered = self.span.enter();
        self.tell_end(now, &why);
    }

    /// From now on DTLS, if it is not done, says nothing of its own accord: a dial begins from the address of
    /// its peer, who would take the words that are repeated here for the answer to the new one.
    ///
    /// Whoever forges a check can cause that, so it ends with the peer's next word.
    pub(super) fn hush(&mut self) {
        self.hushed = self.phase.awaited() == Some(Step::Dtls);
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Where the peer is.
    pub(super) fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Whether what DTLS says goes to an address.
    pub(super) fn goes_on_with(&self, remote: SocketAddr) -> bool {
        self.phase.engine().is_some_and(|engine| engine.remote() == Some(remote))
    }

    /// Whether its DTLS handshake, which is under way, was begun with the ClientHello in this datagram.
    pub(super) fn began_with(&self, hello: &[u8]) -> bool {
        self.phase.engine().is_some_and(|engine| engine.began_with(hello))
    }

    /// Every address that the peer may use.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        match self.phase.engine() {
            Some(engine) => engine.addresses(),
            None if self.private.is_some() => Vec::new(),
            None => Vec::from([self.remote]),
        }
    }

    /// Whether the peer sends to a port of ours.
    pub(super) fn uses(&self, port: Port) -> bool {
        match &self.phase {
            Phase::Racing(race) => race.uses(port),
            Phase::Checking(_) => port == Port::Main,
            phase => phase.engine().is_some_and(|engine| engine.port() == port),
        }
    }

    /// Whether the peer's certificate is one of these.
    pub(super) fn has_shown_one_of(&self, certhashes: &Certhashes) -> bool {
        certhashes.iter().any(|certhash| Some(certhash) == self.certificate)
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
            rtt_min: engine.and_then(Engine::rtt_min),
            bytes_sent: wire.bytes_sent,
            bytes_received: wire.bytes_received,
            datagrams_sent: wire.datagrams_sent,
            datagrams_received: wire.datagrams_received,
            retransmits: engine.map_or(0, Engine::retransmits),
            send_buffered: engine.map_or(0, Engine::unacknowledged) + self.streams.unsent(),
            receive_buffered: self.streams.unread(),
            streams: self.streams.len(),
        }
    }

    /// Numbers of a stream; `None` if there is no such any more.
    pub(super) fn stream_stats(&self, id: StreamId) -> Option<StreamStats> {
        let mut stats = self.streams.stats(id)?;
        if let Some(engine) = self.phase.engine()
            && self.streams.has_channel(id)
        {
            stats.send_buffered += engine.unacknowledged_on(id.channel);
        }
        Some(stats)
    }

    /// Whether a read has made room for more to be taken from the peer.
    pub(super) fn wants_to_take(&self) -> bool {
        matches!(&self.phase, Phase::Open(open) if open.stalled && !self.streams.is_full())
    }

    // ── from the network ──

    /// A STUN message that the endpoint did not answer itself; says whether it belongs here.
    pub(super) fn handle_stun(&mut self, now: Timestamp, remote: SocketAddr, stun: &[u8]) -> bool {
        let _entered = self.span.enter();
        match &mut self.phase {
            Phase::Racing(race) => race.handle_stun(now, remote, stun),
            Phase::Checking(checking) => checking.agent.handle_stun(now, remote, stun),
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
        let _entered = self.span.enter();
        if let Some(engine) = self.phase.engine_mut() {
            engine.on_check(now, local, remote, use_candidate);
        }
    }

    /// What may be sent to an address of a peer that dialed us.
    pub(super) fn allowance_mut(&mut self, remote: SocketAddr) -> Option<&mut Allowance> {
        self.phase.engine_mut()?.allowance_mut(remote)
    }

    /// The peer has proven to be at an address.
    pub(super) fn prove(&mut self, remote: SocketAddr) {
        if let Some(engine) = self.phase.engine_mut() {
            engine.prove(remote);
        }
    }

    /// Whether what we send goes to an address that the peer has proven to be at.
    pub(super) fn is_proven(&self) -> bool {
        self.phase.engine().is_some_and(Engine::is_proven)
    }

    /// A DTLS datagram from an address of the peer.
    pub(super) fn handle_dtls(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        datagram: &[u8],
        shared: &mut Shared,
    ) {
        let _entered = self.span.clone().entered();
        self.hushed = false;
        self.run_checks(now, is_client_hello(datagram), shared);
        if let Some(engine) = self.phase.engine_mut() {
            engine.handle_dtls(now, local, remote, datagram);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, shared: &mut Shared) {
        let _entered = self.span.clone().entered();
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
            Phase::Checking(checking) => checking.agent.handle_timeout(now),
            phase => {
                if let Some(engine) = phase.engine_mut() {
                    engine.handle_timeout(now);
                }
            }
        }
        if let Some(private) = &mut self.private {
            private.signaling.handle_timeout(now);
        }
        self.streams.handle_timeout(now, &mut shared.events);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`advance`](Self::advance).
    pub(super) fn deadline(&self, shared: &Shared) -> Option<Deadline> {
        let at = |at, why| Some(Deadline { at, why });
        let of_phase = match &self.phase {
            Phase::Racing(race) => race.deadline(),
            Phase::Checking(checking) => {
                let begins = checking.begins_at.map(|at| Deadline { at, why: "DTLS begins" });
                Deadline::earliest(begins, checking.agent.deadline())
            }
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
        let of_signaling = self.private.as_ref().and_then(|private| private.signaling.deadline());
        [of_phase, of_life, of_engine, of_signaling, self.streams.deadline()]
            .into_iter()
            .fold(None, Deadline::earliest)
    }

    // ── from the application ──

    pub(super) fn open_stream(&mut self) -> Result<StreamId, OpenError> {
        let _entered = self.span.enter();
        match self.phase {
            Phase::Open(_) => self.streams.open(),
            Phase::Over => Err(OpenError::Closed),
            _ => Err(OpenError::NotConnected),
        }
    }

    /// Ends the connection from our side, telling the peer.
    pub(super) fn end(&mut self, now: Timestamp, end: ConnectionEnd, shared: &mut Shared) {
        let told =
            self.is_open() || self.direction == Direction::Outbound || self.private.is_some();
        let mut phase = core::mem::replace(&mut self.phase, Phase::Over);
        if matches!(phase, Phase::Over) {
            return;
        }
        let _entered = self.span.clone().entered();
        self.tell_end(now, &end);
        let mut unsaid = Outbox::default();
        if let Some(engine) = phase.engine_mut() {
            engine.close(now);
            engine.flush(now, if self.hushed { &mut unsaid } else { &mut shared.outbox });
        }
        self.streams.on_connection_closed(now);
        if told {
            shared.events.push_back(Event::Closed { id: self.id, end, timeline: self.timeline });
        }
    }

    // ── one pass ──

    /// Does everything that is to be done, until nothing moves any more.
    pub(super) fn advance(&mut self, now: Timestamp, shared: &mut Shared) {
        let _entered = self.span.clone().entered();
        self.run(now, shared);
        let mut unsaid = Outbox::default();
        loop {
            self.take(now, shared);
            self.send(now, shared);
            let Some(engine) = self.phase.engine_mut() else { return };
            engine.flush(now, if self.hushed { &mut unsaid } else { &mut shared.outbox });
            // Flushing can bring news: what it sent may have ended the connection or freed a channel.
            let Some(event) = engine.poll_event() else { break };
            self.on_engine_event(now, event, shared);
        }
        self.run_signaling(now, shared);
    }

    /// Whether it is to be advanced again, once what it has queued is sent.
    pub(super) fn has_more(&self) -> bool {
        self.phase.engine().is_some_and(Engine::has_more)
    }

    /// Goes on with what comes before there is an engine.
    pub(super) fn run(&mut self, now: Timestamp, shared: &mut Shared) {
        self.run_race(now, shared);
        if self.private.is_some() {
            self.run_signaling(now, shared);
            self.run_checks(now, false, shared);
        }
    }

    fn on_engine_event(&mut self, now: Timestamp, event: EngineEvent, shared: &mut Shared) {
        match event {
            EngineEvent::Secured { remote, dtls12, webrtc_rs } => {
                self.on_secured(now, remote, dtls12);
                if webrtc_rs {
                    self.streams.hold_flags();
                }
            }
            EngineEvent::Associated { as_server, dtls12 } => {
                self.on_associated(now, as_server && dtls12, shared);
            }
            EngineEvent::ChannelOpened { channel, label } => {
                if !self.is_init_opened(channel, &label) {
                    self.on_opened(now, channel, shared);
                }
            }
            EngineEvent::ChannelClosed(channel) if self.is_init(channel) => self.on_init_closed(),
            EngineEvent::ChannelClosed(channel) => {
                self.streams.on_channel_closed(now, channel, &mut shared.events);
            }
            EngineEvent::Moved(remote) => {
                self.move_to(now, remote);
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
            EngineEvent::Key(line) => {
                shared.events.push_back(Event::KeyLog { id: self.id, line });
            }
            EngineEvent::ChannelFree(channel) => self.streams.on_channel_free(channel),
        }
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
            trace!(target: telemetry::CONNECTION, "the application has read, the window opens");
        }
        if !open.stalled && self.streams.is_full() {
            open.stalled = true;
            trace!(target: telemetry::CONNECTION, "the application does not read, the window closes");
        }
        !open.stalled
    }

    fn on_opened(&mut self, now: Timestamp, channel: u16, shared: &mut Shared) {
        self.end_quiet();
        let Some(engine) = self.phase.engine_mut() else { return };
        if !self.streams.on_opened(now, channel, engine, &mut shared.events) {
            let step = self.phase.awaited().unwrap_or(Step::Sctp);
            let cause = "the peer opened too many channels".into();
            self.end(now, ConnectionEnd::Failed { step, cause }, shared);
        }
    }

    fn on_message(&mut self, now: Timestamp, channel: u16, message: &Bytes, shared: &mut Shared) {
        if channel == CHANNEL_ZERO && self.private.is_none() {
            return self.on_noise(now, message, shared);
        }
        if self.is_init(channel) {
            return;
        }
        self.end_quiet();
        self.streams.on_message(now, channel, message, &mut shared.events);
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
            Phase::Racing(_) | Phase::Checking(_) | Phase::Securing(_) | Phase::Over => {}
        }
    }

    // ── helpers ──

    /// The peer has sent something on a stream, so it has authenticated us.
    fn end_quiet(&mut self) {
        if let Phase::Open(open) = &mut self.phase {
            open.quiet_until = None;
        }
    }

    /// The peer is, or turned out to be, at another address.
    fn move_to(&mut self, now: Timestamp, remote: SocketAddr) {
        let from = core::mem::replace(&mut self.remote, remote);
        if from == remote {
            return;
        }
        // A peer may move with every datagram.
        if let Some(times) = self.moves.count(now) {
            debug!(target: telemetry::CONNECTION, %from, to = %remote, times, "moved");
        } else {
            trace!(target: telemetry::CONNECTION, %from, to = %remote, "moved");
        }
    }

    /// Tells the log how the connection ended.
    ///
    /// A peer that has not come through DTLS may be nobody, with an address that somebody forged: as many
    /// of them as datagrams can be made to come.
    fn tell_end(&self, now: Timestamp, end: &impl Display) {
        let after = now.saturating_since(self.started);
        let is_ours = self.direction == Direction::Outbound || self.private.is_some();
        if is_ours || self.timeline.done(Step::Dtls).is_some() {
            debug!(target: telemetry::CONNECTION, %end, ?after, "closed");
        } else {
            trace!(target: telemetry::CONNECTION, %end, ?after, "closed");
        }
    }

    fn idle_at(&self, shared: &Shared) -> Option<Timestamp> {
        let engine = self.phase.engine()?;
        self.is_open().then(|| engine.last_heard() + shared.config.idle_timeout)
    }
}
