//! A binding message in a datagram: found once, then looked at without a copy.

use core::net::{IpAddr, SocketAddr};

use super::{
    ATTRIBUTE_HEADER_LEN, Class, FINGERPRINT_LEN, HmacSha1, INTEGRITY_LEN, Role, StunError,
    TransactionId, VerifyError, fingerprint, integrity, kind,
};
use crate::demux::{Kind, STUN_HEADER_LEN, STUN_MAGIC_COOKIE, classify};
use crate::wire::Reader;

/// A binding message, borrowed from its datagram.
///
/// ```
/// use floe_core::ice::stun::{
///     Binding, Class, HmacSha1, REQUEST_LEN_MAX, Request, Role, TransactionId, write_binding_request,
/// };
/// use floe_core::ice::{Credentials, DialSecrets, Username, Version};
///
/// # struct Hmac;
/// # impl HmacSha1 for Hmac {
/// #     fn hmac_sha1(&self, _: &[u8], _: &[&[u8]]) -> [u8; 20] { [1; 20] }
/// # }
/// // A dialer's check; `Hmac` brings HMAC-SHA1 from the cryptography of your choice.
/// # let random = [7; DialSecrets::RANDOM_LEN];
/// let secrets = DialSecrets::new(Version::V2, &random);
/// let (server, client) = (secrets.credentials().remote, secrets.credentials().local);
/// let role = Role::Controlling { tie_breaker: 1 };
/// let id = TransactionId(*b"random bytes");
/// let request = Request::new(id, server.ufrag, client.ufrag, 1, role);
/// let mut out = [0; REQUEST_LEN_MAX];
/// let datagram =
///     write_binding_request(&mut out, &request, server.password.as_str().as_bytes(), &Hmac)?;
///
/// // What the listener makes of it, without keeping anything.
/// let binding = Binding::parse(datagram)?;
/// assert_eq!(binding.class(), Class::Request);
/// let username = Username::parse(binding.username().expect("checks have one"))?;
/// let password = Credentials::infer(username)?.local.password;
/// binding.verify_fingerprint()?;
/// binding.verify_integrity(password.as_str().as_bytes(), &Hmac)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Attributes may come in any order. Of two of one type the first counts (RFC 8489 §14), and what
/// follows MESSAGE-INTEGRITY does not count at all, as it proves nothing (§14.5). Unknown attributes
/// are passed over: browsers add some.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    bytes: &'a [u8],
    class: Class,
    username: Option<&'a [u8]>,
    priority: Option<u32>,
    role: Option<Role>,
    use_candidate: bool,
    mapped: Option<SocketAddr>,
    mapped_plainly: Option<SocketAddr>,
    error_code: Option<u16>,
    /// Where MESSAGE-INTEGRITY and FINGERPRINT begin.
    integrity_at: Option<usize>,
    fingerprint_at: Option<usize>,
}

impl<'a> Binding<'a> {
    /// Reads a whole datagram as one binding message. Nothing is verified yet.
    ///
    /// # Errors
    /// A [`StunError`] if it is none. Such a datagram should be dropped silently.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, StunError> {
        if classify(datagram) != Kind::Stun {
            return Err(StunError::NotStun);
        }
        let (header, attributes) = datagram.split_at(STUN_HEADER_LEN);
        let class = match u16::from_be_bytes([header[0], header[1]]) {
            0x0001 => Class::Request,
            0x0011 => Class::Indication,
            0x0101 => Class::Success,
            0x0111 => Class::Error,
            _ => return Err(StunError::Method),
        };
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if len != attributes.len() || len % 4 != 0 {
            return Err(StunError::Length);
        }
        let mut binding = Self {
            bytes: datagram,
            class,
            username: None,
            priority: None,
            role: None,
            use_candidate: false,
            mapped: None,
            mapped_plainly: None,
            error_code: None,
            integrity_at: None,
            fingerprint_at: None,
        };
        binding.attributes(attributes)?;
        Ok(binding)
    }

    /// What the message is to its transaction.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// What ties an answer to its request.
    pub fn transaction_id(&self) -> TransactionId {
        let id = self.bytes[8..STUN_HEADER_LEN].try_into();
        TransactionId(id.expect("twelve bytes of the header, which is there"))
    }

    /// The value of USERNAME, as it stands; see [`Username::parse`](crate::ice::Username::parse).
    pub const fn username(&self) -> Option<&'a [u8]> {
        self.username
    }

    /// The priority that the sender would give to the path.
    pub const fn priority(&self) -> Option<u32> {
        self.priority
    }

    /// The role that the sender believes to have.
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Whether the sender nominates the path.
    pub const fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    /// The address from which the answerer saw the request come.
    pub const fn mapped(&self) -> Option<SocketAddr> {
        self.mapped
    }

    /// The same from MAPPED-ADDRESS, which servers of before RFC 5389 send, and which some NATs rewrite; none if it
    /// cannot be read.
    pub const fn mapped_plainly(&self) -> Option<SocketAddr> {
        self.mapped_plainly
    }

    /// The code of ERROR-CODE, 300 to 699; none if it cannot be read.
    pub const fn error_code(&self) -> Option<u16> {
        self.error_code
    }

    /// Checks that the message is STUN and not something that looks like it (RFC 8489 §14.7).
    ///
    /// # Errors
    /// A [`VerifyError`] if FINGERPRINT is missing or wrong.
    pub fn verify_fingerprint(&self) -> Result<(), VerifyError> {
        let at = self.fingerprint_at.ok_or(VerifyError::Missing)?;
        let expected = fingerprint(&self.bytes[..at]);
        matches(&self.bytes[at + ATTRIBUTE_HEADER_LEN..][..4], &expected)
    }

    /// Checks that the sender knew the password `key` (RFC 8489 §14.5, short-term credentials).
    ///
    /// The comparison takes no constant time: in libp2p the password of a server stands in the request
    /// itself, so there is nothing to learn from timing.
    ///
    /// # Errors
    /// A [`VerifyError`] if MESSAGE-INTEGRITY is missing or wrong.
    pub fn verify_integrity(&self, key: &[u8], hmac: &impl HmacSha1) -> Result<(), VerifyError> {
        let at = self.integrity_at.ok_or(VerifyError::Missing)?;
        let expected = integrity(&self.bytes[..at], key, hmac);
        matches(&self.bytes[at + ATTRIBUTE_HEADER_LEN..][..20], &expected)
    }

    /// Walks the attributes. Each takes at least four bytes, so the walk ends.
    fn attributes(&mut self, attributes: &'a [u8]) -> Result<(), StunError> {
        let mut reader = Reader::new(attributes);
        while !reader.is_empty() {
            if self.fingerprint_at.is_some() {
                return Err(StunError::AfterFingerprint);
            }
            let at = self.bytes.len() - reader.rest().len();
            let header: [u8; ATTRIBUTE_HEADER_LEN] =
                reader.array().expect("the message's length is a multiple of four");
            let kind = u16::from_be_bytes([header[0], header[1]]);
            let malformed = StunError::Attribute { kind };
            let len = u64::from(u16::from_be_bytes([header[2], header[3]]));
            let value = reader.take(len).map_err(|_| malformed)?;
            // RFC 8489 §14: the length does not count the padding, whose bytes may be anything.
            let padding = len.next_multiple_of(4) - len;
            reader.take(padding).map_err(|_| malformed)?;
            self.attribute(kind, value, at).ok_or(malformed)?;
        }
        Ok(())
    }

    /// Takes notice of one attribute; `None` if its value has not the length of its type.
    fn attribute(&mut self, kind: u16, value: &'a [u8], at: usize) -> Option<()> {
        match kind {
            kind::FINGERPRINT => {
                let _: &[u8; FINGERPRINT_LEN - ATTRIBUTE_HEADER_LEN] = value.try_into().ok()?;
                self.fingerprint_at = Some(at);
            }
            _ if self.integrity_at.is_some() => {}
            kind::MESSAGE_INTEGRITY => {
                let _: &[u8; INTEGRITY_LEN - ATTRIBUTE_HEADER_LEN] = value.try_into().ok()?;
                self.integrity_at = Some(at);
            }
            kind::USERNAME => self.username = self.username.or(Some(value)),
            kind::PRIORITY => {
                let priority = u32::from_be_bytes(value.try_into().ok()?);
                self.priority = self.priority.or(Some(priority));
            }
            kind::ICE_CONTROLLING => {
                let tie_breaker = u64::from_be_bytes(value.try_into().ok()?);
                self.role = self.role.or(Some(Role::Controlling { tie_breaker }));
            }
            kind::ICE_CONTROLLED => {
                let tie_breaker = u64::from_be_bytes(value.try_into().ok()?);
                self.role = self.role.or(Some(Role::Controlled { tie_breaker }));
            }
            kind::USE_CANDIDATE => self.use_candidate = true,
            kind::XOR_MAPPED_ADDRESS => {
                let mapped = address(value, &cookie_and(self.transaction_id()))?;
                self.mapped = self.mapped.or(Some(mapped));
            }
            // Of no use to ICE, so a check is none the worse for them.
            kind::MAPPED_ADDRESS => {
                self.mapped_plainly = self.mapped_plainly.or(address(value, &[0; 16]));
            }
            kind::ERROR_CODE => self.error_code = self.error_code.or(error_code(value)),
            _ => {}
        }
        Some(())
    }
}

fn matches(found: &[u8], expected: &[u8]) -> Result<(), VerifyError> {
    if found == expected { Ok(()) } else { Err(VerifyError::Mismatch) }
}

/// Reads an address that is XORed with `mask` (RFC 8489 §14.1 and §14.2).
fn address(value: &[u8], mask: &[u8; 16]) -> Option<SocketAddr> {
    let (&[_, family, port_high, port_low], address) = value.split_first_chunk()?;
    let ip = match family {
        1 => IpAddr::from(xor::<4>(address.try_into().ok()?, mask)),
        2 => IpAddr::from(xor::<16>(address.try_into().ok()?, mask)),
        _ => return None,
    };
    let port = u16::from_be_bytes(xor([port_high, port_low], mask));
    Some(SocketAddr::new(ip, port))
}

/// Reads ERROR-CODE: hundreds, and the rest, each in a byte of its own (RFC 8489 §14.8).
fn error_code(value: &[u8]) -> Option<u16> {
    let [_, _, class, number, ..] = *value else { return None };
    let class = class & 7;
    let is_code = (3..=6).contains(&class) && number < 100;
    is_code.then(|| u16::from(class) * 100 + u16::from(number))
}

/// What addresses are XORed with: the cookie and, behind what IPv4 needs, the transaction id.
pub(super) fn cookie_and(id: TransactionId) -> [u8; 16] {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&STUN_MAGIC_COOKIE);
    mask[4..].copy_from_slice(&id.0);
    mask
}

pub(super) fn xor<const N: usize>(mut bytes: [u8; N], mask: &[u8]) -> [u8; N] {
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    bytes
}
