//! The half of a stream that the peer writes.
//!
//! It knows whether payload that arrives is wanted and whether more may come; it never holds any.

use super::{Cause, Wish};
use crate::frame::Flag;

/// The half of a stream that the peer writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadHalf {
    /// Payload may arrive.
    #[default]
    Open,
    /// FIN has arrived and was acknowledged. Payload from before it may still wait to be read.
    Finished,
    /// We do not want to read any more and have said so; FIN may still arrive.
    Stopped,
    /// The stream was broken off, or a peer that should stop never sent FIN.
    Reset,
}

impl ReadHalf {
    /// All states, in the order of their declaration.
    pub const ALL: &'static [Self] = &[Self::Open, Self::Finished, Self::Stopped, Self::Reset];

    /// Whether nothing more can arrive.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Finished | Self::Reset)
    }

    /// The state after `cause`; total, so that no peer can make it fail.
    ///
    /// [`Cause::Expired`] must be passed on only if the deadline was this half's.
    pub(super) const fn next(self, cause: Cause) -> Self {
        use ReadHalf::*;
        match (self, cause) {
            // libp2p webrtc: after STOP_SENDING a node "MUST continue to act on any flags present in
            // received messages".
            (Open | Stopped, Cause::Peer(Flag::Fin)) => Finished,
            (Open, Cause::App(Wish::StopReading)) => Stopped,
            (Stopped, Cause::Expired) => Reset,
            // A channel closed without FIN may have lost payload: that is no orderly end.
            (
                Open | Stopped,
                Cause::App(Wish::Reset)
                | Cause::Peer(Flag::Reset)
                | Cause::ChannelClosed
                | Cause::ConnectionLost,
            ) => Reset,
            // Repeats, and what concerns the other half, change nothing here.
            (state, _) => state,
        }
    }
}
