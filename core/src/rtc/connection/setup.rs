//! The set-up of a connection: from the first check to a peer with a name.
//!
//! ```text
//!  dial: a race of versions ─┐
//!                            ├─→ DTLS up ──→ SCTP up ──→ Noise on channel 0 ──→ open
//!  accept: a first DTLS ─────┘   certhash
//! ```
//!
//! Each step takes the phase that it ends apart and makes the next one of it; when the last is done
//! nothing of the set-up is left but its timeline. What it waits for and for how long is the
//! [`Phase`]'s and the connection's to say.
//!
//! Obeys: libp2p webrtc-direct §Connection Establishment.

use core::time::Duration;
use std::boxed::Box;
use std::string::ToString;

use tracing::field::display;
use tracing::{debug, trace};

use super::Connection;
use crate::fingerprint::Fingerprint;
use crate::prologue::prologue;
use crate::rtc::admission::HalfOpen;
use crate::rtc::channel_ids::ChannelIds;
use crate::rtc::channel_zero::{CHANNEL_ZERO, ChannelZero, NoiseFailure};
use crate::rtc::endpoint::Target;
use crate::rtc::engine::{Engine, Expected, Ice, Lite, Params, Role};
use crate::rtc::error::{ConnectionEnd, Step};
use crate::rtc::handshake::{Authenticated, Handshake, HandshakeError, Secrets};
use crate::rtc::output::{ConnectionId, Direction, Established, Event, Port, Timeline};
use crate::rtc::phase::{Authenticating, Open, Phase, Securing};
use crate::rtc::race::Race;
use crate::rtc::shared::Shared;
use crate::rtc::streams::Streams;
use crate::rtc::telemetry::{self, Tally};
use crate::time::Timestamp;

impl Connection {
    /// Starts a dial, from a port.
    pub(in crate::rtc) fn dial(
        now: Timestamp,
        id: ConnectionId,
        target: Target,
        port: Port,
        shared: &mut Shared,
    ) -> Self {
        let due = now + target.timeout.unwrap_or(shared.config.handshake_timeout);
        let remote = target.remote;
        let direction = Direction::Outbound;
        let span = telemetry::connection(id, direction, remote);
        let race = span.in_scope(|| {
            debug!(target: telemetry::CONNECTION, expected = target.peer.map(display), "dialing");
            Race::start(now, target, port, shared)
        });
        Self {
            id,
            direction,
            started: now,
            due,
            timeline: Timeline::default(),
            phase: Phase::Racing(race),
            streams: Streams::new(id, ChannelIds::even(), &shared.config.limits),
            remote,
            certificate: None,
            moves: Tally::default(),
            hushed: false,
            private: None,
            span,
        }
    }

    /// Takes up a half-open peer that has sent its first DTLS.
    pub(in crate::rtc) fn accept(
        now: Timestamp,
        id: ConnectionId,
        peer: &HalfOpen,
        cookie: bool,
        shared: &mut Shared,
    ) -> Self {
        let mut lite = Lite::new(shared.config.limits.addresses_per_peer);
        for source in peer.sources() {
            lite.on_check(source.heard, source.local, source.remote, source.nominated);
            if let Some(allowance) = lite.allowance_mut(source.remote) {
                *allowance = source.allowance;
            }
        }
        let remote = peer.latest();
        let engine =
            build_engine(now, Ice::Lite(lite), Role::Server, Expected::Any, cookie, true, shared);
        let phase = Phase::Securing(Securing {
            engine,
            version: Some(peer.version),
            expected: None,
            fingerprint: None,
        });
        let mut timeline = Timeline::default();
        let after = now.saturating_since(peer.since);
        timeline.mark(Step::Stun, after);
        let direction = Direction::Inbound;
        let span = telemetry::connection(id, direction, remote);
        span.record("version", display(peer.version));
        // Not at debug, as whoever forged a check can forge a ClientHello too.
        trace!(target: telemetry::CONNECTION, parent: &span, ?after, cookie, "DTLS begins");
        Self {
            id,
            direction,
            started: peer.since,
            due: peer.since + shared.config.handshake_timeout,
            timeline,
            phase,
            streams: Streams::new(id, ChannelIds::odd(), &shared.config.limits),
            remote,
            certificate: None,
            moves: Tally::default(),
            hushed: false,
            private: None,
            span,
        }
    }

    pub(super) fn run_race(&mut self, now: Timestamp, shared: &mut Shared) {
        let Phase::Racing(race) = &mut self.phase else { return };
        let winner = race.winner();
        race.flush(shared);
        let Some((version, agent)) = winner else { return };
        let (certhashes, expected) = (Expected::OneOf(race.target.certhashes), race.target.peer);
        self.span.record("version", display(version));
        self.mark(now, Step::Stun);
        let ice = Ice::Full(Box::new(agent));
        let engine = build_engine(now, ice, Role::Client, certhashes, false, true, shared);
        let version = Some(version);
        self.phase = Phase::Securing(Securing { engine, version, expected, fingerprint: None });
    }

    pub(super) fn on_secured(&mut self, now: Timestamp, remote: Fingerprint, dtls12: bool) {
        self.mark(now, Step::Dtls);
        let dtls = if dtls12 { "1.2" } else { "1.3" };
        debug!(target: telemetry::CONNECTION, dtls, certhash = %remote.certhash(), "secured");
        if self.direction == Direction::Outbound || self.private.is_some() {
            self.mark(now, Step::Certhash);
        }
        self.certificate = Some(remote);
        if let Phase::Securing(securing) = &mut self.phase {
            securing.fingerprint = Some(remote);
            // A check can be forged; this is where DTLS came from.
            let remote = securing.engine.remote().unwrap_or(self.remote);
            self.move_to(now, remote);
        }
    }

    pub(super) fn on_associated(&mut self, now: Timestamp, in_a_burst: bool, shared: &mut Shared) {
        let Phase::Securing(securing) = core::mem::replace(&mut self.phase, Phase::Over) else {
            unreachable!("an association comes up once, while the connection is being secured");
        };
        self.streams.allow(securing.engine.peer_channels());
        if self.private.is_some() {
            return self.on_met(now, securing, shared);
        }
        let Securing { engine, version, expected, fingerprint } = securing;
        let remote = fingerprint.expect("SCTP runs inside DTLS, so DTLS was up before");
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

    pub(super) fn on_noise(&mut self, now: Timestamp, message: &[u8], shared: &mut Shared) {
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
        self.span.record("peer", display(peer.peer));
        let after = now.saturating_since(self.started);
        debug!(
            target: telemetry::CONNECTION,
            peer = %peer.peer, version = version.map(display), remote = %self.remote, ?after, "connected"
        );
        shared.events.push_back(Event::Connected { id: self.id, established });
        self.streams.surface(&mut shared.events);
    }

    /// Notes that a step is done.
    pub(super) fn mark(&mut self, now: Timestamp, step: Step) {
        let after = now.saturating_since(self.started);
        debug!(
            target: telemetry::CONNECTION,
            %step, took = ?after.saturating_sub(self.last_step()), ?after, "step done"
        );
        self.timeline.mark(step, after);
    }

    /// When the last step that is done was done, from the start.
    fn last_step(&self) -> Duration {
        let done = Step::ALL.iter().filter_map(|step| self.timeline.done(*step));
        done.max().unwrap_or_default()
    }
}

pub(super) fn build_engine(
    now: Timestamp,
    ice: Ice,
    role: Role,
    expected: Expected,
    cookie: bool,
    has_noise: bool,
    shared: &mut Shared,
) -> Box<Engine> {
    let params = Params {
        role,
        ice,
        dtls: &shared.dtls,
        cookie,
        expected,
        receive_window: shared.config.limits.receive_window,
        receive_window_max: shared.config.limits.receive_window_max,
        unacknowledged_max: shared.config.limits.unacknowledged_bytes,
        patience: shared.config.idle_timeout / QUESTIONS,
        has_noise,
    };
    Box::new(Engine::new(now, shared.epoch, params))
}

/// After this part of the time in which a silent peer is given up, it is asked whether it is there.
const QUESTIONS: u32 = 6;

/// How long a listener keeps quiet after Noise message 3, if nothing comes from the dialer.
///
/// Long enough for message 3 to arrive on most paths; rust-libp2p and litep2p lose channels that
/// overtake it (protocol dossier, "Early streams").
const QUIET: Duration = Duration::from_millis(100);

/// What webrtc-rs needs between COOKIE-ACK and the first message, on a path without delay.
///
/// Measured: 2 ms were enough in 14 of 14 dials; the race is in the peer, so there is room to spare.
const BURST_GAP: Duration = Duration::from_millis(20);
