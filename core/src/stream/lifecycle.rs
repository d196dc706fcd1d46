//! Both halves, the one deadline they share, and the channel under them.
//!
//! The halves' own tables say where each goes; here stands what that means for the channel: which
//! flag to send, what to drop, and when the channel may be closed.

use super::{Cause, LAST_WORD_TIMEOUT, ReadHalf, Reply, Violation, Wish, WriteHalf};
use crate::frame::Flag;
use crate::time::{Deadline, Timestamp};

/// One stream, from its first byte to the end of its channel.
///
/// ```
/// use floe_core::frame::Flag;
/// use floe_core::stream::{Cause, Lifecycle, Wish};
/// use floe_core::time::Timestamp;
///
/// let now = Timestamp::ZERO;
/// let mut stream = Lifecycle::new();
/// assert_eq!(stream.on(now, Cause::App(Wish::Finish))?.send, Some(Flag::Fin));
/// assert_eq!(stream.on(now, Cause::Peer(Flag::Fin))?.send, Some(Flag::FinAck));
/// assert!(stream.on(now, Cause::Peer(Flag::FinAck))?.close_channel);
/// # Ok::<(), floe_core::stream::Violation>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lifecycle {
    write: WriteHalf,
    read: ReadHalf,
    /// When to stop waiting for the peer's last word. One suffices: FIN is awaited only once FIN_ACK
    /// is no longer.
    expires: Option<Timestamp>,
}

impl Lifecycle {
    /// A stream on a channel that was just opened.
    pub const fn new() -> Self {
        Self { write: WriteHalf::Open, read: ReadHalf::Open, expires: None }
    }

    /// The half that we write. Payload may be sent only while it is [`WriteHalf::Open`].
    pub const fn write_half(&self) -> WriteHalf {
        self.write
    }

    /// The half that the peer writes. Payload that arrives is to be kept only while it is
    /// [`ReadHalf::Open`], and dropped otherwise.
    pub const fn read_half(&self) -> ReadHalf {
        self.read
    }

    /// Whether both halves are done, and so the channel is closed or to be closed. Nothing is sent
    /// after that.
    pub const fn is_over(&self) -> bool {
        self.write.is_done() && self.read.is_done()
    }

    /// When to come back with [`Cause::Expired`], if nothing happens before.
    pub fn deadline(&self) -> Option<Deadline> {
        let why = match self.awaits() {
            Some(Flag::FinAck) => "FIN_ACK has not come after FIN",
            _ => "FIN has not come after STOP_SENDING",
        };
        self.expires.map(|at| Deadline { at, why })
    }

    /// Takes one step.
    ///
    /// # Errors
    /// A [`Violation`] for a wish or a wake-up that does not fit; nothing has changed then. Never for
    /// what the peer does.
    pub fn on(&mut self, now: Timestamp, cause: Cause) -> Result<Reply, Violation> {
        match cause {
            Cause::App(Wish::Finish) if self.write == WriteHalf::Reset => {
                return Err(Violation::FinishAfterReset);
            }
            Cause::Expired if self.expires.is_none_or(|at| now < at) => {
                return Err(Violation::NotExpired);
            }
            _ => {}
        }
        let before = *self;
        // A deadline while FIN_ACK is awaited is the write half's alone.
        if cause != Cause::Expired || self.write != WriteHalf::FinSent {
            self.read = self.read.next(cause);
        }
        self.write = self.write.next(cause);
        self.expires = match (before.awaits(), self.awaits()) {
            (_, None) => None,
            (same, awaited) if same == awaited => before.expires,
            _ => Some(now + LAST_WORD_TIMEOUT),
        };
        Ok(self.reply(cause, before))
    }

    /// The peer's word without which the stream cannot go on to its end, and which it may never say.
    const fn awaits(&self) -> Option<Flag> {
        match (self.write, self.read) {
            (WriteHalf::FinSent, _) => Some(Flag::FinAck),
            // A peer that was told to stop may think that nothing is left to say. Without an end to
            // the wait the channel would stay for good.
            (write, ReadHalf::Stopped) if write.is_done() => Some(Flag::Fin),
            _ => None,
        }
    }

    /// What the step means for the channel.
    fn reply(&self, cause: Cause, before: Self) -> Reply {
        let write_moved = self.write != before.write;
        let read_moved = self.read != before.read;
        let send = match cause {
            Cause::App(Wish::Finish) if write_moved => Some(Flag::Fin),
            Cause::App(Wish::StopReading) if read_moved => Some(Flag::StopSending),
            Cause::App(Wish::Reset) if write_moved || read_moved => Some(Flag::Reset),
            // libp2p webrtc: "If a `FIN` flag is received the node SHOULD respond with a `FIN_ACK`." At
            // once, and once.
            Cause::Peer(Flag::Fin) if read_moved => Some(Flag::FinAck),
            // Who stopped us waits for nothing but our last word, and we have no other.
            Cause::Peer(Flag::StopSending) if before.write == WriteHalf::Open => Some(Flag::Fin),
            _ => None,
        };
        Reply {
            discard_inbound: matches!(cause, Cause::App(Wish::StopReading | Wish::Reset))
                || (read_moved && self.read == ReadHalf::Reset),
            discard_outbound: write_moved
                && matches!(self.write, WriteHalf::Stopped | WriteHalf::Reset),
            send,
            close_channel: self.is_over() && !before.is_over() && cause != Cause::ConnectionLost,
        }
    }
}

#[cfg(test)]
mod tests;
