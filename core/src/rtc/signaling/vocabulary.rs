//! What a machine gives, and what it may cost.

use core::time::Duration;
use std::vec::Vec;

use super::{Description, Failure, RemoteCandidate};
use crate::sdp::Setup;

/// What is to be done to the stream, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAction {
    /// Write these bytes, one message.
    Write(Vec<u8>),
    /// Close our half, behind what was written.
    Close,
    /// Reset the stream; what was not written may be dropped.
    Reset,
}

/// What is to be known of the peer, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The peer has described itself.
    Description {
        /// What it said.
        remote: Description,
        /// Our role in DTLS, as both sides have it now: [`Active`](Setup::Active) if we begin, else
        /// [`Passive`](Setup::Passive).
        setup: Setup,
    },
    /// The peer may be reached here.
    Candidate(RemoteCandidate),
    /// The peer will tell no more candidates. No reason to give up: one that it did not tell may work.
    EndOfCandidates,
    /// The attempt is over; nothing follows.
    Failed(Failure),
}

/// What one attempt may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From the first byte to the connection, and from there to the end of the stream.
    ///
    /// Against: peers that never answer. 10 s: what js-libp2p gives either side, so that nobody waits for one who has
    /// given up.
    pub timeout: Duration,
    /// Candidates of the peer that are told, and of ours that are said; the first ones.
    ///
    /// Against: a peer that has us send checks to as many addresses as it likes, and to others than its own. 32: with
    /// three of ours that makes the hundred pairs at which ICE stops (RFC 8445 §6.1.2.5), and a host with four
    /// interfaces of two addresses each, seen by three STUN servers, has no more.
    pub candidates: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), candidates: 32 }
    }
}
