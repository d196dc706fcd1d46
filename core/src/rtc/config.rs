//! Every number of floor 1, with its unit, its default and its reason.

use core::time::Duration;

use super::certificate::Certificate;
use super::identity::Identity;

/// How an endpoint behaves. Made with [`Config::new`], then adjusted field by field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Who we are: signs the Noise handshake.
    pub identity: Identity,
    /// The certificate of DTLS; its certhash is part of the addresses that we listen on.
    pub certificate: Certificate,
    /// Which versions of DTLS are offered and taken.
    pub dtls: DtlsVersions,
    /// Whether connections that peers dial are accepted at all.
    pub accept: bool,
    /// Deadline of a set-up, from the first check to the authenticated peer.
    ///
    /// 10 s: what go-libp2p and js-libp2p give it, so neither side waits for one that has given up.
    pub handshake_timeout: Duration,
    /// A connection ends when nothing valid came from the peer for so long.
    ///
    /// 30 s: the expiry of consent to send (RFC 7675 §5.1). Peers check every 2 to 15 s.
    pub idle_timeout: Duration,
    /// A dial that may use either version tries v2 first, and v1 as well, from another
    /// [`Port`](super::output::Port), after this long without an answer.
    ///
    /// 300 ms: above the round trip of most paths, so that a server that speaks v2 has answered, and
    /// short enough that a server that does not costs less than a retransmission of libjuice (500 ms).
    pub fallback_after: Duration,
    /// The limits.
    pub limits: Limits,
    /// Whether connections say their secrets. The door to it exists with the feature `capture` only.
    pub(crate) log_keys: bool,
}

impl Config {
    /// The defaults, for a node with this identity and certificate.
    pub fn new(identity: Identity, certificate: Certificate) -> Self {
        Self {
            identity,
            certificate,
            dtls: DtlsVersions::Auto,
            accept: true,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            fallback_after: Duration::from_millis(300),
            limits: Limits::default(),
            log_keys: false,
        }
    }
}

/// Which versions of DTLS are offered and taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DtlsVersions {
    /// 1.3 where the peer can, else 1.2.
    Auto,
    /// Only 1.2 (RFC 6347), which every peer speaks.
    V12,
    /// Only 1.3 (RFC 9147).
    V13,
}

/// What an endpoint spends at most, and on whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections, dialed and accepted, in any state but half-open.
    ///
    /// 10 000, at some 60 KiB each: bounds what authenticated peers can make us keep.
    pub connections: usize,
    /// Peers that have sent a STUN check but no DTLS yet. When full, the oldest is forgotten.
    ///
    /// 4 096 entries of about 100 bytes: a flood of forged checks costs no more than 400 KiB.
    pub half_open: usize,
    /// Accepted connections whose set-up is not done. When reached, further ClientHellos are dropped.
    ///
    /// 256: each costs some 30 KiB and a millisecond of cryptography.
    pub handshaking: usize,
    /// New half-open peers per second from one IPv4 address or IPv6 /64.
    ///
    /// 64: a NAT full of browsers gets in, one flooding host does not fill the table.
    pub checks_per_second: u32,
    /// As many as this may come at once before the rate counts.
    pub checks_burst: u32,
    /// Source addresses that one peer may use: dialers with several interfaces check from all of them.
    ///
    /// 8: go-libp2p remembers 32, py-libp2p 16; a host with more working paths than 8 is not known.
    pub addresses_per_peer: usize,
    /// Streams open at once on a connection, both directions together. Further ones are reset.
    ///
    /// 4 096: above the 1 024 ids that browsers negotiate, in either direction.
    pub streams: usize,
    /// Channels that a peer may open before it is authenticated. Further ones are reset.
    ///
    /// 32; js-libp2p allows 10, go-libp2p 256.
    pub early_streams: usize,
    /// Bytes that such an early stream may hold.
    ///
    /// 64 KiB: a first request, not a transfer.
    pub early_stream_bytes: usize,
    /// Unread bytes that one stream may hold. When reached, nothing more is taken from the peer until
    /// the application reads, so the peer's window closes: backpressure.
    ///
    /// 4.25 MiB: SCTP has one window for all streams, so a stream that nobody reads stops the others
    /// only beyond this; js-libp2p has up to 4 MiB under way per stream.
    pub stream_receive_bytes: usize,
    /// Unread bytes that all streams of a connection may hold together; then as above.
    ///
    /// 16 MiB: a few slow readers beside each other.
    pub connection_receive_bytes: usize,
    /// Bytes that a stream takes from the application before a write says "no more".
    ///
    /// 256 KiB: keeps a path of 100 Mbit/s and 20 ms busy.
    pub stream_send_bytes: usize,
    /// Bytes of the SCTP receive window, which bounds what is under way to us.
    ///
    /// 1 MiB: 80 Mbit/s at 100 ms; larger windows made today's senders overrun the path's queue.
    pub receive_window: u32,
    /// The longest frame body accepted from a peer.
    ///
    /// 263 168 bytes (257 KiB), as go-libp2p; bodies are not buffered, so it costs nothing.
    pub frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            half_open: 4_096,
            handshaking: 256,
            checks_per_second: 64,
            checks_burst: 256,
            addresses_per_peer: 8,
            streams: 4_096,
            early_streams: 32,
            early_stream_bytes: 64 * 1024,
            stream_receive_bytes: 4 * 1024 * 1024 + 256 * 1024,
            connection_receive_bytes: 16 * 1024 * 1024,
            stream_send_bytes: 256 * 1024,
            receive_window: 1024 * 1024,
            frame_bytes: 257 * 1024,
        }
    }
}
