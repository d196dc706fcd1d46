//! One peer's wire as one machine: datagrams in, messages out, and back.
//!
//! ```text
//!              ┌────────────────────────── Engine ──────────────────────────┐
//!  STUN  ─────→│ ice: where the peer is                                     │
//!  DTLS  ─────→│ dtls: decrypts ─→ sctp: orders ─→ channels: opens, closes  │─→ events, messages
//!  datagrams ←─│ dtls: encrypts ←─ sctp: packs  ←─ channels ←───────────────│←─ messages
//!              └────────────────────────────────────────────────────────────┘
//! ```
//!
//! The engine knows nothing of Noise, frames, streams or other peers. It never asks a clock, never
//! sends, never calls back; all it keeps is bounded, and nothing that arrives makes it panic.
//!
//! # How to drive it
//!
//! Feed it a batch of datagrams with [`Engine::handle_stun`], [`Engine::on_check`] and
//! [`Engine::handle_dtls`]; pull events and messages with [`Engine::poll_event`] and
//! [`Engine::receive`]; send; then call [`Engine::flush`] once, and once more whenever what it
//! queued was sent and it [has more](Engine::has_more). DTLS is drained inside of every call, SCTP
//! only by `flush`, as that is what it charges for. After an event that ends the connection
//! (`Closed`, `Failed`, `WrongCerthash`) messages can still be received, and one more `flush` lets
//! the last words out.
//!
//! A full receive window is the peer's to wait for and ours to reopen: when `receive` was not called for
//! a while, [`Engine::window_update`] after it tells the peer.
//!
//! A private connection has no Noise, so channel 0 is an ordinary one there, and begins with a channel `init`, which
//! [`Engine::open_init`] makes.
//!
//! Whoever accepts connections does not need an ICE agent, but a rule for where to send: the endpoint
//! verifies and answers checks without state, and says [`Engine::on_check`].
//!
//! Obeys: libp2p webrtc-direct §Connection Establishment, RFC 8831, RFC 8832; the parts name theirs.

pub mod bare;
mod budget;
mod channels;
mod dcep;
mod dtls;
mod expected;
mod flush;
mod ice;
mod lite;
mod liveness;
mod numbers;
mod sctp;
#[cfg(test)]
mod tests;
mod vocabulary;

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::vec::Vec;

use bytes::Bytes;

use self::budget::{Budget, Progress};
use self::channels::Channels;
use self::dtls::{Dtls, Failure};
use self::liveness::Liveness;
use self::sctp::Sctp;
use super::allowance::Allowance;
use super::epoch::Epoch;
use super::error::Step;
use crate::sdp::Candidate;
use crate::time::{Deadline, Timestamp};

pub(crate) use self::dtls::DtlsContext;
pub(crate) use self::expected::Expected;
pub(crate) use self::ice::{Families, FullAgent, Ice, RingHmac, TrickleAgent};
pub(crate) use self::lite::Lite;
pub(crate) use self::numbers::Counters;
pub(crate) use self::sctp::CHUNK_LEN;
pub(crate) use self::vocabulary::{Event, Role};

/// What an engine is made of.
pub(crate) struct Params<'a> {
    /// Which side we are.
    pub(crate) role: Role,
    /// Where the peer is. A client's agent must have been answered, or nothing is sent.
    pub(crate) ice: Ice,
    /// Our certificate and the versions we speak.
    pub(crate) dtls: &'a Arc<DtlsContext>,
    /// Whether a server asks for a cookie before it spends anything.
    pub(crate) cookie: bool,
    /// The certificates that the peer may show.
    pub(crate) expected: Expected,
    /// Bytes of the SCTP receive window, to begin with and at most.
    pub(crate) receive_window: u32,
    pub(crate) receive_window_max: u32,
    /// Bytes that may be unacknowledged, however much the path carries.
    pub(crate) unacknowledged_max: usize,
    /// How long a peer may be silent before it is asked whether it is there.
    pub(crate) patience: Duration,
    /// Whether channel 0 is there from the start, for Noise.
    pub(crate) has_noise: bool,
}

/// One peer's wire.
pub(crate) struct Engine {
    epoch: Epoch,
    now: Timestamp,
    state: State,
    ice: Ice,
    dtls: Dtls,
    sctp: sctp::Association,
    channels: Channels,
    budget: Budget,
    events: VecDeque<Event>,
    /// DTLS datagrams that something else than `flush` brought forth.
    replies: Vec<Vec<u8>>,
    /// They are more than may be sent to an address that has proven nothing. What DTLS says next is said
    /// in their place: it is the same flight again.
    held: bool,
    /// Where the peer was last.
    remote: Option<SocketAddr>,
    liveness: Liveness,
    has_noise: bool,
    counters: Counters,
}

/// In the order in which they follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Handshaking,
    Secured,
    Associated,
    /// We are closing; the next flush says so.
    Closing,
    Over,
}

impl Engine {
    /// An engine for a peer.
    pub(crate) fn new(now: Timestamp, epoch: Epoch, params: Params<'_>) -> Self {
        let Params { role, ice, dtls, cookie, expected, patience, has_noise, .. } = params;
        let mut channels = Channels::new(role);
        if has_noise {
            channels.expect(NOISE_CHANNEL);
        }
        Self {
            epoch,
            now,
            state: State::Handshaking,
            remote: ice.destination().map(|(_, remote)| remote),
            ice,
            dtls: Dtls::new(epoch.instant(now), role, dtls, cookie, expected),
            sctp: sctp::Association::new(role, params.receive_window, params.receive_window_max),
            budget: Budget::new(params.unacknowledged_max),
            channels,
            events: VecDeque::new(),
            replies: Vec::new(),
            held: false,
            liveness: Liveness::new(now, patience),
            has_noise,
            counters: Counters::default(),
        }
    }

    // ── in: the network and the clock ──

    /// Takes a STUN datagram, if our agent checks; says whether it was authentic.
    pub(crate) fn handle_stun(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        self.advance(now);
        let accepted = self.ice.handle_stun(now, remote, datagram);
        if accepted {
            self.ask_elsewhere(remote);
            self.note_destination();
        }
        accepted
    }

    /// The peer of a private connection may be reached at a candidate's address, too.
    pub(crate) fn add_candidate(&mut self, now: Timestamp, candidate: &Candidate<'_>) {
        self.advance(now);
        if let Ice::Trickle(agent) = &mut self.ice {
            agent.add_candidate(now, candidate);
            self.note_destination();
        }
    }

    /// The peer has proven to be at an address.
    pub(crate) fn prove(&mut self, remote: SocketAddr) {
        if let Ice::Lite(lite) = &mut self.ice {
            lite.prove(remote);
        }
    }

    /// Takes note of a check that the endpoint has verified and answered, if we are lite.
    pub(crate) fn on_check(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        use_candidate: bool,
    ) {
        self.advance(now);
        let Ice::Lite(lite) = &mut self.ice else { return };
        lite.on_check(now, local, remote, use_candidate);
        self.ask_elsewhere(remote);
        self.note_destination();
    }

    /// A silent peer that checks from an address which is not in use may have moved there, and is asked.
    fn ask_elsewhere(&mut self, remote: SocketAddr) {
        let is_elsewhere = self.ice.destination().is_some_and(|(_, current)| current != remote);
        if self.state == State::Associated && is_elsewhere && !matches!(self.ice, Ice::Full(_)) {
            self.liveness.on_check_elsewhere(self.now, remote);
        }
    }

    /// What may be sent to an address, if we are lite and know it.
    pub(crate) fn allowance_mut(&mut self, remote: SocketAddr) -> Option<&mut Allowance> {
        match &mut self.ice {
            Ice::Lite(lite) => lite.allowance_mut(remote),
            Ice::Full(_) | Ice::Trickle(_) => None,
        }
    }

    /// Whether the address in use has proven to be the peer's.
    pub(crate) fn is_proven(&self) -> bool {
        self.ice.allowance().is_proven()
    }

    /// Takes a DTLS datagram. From an address that no verified check came from it is dropped.
    pub(crate) fn handle_dtls(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        datagram: &[u8],
    ) {
        self.advance(now);
        if self.state >= State::Closing || !self.ice.knows(remote) {
            return;
        }
        self.counters.bytes_received += datagram.len() as u64;
        self.counters.datagrams_received += 1;
        if let Ice::Lite(lite) = &mut self.ice {
            lite.on_datagram(local, remote);
        }
        let handshaking = self.state == State::Handshaking;
        let heard = self.with_dtls(|dtls, at, sink| dtls.handle_packet(at, datagram, sink));
        if heard {
            self.liveness.on_heard(self.now);
            match &mut self.ice {
                Ice::Lite(lite) => {
                    if handshaking {
                        lite.on_secured();
                    }
                    lite.on_authentic(now, remote);
                }
                Ice::Trickle(agent) => agent.on_authentic(now, remote),
                Ice::Full(_) => {}
            }
        }
        self.note_destination();
    }

    /// Whether the DTLS handshake that is under way was begun with the ClientHello in this datagram.
    pub(crate) fn began_with(&self, datagram: &[u8]) -> bool {
        self.dtls.began_with(datagram)
    }

    /// Takes the time.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        self.advance(now);
        self.ice.handle_timeout(now);
        self.note_destination();
        if self.state >= State::Closing {
            return;
        }
        self.sctp.handle_timeout(self.epoch.instant(now));
        let quiet = self.quiet();
        self.channels.handle_timeout(now, &mut self.sctp, quiet);
        if self.asks() {
            self.liveness.handle_timeout(now);
        }
        self.pump();
    }

    // ── out: datagrams, the next deadline, events ──

    /// When `handle_timeout`, and then `flush`, is due.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let at = |instant, why| Deadline { at: self.epoch.timestamp(instant), why };
        let ice = self.ice.deadline();
        if self.state >= State::Closing {
            return ice;
        }
        let discarding = self.channels.deadline(self.quiet());
        let asking = self.asks().then(|| self.liveness.deadline());
        [
            ice,
            self.dtls.deadline().map(|instant| at(instant, "DTLS flight")),
            self.sctp.deadline().map(|instant| at(instant, "SCTP timer")),
            discarding.map(|at| Deadline { at, why: "channel to be reset" }),
            asking.map(|at| Deadline { at, why: "is the peer there?" }),
        ]
        .into_iter()
        .fold(None, Deadline::earliest)
    }

    /// What happened.
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.pump();
        self.events.pop_front()
    }

    // ── channels ──

    /// How many channels there are, those among them that are being closed.
    pub(crate) fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Opens the channel `init`, by whose opening and closing the offerer of a private connection makes sure that
    /// there are channels. Otherwise as [`open`](Self::open).
    pub(crate) fn open_init(&mut self, channel: u16) -> bool {
        self.state == State::Associated && self.channels.open_init(&mut self.sctp, channel)
    }

    /// Opens a channel; it can be sent on at once. False if its id is in use, be it by a peer that uses
    /// ids of ours, or if SCTP is not up.
    pub(crate) fn open(&mut self, channel: u16) -> bool {
        self.state == State::Associated && self.channels.open(&mut self.sctp, channel)
    }

    /// Learns what was acknowledged since the last flush: the [`budget`](Self::budget) grows. Once per
    /// batch, before sending.
    pub(crate) fn refresh(&mut self) {
        let before = self.channels.unacknowledged_total();
        self.channels.refresh(&mut self.sctp);
        self.budget.on_progress(Progress {
            now: self.now,
            rtt_min: self.sctp.rtt_min(),
            unacknowledged: [before, self.channels.unacknowledged_total()],
            retransmits: self.sctp.retransmits(),
        });
    }

    /// Queues a message of 1 to 65 536 bytes; false if the channel is not open, or not any more.
    ///
    /// What is queued beyond [`budget`](Self::budget) is taken, but only makes SCTP slow.
    pub(crate) fn send(&mut self, channel: u16, message: Bytes) -> bool {
        !message.is_empty() && self.channels.send(&mut self.sctp, channel, message)
    }

    /// How many bytes should be sent now, on all channels together.
    pub(crate) fn budget(&self) -> usize {
        if self.state != State::Associated {
            return 0;
        }
        self.budget.bytes().saturating_sub(self.channels.unacknowledged_total())
    }

    /// Closes a channel: our side, once all that was sent on it is acknowledged. What was not received
    /// is thrown away. `peer_finished` says that the peer will send no more data on it; otherwise its
    /// data is awaited and thrown away first.
    ///
    /// Only whoever opened a channel should close it first: the library answers the peer's closing, and
    /// answers again if ours came before, which hits the next channel of an opener that is in a hurry.
    pub(crate) fn reset(&mut self, channel: u16, peer_finished: bool) {
        self.channels.reset(self.now, &mut self.sctp, channel, peer_finished);
    }

    /// Bytes sent on all channels that the peer has not acknowledged.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.channels.unacknowledged_total()
    }

    /// Bytes sent on a channel that the peer has not acknowledged.
    pub(crate) fn unacknowledged_on(&self, channel: u16) -> usize {
        self.channels.unacknowledged(channel)
    }

    /// Takes the next message, of whatever channel. What is not taken fills the receive window.
    ///
    /// There is none before `Associated` was said, even if some have overtaken it.
    pub(crate) fn receive(&mut self) -> Option<(u16, Bytes)> {
        self.pump();
        if self.state < State::Associated {
            return None;
        }
        self.channels.receive(&mut self.sctp)
    }

    /// After a pause in receiving: tells the peer of the window, with the next flush.
    pub(crate) fn window_update(&mut self, now: Timestamp) {
        self.advance(now);
        if self.state == State::Associated {
            self.sctp.window_update(self.epoch.instant(now));
        }
    }

    /// Ends the connection: the next flush sends ABORT and close_notify.
    pub(crate) fn close(&mut self, now: Timestamp) {
        self.advance(now);
        if self.state < State::Closing {
            self.state = State::Closing;
            self.sctp.abort();
        }
    }

    fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Does something to DTLS and takes what comes out of it; says whether anything authentic did.
    fn with_dtls(
        &mut self,
        change: impl FnOnce(
            &mut Dtls,
            std::time::Instant,
            &mut dyn FnMut(dtls::Event<'_>),
        ) -> Result<(), Failure>,
    ) -> bool {
        let at = self.epoch.instant(self.now);
        let (mut connected, mut heard, mut closed) = (None, false, false);
        let Self { dtls, sctp, replies, held, events, .. } = self;
        let result = change(dtls, at, &mut |event| match event {
            dtls::Event::Packet(packet) => {
                if core::mem::take(held) {
                    replies.clear();
                }
                replies.push(packet.into());
            }
            dtls::Event::Anew => {
                replies.clear();
                *held = false;
            }
            dtls::Event::Connected(peer) => connected = Some(peer),
            dtls::Event::Data(packet) => {
                heard = true;
                sctp.handle_packet(at, packet);
            }
            dtls::Event::Key(line) => events.push_back(Event::Key(line)),
            dtls::Event::Closed => closed = true,
        });
        if let Some(remote) = connected {
            heard = true;
            self.state = self.state.max(State::Secured);
            let (dtls12, webrtc_rs) = (self.dtls.is_12(), self.dtls.is_webrtc_rs());
            if webrtc_rs {
                // It keeps small messages back while one is unacknowledged.
                self.sctp.acknowledge_at_once();
            }
            self.events.push_back(Event::Secured { remote, dtls12, webrtc_rs });
        }
        self.pump();
        if closed {
            self.end(Event::Closed);
        }
        if let Err(failure) = result {
            self.end(failure.into());
        }
        heard
    }

    /// Whether a silent peer is asked if it is there.
    fn asks(&self) -> bool {
        self.state == State::Associated
    }

    /// Moves what the association has to say to the channels and to our own events.
    fn pump(&mut self) {
        while let Some(event) = self.sctp.poll_event() {
            match event {
                sctp::Event::Up { as_server } => self.on_association(as_server),
                sctp::Event::Closed => self.end(Event::Closed),
                sctp::Event::Failed(cause) => self.end(Event::Failed { step: Step::Sctp, cause }),
                event => {
                    let Self { channels, sctp, events, .. } = self;
                    if let Err(cause) = channels.on_event(self.now, sctp, event, events) {
                        self.end(Event::Failed { step: Step::Sctp, cause });
                        return;
                    }
                }
            }
        }
        self.channels.acknowledge(&mut self.sctp, &mut self.events);
    }

    fn on_association(&mut self, as_server: bool) {
        if self.state == State::Secured {
            self.state = State::Associated;
            if self.has_noise {
                self.channels.negotiate(&mut self.sctp, NOISE_CHANNEL);
            }
            self.events.push_back(Event::Associated { as_server, dtls12: self.dtls.is_12() });
        }
    }

    fn end(&mut self, event: Event) {
        if self.state >= State::Closing {
            return;
        }
        self.state = State::Over;
        if event != Event::Closed {
            // Whoever turned out to be someone else, or to be broken, is told nothing more.
            self.replies.clear();
        }
        self.events.push_back(event);
    }

    fn note_destination(&mut self) {
        let Some((_, remote)) = self.ice.destination() else { return };
        let before = self.remote.replace(remote);
        if before.is_some_and(|before| before != remote) {
            self.sctp.path_changed();
            self.budget.path_changed();
            if matches!(self.state, State::Secured | State::Associated) {
                self.events.push_back(Event::Moved(remote));
            }
        }
    }

    /// How long a peer must be silent on a channel that is to be reset until it is taken to be done.
    fn quiet(&self) -> Duration {
        self.rtt().map_or(QUIET_MIN, |rtt| (rtt * 2).max(QUIET_MIN))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("state", &self.state)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

impl From<Failure> for Event {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WrongCerthash { expected, actual } => Self::WrongCerthash { expected, actual },
            Failure::Fatal(cause) => Self::Failed { step: Step::Dtls, cause },
        }
    }
}

/// Channel 0 exists on both sides from the start: libp2p webrtc-direct §Connection Establishment.
const NOISE_CHANNEL: u16 = 0;
/// Longer than the gaps that a sender's own scheduling makes.
const QUIET_MIN: Duration = Duration::from_millis(200);
