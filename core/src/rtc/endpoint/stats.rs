//! Numbers for those who operate an endpoint.

use core::time::Duration;

/// Numbers of a connection, since it began.
///
/// Bytes and datagrams are those of DTLS and all that is in it; the STUN checks beside it are not
/// counted, nor are the headers of UDP and IP. A connection without an engine, such as a dial that nobody
/// has answered yet, has nothing but zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Smoothed round trip, once one was measured.
    pub rtt: Option<Duration>,
    /// The shortest round trip on the present path: what it takes without queues.
    pub rtt_min: Option<Duration>,
    /// UDP payload bytes sent.
    pub bytes_sent: u64,
    /// UDP payload bytes received, valid or not.
    pub bytes_received: u64,
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Datagrams received, valid or not.
    pub datagrams_received: u64,
    /// DATA chunks of SCTP that were sent again, each as often as it was. A datagram holds one chunk of a
    /// bulk transfer, and several of small messages. Some are for nothing: where datagrams overtake each
    /// other, what is only late seems lost.
    pub retransmits: u64,
    /// Bytes taken from the application, on all streams, that the peer has not acknowledged: those that
    /// are under way and those that still wait for their turn. An asynchronous stream has a buffer of
    /// its own before this.
    pub send_buffered: usize,
    /// What received bytes that the application has not read cost in memory, on all streams. At
    /// [`Limits::connection_receive_bytes`](crate::rtc::Limits::connection_receive_bytes) nothing more
    /// is taken from the peer. An asynchronous stream has a buffer of its own behind this.
    pub receive_buffered: usize,
    /// Streams that are not over, or have a handle.
    pub streams: usize,
}

/// Numbers of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStats {
    /// As in [`Stats::send_buffered`], of this stream: what browsers call `bufferedAmount`.
    pub send_buffered: usize,
    /// As in [`Stats::receive_buffered`], of this stream.
    pub receive_buffered: usize,
}

/// Numbers of an endpoint, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Datagrams taken from the network.
    pub datagrams_received: u64,
    /// Of these, the ones that belonged to nobody or were no valid STUN or DTLS.
    pub datagrams_dropped: u64,
    /// Datagrams given to the network, those of STUN among them.
    pub datagrams_sent: u64,
    /// Connections now, dialed and accepted.
    pub connections: usize,
    /// Peers now that have checked and not begun DTLS.
    pub half_open: usize,
    /// Accepted connections now whose set-up is not done.
    pub handshaking: usize,
}
