//! Binding messages onto a caller's slice.

use core::net::{IpAddr, SocketAddr};

use super::binding::{cookie_and, xor};
use super::{
    ATTRIBUTE_HEADER_LEN, FINGERPRINT_LEN, HmacSha1, INTEGRITY_LEN, Role, TransactionId,
    fingerprint, integrity, kind,
};
use crate::demux::{STUN_HEADER_LEN, STUN_MAGIC_COOKIE};
use crate::ice::{Ufrag, Username};
use crate::wire::{Overflow, Writer};

/// Longest request that [`write_binding_request`] writes, in bytes.
pub const REQUEST_LEN_MAX: usize = STUN_HEADER_LEN
    + ATTRIBUTE_HEADER_LEN
    + Username::LEN_MAX.next_multiple_of(4)
    + (ATTRIBUTE_HEADER_LEN + 4)
    + (ATTRIBUTE_HEADER_LEN + 8)
    + ATTRIBUTE_HEADER_LEN
    + INTEGRITY_LEN
    + FINGERPRINT_LEN;

/// Length of a bare request in bytes: its header.
pub const BARE_REQUEST_LEN: usize = STUN_HEADER_LEN;

/// Longest answer that [`write_binding_success`] writes, in bytes.
pub const SUCCESS_LEN_MAX: usize =
    STUN_HEADER_LEN + (ATTRIBUTE_HEADER_LEN + 20) + INTEGRITY_LEN + FINGERPRINT_LEN;

/// An ICE check to send (RFC 8445 §7.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Random, and new for every check.
    pub transaction_id: TransactionId,
    /// The fragment of the side that the request goes to: first in USERNAME.
    pub receiver: Ufrag<'a>,
    /// The fragment of the side that sends it.
    pub sender: Ufrag<'a>,
    /// The priority that the sender would give to the path.
    pub priority: u32,
    /// The sender's role.
    pub role: Role,
    /// Whether to nominate the path.
    pub use_candidate: bool,
}

impl<'a> Request<'a> {
    /// A check that does not nominate.
    pub const fn new(
        transaction_id: TransactionId,
        receiver: Ufrag<'a>,
        sender: Ufrag<'a>,
        priority: u32,
        role: Role,
    ) -> Self {
        Self { transaction_id, receiver, sender, priority, role, use_candidate: false }
    }

    /// The same check, nominating the path or not.
    #[must_use]
    pub const fn with_use_candidate(mut self, use_candidate: bool) -> Self {
        self.use_candidate = use_candidate;
        self
    }
}

/// Writes a binding request to the front of `out` and returns it. `key` is the receiver's password.
///
/// # Errors
/// [`Overflow`] if `out` is too short; [`REQUEST_LEN_MAX`] bytes suffice.
pub fn write_binding_request<'b>(
    out: &'b mut [u8],
    request: &Request<'_>,
    key: &[u8],
    hmac: &impl HmacSha1,
) -> Result<&'b [u8], Overflow> {
    let mut writer = Writer::new(out);
    header(&mut writer, 0x0001, request.transaction_id)?;
    let (receiver, sender) = (request.receiver.as_str(), request.sender.as_str());
    let username = [receiver.as_bytes(), b":", sender.as_bytes()];
    attribute(&mut writer, kind::USERNAME, &username)?;
    attribute(&mut writer, kind::PRIORITY, &[&request.priority.to_be_bytes()])?;
    let (role, tie_breaker) = match request.role {
        Role::Controlling { tie_breaker } => (kind::ICE_CONTROLLING, tie_breaker),
        Role::Controlled { tie_breaker } => (kind::ICE_CONTROLLED, tie_breaker),
    };
    attribute(&mut writer, role, &[&tie_breaker.to_be_bytes()])?;
    if request.use_candidate {
        attribute(&mut writer, kind::USE_CANDIDATE, &[])?;
    }
    seal(writer, key, hmac)
}

/// A binding request without attributes, as for a server that tells everybody where it sees them.
pub fn write_bare_binding_request(id: TransactionId) -> [u8; BARE_REQUEST_LEN] {
    let mut out = [0; BARE_REQUEST_LEN];
    header(&mut Writer::new(&mut out), 0x0001, id).expect("a header has this length");
    out
}

/// Writes the answer to a binding request to the front of `out` and returns it.
///
/// `mapped` is the address from which the request came; `key` is the password of the side that
/// answers, as for the request.
///
/// # Errors
/// [`Overflow`] if `out` is too short; [`SUCCESS_LEN_MAX`] bytes suffice.
pub fn write_binding_success<'b>(
    out: &'b mut [u8],
    transaction_id: TransactionId,
    mapped: SocketAddr,
    key: &[u8],
    hmac: &impl HmacSha1,
) -> Result<&'b [u8], Overflow> {
    let mut writer = Writer::new(out);
    header(&mut writer, 0x0101, transaction_id)?;
    let port = xor(mapped.port().to_be_bytes(), &STUN_MAGIC_COOKIE[..2]);
    // A socket for both families shows IPv4 peers as IPv6 addresses that they do not know.
    match mapped.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let ip = xor(ip.octets(), &STUN_MAGIC_COOKIE);
            attribute(&mut writer, kind::XOR_MAPPED_ADDRESS, &[&[0, 1], &port, &ip])?;
        }
        IpAddr::V6(ip) => {
            let ip = xor(ip.octets(), &cookie_and(transaction_id));
            attribute(&mut writer, kind::XOR_MAPPED_ADDRESS, &[&[0, 2], &port, &ip])?;
        }
    }
    seal(writer, key, hmac)
}

/// The header, whose length [`seal`] fills in.
fn header(writer: &mut Writer<'_>, class: u16, id: TransactionId) -> Result<(), Overflow> {
    writer.put(&class.to_be_bytes())?;
    writer.put(&[0, 0])?;
    writer.put(&STUN_MAGIC_COOKIE)?;
    writer.put(&id.0)
}

fn attribute(writer: &mut Writer<'_>, kind: u16, value: &[&[u8]]) -> Result<(), Overflow> {
    let len: usize = value.iter().map(|part| part.len()).sum();
    writer.put(&kind.to_be_bytes())?;
    writer.put(&(len as u16).to_be_bytes())?;
    value.iter().try_for_each(|part| writer.put(part))?;
    writer.put(&[0; 3][..len.next_multiple_of(4) - len])
}

/// Adds the two attributes that end every message, and the length.
fn seal<'b>(
    mut writer: Writer<'b>,
    key: &[u8],
    hmac: &impl HmacSha1,
) -> Result<&'b [u8], Overflow> {
    let code = integrity(writer.written(), key, hmac);
    attribute(&mut writer, kind::MESSAGE_INTEGRITY, &[&code])?;
    // The CRC is over a header whose length counts FINGERPRINT already.
    let len = (writer.written().len() - STUN_HEADER_LEN + FINGERPRINT_LEN) as u16;
    writer.written()[2..4].copy_from_slice(&len.to_be_bytes());
    let crc = fingerprint(writer.written());
    attribute(&mut writer, kind::FINGERPRINT, &[&crc])?;
    Ok(writer.finish())
}
