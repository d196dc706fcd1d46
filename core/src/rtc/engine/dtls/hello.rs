//! ClientHellos, as far as a server must know them before its library does.
//!
//! The library keeps the first that comes, even one that nobody could have meant, and takes all others for
//! repetitions of it. But a handshake has no keys yet: the first may be forged, or of a dial that the client has
//! given up, delayed by the network. They are told apart by their random numbers.
//!
//! Obeys: RFC 6347 §4.1.2.7 (invalid records are discarded silently), §4.2.2 and §4.2.3 (fragments); RFC 5246
//! §7.4.1.2 and RFC 9147 §5.3 (ClientHello).

/// The random number of a ClientHello, or as much of it as tells it from another.
pub(super) type Random = [u8; 16];

/// What a record is to a server that waits for a ClientHello, or has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The ClientHello of this random number, or its first fragment.
    Hello(Random),
    /// It says that it is a ClientHello, and cannot be.
    Nonsense,
    /// Something of the handshake that comes later: its client has been answered.
    Later,
    /// Something else.
    Other,
}

/// What a record is.
pub(super) fn seen(record: &[u8]) -> Seen {
    match record.first().copied() {
        Some(HANDSHAKE) if record.get(3..5) == Some(&[0, 0]) => {}
        // What is encrypted, by either version, or says that the rest is.
        Some(20 | HANDSHAKE | 32..=63) => return Seen::Later,
        _ => return Seen::Other,
    }
    match record.get(RECORD_HEADER_LEN) {
        Some(&CLIENT_HELLO) => hello(&record[RECORD_HEADER_LEN..]).unwrap_or(Seen::Nonsense),
        Some(_) => Seen::Later,
        None => Seen::Other,
    }
}

/// A handshake message, or a fragment of it; `None` if its lengths are not those of a ClientHello.
fn hello(message: &[u8]) -> Option<Seen> {
    let u24 = |at: usize| {
        let bytes = message.get(at..at + 3)?;
        Some(usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]))
    };
    let (len, offset, fragment_len) = (u24(1)?, u24(6)?, u24(9)?);
    let body = message.get(MESSAGE_HEADER_LEN..MESSAGE_HEADER_LEN + fragment_len)?;
    if len < HELLO_LEN_MIN || offset + fragment_len > len {
        return None;
    }
    match offset {
        0 => Some(Seen::Hello(*body.get(2..)?.first_chunk()?)),
        _ => Some(Seen::Other),
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// Type, version, epoch, sequence number, length.
const RECORD_HEADER_LEN: usize = 13;
/// Type, length, message sequence number, offset and length of the fragment.
const MESSAGE_HEADER_LEN: usize = 12;
/// Version, random number, empty session id and cookie, one cipher suite, one compression method.
const HELLO_LEN_MIN: usize = 2 + 32 + 1 + 1 + 4 + 2;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let mut record = Vec::from([kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0]);
        record.push(body.len() as u8);
        record.extend_from_slice(body);
        record
    }

    fn message(kind: u8, len: u8, offset: u8, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::from([kind, 0, 0, len, 0, 0, 0, 0, offset, 0, 0, body.len() as u8]);
        message.extend_from_slice(body);
        message
    }

    #[test]
    fn what_a_record_is() {
        let body: [u8; 60] = core::array::from_fn(|at| at as u8);
        let random = core::array::from_fn(|at| at as u8 + 2);
        let of = |message: &[u8]| seen(&record(22, 0, message));
        assert_eq!(of(&message(1, 60, 0, &body)), Seen::Hello(random));
        assert_eq!(of(&message(1, 60, 0, &body[..40])), Seen::Hello(random));
        assert_eq!(of(&message(1, 60, 40, &body[40..])), Seen::Other);
        for nonsense in [
            message(1, 0, 0, &[]),
            message(1, 41, 0, &body[..41]),
            message(1, 60, 0, &body[..17]),
            message(1, 60, 10, &body),
            message(1, 60, 0, &body)[..50].to_vec(),
            Vec::from([1]),
        ] {
            assert_eq!(of(&nonsense), Seen::Nonsense, "{nonsense:?}");
        }
        assert_eq!(of(&message(11, 60, 0, &body)), Seen::Later);
        assert_eq!(seen(&record(20, 0, &[1])), Seen::Later);
        assert_eq!(seen(&record(22, 1, &body)), Seen::Later);
        assert_eq!(seen(&[0x2e, 1, 2, 0, 3, 7, 7, 7]), Seen::Later);
        assert_eq!(seen(&record(21, 0, &[2, 40])), Seen::Other);
        assert_eq!(seen(&[]), Seen::Other);
        for len in 0..80 {
            seen(&record(22, 0, &message(1, 60, 0, &body))[..len.min(85)]);
        }
    }
}
