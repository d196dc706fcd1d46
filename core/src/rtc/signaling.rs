//! The exchange of `/webrtc-signaling/0.0.1`: how two private nodes come to a connection.
//!
//! A [`Signaling`] is one attempt, on one stream of a relayed connection, as whoever offers or whoever answers. It
//! takes the stream's bytes, what our ICE finds, and time; it gives bytes for the stream, and what the peer says in
//! an order that ICE can use: its description, then candidates, then their end. It must know nothing of relays,
//! sockets, ICE or DTLS, so it works over any byte stream, and whoever drives it brings ICE up with what it says.
//!
//! ```text
//!   offerer      SDP_OFFER ─→   ←─ SDP_ANSWER   ←─ ICE_CANDIDATE … ─→   connected, `init` closed │ close
//!   answerer                                                            connected                │ close
//! ```
//!
//! The offerer's ICE controls (RFC 8445 §6.1.1). There is no Noise behind it: the fingerprint in the peer's
//! description is all that proves who it is, so DTLS must insist on it.
//!
//! # What peers do, and what is made of it
//!
//! - **Order.** js-libp2p gathers while it describes itself, and candidates overtake answers. What comes early waits
//!   for the description, in both directions.
//! - **Candidates** that cannot be used (TCP, other names than those of mDNS, another attempt's, unreadable ones, more
//!   than [`Limits::candidates`]) are passed over: browsers send several such, and one that can be used is enough.
//!   `null`, `""` and an empty candidate say that none follow.
//! - **Messages** of kinds that are not known are passed over, and so are second descriptions. What is no message
//!   (malformed, or longer than a description can be) is the end of reading, as for js-libp2p: what follows it means
//!   nothing. Before the description that is a failure, as none can come any more; after it the attempt goes on with
//!   what was said.
//! - **A description** that cannot be used is a failure: there is nothing to go on with.
//! - **The end of the stream**, and its reset, are no failure once the description is there. Whoever is connected first
//!   closes it, while the other side's last check is still under way, and a relay may go at any time.
//! - **`ICE_DONE`** ends the peer's candidates. py-libp2p waits for ours and js-libp2p stops reading at one, so it is
//!   said to whoever has said it, behind our last candidate, and to nobody else.
//! - **The end.** Once connected, and for the offerer once its channel `init` is closed, we close our half behind what
//!   is still to be written, and wait for the peer to close its own. Only a failure resets.
//!
//! # When both offer
//!
//! By convention only the side that dialed the relayed connection offers. Two nodes that dial each other at once
//! have two of them, and two attempts; [`settle`] says which one stays:
//!
//! - the offer of the peer with the greater id stands, and who has the greater id answers whatever it is offered;
//! - the peer with the smaller id decides when it is offered a connection: it withdraws its own attempt and
//!   answers, unless its own is up already, when it refuses.
//!
//! # Driving it
//!
//! After each call, [`Signaling::poll_stream`] until there is nothing more to do to the stream, and
//! [`Signaling::poll_event`] until there is nothing more to learn; neither waits for the other.
//!
//! Obeys: libp2p webrtc, "Signaling Protocol"; RFC 8838 (trickle ICE), RFC 8842 §5 (who begins DTLS).

mod description;
mod failure;
mod glare;
mod inbox;
mod local;
mod remote;
mod vocabulary;

use core::time::Duration;
use std::collections::VecDeque;

pub use description::Description;
pub use failure::Failure;
pub use glare::{OwnAttempt, Verdict, settle};
pub use remote::RemoteCandidate;
pub use vocabulary::{Event, Limits, StreamAction};

use self::inbox::Inbox;
use self::local::Local;
use self::remote::Remote;
use crate::sdp::{Candidate, SessionDescription, Setup};
use crate::signaling::{Kind, Message};
use crate::time::{Deadline, Timestamp};

/// One attempt to come to a connection, one side of it.
///
/// ```
/// use floe_core::fingerprint::Fingerprint;
/// use floe_core::ice::{Password, Secrets, Ufrag};
/// use floe_core::rtc::signaling::{Event, Limits, Signaling, StreamAction};
/// use floe_core::sdp::{SessionDescription, Setup};
/// use floe_core::time::Timestamp;
///
/// # let credentials = Secrets {
/// #     ufrag: Ufrag::new(b"wxYZ")?,
/// #     password: Password::new(b"clientPassword1234567890")?,
/// # };
/// # let fingerprint = Fingerprint::from_bytes([7; 32]);
/// let description = SessionDescription::new(credentials, fingerprint, Setup::ActPass);
/// let now = Timestamp::ZERO;
/// let mut offerer = Signaling::offerer(now, &description, Limits::default());
/// let mut answerer = Signaling::answerer(now, &description, Limits::default());
///
/// // The offer is there to be written; the answer is once the offer was read.
/// let Some(StreamAction::Write(offer)) = offerer.poll_stream() else { panic!("an offer") };
/// answerer.handle_bytes(&offer);
/// let Some(StreamAction::Write(answer)) = answerer.poll_stream() else { panic!("an answer") };
/// offerer.handle_bytes(&answer);
///
/// // The answerer begins DTLS, and both know whom to insist on.
/// let told = offerer.poll_event();
/// let Some(Event::Description { remote, setup: Setup::Passive }) = told else { panic!("{told:?}") };
/// assert_eq!(remote.fingerprint, fingerprint);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signaling {
    side: Side,
    phase: Phase,
    timeout: Duration,
    deadline: Timestamp,
    /// `None` once nothing is read any more.
    inbox: Option<Inbox>,
    remote: Remote,
    local: Local,
    events: VecDeque<Event>,
    /// The peer will write nothing more.
    is_ended: bool,
    /// There is no stream any more.
    is_gone: bool,
    /// The offerer's channel `init` is closed.
    is_init_closed: bool,
}

impl Signaling {
    /// The side that opened the stream. `local` is the offer, but for its candidates: see
    /// [`add_candidate`](Self::add_candidate).
    pub fn offerer(now: Timestamp, local: &SessionDescription<'_>, limits: Limits) -> Self {
        let mut this = Self::new(now, Side::Offerer, local, limits);
        this.local.offer();
        this
    }

    /// The side that accepted the stream. `local` is what the answer is made of, but for its candidates; its section
    /// is that of the offer, and so is `setup` where the offer leaves no choice.
    pub fn answerer(now: Timestamp, local: &SessionDescription<'_>, limits: Limits) -> Self {
        Self::new(now, Side::Answerer, local, limits)
    }

    fn new(now: Timestamp, side: Side, local: &SessionDescription<'_>, limits: Limits) -> Self {
        Self {
            side,
            phase: Phase::Describing,
            timeout: limits.timeout,
            deadline: now + limits.timeout,
            inbox: Some(Inbox::default()),
            remote: Remote::new(limits.candidates),
            local: Local::new(local.into(), limits.candidates),
            events: VecDeque::new(),
            is_ended: false,
            is_gone: false,
            is_init_closed: false,
        }
    }

    /// Bytes of the stream, cut anywhere.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        let Some(mut inbox) = self.inbox.take() else { return };
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = inbox.fill(rest);
            loop {
                match inbox.next() {
                    Ok(Some(message)) => self.on_message(message),
                    Ok(None) => break,
                    Err(error) => return self.stop_reading(Failure::Message(error)),
                }
                if matches!(self.phase, Phase::Failed { .. }) {
                    return;
                }
            }
            inbox.forget_read();
        }
        self.inbox = Some(inbox);
    }

    /// The peer has closed its half of the stream.
    pub fn handle_end(&mut self) {
        self.is_ended = true;
        self.stop_reading(Failure::Ended);
    }

    /// The stream was reset, or is gone with the connection that carried it.
    pub fn handle_reset(&mut self) {
        self.is_ended = true;
        self.is_gone = true;
        self.stop_reading(Failure::Reset);
    }

    /// A candidate of ours. It is said behind our description, and no more once the connection is up.
    pub fn add_candidate(&mut self, candidate: &Candidate<'_>) {
        if self.is_under_way() {
            self.local.add_candidate(candidate);
        }
    }

    /// No more candidates of ours are expected. One that appears all the same is said, unless the peer was told that
    /// none follow.
    pub fn end_candidates(&mut self) {
        self.local.end();
    }

    /// The connection is up: ICE, DTLS and SCTP. It cannot be before the peer's [description](Event::Description)
    /// was told, and is not believed then.
    pub fn handle_connected(&mut self, now: Timestamp) {
        if self.phase == Phase::Connecting {
            self.phase = Phase::Connected { is_closed: false, is_late: false };
            self.deadline = now + self.timeout;
            self.local.end();
        }
    }

    /// The offerer's channel `init` is closed, as the peer has closed it too.
    pub fn handle_init_closed(&mut self) {
        self.is_init_closed = true;
    }

    /// The connection has failed, or is not wanted any more. Nothing happens once it was up.
    pub fn abandon(&mut self) {
        self.fail(Failure::Abandoned);
    }

    /// Takes the time.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if now < self.deadline {
            return;
        }
        match &mut self.phase {
            Phase::Describing => self.fail(Failure::NoDescription),
            Phase::Connecting => self.fail(Failure::NotConnected),
            // A peer that does not close `init`, or its half, has the connection all the same.
            Phase::Connected { is_late, .. } => *is_late = true,
            Phase::Failed { .. } => {}
        }
    }

    /// When `handle_timeout` is due.
    pub fn deadline(&self) -> Option<Deadline> {
        let why = match self.phase {
            Phase::Describing => "the peer's description",
            Phase::Connecting => "a connection after signaling",
            Phase::Connected { is_late: false, .. } if !self.is_over() => "the end of signaling",
            _ => return None,
        };
        Some(Deadline::new(self.deadline, why))
    }

    /// What is to be done to the stream next. What waits is our description, no more candidates than the limit, and
    /// at most one message behind them.
    #[must_use]
    pub fn poll_stream(&mut self) -> Option<StreamAction> {
        if self.is_gone {
            return None;
        }
        match &mut self.phase {
            Phase::Failed { owes_reset } => {
                return core::mem::take(owes_reset).then_some(StreamAction::Reset);
            }
            Phase::Connected { is_closed: true, .. } => return None,
            _ => {}
        }
        if let Some(bytes) = self.local.pop() {
            return Some(StreamAction::Write(bytes));
        }
        let Phase::Connected { is_closed, is_late } = &mut self.phase else { return None };
        *is_closed = self.side == Side::Answerer || self.is_init_closed || *is_late;
        is_closed.then_some(StreamAction::Close)
    }

    /// What is to be known of the peer next.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether the stream may be let go of: the attempt has failed, or both halves are closed, or the peer has had
    /// its time to close its own.
    pub fn is_over(&self) -> bool {
        match self.phase {
            Phase::Describing | Phase::Connecting => false,
            Phase::Connected { is_closed, is_late } => {
                (is_closed || self.is_gone) && (self.is_ended || is_late)
            }
            Phase::Failed { owes_reset } => !owes_reset || self.is_gone,
        }
    }

    fn on_message(&mut self, message: Message<'_>) {
        let awaited = match self.side {
            Side::Offerer => Kind::SdpAnswer,
            Side::Answerer => Kind::SdpOffer,
        };
        match message.kind {
            Kind::IceCandidate => self.remote.on_candidate(message.data, &mut self.events),
            Kind::IceDone => {
                self.remote.on_end(&mut self.events);
                self.local.on_done();
            }
            kind @ (Kind::SdpOffer | Kind::SdpAnswer) if self.phase == Phase::Describing => {
                let described = if kind == awaited {
                    self.on_description(message.data)
                } else {
                    Err(Failure::Unexpected(kind))
                };
                described.unwrap_or_else(|failure| self.fail(failure));
            }
            Kind::SdpOffer | Kind::SdpAnswer | Kind::Unknown(_) => {}
        }
    }

    fn on_description(&mut self, text: &str) -> Result<(), Failure> {
        let sdp = SessionDescription::parse(text).map_err(Failure::Description)?;
        let setup = match self.side {
            Side::Answerer => self.local.answer(&sdp),
            Side::Offerer => {
                let (offered, answered) = (self.local.setup(), sdp.setup);
                match (offered, answered) {
                    (Setup::ActPass | Setup::Passive, Setup::Active) => Setup::Passive,
                    (Setup::ActPass | Setup::Active, Setup::Passive) => Setup::Active,
                    _ => return Err(Failure::Setup { offered, answered }),
                }
            }
        };
        self.remote.on_description(&sdp, setup, &mut self.events);
        self.phase = Phase::Connecting;
        Ok(())
    }

    /// Nothing more comes from the peer: a failure if that is too early.
    fn stop_reading(&mut self, failure: Failure) {
        self.inbox = None;
        match self.phase {
            Phase::Describing => self.fail(failure),
            Phase::Connecting | Phase::Connected { .. } => self.remote.on_end(&mut self.events),
            Phase::Failed { .. } => {}
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.is_under_way() {
            self.phase = Phase::Failed { owes_reset: !self.is_gone };
            self.inbox = None;
            self.events.clear();
            self.events.push_back(Event::Failed(failure));
        }
    }

    fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Describing | Phase::Connecting)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Offerer,
    Answerer,
}

/// How far the attempt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The peer has not described itself.
    Describing,
    /// It has.
    Connecting,
    /// The connection is up.
    Connected {
        /// Our half is closed.
        is_closed: bool,
        /// The peer had its time.
        is_late: bool,
    },
    /// It came to nothing.
    Failed {
        /// The stream is to be reset.
        owes_reset: bool,
    },
}

#[cfg(test)]
mod tests;
