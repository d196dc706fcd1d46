//! What an endpoint takes and gives: datagrams, events, deadlines. A leaf; it knows nothing above it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::error::{ConnectionEnd, Step, StreamEnd};
use super::keylog::KeyLogLine;
use super::signaling::RemoteCandidate;
use crate::ice::Version;
use crate::peer_id::PeerId;
use crate::time::Deadline;

/// Which of the caller's UDP ports a datagram goes by, or came by.
///
/// There are two because many listeners bind the address that a check comes from to whoever they first
/// took it for, before they know whether they understand it. A dial that tries v2 first and then v1 must
/// therefore try v1 from another address: from the first one such a listener never answers again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Port {
    /// The one that the endpoint listens on, and that all begins with.
    #[default]
    Main,
    /// Another one on the same host, for dials that fall back to v1, and for those to an address that a
    /// connection from the main port still leads to; nobody is accepted there. It need not be there before
    /// something is sent by it, and has to stay from then on.
    Fallback,
}

impl Port {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Main => Self::Fallback,
            Self::Fallback => Self::Main,
        }
    }
}

/// A datagram that arrived.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Datagram<'a> {
    /// The port that it came to.
    pub port: Port,
    /// Where it came from.
    pub remote: SocketAddr,
    /// The local address that it was sent to, where the socket can tell; a socket that is bound to a
    /// wildcard address has several.
    pub local: Option<IpAddr>,
    /// Its content.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// A datagram that came to the main port, by an address that is not known.
    pub const fn new(remote: SocketAddr, payload: &'a [u8]) -> Self {
        Self { port: Port::Main, remote, local: None, payload }
    }

    /// The same datagram, sent to this local address.
    #[must_use]
    pub const fn with_local(mut self, local: Option<IpAddr>) -> Self {
        self.local = local;
        self
    }

    /// The same datagram, come to this port.
    #[must_use]
    pub const fn with_port(mut self, port: Port) -> Self {
        self.port = port;
        self
    }
}

/// Datagrams to be sent: one, or several of equal size to the same address, laid end to end as UDP
/// segmentation offload wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit<'a> {
    /// The port to send from.
    pub port: Port,
    /// Where to.
    pub remote: SocketAddr,
    /// The local address to send from, if it matters; the kernel's choice otherwise.
    pub local: Option<IpAddr>,
    /// The datagrams, end to end.
    pub payload: &'a [u8],
    /// Length of each datagram in bytes; the last may be shorter.
    pub segment: usize,
}

impl<'a> Transmit<'a> {
    /// One datagram, by the main port and whatever local address the kernel chooses.
    pub const fn new(remote: SocketAddr, payload: &'a [u8]) -> Self {
        Self { port: Port::Main, remote, local: None, payload, segment: payload.len() }
    }

    /// The same bytes as datagrams of `segment` bytes each.
    #[must_use]
    pub const fn with_segment(mut self, segment: usize) -> Self {
        self.segment = segment;
        self
    }

    /// The same, to be sent from this local address.
    #[must_use]
    pub const fn with_local(mut self, local: Option<IpAddr>) -> Self {
        self.local = local;
        self
    }

    /// The same, to be sent from this port.
    #[must_use]
    pub const fn with_port(mut self, port: Port) -> Self {
        self.port = port;
        self
    }

    /// The datagrams one by one.
    pub fn datagrams(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.payload.chunks(self.segment.max(1))
    }
}

/// What to do next. `Timeout` means that there is nothing left to drain.
///
/// There will never be a fourth thing: whoever drives an endpoint matches all of them.
#[derive(Debug)]
#[must_use]
pub enum Output<'a> {
    /// Send this.
    Transmit(Transmit<'a>),
    /// Something happened.
    Event(Event),
    /// Drained: wait for a datagram, or until the deadline, where there is one.
    Timeout(Option<Deadline>),
}

/// A connection of an endpoint; never reused by the same endpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A stream of a connection; never reused, though data-channel ids are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    pub(crate) connection: ConnectionId,
    pub(crate) channel: u16,
    /// Counts the streams of a connection, so that a stale id never means a later stream.
    pub(crate) serial: u32,
}

impl StreamId {
    /// The connection that the stream belongs to.
    pub const fn connection(self) -> ConnectionId {
        self.connection
    }

    /// The id of its data channel (the SCTP stream id): even if the DTLS client opened it.
    pub const fn channel(self) -> u16 {
        self.channel
    }
}

/// Its connection, its channel, and how many streams the connection had before it: `c1/4#2`.
impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}", self.connection, self.channel, self.serial)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who dialed. There is no third way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The peer dialed us: we are server (listener), DTLS server, Noise initiator.
    Inbound,
    /// We dialed: we are client (dialer), DTLS client, Noise responder.
    Outbound,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        })
    }
}

/// What is known of an authenticated connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Established {
    /// The peer's identity, proven by Noise; of a private connection, by the relayed one that it began on.
    pub peer: PeerId,
    /// Who dialed.
    pub direction: Direction,
    /// The version of webrtc-direct that the client speaks; `None` if the connection is a private one.
    pub version: Option<Version>,
    /// The peer's address at that moment.
    pub remote: SocketAddr,
    /// When each step of the set-up was done.
    pub timeline: Timeline,
}

/// When each step of a connection's set-up was done, counted from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    steps: [Option<Duration>; Step::ALL.len()],
}

impl Timeline {
    /// When `step` was done, if it was.
    pub fn done(&self, step: Step) -> Option<Duration> {
        self.steps[step as usize]
    }

    pub(crate) fn mark(&mut self, step: Step, after: Duration) {
        self.steps[step as usize].get_or_insert(after);
    }
}

/// Something that happened to a connection or stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection is up: encrypted, and the peer authenticated. Nothing is said of a connection that
    /// the peer dialed before this.
    Connected {
        /// Which.
        id: ConnectionId,
        /// With whom, and how.
        established: Established,
    },
    /// Something is to be done to the signaling stream of a private connection
    /// ([`Endpoint::poll_signaling`](super::Endpoint::poll_signaling)), or the stream is of no use any more.
    Signaling {
        /// Which.
        id: ConnectionId,
    },
    /// The peer of a private connection names a candidate by a name of mDNS, as browsers do to hide their addresses.
    /// Whoever can resolve it says so by [`Endpoint::resolved`](super::Endpoint::resolved); others let it be, as the
    /// peer's own checks tell where it is. Only if [`Config::resolve_names`](super::Config::resolve_names) says so, and
    /// no more often than [`Limits::candidates_per_peer`](super::Limits::candidates_per_peer).
    Hidden {
        /// Which.
        id: ConnectionId,
        /// What the peer has said.
        candidate: RemoteCandidate,
    },
    /// The peer of a live connection moved to another address.
    Moved {
        /// Which.
        id: ConnectionId,
        /// Where the peer is now.
        remote: SocketAddr,
    },
    /// A connection is over, or a dial or a meeting failed. Nothing more is said of it or its streams.
    Closed {
        /// Which.
        id: ConnectionId,
        /// What ended it.
        end: ConnectionEnd,
        /// How far its set-up came.
        timeline: Timeline,
    },
    /// The peer opened a stream.
    Opened {
        /// Which.
        id: StreamId,
    },
    /// There is something to read after a read that said [`Read::Empty`], or for the first time: bytes,
    /// the end of them, or a reset.
    Readable {
        /// Which.
        id: StreamId,
    },
    /// There is room again after a write that took less than it was given.
    Writable {
        /// Which.
        id: StreamId,
    },
    /// The write half is finished: the peer has acknowledged the end of our data, or will not do so any
    /// more (it never does, it stopped reading, or the connection ended first).
    Finished {
        /// Which.
        id: StreamId,
        /// Whether the peer acknowledged (FIN_ACK). If not, nothing is known of what was still under way.
        acknowledged: bool,
    },
    /// A stream is over in both directions. What it received may still be read until its handle is
    /// dropped with [`Endpoint::forget_stream`](super::Endpoint::forget_stream).
    StreamClosed {
        /// Which.
        id: StreamId,
        /// What ended it.
        end: StreamEnd,
    },
    /// A secret of a connection's DTLS session, for whoever decrypts what was captured of it. Only if
    /// the configuration asks for them, which takes the feature `capture`; then also for connections
    /// of which nothing else is ever said.
    KeyLog {
        /// Which.
        id: ConnectionId,
        /// The secret.
        line: KeyLogLine,
    },
}

/// What a read found.
///
/// Exhaustive on purpose: a reader has to deal with each of them, and there is nothing else to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Read {
    /// So many bytes were written to the buffer; more than none.
    Bytes(usize),
    /// Nothing now; [`Event::Readable`] will say when there is.
    Empty,
    /// The peer has finished, or we have stopped reading: there will never be more.
    Finished,
    /// The stream was reset, by the peer, by us, or with its connection.
    Reset,
}
