//! Which protocol a datagram belongs to: STUN, DTLS or neither.
//!
//! WebRTC runs several protocols over one UDP socket; their first bytes do not overlap (RFC 7983
//! §7). This room looks at a datagram and sorts it; it must never decide anything else, and says
//! nothing about whether the datagram is well formed.

/// What a datagram is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// STUN: begins with 0 to 3, is as long as a STUN header and has the magic cookie.
    Stun,
    /// DTLS: begins with 20 to 63.
    Dtls,
    /// Something else: TURN channels, RTP, QUIC on a shared port, noise.
    Other,
}

/// Sorts a datagram.
///
/// RFC 7983 lets the first byte decide. For STUN the magic cookie is required too (RFC 8489 §6.3), so
/// that what comes out as [`Kind::Stun`] is worth parsing.
pub fn classify(datagram: &[u8]) -> Kind {
    match datagram.first() {
        Some(0..=3) if datagram.len() >= STUN_HEADER_LEN && datagram[4..8] == STUN_MAGIC_COOKIE => {
            Kind::Stun
        }
        Some(20..=63) => Kind::Dtls,
        _ => Kind::Other,
    }
}

/// Whether a DTLS datagram is of a ClientHello: the first record of a handshake, or a fragment of it.
///
/// RFC 6347 §4.1: content type 22, any version, epoch 0; §4.2.2: each fragment repeats the message's
/// type, 1. DTLS 1.3 sends its ClientHello in the same form (RFC 9147 §4).
pub fn is_client_hello(datagram: &[u8]) -> bool {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    datagram.len() > DTLS_RECORD_HEADER_LEN
        && datagram[0] == HANDSHAKE
        && datagram[3..5] == [0, 0]
        && datagram[DTLS_RECORD_HEADER_LEN] == CLIENT_HELLO
}

/// RFC 6347 §4.1: type, version, epoch, sequence number and length.
const DTLS_RECORD_HEADER_LEN: usize = 13;

/// RFC 8489 §5: every STUN message has bytes 4 to 7 like this.
pub(crate) const STUN_MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// RFC 8489 §5: type, length, cookie and transaction id.
pub(crate) const STUN_HEADER_LEN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_decides() {
        for first in 0..=255 {
            let mut datagram = [0; 20];
            datagram[0] = first;
            datagram[4..8].copy_from_slice(&STUN_MAGIC_COOKIE);
            let expected = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                _ => Kind::Other,
            };
            assert_eq!(classify(&datagram), expected, "first byte {first}");
        }
    }

    #[test]
    fn stun_needs_its_cookie_and_header() {
        let mut datagram = [0; 20];
        assert_eq!(classify(&datagram), Kind::Other);
        datagram[4..8].copy_from_slice(&STUN_MAGIC_COOKIE);
        assert_eq!(classify(&datagram), Kind::Stun);
        assert_eq!(classify(&datagram[..19]), Kind::Other);
        assert_eq!(classify(&datagram[..1]), Kind::Other);
        assert_eq!(classify(&[]), Kind::Other);
    }
}
