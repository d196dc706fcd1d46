//! STUN binding messages: read from a datagram, checked against a password, written onto a slice.
//!
//! ICE checks are STUN binding requests and their answers (RFC 8445 §7, RFC 8489). floe leaves running
//! them to its ICE agent; this room is for what happens before there is one. A listener must read the
//! USERNAME of a stranger's request and check it **before anything is allocated** for the stranger,
//! and a probe must ask and be answered without a connection. Servers that only tell us where we are are asked with
//! bare requests. It must never keep state, and never trust a length in a message.
//!
//! ```text
//!   00 01 │ length │ 21 12 a4 42 │ transaction id │ attributes …  │ MESSAGE-INTEGRITY │ FINGERPRINT
//!   class   after    magic          12 bytes        type, length,   HMAC-SHA1 of all    CRC-32 of all
//!           header   cookie                         value, padding  before it           before it
//! ```
//!
//! The hash function comes from outside through [`HmacSha1`], as there is no cryptography on this
//! floor.

mod binding;
mod write;

use core::error::Error;
use core::fmt;

pub use binding::Binding;
pub use write::{BARE_REQUEST_LEN, REQUEST_LEN_MAX, Request, SUCCESS_LEN_MAX};
pub use write::{write_bare_binding_request, write_binding_request, write_binding_success};

use crate::demux::STUN_HEADER_LEN;

/// HMAC-SHA1, brought by the caller (RFC 2104).
///
/// SHA-1 is broken for other purposes; RFC 8489 §14.5 has kept it for this one.
pub trait HmacSha1 {
    /// The code of all `parts`, one after the other, under `key`.
    fn hmac_sha1(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 20];
}

/// What a binding message is to its transaction (RFC 8489 §5): two bits, so these are all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Asks for an answer.
    Request,
    /// Wants no answer: a keepalive.
    Indication,
    /// Answers that the request was accepted.
    Success,
    /// Answers that it was not.
    Error,
}

/// Which side decides on the path, with the number that settles a conflict (RFC 8445 §7.1.3). There are
/// no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The sender nominates: the dialer, in webrtc-direct.
    Controlling {
        /// Random number of the sender.
        tie_breaker: u64,
    },
    /// The sender waits for nomination: the listener.
    Controlled {
        /// Random number of the sender.
        tie_breaker: u64,
    },
}

/// What ties an answer to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub [u8; 12]);

/// Why a datagram is no STUN binding message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StunError {
    /// It does not begin as a STUN message: too short, or bits or cookie are wrong.
    NotStun,
    /// It is STUN, but of another method than Binding.
    Method,
    /// The length in the header is not that of the datagram.
    Length,
    /// An attribute reaches beyond the message, or has not the length of its type.
    Attribute {
        /// The attribute's type.
        kind: u16,
    },
    /// Something follows FINGERPRINT, which must be last.
    AfterFingerprint,
}

impl fmt::Display for StunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStun => f.write_str("the datagram does not begin as a STUN message"),
            Self::Method => f.write_str("the STUN message is of another method than Binding"),
            Self::Length => f.write_str("the STUN message's length is not that of the datagram"),
            Self::Attribute { kind } => {
                write!(f, "STUN attribute {kind:#06x} has an impossible length")
            }
            Self::AfterFingerprint => f.write_str("a STUN attribute follows FINGERPRINT"),
        }
    }
}

impl Error for StunError {}

/// Why a message is not what it claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The message has no such attribute.
    Missing,
    /// The attribute does not match the message.
    Mismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the STUN message lacks the attribute that would prove it",
            Self::Mismatch => "the STUN message was altered, or made with another password",
        })
    }
}

impl Error for VerifyError {}

/// Attribute types (RFC 8489 §18.3, RFC 8445 §16.1).
mod kind {
    pub(super) const MAPPED_ADDRESS: u16 = 0x0001;
    pub(super) const USERNAME: u16 = 0x0006;
    pub(super) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(super) const ERROR_CODE: u16 = 0x0009;
    pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub(super) const PRIORITY: u16 = 0x0024;
    pub(super) const USE_CANDIDATE: u16 = 0x0025;
    pub(super) const FINGERPRINT: u16 = 0x8028;
    pub(super) const ICE_CONTROLLED: u16 = 0x8029;
    pub(super) const ICE_CONTROLLING: u16 = 0x802a;
}

/// Type and length in front of every attribute's value.
const ATTRIBUTE_HEADER_LEN: usize = 4;
/// MESSAGE-INTEGRITY as a whole.
const INTEGRITY_LEN: usize = ATTRIBUTE_HEADER_LEN + 20;
/// FINGERPRINT as a whole.
const FINGERPRINT_LEN: usize = ATTRIBUTE_HEADER_LEN + 4;

/// The value of FINGERPRINT for a message whose bytes up to it are `bytes`.
fn fingerprint(bytes: &[u8]) -> [u8; 4] {
    // RFC 8489 §14.7: CRC-32 of ITU V.42, XORed with a number that no other protocol's CRC has.
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    (CRC.checksum(bytes) ^ 0x5354_554e).to_be_bytes()
}

/// The value of MESSAGE-INTEGRITY for a message whose bytes up to it are `bytes`.
fn integrity(bytes: &[u8], key: &[u8], hmac: &impl HmacSha1) -> [u8; 20] {
    // RFC 8489 §14.5: as if the message ended with MESSAGE-INTEGRITY, whatever its header says.
    let (start, rest) = bytes.split_at(2);
    let len = (bytes.len() - STUN_HEADER_LEN + INTEGRITY_LEN) as u16;
    hmac.hmac_sha1(key, &[start, &len.to_be_bytes(), &rest[2..]])
}

#[cfg(test)]
mod tests;
