//! Every number of floor 1, with its unit, its default and its reason.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::vec::Vec;

use super::certificate::Certificate;
use super::identity::Identity;
use crate::frame::{BODY_LEN_LIMIT_MIN, SPEC_FRAME_LEN_MAX};

/// How an endpoint behaves. Made with [`Config::new`], then adjusted field by field.
///
/// ```
/// use std::time::Duration;
///
/// use floe_core::rtc::identity::Keypair;
/// use floe_core::rtc::{Certificate, Config};
///
/// # let seed = [7; 32];
/// let keypair = Keypair::ed25519_from_seed(seed);
/// let certificate = Certificate::derive(&keypair);
/// let mut config = Config::new(keypair, certificate);
/// config.handshake_timeout = Duration::from_secs(5);
/// config.limits.connections = 100; // a small node
/// config.limits.receive_window_max = 1024 * 1024; // that gives each connection less memory
/// config.validate()?;
/// # Ok::<(), floe_core::rtc::ConfigError>(())
/// ```
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
    /// Against: set-ups that never end. 10 s: what go-libp2p and js-libp2p give it, so neither side waits
    /// for one that has given up.
    pub handshake_timeout: Duration,
    /// Deadline of a private connection's set-up, from the first byte of signaling.
    ///
    /// Against: peers that never answer. 15 s: js-libp2p gives either side 10 s; paths through NATs take some seconds
    /// to be found, and who gave up says so.
    pub meeting_timeout: Duration,
    /// STUN servers that are asked for our address when a private connection is set up: without any, a node behind a
    /// NAT is found by peers only that can be reached themselves.
    ///
    /// None: whom a node tells that it is there is its operator's choice. Of each IP version those are asked that the
    /// main socket can send to, eight at most.
    pub stun_servers: Vec<SocketAddr>,
    /// Whether names of mDNS in a peer's candidates are told, to be resolved.
    ///
    /// False: on most hosts nobody can, and peers that hide their addresses are found by their own checks.
    pub resolve_names: bool,
    /// A connection ends when nothing valid came from the peer for so long.
    ///
    /// Against: connections that nobody is at the other end of. 30 s: the expiry of consent to send (RFC
    /// 7675 §5.1). Peers check every 2 to 15 s.
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
    /// The defaults, for a node with this identity (a [`Keypair`](super::identity::Keypair), or an
    /// [`Identity`] around another signer) and certificate.
    pub fn new(identity: impl Into<Identity>, certificate: Certificate) -> Self {
        Self {
            identity: identity.into(),
            certificate,
            dtls: DtlsVersions::Auto,
            accept: true,
            handshake_timeout: Duration::from_secs(10),
            meeting_timeout: Duration::from_secs(15),
            stun_servers: Vec::new(),
            resolve_names: false,
            idle_timeout: Duration::from_secs(30),
            fallback_after: Duration::from_millis(300),
            limits: Limits::default(),
            log_keys: false,
        }
    }

    /// Whether an endpoint can work with these numbers: no limit is so low that nothing would ever happen.
    ///
    /// Whoever makes an endpoint asks it first. High numbers are not looked at: what a node can afford,
    /// its operator knows.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the first field that is too low.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let times = [
            ("handshake_timeout", self.handshake_timeout),
            ("meeting_timeout", self.meeting_timeout),
            ("idle_timeout", self.idle_timeout),
        ];
        for (field, time) in times {
            if time < TIMEOUT_MIN {
                return Err(ConfigError::TooShort { field, least: TIMEOUT_MIN });
            }
        }
        self.limits.validate()
    }
}

/// Which versions of DTLS are offered and taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DtlsVersions {
    /// 1.3 where the peer can, else 1.2.
    #[default]
    Auto,
    /// Only 1.2 (RFC 6347), which every peer speaks.
    V12,
    /// Only 1.3 (RFC 9147).
    V13,
}

/// What an endpoint spends at most, and on whom: each with the attack that it answers.
///
/// What is measured is in `SECURITY.md`, and held by `cargo test -p floe-tests --test attack`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections, dialed and accepted, in any state but half-open.
    ///
    /// Against: peers that come in and stay, under as many names as they like. 10 000, of some 21 KiB each
    /// while they are idle. Whom to let go before it is reached, the application knows.
    pub connections: usize,
    /// Peers that have sent a STUN check but no DTLS yet. When full, the oldest is forgotten.
    ///
    /// Against: floods of forged checks, each with a ufrag and an address of its own. 4 096 entries of some
    /// 560 bytes, indexes included, 2.3 MiB, and 3.3 MiB once they come and go; a good peer needs its entry
    /// for a round trip, so at 50 ms it takes 80 000 forged checks a second to push it out.
    pub half_open: usize,
    /// Accepted connections whose set-up is not done. When reached, one gives way to each that begins: the
    /// oldest whose client has not proven to be where it says, or else the oldest. Above half of it, clients
    /// that have not proven that are asked for a cookie.
    ///
    /// Against: forged or replayed ClientHellos, and set-ups that begin and never end (slow loris). 256, of
    /// up to 18 KiB and half a millisecond of cryptography each; what chunks of SCTP cost comes later.
    pub handshaking: usize,
    /// New half-open peers per second from one IPv4 address or IPv6 /64.
    ///
    /// Against: one host, with an address that is its own, that fills the tables above. 64: a NAT full of
    /// browsers gets in.
    pub checks_per_second: u32,
    /// As many as this may come at once before the rate counts.
    ///
    /// Against: the same. 256: what a NAT full of browsers does when its node comes back.
    pub checks_burst: u32,
    /// Source addresses that one peer may use: dialers with several interfaces check from all of them.
    ///
    /// Against: a peer that checks from as many forged addresses as there are, each of which leads to its
    /// connection from then on. 8: go-libp2p remembers 32, py-libp2p 16; a host with more working paths
    /// than 8 is not known.
    pub addresses_per_peer: usize,
    /// Private connections whose set-up is not done. Further ones are refused.
    ///
    /// Against: peers that come through relays, under as many names as they like. 64, of up to 56 KiB each.
    /// One peer may have four that it has offered, and all peers together three quarters of them.
    pub meetings: usize,
    /// Addresses that the peer of a private connection may name, and as many that it may check from.
    ///
    /// Against: a peer that has us send checks to whomever it names. 32, to each of which seven checks go: 21 KB for a
    /// meeting, which costs the peer a relayed connection. No more than a hundred are of use: so many pairs are
    /// checked.
    pub candidates_per_peer: usize,
    /// Streams open at once on a connection, both directions together. Further ones are reset.
    ///
    /// Against: floods of streams. A peer that goes on by more than 1 024, without closing those that were
    /// refused, is sent away; until then it costs 7 MiB. 4 096: above the 1 024 ids that browsers
    /// negotiate, in either direction.
    pub streams: usize,
    /// Channels that a peer may open before it is authenticated. Further ones are reset.
    ///
    /// Against: floods of streams by peers without a name: whoever goes on by more than 1 024 is sent away.
    /// 32; js-libp2p allows 10, go-libp2p 256.
    pub early_streams: usize,
    /// Bytes that such an early stream may hold.
    ///
    /// Against: peers without a name that fill memory before anybody reads. 64 KiB: a first request, not a
    /// transfer.
    pub early_stream_bytes: usize,
    /// Unread bytes that one stream may hold. When reached, nothing more is taken from the peer until
    /// the application reads, so the peer's window closes: backpressure.
    ///
    /// Against: a peer that writes to a stream that nobody reads, in pieces of whatever size. 4.25 MiB: SCTP
    /// has one window for all streams, so a stream that nobody reads stops the others
    /// only beyond this; js-libp2p has up to 4 MiB under way per stream.
    pub stream_receive_bytes: usize,
    /// Unread bytes that all streams of a connection may hold together; then as above.
    ///
    /// Against: the same on many streams. 16 MiB: a few slow readers beside each other.
    pub connection_receive_bytes: usize,
    /// Bytes that a stream takes from the application before a write says "no more".
    ///
    /// Against: a peer that never reads, or says that it has no window. 256 KiB: keeps a path of 100 Mbit/s
    /// and 20 ms busy.
    pub stream_send_bytes: usize,
    /// Bytes of a connection that are sent and not acknowledged.
    ///
    /// Against: a path that carries more than we can afford to keep, and a peer that makes it look so. How many
    /// there are up to this follows what the path carries. 4 MiB: 320 Mbit/s at 100 ms; with more of them, SCTP's
    /// work for each datagram becomes what limits the rate. 64 KiB is the least.
    pub unacknowledged_bytes: usize,
    /// Bytes that the SCTP receive window begins with, which bounds what is under way to us.
    ///
    /// Against: senders that overrun the path's queue, which today's do if they are let. 1 MiB: 80 Mbit/s at
    /// 100 ms.
    pub receive_window: u32,
    /// Bytes that it may grow to: it is doubled when a whole window is read within two round trips. No less than
    /// it begins with.
    ///
    /// Against: messages that cannot be read yet, behind a gap or in pieces. Each chunk is charged with 256
    /// bytes at least, as a peer that sends single bytes would otherwise have hundreds of times the window
    /// kept. 4 MiB, as for `unacknowledged_bytes`.
    pub receive_window_max: u32,
    /// The longest frame body accepted from a peer.
    ///
    /// Against: frames that say they are huge, by a length of up to 2^63. 263 168 bytes (257 KiB), as
    /// go-libp2p; bodies are not buffered, so it costs nothing.
    pub frame_bytes: usize,
}

impl Limits {
    fn validate(&self) -> Result<(), ConfigError> {
        // By name, so that a limit that is added has to be thought of here.
        let &Self {
            connections,
            half_open,
            handshaking,
            checks_per_second,
            checks_burst,
            addresses_per_peer,
            // A node may have no use for private connections.
            meetings: _,
            candidates_per_peer,
            streams,
            // Without them peers have to wait until they are authenticated, which some do.
            early_streams: _,
            early_stream_bytes: _,
            stream_receive_bytes,
            connection_receive_bytes,
            stream_send_bytes,
            unacknowledged_bytes,
            receive_window,
            // Less than the window begins with is as much as that.
            receive_window_max: _,
            frame_bytes,
        } = self;
        let numbers = [
            ("limits.connections", connections as u64, 1),
            ("limits.half_open", half_open as u64, 1),
            ("limits.handshaking", handshaking as u64, 1),
            ("limits.checks_per_second", checks_per_second.into(), 1),
            ("limits.checks_burst", checks_burst.into(), 1),
            ("limits.addresses_per_peer", addresses_per_peer as u64, 1),
            ("limits.candidates_per_peer", candidates_per_peer as u64, 1),
            ("limits.streams", streams as u64, 1),
            ("limits.stream_receive_bytes", stream_receive_bytes as u64, MESSAGE_LEN),
            ("limits.connection_receive_bytes", connection_receive_bytes as u64, MESSAGE_LEN),
            ("limits.stream_send_bytes", stream_send_bytes as u64, 1),
            ("limits.unacknowledged_bytes", unacknowledged_bytes as u64, UNACKNOWLEDGED_MIN as u64),
            ("limits.receive_window", receive_window.into(), RECEIVE_WINDOW_MIN),
            ("limits.frame_bytes", frame_bytes as u64, BODY_LEN_LIMIT_MIN as u64),
        ];
        for (field, value, least) in numbers {
            if value < least {
                return Err(ConfigError::TooLow { field, least });
            }
        }
        Ok(())
    }
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
            meetings: 64,
            candidates_per_peer: 32,
            streams: 4_096,
            early_streams: 32,
            early_stream_bytes: 64 * 1024,
            stream_receive_bytes: 4 * 1024 * 1024 + 256 * 1024,
            connection_receive_bytes: 16 * 1024 * 1024,
            stream_send_bytes: 256 * 1024,
            unacknowledged_bytes: 4 * 1024 * 1024,
            receive_window: 1024 * 1024,
            receive_window_max: 4 * 1024 * 1024,
            frame_bytes: 257 * 1024,
        }
    }
}

/// Why an endpoint cannot work with a [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A time is so short that nothing could be done within it.
    TooShort {
        /// The field of [`Config`].
        field: &'static str,
        /// The least that is taken.
        least: Duration,
    },
    /// A number is so low that something would wait for ever, or could never be.
    TooLow {
        /// The field of [`Config`].
        field: &'static str,
        /// The least that is taken.
        least: u64,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { field, least } => {
                write!(f, "{field} is too short in the configuration: {least:?} is the least")
            }
            Self::TooLow { field, least } => {
                write!(f, "{field} is too low in the configuration: {least} is the least")
            }
        }
    }
}

impl Error for ConfigError {}

/// Shorter deadlines are a slip of units: no path has six round trips in a millisecond.
const TIMEOUT_MIN: Duration = Duration::from_millis(1);

/// The longest message that the specification lets peers send: less room than that would never have room
/// for it.
const MESSAGE_LEN: u64 = SPEC_FRAME_LEN_MAX as u64;

/// One message may fill half of the window, so that the next can be on its way while it is read; twice
/// that, as some peers put frames together.
const RECEIVE_WINDOW_MIN: u64 = 4 * MESSAGE_LEN;

/// What a local network needs, and what SCTP handles at full speed (measured: a quarter less at 1 MiB). Also
/// what waits at ease in the socket of a peer that is slow to read it, and so loses nothing: Linux gives a
/// socket 208 KiB, and a datagram takes twice its length of that.
pub(crate) const UNACKNOWLEDGED_MIN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::rtc::identity::Keypair;

    fn config(adjust: impl FnOnce(&mut Config)) -> Config {
        let identity = Identity::from(Keypair::ed25519_from_seed([1; 32]));
        let mut config = Config::new(identity, Certificate::generate([1; 32]));
        adjust(&mut config);
        config
    }

    #[test]
    fn the_defaults_work_and_what_would_hang_is_named() {
        assert_eq!(config(|_| {}).validate(), Ok(()));
        let too_low = |field, least| Err(ConfigError::TooLow { field, least });
        let windowless = config(|config| config.limits.receive_window = 0).validate();
        assert_eq!(windowless, too_low("limits.receive_window", 65_536));
        let text = windowless.unwrap_err().to_string();
        assert!(text.contains("limits.receive_window") && text.contains("65536"), "{text}");
        let mute = config(|config| config.limits.stream_send_bytes = 0).validate();
        assert_eq!(mute, too_low("limits.stream_send_bytes", 1));
        let deaf = config(|config| config.limits.stream_receive_bytes = 16_383).validate();
        assert_eq!(deaf, too_low("limits.stream_receive_bytes", 16_384));
        let hasty = config(|config| config.handshake_timeout = Duration::ZERO).validate();
        let least = Duration::from_millis(1);
        assert_eq!(hasty, Err(ConfigError::TooShort { field: "handshake_timeout", least }));
        let without = config(|config| {
            config.fallback_after = Duration::ZERO;
            config.limits.early_streams = 0;
        });
        assert_eq!(without.validate(), Ok(()), "these can be done without");
    }
}
