//! The set-up of a private connection: from signaling to streams.
//!
//! ```text
//!  signaling ── descriptions ──→ Checking ── a path ──→ DTLS up ──→ SCTP up ──→ open
//!            ── candidates ────→ ICE                    fingerprint  └─ `init` opened, closed ──→ signaling ends
//! ```
//!
//! Signaling goes on beside all of it, and a little longer. Obeys: libp2p webrtc, "WebRTC" (browser-to-browser).

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::boxed::Box;
use std::string::ToString;

use tracing::debug;
use tracing::field::display;

use super::Connection;
use super::setup::build_engine;
use crate::multiaddr::certhashes::Certhashes;
use crate::rtc::channel_ids::ChannelIds;
use crate::rtc::engine::{Expected, Families, Ice, Role, TrickleAgent};
use crate::rtc::error::{ConnectionEnd, Step};
use crate::rtc::output::{ConnectionId, Direction, Established, Event, Timeline};
use crate::rtc::phase::{Checking, Described, Open, Phase, Securing};
use crate::rtc::private::{Heard, LocalSecrets, Meeting, Private, Side};
use crate::rtc::shared::Shared;
use crate::rtc::signaling::{self, Description, Signaling, StreamAction};
use crate::rtc::streams::Streams;
use crate::rtc::telemetry::{self, Tally};
use crate::sdp::{Address, Candidate, SessionDescription, Setup};
use crate::time::Timestamp;

impl Connection {
    /// Begins a meeting.
    pub(in crate::rtc) fn meet(
        now: Timestamp,
        id: ConnectionId,
        meeting: &Meeting,
        hosts: &[SocketAddr],
        shared: &mut Shared,
    ) -> Self {
        let due = now + meeting.timeout.unwrap_or(shared.config.meeting_timeout);
        let direction = match meeting.side {
            Side::Offerer => Direction::Outbound,
            Side::Answerer => Direction::Inbound,
        };
        let span = telemetry::connection(id, direction, "private");
        span.record("peer", display(meeting.peer));
        debug!(target: telemetry::CONNECTION, parent: &span, "meeting");
        let secrets = LocalSecrets::new(&mut shared.entropy);
        let limit = shared.config.limits.candidates_per_peer;
        let mut limits = signaling::Limits::default();
        (limits.timeout, limits.candidates) = (due.saturating_since(now), limit);
        let fingerprint = shared.config.certificate.fingerprint();
        let local = SessionDescription::new(secrets.as_secrets(), fingerprint, Setup::ActPass);
        let is_offerer = meeting.side == Side::Offerer;
        let signaling = match meeting.side {
            Side::Offerer => Signaling::offerer(now, &local, limits),
            Side::Answerer => Signaling::answerer(now, &local, limits),
        };
        let tie_breaker = shared.entropy.next_u64();
        // Addresses that it checks from come on top of those that it names.
        let addresses = limit.saturating_mul(2);
        let agent = TrickleAgent::new(
            shared.epoch,
            &secrets.as_secrets(),
            is_offerer,
            tie_breaker,
            addresses,
            Families::of(hosts),
        );
        let mut private =
            Private::new(meeting.peer, meeting.side, signaling, secrets.ufrag().into());
        private.candidates.tell_hosts(hosts, &mut private.signaling);
        Self {
            id,
            direction,
            started: now,
            due,
            timeline: Timeline::default(),
            phase: Phase::Checking(Checking {
                agent: Box::new(agent),
                described: None,
                begins_at: None,
            }),
            streams: Streams::new(id, ChannelIds::odd(), &shared.config.limits),
            remote: NOWHERE,
            certificate: None,
            moves: Tally::default(),
            hushed: false,
            private: Some(Box::new(private)),
            span,
        }
    }

    /// What is private about the connection, if it is.
    pub(in crate::rtc) fn private(&self) -> Option<&Private> {
        self.private.as_deref()
    }

    /// Something came on the signaling stream.
    pub(in crate::rtc) fn handle_signaling(&mut self, heard: Heard<'_>) {
        if self.is_over() {
            return;
        }
        let Some(private) = &mut self.private else { return };
        match heard {
            Heard::Bytes(bytes) => private.signaling.handle_bytes(bytes),
            Heard::End => private.signaling.handle_end(),
            Heard::Reset => private.signaling.handle_reset(),
        }
    }

    /// What is to be done to the signaling stream next.
    pub(in crate::rtc) fn poll_signaling(&mut self) -> Option<StreamAction> {
        let is_over = self.is_over();
        self.private.as_mut().filter(|_| !is_over)?.next_action()
    }

    /// Whether the peer of a private connection is to begin DTLS, and has not yet.
    pub(in crate::rtc) fn awaits_hello(&self) -> bool {
        match &self.phase {
            Phase::Checking(it) => it.described.is_some_and(|it| it.role == Role::Server),
            Phase::Securing(it) if self.private.is_some() => {
                it.fingerprint.is_none() && it.engine.role() == Role::Server
            }
            _ => false,
        }
    }

    /// The host has these addresses.
    pub(in crate::rtc) fn tell_hosts(&mut self, hosts: &[SocketAddr]) {
        if let Some(private) = &mut self.private {
            private.candidates.tell_hosts(hosts, &mut private.signaling);
        }
    }

    /// STUN servers see us there.
    pub(in crate::rtc) fn tell_reflexive(&mut self, mapped: SocketAddr) {
        if let Some(private) = &mut self.private {
            private.candidates.tell_reflexive(mapped, &mut private.signaling);
        }
    }

    /// No candidates of ours will follow.
    pub(in crate::rtc) fn end_candidates(&mut self) {
        if let Some(private) = &mut self.private {
            private.signaling.end_candidates();
        }
    }

    /// Addresses where the peer has proven to be, and those that it has named.
    pub(in crate::rtc) fn proven_and_named(&self) -> [&[SocketAddr]; 2] {
        let agent = match &self.phase {
            Phase::Checking(checking) => Some(&*checking.agent),
            phase => phase.engine().and_then(|engine| engine.trickle()),
        };
        agent.map_or([&[], &[]], |agent| [agent.proven(), agent.known()])
    }

    /// Does what signaling says, and tells the driver if there is something to be done to its stream.
    pub(super) fn run_signaling(&mut self, now: Timestamp, shared: &mut Shared) {
        while !self.is_over()
            && let Some(event) = self.private.as_mut().and_then(|it| it.signaling.poll_event())
        {
            match event {
                signaling::Event::Description { remote, setup } => {
                    self.on_description(now, &remote, setup, shared);
                }
                signaling::Event::Candidate(candidate) => {
                    let is_hidden = matches!(candidate.as_sdp().address, Address::Name(_));
                    if is_hidden && shared.config.resolve_names {
                        shared.events.push_back(Event::Hidden { id: self.id, candidate });
                    } else {
                        self.add_candidate(now, &candidate.as_sdp());
                    }
                }
                signaling::Event::EndOfCandidates => {}
                signaling::Event::Failed(failure) => {
                    let cause = failure.to_string().into();
                    let failed = ConnectionEnd::Failed { step: Step::Signaling, cause };
                    return self.end(now, failed, shared);
                }
            }
        }
        if !self.is_over()
            && let Some(private) = &mut self.private
            && private.pump()
        {
            shared.events.push_back(Event::Signaling { id: self.id });
        }
    }

    /// The peer may be reached at a candidate's address, if that is one.
    pub(in crate::rtc) fn add_candidate(&mut self, now: Timestamp, candidate: &Candidate<'_>) {
        match &mut self.phase {
            Phase::Checking(checking) => checking.agent.add_candidate(now, candidate),
            phase => {
                if let Some(engine) = phase.engine_mut() {
                    engine.add_candidate(now, candidate);
                }
            }
        }
    }

    fn on_description(
        &mut self,
        now: Timestamp,
        remote: &Description,
        setup: Setup,
        shared: &mut Shared,
    ) {
        let is_self = remote.fingerprint == shared.config.certificate.fingerprint();
        let usable = if is_self { Err("the peer describes us") } else { is_usable(remote) };
        if let Err(cause) = usable {
            let failed = ConnectionEnd::Failed { step: Step::Signaling, cause: cause.into() };
            return self.end(now, failed, shared);
        }
        self.mark(now, Step::Signaling);
        let role = match setup {
            Setup::Active => Role::Client,
            _ => Role::Server,
        };
        if role == Role::Client {
            self.streams = Streams::new(self.id, ChannelIds::even(), &shared.config.limits);
        }
        if let Phase::Checking(checking) = &mut self.phase {
            checking.agent.describe(now, &remote.credentials(), remote.is_ice_lite);
            checking.described = Some(Described { role, fingerprint: remote.fingerprint });
        }
    }

    /// Sends the checks that are due, and goes on to DTLS when there is a path for it.
    ///
    /// A server has to do so when DTLS comes, too: the peer may use a path that we have not found to be one.
    pub(super) fn run_checks(&mut self, now: Timestamp, is_begun: bool, shared: &mut Shared) {
        let Phase::Checking(checking) = &mut self.phase else { return };
        checking.agent.poll_transmit(&mut shared.outbox);
        let Some(Described { role, fingerprint }) = checking.described else { return };
        let path = checking.agent.destination();
        let may_begin = match role {
            Role::Server => path.is_some() || is_begun,
            Role::Client if path.is_some() => {
                let pause = HEAD_START.saturating_sub(checking.agent.rtt().unwrap_or_default());
                *checking.begins_at.get_or_insert(now + pause) <= now
            }
            Role::Client => false,
        };
        if !may_begin {
            return;
        }
        let Phase::Checking(checking) = core::mem::replace(&mut self.phase, Phase::Over) else {
            unreachable!("it was just looked at");
        };
        self.mark(now, Step::Stun);
        if let Some(remote) = path {
            self.remote = remote;
        }
        let ice = Ice::Trickle(checking.agent);
        let expected = Expected::OneOf(Certhashes::one(fingerprint));
        let engine = build_engine(now, ice, role, expected, false, false, shared);
        self.phase =
            Phase::Securing(Securing { engine, version: None, expected: None, fingerprint: None });
    }

    /// The association is up, and with it the connection: who the peer is was known before.
    pub(super) fn on_met(&mut self, now: Timestamp, securing: Securing, shared: &mut Shared) {
        let Securing { mut engine, .. } = securing;
        let Some(private) = &mut self.private else { return };
        if private.side == Side::Offerer {
            let channel = match engine.role() {
                // 0, which is no stream's in webrtc-direct, is not among the ids that are taken.
                Role::Client => 0,
                Role::Server => self.streams.take_channel().unwrap_or(1),
            };
            if engine.open_init(channel) {
                private.init.on_opened(channel, crate::rtc::private::INIT_LABEL);
                engine.reset(channel, false);
            }
        }
        private.signaling.handle_connected(now);
        let peer = private.peer;
        self.mark(now, Step::Sctp);
        self.mark(now, Step::PeerId);
        if let Some(remote) = engine.remote() {
            self.remote = remote;
        }
        self.phase = Phase::Open(Open { engine, quiet_until: None, stalled: false });
        let established = Established {
            peer,
            direction: self.direction,
            version: None,
            remote: self.remote,
            timeline: self.timeline,
        };
        let after = now.saturating_since(self.started);
        debug!(target: telemetry::CONNECTION, %peer, remote = %self.remote, ?after, "connected");
        shared.events.push_back(Event::Connected { id: self.id, established });
        self.streams.surface(&mut shared.events);
    }

    /// Whether a channel that the peer has opened is no stream but the one that a connection begins with.
    pub(super) fn is_init_opened(&mut self, channel: u16, label: &[u8]) -> bool {
        self.private.as_mut().is_some_and(|it| it.init.on_opened(channel, label))
    }

    /// Whether a channel is the one that the connection begins with.
    pub(super) fn is_init(&self, channel: u16) -> bool {
        self.private.as_ref().is_some_and(|it| it.init.is(channel))
    }

    /// The peer has closed the channel that the connection begins with.
    pub(super) fn on_init_closed(&mut self) {
        if let Some(private) = &mut self.private {
            private.init.on_closed();
            private.signaling.handle_init_closed();
        }
    }
}

/// Whether there can be a connection with who describes itself so.
fn is_usable(remote: &Description) -> Result<(), &'static str> {
    if remote.sctp_port != SessionDescription::SCTP_PORT {
        return Err("the peer's SCTP port is not 5000");
    }
    let takes = remote.max_message_size;
    if takes != 0 && takes < SessionDescription::MAX_MESSAGE_SIZE {
        return Err("the peer takes no messages of 16 KiB");
    }
    Ok(())
}

/// What libdatachannel needs from the answer to a check to its knowing our fingerprint, on a path without delay: it
/// tells ICE of an answer before it has stored what is in it, and refuses whoever is faster than that.
///
/// Measured: the refusal came within 5 ms on a busy machine, in one dial of ten; there is room to spare.
const HEAD_START: Duration = Duration::from_millis(30);

/// Where a peer is until that is known.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
