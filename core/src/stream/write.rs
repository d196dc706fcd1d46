//! The half of a stream that we write.
//!
//! It knows when payload may still be sent and when all of it has arrived; it never says what to
//! send, which the [`Lifecycle`](super::Lifecycle) derives from the step taken.

use super::{Cause, Wish};
use crate::frame::Flag;

/// The half of a stream that we write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteHalf {
    /// Payload may be written.
    #[default]
    Open,
    /// FIN was sent; whether it arrived is not known.
    FinSent,
    /// The peer has all payload and FIN, or has had ten seconds to say so.
    Closed,
    /// The peer does not want to read any more. What was sent last may not have been read.
    Stopped,
    /// The stream was broken off.
    Reset,
}

impl WriteHalf {
    /// All states, in the order of their declaration.
    pub const ALL: &'static [Self] =
        &[Self::Open, Self::FinSent, Self::Closed, Self::Stopped, Self::Reset];

    /// Whether nothing more will be sent or awaited.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Closed | Self::Stopped | Self::Reset)
    }

    /// The state after `cause`; total, so that no peer can make it fail.
    pub(super) const fn next(self, cause: Cause) -> Self {
        use WriteHalf::*;
        match (self, cause) {
            (Open, Cause::App(Wish::Finish)) => FinSent,
            // libp2p webrtc: "A node SHOULD only consider its write-half closed once it received a
            // `FIN_ACK`", and "MAY close the datachannel without receiving a `FIN_ACK`, for example in
            // the case of a timeout".
            (FinSent, Cause::Peer(Flag::FinAck) | Cause::Expired) => Closed,
            (Open | FinSent, Cause::Peer(Flag::StopSending)) => Stopped,
            // A FIN_ACK may be thrown away with the channel: that the peer closed it is as good.
            (FinSent, Cause::ChannelClosed) => Closed,
            (Open, Cause::ChannelClosed) => Reset,
            (
                Open | FinSent,
                Cause::App(Wish::Reset) | Cause::Peer(Flag::Reset) | Cause::ConnectionLost,
            ) => Reset,
            // Repeats, FIN_ACK without FIN, and what concerns the other half change nothing here.
            (state, _) => state,
        }
    }
}
