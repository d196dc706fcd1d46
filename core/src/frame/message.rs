//! One frame to send: its flag, its payload, and the header in front of them.
//!
//! Writing is all that happens here, onto slices of the caller; reading is the
//! [`Decoder`](super::Decoder)'s. libp2p webrtc, "Multiplexing":
//! `message Message { optional Flag flag = 1; optional bytes message = 2; }`.

use crate::wire::{Overflow, varint_len};

/// What a frame says about the stream, besides payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Flag {
    /// The sender will send no more payload.
    Fin = 0,
    /// The sender will read no more payload.
    StopSending = 1,
    /// The sender breaks the stream off, both ways.
    Reset = 2,
    /// The sender has received FIN.
    FinAck = 3,
}

impl Flag {
    /// All flags, in the order of their numbers.
    pub const ALL: &'static [Self] = &[Self::Fin, Self::StopSending, Self::Reset, Self::FinAck];

    /// The flag with this number on the wire; `None` for a number that no specification knows.
    pub const fn from_wire(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Fin),
            1 => Some(Self::StopSending),
            2 => Some(Self::Reset),
            3 => Some(Self::FinAck),
            _ => None,
        }
    }
}

/// One frame to send.
///
/// [`encode`](Self::encode) writes whatever it is given, but not every peer reads every frame: send
/// flags and payload in frames of their own, at most
/// [`PAYLOAD_LEN_MAX`](super::PAYLOAD_LEN_MAX) bytes of payload in one, and no frame without either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What to say about the stream.
    pub flag: Option<Flag>,
    /// Bytes of the stream. Empty payload is left out, not written as an empty field: some peers take
    /// an empty field for the end of the stream.
    pub payload: &'a [u8],
}

impl Message<'_> {
    /// The frame's length in bytes, prefix included.
    pub const fn encoded_len(&self) -> usize {
        self.header().len() + self.payload.len()
    }

    /// Writes the frame to the front of `out` and returns it.
    ///
    /// # Errors
    /// [`Overflow`] if `out` is shorter than [`encoded_len`](Self::encoded_len).
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Overflow> {
        let header = self.header();
        let out = out.get_mut(..self.encoded_len()).ok_or(Overflow)?;
        let (front, back) = out.split_at_mut(header.len());
        front.copy_from_slice(header.as_bytes());
        back.copy_from_slice(self.payload);
        Ok(out)
    }

    const fn header(&self) -> Header {
        Header::new(self.flag, self.payload.len())
    }
}

impl From<Flag> for Message<'static> {
    fn from(flag: Flag) -> Self {
        Self { flag: Some(flag), payload: &[] }
    }
}

/// Everything of a frame that comes before its payload.
///
/// For a sender whose payload already lies where it should leave from: write these bytes, then the
/// payload, and nothing is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; Self::LEN_MAX],
    len: u8,
}

impl Header {
    /// Longest header: two varints of 64 bits, the flag's two bytes and the payload's tag.
    pub const LEN_MAX: usize = 10 + 2 + 1 + 10;

    /// The header of a frame with this flag and this many bytes of payload after it.
    pub const fn new(flag: Option<Flag>, payload_len: usize) -> Self {
        let flag_len = if flag.is_some() { 2 } else { 0 };
        let payload_field_len = match payload_len {
            0 => 0,
            len => 1 + varint_len(len as u64) + len,
        };
        let mut header = Self { bytes: [0; Self::LEN_MAX], len: 0 };
        header.varint((flag_len + payload_field_len) as u64);
        if let Some(flag) = flag {
            header.push(FLAG_TAG);
            // Written even when it is zero: FIN *is* zero, and presence is explicit (proto2).
            header.push(flag as u8);
        }
        if payload_len > 0 {
            header.push(PAYLOAD_TAG);
            header.varint(payload_len as u64);
        }
        header
    }

    /// The header's length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a header has at least one byte")]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// The header's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    const fn push(&mut self, byte: u8) {
        self.bytes[self.len as usize] = byte;
        self.len += 1;
    }

    const fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }
}

/// Field 1, wire type 0 (varint).
pub(super) const FLAG_TAG: u8 = 1 << 3;

/// Field 2, wire type 2 (length-delimited).
pub(super) const PAYLOAD_TAG: u8 = (2 << 3) | 2;

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::*;
    use crate::testing::{bytes, vectors};

    fn encoded(flag: Option<Flag>, payload: &[u8]) -> Vec<u8> {
        let message = Message { flag, payload };
        let mut out = vec![0xee; message.encoded_len() + 3];
        let frame = message.encode(&mut out).unwrap().to_vec();
        assert_eq!(frame.len(), message.encoded_len());
        assert_eq!(message.encode(&mut out[..frame.len() - 1]), Err(Overflow));
        assert!(message.encode(&mut out[..frame.len()]).is_ok());
        frame
    }

    #[test]
    fn frames_agree_with_the_vectors() {
        let frames = &vectors()["frames"];
        for (name, flag) in ["FIN", "STOP_SENDING", "RESET_STREAM", "FIN_ACK"]
            .into_iter()
            .zip(Flag::ALL.iter().copied())
        {
            assert_eq!(encoded(Some(flag), b""), bytes(&frames[name]), "{name}");
            assert_eq!(Message::from(flag), Message { flag: Some(flag), payload: b"" });
            assert_eq!(Flag::from_wire(flag as u64), Some(flag));
        }
        assert_eq!(encoded(None, b"hello"), bytes(&frames["data_hello"]));
        assert_eq!(encoded(Some(Flag::Fin), b"hello"), bytes(&frames["FIN_with_payload_hello"]));
        assert_eq!(encoded(None, b""), bytes(&frames["empty_frame"]));
        let two = [encoded(None, b"ab"), encoded(None, b"cd")].concat();
        assert_eq!(two, bytes(&frames["two_frames_in_one_message"]));
        assert_eq!(encoded(None, &[b'a'; 300])[..5], bytes(&frames["data_300x_a_header"]));
        assert_eq!(encoded(None, &[0; 16377])[..5], bytes(&frames["max_payload_header"]));
        assert_eq!(Flag::from_wire(4), None);
        assert_eq!(Flag::from_wire(1 << 32), None);
    }

    #[test]
    fn lengths_agree_with_the_vectors() {
        let frames = &vectors()["frames"];
        for (payload, frame) in frames["frame_len_by_payload"].as_object().unwrap() {
            // The table counts an empty `message` field; floe leaves that field out.
            let payload_len: usize = payload.parse().unwrap();
            let expected = if payload_len == 0 { 1 } else { frame.as_u64().unwrap() as usize };
            let message = Message { flag: None, payload: &vec![0; payload_len] };
            assert_eq!(message.encoded_len(), expected, "payload {payload}");
        }
    }

    #[test]
    fn the_longest_header_fits() {
        let header = Header::new(Some(Flag::FinAck), (usize::MAX >> 1) - 64);
        assert!(header.len() <= Header::LEN_MAX);
        assert_eq!(Header::new(None, super::super::PAYLOAD_LEN_MAX).len(), 5);
        assert_eq!(Header::new(Some(Flag::Fin), 5).as_bytes(), [9, 8, 0, 0x12, 5]);
    }
}
