//! When a stream ends: two halves, one lifecycle, one data channel.
//!
//! A libp2p stream is closed in each direction by itself; a data channel is closed for both at once,
//! and closing it may throw away what is still under way. So each side keeps a [`WriteHalf`] and a
//! [`ReadHalf`], tells the other with [`Flag`]s, and closes the channel when both halves are done. A
//! [`Lifecycle`] holds both, and answers each [`Cause`] with a [`Reply`]: what to send, what to drop,
//! whether to close. It must never touch payload or a clock. It obeys libp2p webrtc, "Closing an
//! `RTCDataChannel`" and "Multiplexing", and where peers differ from it, the peers.
//!
//! ```text
//!   WriteHalf
//!            Finish                   →FIN_ACK,
//!     Open ─────────────────→ FinSent ─────────→ Closed
//!      │      FIN→             │   │  or 10 s
//!      │ →STOP_SENDING, FIN→   │   │
//!      ├───────────────────────┼───┴───────────→ Stopped
//!      └───────────────────────┴───────────────→ Reset
//!
//!   ReadHalf
//!                →FIN, FIN_ACK→
//!     Open ───────────────────────────┬────────→ Finished
//!      │  │                           │
//!      │  │ StopReading               │ →FIN, FIN_ACK→
//!      │  └──────────────→ Stopped ───┤
//!      │   STOP_SENDING→              │ or 10 s after the write half is done
//!      └──────────────────────────────┴────────→ Reset
//!
//!   to Reset: Wish::Reset (RESET_STREAM→), →RESET_STREAM, channel or connection gone
//! ```
//!
//! `x→` is sent, `→x` received. The full table, every state against every cause, is
//! `core/src/stream/table.txt`; a test holds it against the code.
//!
//! # Rules that are easy to miss
//!
//! - FIN is answered with FIN_ACK at once, whether or not the application has read up to it: some
//!   peers block on it. FIN_ACK is sent once for a FIN and never unasked, as some peers take an
//!   unexpected one for a fatal error.
//! - STOP_SENDING is answered with FIN, unless that was sent before: nothing more comes, so the sender of
//!   STOP_SENDING, who has to go on processing flags, need not wait for any. What was dropped on its
//!   way is not missed, and whether FIN_ACK comes does not matter. Unlike in QUIC, an endpoint "SHOULD
//!   NOT send a `RESET_STREAM` frame in reply".
//! - RESET_STREAM ends both halves, although the specification lets it end the sender's sending part
//!   only: so does every implementation, whichever side sends it. A half that was done before keeps
//!   its good end, and payload from before a FIN can still be read.
//! - A peer cannot make this machine fail: repeated and senseless flags change nothing.

mod lifecycle;
mod read;
mod write;

use core::error::Error;
use core::fmt;
use core::time::Duration;

pub use lifecycle::Lifecycle;
pub use read::ReadHalf;
pub use write::WriteHalf;

use crate::frame::Flag;

/// What an application wants of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// No more payload will be written.
    ///
    /// To be passed on when all payload has been handed to the channel, not while some waits: FIN must
    /// come after it, and the time for FIN_ACK begins.
    Finish,
    /// No more payload will be read.
    StopReading,
    /// Break off, both ways.
    Reset,
}

/// Why a lifecycle may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The application wants something.
    App(Wish),
    /// The peer sent a flag.
    Peer(Flag),
    /// The deadline has come.
    Expired,
    /// The peer closed the data channel (reset its outgoing SCTP stream).
    ChannelClosed,
    /// The connection under the channel is gone.
    ConnectionLost,
}

/// What to do after a [`Cause`], in this order: drop, send, close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub struct Reply {
    /// Payload that was received and not read is of no use any more: drop it, and drop what still
    /// arrives.
    pub discard_inbound: bool,
    /// Payload that was not handed to the channel yet is of no use any more: drop it.
    pub discard_outbound: bool,
    /// Send this flag, in a frame of its own.
    pub send: Option<Flag>,
    /// The stream is over: close the data channel, after the flag has left. Said at most once in a
    /// stream's life. If the peer has closed the channel, this is the answer to it.
    pub close_channel: bool,
}

/// A wish or a wake-up that does not fit the stream's state: the caller's mistake, not the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// [`Wish::Finish`] on a stream that was reset: there is no orderly end any more.
    FinishAfterReset,
    /// [`Cause::Expired`] without a deadline, or before it.
    NotExpired,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FinishAfterReset => "the stream was reset and can no longer be finished",
            Self::NotExpired => "the stream has no deadline that has passed",
        })
    }
}

impl Error for Violation {}

/// How long to wait for a peer's last word before the stream is over without it: for FIN_ACK after
/// FIN, and for FIN after STOP_SENDING once our own half is done.
///
/// go-libp2p and js-libp2p wait as long for FIN_ACK.
pub const LAST_WORD_TIMEOUT: Duration = Duration::from_secs(10);
