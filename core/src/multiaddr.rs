//! The addresses of the two transports, as text and as bytes (libp2p addressing; webrtc-direct,
//! "Addressing"; webrtc, "Signaling Protocol").
//!
//! ```text
//!   /ip4/192.0.2.1/udp/4242/webrtc-direct/certhash/uEi…/p2p/12D3…        DirectAddr
//!   /ip4/…/tcp/…/p2p/Qm…(relay)/p2p-circuit/webrtc/p2p/12D3…(target)     PrivateAddr
//! ```
//!
//! No general multiaddr lives here: only these two shapes are needed, and knowing which one is meant
//! lets an error say what is wrong with it. The room must never resolve names; whoever has a DNS
//! address resolves it first.

pub(crate) mod certhashes;
mod direct;
mod private;

use core::error::Error;
use core::fmt;

pub use direct::DirectAddr;
pub use private::{PrivateAddr, SignalingAddr};

use crate::fingerprint::FingerprintError;
use crate::peer_id::PeerIdError;
use crate::wire::ReadError;

/// Why something is not an address of the kind asked for.
///
/// Positions count from the start of the text or bytes and are where the component at fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultiaddrError {
    /// Text does not begin with `/`.
    NoSlash,
    /// The address does not begin with `/ip4` or `/ip6`.
    NotIp {
        /// Position in bytes.
        at: usize,
    },
    /// The address begins with a DNS name, which must be resolved first.
    Dns,
    /// The address has a zone (`/ip6zone`), which is not supported.
    Ip6Zone,
    /// What follows `/ip4` or `/ip6` is no such address.
    Ip {
        /// Position in bytes.
        at: usize,
    },
    /// The IP address is not followed by `/udp`.
    NotUdp {
        /// Position in bytes.
        at: usize,
    },
    /// What follows `/udp` is no port.
    Port {
        /// Position in bytes.
        at: usize,
    },
    /// The port is not followed by `/webrtc-direct`.
    NotWebrtcDirect {
        /// Position in bytes.
        at: usize,
    },
    /// The address is one of private-to-private `/webrtc`, where one of webrtc-direct was expected.
    Private,
    /// A certhash is no fingerprint.
    Certhash(FingerprintError),
    /// There are more certhashes than a [`DirectAddr`] has room for.
    TooManyCerthashes,
    /// A peer id is none.
    PeerId(PeerIdError),
    /// Something follows where the address should have ended.
    Trailing {
        /// Position in bytes.
        at: usize,
    },
    /// Bytes end within a component, or hold a malformed number.
    Bytes,
    /// The address is one of webrtc-direct, where one of private-to-private `/webrtc` was expected.
    Direct,
    /// A private address does not end with `/p2p/` and the target's peer id.
    NoTarget,
    /// A private address has no `/webrtc` before its target.
    NoWebrtc,
    /// A private address has no relay: `/p2p-circuit` is missing before `/webrtc`, or nothing is
    /// before that.
    NoRelay,
}

impl From<FingerprintError> for MultiaddrError {
    fn from(error: FingerprintError) -> Self {
        Self::Certhash(error)
    }
}

impl From<PeerIdError> for MultiaddrError {
    fn from(error: PeerIdError) -> Self {
        Self::PeerId(error)
    }
}

impl From<ReadError> for MultiaddrError {
    fn from(_: ReadError) -> Self {
        Self::Bytes
    }
}

impl fmt::Display for MultiaddrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlash => f.write_str("an address begins with '/', as in /ip4/…"),
            Self::NotIp { at } => write!(f, "expected /ip4 or /ip6 at byte {at}"),
            Self::Dns => f.write_str("the address has a name, which must be resolved to an IP first"),
            Self::Ip6Zone => f.write_str("/ip6zone is not supported: leave it out"),
            Self::Ip { at } => write!(f, "expected an IP address of the family named at byte {at}"),
            Self::NotUdp { at } => {
                write!(f, "expected /udp at byte {at}: webrtc-direct runs over UDP, straight after the IP")
            }
            Self::Port { at } => write!(f, "expected a port from 0 to 65535 at byte {at}"),
            Self::NotWebrtcDirect { at } => {
                write!(f, "expected /webrtc-direct straight after the port, at byte {at}")
            }
            Self::Private => f.write_str(
                "this is an address of private-to-private /webrtc, which is reached through its relay; \
                 expected one of /webrtc-direct",
            ),
            Self::Certhash(_) => f.write_str("bad /certhash"),
            Self::TooManyCerthashes => {
                write!(f, "more than {} certhashes", DirectAddr::CERTHASHES_MAX)
            }
            Self::PeerId(_) => f.write_str("bad /p2p"),
            Self::Trailing { at } => {
                write!(f, "expected the end, or /certhash before /p2p, at byte {at}")
            }
            Self::Bytes => f.write_str("the bytes end within a component or hold a malformed number"),
            Self::Direct => f.write_str(
                "this is an address of /webrtc-direct, which is dialed without a relay; \
                 expected …/p2p-circuit/webrtc/p2p/<target>",
            ),
            Self::NoTarget => f.write_str(
                "expected /p2p/<peer id of the target> at the end: signaling must know whom to reach",
            ),
            Self::NoWebrtc => f.write_str("expected /webrtc before the target's /p2p"),
            Self::NoRelay => f.write_str(
                "expected <address of a relay>/p2p-circuit before /webrtc: signaling runs over a relay",
            ),
        }
    }
}

impl Error for MultiaddrError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Certhash(error) => Some(error),
            Self::PeerId(error) => Some(error),
            _ => None,
        }
    }
}

/// Whether text names private-to-private `/webrtc` anywhere.
fn is_private(text: &str) -> bool {
    text.split('/').any(|component| matches!(component, "webrtc" | "p2p-circuit"))
}

/// Codes of the components in bytes (multiformats multiaddr, protocol table).
mod code {
    pub(super) const IP4: u64 = 4;
    pub(super) const IP6: u64 = 41;
    pub(super) const IP6ZONE: u64 = 42;
    pub(super) const DNS: u64 = 53;
    pub(super) const DNS4: u64 = 54;
    pub(super) const DNS6: u64 = 55;
    pub(super) const DNSADDR: u64 = 56;
    pub(super) const UDP: u64 = 273;
    pub(super) const WEBRTC_DIRECT: u64 = 280;
    pub(super) const WEBRTC: u64 = 281;
    pub(super) const P2P: u64 = 421;
    pub(super) const CERTHASH: u64 = 466;
}
