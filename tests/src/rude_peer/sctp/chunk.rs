//! Chunks, their kinds and flags, and what is inside of them.

/// A chunk: all of it, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk(pub Vec<u8>);

impl Chunk {
    /// A chunk of any kind.
    pub fn new(kind: u8, flags: u8, value: &[u8]) -> Self {
        let len = (4 + value.len()) as u16;
        let mut bytes = vec![kind, flags];
        bytes.extend(len.to_be_bytes());
        bytes.extend(value);
        Self(bytes)
    }

    /// How long it is in a packet.
    pub fn padded_len(&self) -> usize {
        self.0.len().next_multiple_of(4)
    }
}

/// The value of the first parameter of a kind; they begin at `at`.
pub(super) fn parameter(value: &[u8], at: usize, kind: u16) -> Option<&[u8]> {
    let mut rest = value.get(at..)?;
    loop {
        let [k0, k1, l0, l1] = *rest.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        if u16::from_be_bytes([k0, k1]) == kind {
            return rest.get(4..len);
        }
        rest = rest.get(len.max(4).next_multiple_of(4)..)?;
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| u32::from_be_bytes(four.try_into().expect("four bytes")))
}

/// The message begins and ends in this chunk.
pub const DATA_WHOLE: u8 = DATA_BEGIN | DATA_END;
/// The message begins here.
pub const DATA_BEGIN: u8 = 2;
/// It ends here.
pub const DATA_END: u8 = 1;
/// Data channel establishment (RFC 8831 §8).
pub const PPID_DCEP: u32 = 50;
/// Bytes.
pub const PPID_BINARY: u32 = 53;

pub(super) const DATA: u8 = 0;
pub(super) const INIT: u8 = 1;
pub(super) const INIT_ACK: u8 = 2;
pub(super) const SACK: u8 = 3;
pub(super) const COOKIE_ECHO: u8 = 10;
pub(super) const COOKIE_ACK: u8 = 11;
pub(super) const RECONFIG: u8 = 130;
/// Parameters: the cookie of INIT-ACK, and the request to reset that its sender makes.
pub(super) const STATE_COOKIE: u16 = 7;
pub(super) const OUTGOING_RESET: u16 = 13;
