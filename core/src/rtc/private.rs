//! Private connections, `/webrtc`: what whoever drives an endpoint says of them.
//!
//! A [`Meeting`] is one attempt to come to a connection with a peer that is reached through a relay only so far. The
//! driver has a stream of the relayed connection, on which `/webrtc-signaling/0.0.1` was negotiated; it gives the
//! endpoint what [comes](Heard) on it and does to it [what the endpoint says](super::signaling::StreamAction). All
//! else is as with connections that were dialed: there is an id at once, and an event when it is up or has failed.
//!
//! ```text
//!   stream ─→ Endpoint::handle_signaling ─→ Signaling ─→ description, candidates ─→ ICE ─→ DTLS ─→ SCTP ─→ open
//!   stream ←─ Endpoint::poll_signaling   ←─ Signaling ←─ our candidates: set_host_addrs, STUN servers
//! ```
//!
//! There is no Noise. That the peer is who it is said to be stands on two feet: the relayed connection is
//! authenticated end to end, and DTLS insists on the fingerprint that was said there. So a `Meeting` must name the
//! peer as that connection has proven it.
//!
//! The application's are [`Endpoint::meet`](super::Endpoint::meet), [`handle_signaling`], [`poll_signaling`] and
//! [`set_host_addrs`].
//!
//! [`handle_signaling`]: super::Endpoint::handle_signaling
//! [`poll_signaling`]: super::Endpoint::poll_signaling
//! [`set_host_addrs`]: super::Endpoint::set_host_addrs
//!
//! Obeys: libp2p webrtc, "WebRTC" (browser-to-browser).

mod candidates;
mod init;
mod secrets;

use core::time::Duration;
use std::boxed::Box;
use std::collections::VecDeque;

pub(super) use self::candidates::Candidates;
pub(super) use self::init::{INIT_LABEL, Init};
pub(super) use self::secrets::LocalSecrets;
use super::signaling::{Signaling, StreamAction};
use crate::peer_id::PeerId;

/// Whom to meet, and how.
///
/// ```
/// use std::time::Duration;
///
/// use floe_core::peer_id::PeerId;
/// use floe_core::rtc::private::Meeting;
///
/// let peer: PeerId = "12D3KooWBXu3uGPMkjjxViK6autSnFH5QaKJgTwW8CaSxYSD6yYL".parse()?;
/// let mut meeting = Meeting::offering(peer);
/// meeting.timeout = Some(Duration::from_secs(5));
/// # Ok::<(), floe_core::peer_id::PeerIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meeting {
    /// Who is at the other end of the relayed connection, as that has proven it. Nothing proves it again.
    pub peer: PeerId,
    /// Which side of the signaling stream we are.
    pub side: Side,
    /// Deadline of the set-up; that of the [`Config`](super::Config) if `None`.
    pub timeout: Option<Duration>,
}

impl Meeting {
    /// With a peer to which we have opened a signaling stream.
    pub const fn offering(peer: PeerId) -> Self {
        Self { peer, side: Side::Offerer, timeout: None }
    }

    /// With a peer that has opened a signaling stream to us.
    pub const fn answering(peer: PeerId) -> Self {
        Self { peer, side: Side::Answerer, timeout: None }
    }
}

/// Which side of a signaling stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Has opened it: says its description first, and nominates.
    Offerer,
    /// Has accepted it.
    Answerer,
}

/// What comes on a signaling stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Bytes, cut anywhere.
    Bytes(&'a [u8]),
    /// The peer has closed its half.
    End,
    /// The stream was reset, or is gone with the connection that carried it.
    Reset,
}

/// What a private connection has beside what all have.
#[derive(Debug)]
pub(super) struct Private {
    pub(super) peer: PeerId,
    pub(super) side: Side,
    pub(super) signaling: Signaling,
    pub(super) init: Init,
    pub(super) candidates: Candidates,
    /// What is to be done to the stream.
    pub(super) actions: VecDeque<StreamAction>,
    /// The driver was told that there is something to be done, and has not done all of it.
    is_announced: bool,
    /// The driver was told that the stream is of no use any more.
    is_released: bool,
}

impl Private {
    pub(super) fn new(peer: PeerId, side: Side, signaling: Signaling, ufrag: Box<str>) -> Self {
        Self {
            peer,
            side,
            signaling,
            init: Init::default(),
            candidates: Candidates::new(ufrag),
            actions: VecDeque::new(),
            is_announced: false,
            is_released: false,
        }
    }

    /// Takes what is to be done to the stream from the machine; says whether the driver is to be told of it.
    pub(super) fn pump(&mut self) -> bool {
        while let Some(action) = self.signaling.poll_stream() {
            self.actions.push_back(action);
        }
        let has_more = !self.actions.is_empty() && !self.is_announced;
        let is_free = self.is_over() && !self.is_released;
        self.is_announced |= has_more;
        self.is_released |= is_free;
        has_more || is_free
    }

    /// What is to be done to the stream next.
    pub(super) fn next_action(&mut self) -> Option<StreamAction> {
        let action = self.actions.pop_front();
        self.is_announced &= action.is_some();
        action
    }

    /// Whether the stream is of no use any more.
    pub(super) fn is_over(&self) -> bool {
        self.signaling.is_over() && self.actions.is_empty()
    }
}
