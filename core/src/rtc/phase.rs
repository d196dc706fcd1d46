//! Where a connection is in its life. Each phase owns what only exists in it.
//!
//! ```text
//!  dial ──→ Racing ──────────┐ a version won
//!                            ▼
//!  first ClientHello ──→ Securing ──→ Authenticating ──→ Open ──→ Over
//!                         DTLS, SCTP     Noise on 0      ▲ │
//!  meet ──→ Checking ────────┘ └── private: is known ────┘ │
//!            a path was found                              └──→ from anywhere
//! ```

use std::boxed::Box;

use super::channel_zero::ChannelZero;
use super::engine::{Engine, Role, TrickleAgent};
use super::error::Step;
use super::race::Race;
use crate::fingerprint::Fingerprint;
use crate::ice::Version;
use crate::peer_id::PeerId;
use crate::time::Timestamp;

/// The phase of a connection.
#[derive(Debug)]
pub(super) enum Phase {
    /// Dialing: which version does the server answer?
    Racing(Race),
    /// Meeting a peer of a private connection: by which path?
    Checking(Checking),
    /// A path is known: DTLS, then SCTP.
    Securing(Securing),
    /// SCTP is up: who is the peer?
    Authenticating(Authenticating),
    /// The peer is known.
    Open(Open),
    /// The end. Streams may still be read.
    Over,
}

/// ICE is under way.
#[derive(Debug)]
pub(super) struct Checking {
    pub(super) agent: Box<TrickleAgent>,
    /// What the peer has said of itself.
    pub(super) described: Option<Described>,
    /// When a client may begin DTLS, as there is a path.
    pub(super) begins_at: Option<Timestamp>,
}

/// What of a peer's description counts once there is a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described {
    /// Ours, as the descriptions have it.
    pub(super) role: Role,
    /// Of the certificate that the peer must show.
    pub(super) fingerprint: Fingerprint,
}

/// DTLS and SCTP are under way.
#[derive(Debug)]
pub(super) struct Securing {
    pub(super) engine: Box<Engine>,
    /// Of webrtc-direct, if it is that.
    pub(super) version: Option<Version>,
    /// The identity that was dialed.
    pub(super) expected: Option<PeerId>,
    /// The peer's certificate, once DTLS is done.
    pub(super) fingerprint: Option<Fingerprint>,
}

/// Noise is under way.
#[derive(Debug)]
pub(super) struct Authenticating {
    pub(super) engine: Box<Engine>,
    pub(super) version: Option<Version>,
    pub(super) zero: Box<ChannelZero>,
}

/// Streams.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) engine: Box<Engine>,
    /// A listener sends nothing of its own until then, or until the peer sends something: Noise
    /// message 3 is still on its way, and some dialers lose or close channels that overtake it.
    pub(super) quiet_until: Option<Timestamp>,
    /// Nothing is taken from the engine until streams have been read.
    pub(super) stalled: bool,
}

impl Phase {
    /// The engine, in the phases that have one.
    pub(super) fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Securing(Securing { engine, .. })
            | Self::Authenticating(Authenticating { engine, .. })
            | Self::Open(Open { engine, .. }) => Some(engine),
            Self::Racing(_) | Self::Checking(_) | Self::Over => None,
        }
    }

    /// The engine, in the phases that have one.
    pub(super) fn engine_mut(&mut self) -> Option<&mut Engine> {
        match self {
            Self::Securing(Securing { engine, .. })
            | Self::Authenticating(Authenticating { engine, .. })
            | Self::Open(Open { engine, .. }) => Some(engine),
            Self::Racing(_) | Self::Checking(_) | Self::Over => None,
        }
    }

    /// The step of the set-up that is waited for; `None` when it is done.
    pub(super) fn awaited(&self) -> Option<Step> {
        match self {
            Self::Checking(Checking { described: None, .. }) => Some(Step::Signaling),
            Self::Racing(_) | Self::Checking(_) => Some(Step::Stun),
            Self::Securing(Securing { fingerprint: None, .. }) => Some(Step::Dtls),
            Self::Securing(_) => Some(Step::Sctp),
            Self::Authenticating(_) => Some(Step::Noise),
            Self::Open(_) | Self::Over => None,
        }
    }
}
