//! Numbers for those who operate an endpoint.

use core::time::Duration;

/// Numbers of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Smoothed round trip of the association, once one was measured.
    pub rtt: Option<Duration>,
    /// UDP payload bytes sent.
    pub bytes_sent: u64,
    /// UDP payload bytes received.
    pub bytes_received: u64,
    /// What received bytes that the application has not read cost in memory.
    pub unread: usize,
    /// Bytes taken from the application that the peer has not acknowledged.
    pub unsent: usize,
    /// Streams that are not over, or have a handle.
    pub streams: usize,
}

/// Numbers of an endpoint, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Datagrams taken from the network.
    pub datagrams_received: u64,
    /// Of these, the ones that belonged to nobody or were no valid STUN or DTLS.
    pub datagrams_dropped: u64,
    /// Connections now, dialed and accepted.
    pub connections: usize,
    /// Peers now that have checked and not begun DTLS.
    pub half_open: usize,
    /// Accepted connections now whose set-up is not done.
    pub handshaking: usize,
}
