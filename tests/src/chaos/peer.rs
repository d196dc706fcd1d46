//! A node as an application sees it, whether it is a bare endpoint or behind the driver's loop.
//!
//! Nothing here waits: what takes time is asked for and told later, as a [`Happening`].

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, Counters, Read, Stats, StreamId};
use floe_core::time::Timestamp;

use crate::node::Node;

/// A node with an application on it.
pub trait Peer: Node {
    /// Who it is.
    fn peer_id(&self) -> PeerId;

    /// The address to dial it at.
    fn address(&self) -> DirectAddr;

    /// Dials; what came of it is told with the same number.
    fn dial(&mut self, now: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask;

    /// Opens a stream; what came of it is told with the same number.
    fn open(&mut self, now: Timestamp, on: ConnectionId) -> Ask;

    /// Writes what there is room for: `Ok(0)` if there is none, an error if there never will be.
    fn write(&mut self, now: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken>;

    /// Reads what there is.
    fn read(&mut self, now: Timestamp, from: StreamId, out: &mut [u8]) -> Read;

    /// Ends the write half.
    fn finish(&mut self, now: Timestamp, stream: StreamId) -> Result<(), Broken>;

    /// Reads no more from the stream.
    fn stop_reading(&mut self, now: Timestamp, stream: StreamId);

    /// Resets the stream.
    fn reset(&mut self, now: Timestamp, stream: StreamId);

    /// Lets go of the stream's handle, in whatever state it is.
    fn forget(&mut self, now: Timestamp, stream: StreamId);

    /// Closes a connection.
    fn close(&mut self, now: Timestamp, connection: ConnectionId);

    /// What happened next.
    fn happening(&mut self) -> Option<Happening>;

    /// The trouble is over: whatever its host does to it ends.
    fn calm(&mut self) {}

    /// Whether it tells of the ends of write halves, with [`Happening::Finished`].
    fn tells_ends(&self) -> bool {
        false
    }

    /// Numbers of the endpoint, if it can be asked for them.
    fn counters(&self) -> Option<Counters> {
        None
    }

    /// Numbers of a connection, if it lives and can be asked for them.
    fn stats(&self, _of: ConnectionId) -> Option<Stats> {
        None
    }
}

/// What was asked for, by its number; each node counts its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask(pub u64);

/// The numbers of what a node is asked for.
#[derive(Debug, Default)]
pub(super) struct Asks(u64);

impl Asks {
    /// The number of one more.
    pub(super) fn number(&mut self) -> Ask {
        self.0 += 1;
        Ask(self.0)
    }
}

/// A stream cannot be written to any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What happened to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A connection is up: one that was asked for, or one that a peer dialed.
    Connected {
        /// The dial; none if the peer dialed.
        ask: Option<Ask>,
        /// Which.
        id: ConnectionId,
        /// Who is there.
        peer: PeerId,
    },
    /// There will be no connection, or no stream.
    Refused {
        /// What was asked for.
        ask: Ask,
        /// Why, in words.
        why: String,
    },
    /// A stream is open: one that was asked for, or one that the peer opened.
    Opened {
        /// The wish; none if the peer opened it.
        ask: Option<Ask>,
        /// Which.
        id: StreamId,
    },
    /// The write half of a stream has come to its end; only of peers that [tell](Peer::tells_ends).
    Finished {
        /// Which.
        id: StreamId,
        /// Whether the peer has acknowledged all of it.
        acknowledged: bool,
    },
    /// A connection is over.
    Closed {
        /// Which.
        id: ConnectionId,
        /// Why: the [`ConnectionEnd`](floe_core::rtc::error::ConnectionEnd), as `{:?}` prints it.
        why: String,
    },
}
