//! Glare: two nodes that offer to each other at once.
//!
//! Each has an attempt of its own under way, and is offered another. Going on with both would make two connections,
//! and giving way on both sides none. So one side decides, and the other takes what comes:
//!
//! - **The offer of the peer with the greater id stands.** Who has the greater id answers whatever it is offered,
//!   as if it had offered nothing itself.
//! - **The peer with the smaller id decides, when it is offered a connection.** If its own attempt is not up yet, it
//!   withdraws that and answers. If it is up, it refuses the offer, which was written before its sender knew.
//!
//! The decision is made once, at one place, so there is one connection whatever overtakes whatever; and an offer that
//! never arrives, as its relay is gone, stands in nobody's way, as the other attempt goes on meanwhile.
//!
//! js-libp2p has no such rule and answers everything. With the greater id it is given way to; with the smaller one
//! there may be two connections, of which the user of both lets one go. Its offer is refused only at a moment
//! at which it is connected already.

use crate::peer_id::PeerId;

/// How far our own attempt to reach the peer is, while its signaling is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnAttempt {
    /// There is none.
    None,
    /// We have offered; the connection is not up.
    UnderWay,
    /// The connection is up.
    Connected,
}

/// What to do with an offer of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Answer it, and go on with our own attempt, if there is one.
    Answer,
    /// [Abandon](super::Signaling::abandon) our own attempt, and answer.
    Yield,
    /// Reset its stream: the peer has the connection already, or is about to notice.
    Refuse,
}

/// What `local` does with an offer of `remote`.
///
/// ```
/// use floe_core::peer_id::PeerId;
/// use floe_core::rtc::signaling::{OwnAttempt, Verdict, settle};
///
/// let [smaller, greater] = [[1; 36], [2; 36]].map(|key| PeerId::from_public_key(&key, |_| [0; 32]));
/// assert_eq!(settle(&greater, &smaller, OwnAttempt::UnderWay), Verdict::Answer);
/// assert_eq!(settle(&smaller, &greater, OwnAttempt::UnderWay), Verdict::Yield);
/// ```
pub fn settle(local: &PeerId, remote: &PeerId, own: OwnAttempt) -> Verdict {
    match own {
        OwnAttempt::UnderWay if local < remote => Verdict::Yield,
        OwnAttempt::Connected if local < remote => Verdict::Refuse,
        _ => Verdict::Answer,
    }
}

#[cfg(test)]
mod tests;
