//! The messages of `/webrtc-signaling/0.0.1`, by which two private nodes agree on a connection.
//!
//! On a stream of their relayed connection both sides exchange SDP and ICE candidates, each as a
//! length (unsigned-varint) and a Protocol Buffers message of two optional fields (libp2p webrtc,
//! "Signaling Protocol"). This room reads and writes single messages; what is in them, and in which
//! order they are to come, it must not care about.
//!
//! ```
//! use floe_core::signaling::{Kind, Message};
//!
//! let mut out = [0; 16];
//! let offer = Message::new(Kind::SdpOffer, "x");
//! assert_eq!(offer.encode(&mut out)?, b"\x05\x08\x00\x12\x01x");
//!
//! // Half a message is no error, only not enough.
//! assert_eq!(Message::read(&out[..3], 1024)?, None);
//! assert_eq!(Message::read(&out, 1024)?, Some((offer, 6)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::error::Error;
use core::fmt;

use crate::wire::{Overflow, ReadError, Reader, Writer, varint_len};

/// The protocol's id in multistream-select.
pub const PROTOCOL: &str = "/webrtc-signaling/0.0.1";

/// What a message's data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An SDP offer.
    SdpOffer,
    /// An SDP answer.
    SdpAnswer,
    /// A candidate, as JSON of an `RTCIceCandidateInit`; `null` or `""` when there are no more.
    IceCandidate,
    /// No more candidates come. Not in the specification and sent by py-libp2p only; never send it,
    /// as js-libp2p stops reading at it.
    IceDone,
    /// A number that is not known.
    Unknown(u64),
}

impl Kind {
    /// The kind with this number on the wire.
    pub const fn from_wire(number: u64) -> Self {
        match number {
            0 => Self::SdpOffer,
            1 => Self::SdpAnswer,
            2 => Self::IceCandidate,
            3 => Self::IceDone,
            number => Self::Unknown(number),
        }
    }

    const fn to_wire(self) -> u64 {
        match self {
            Self::SdpOffer => 0,
            Self::SdpAnswer => 1,
            Self::IceCandidate => 2,
            Self::IceDone => 3,
            Self::Unknown(number) => number,
        }
    }
}

/// One message, its data borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// What the data are.
    pub kind: Kind,
    /// SDP or JSON, by kind. Empty and absent are not told apart.
    pub data: &'a str,
}

impl<'a> Message<'a> {
    /// A message of this kind.
    pub const fn new(kind: Kind, data: &'a str) -> Self {
        Self { kind, data }
    }

    /// Reads one message, length included, from the front of `input`: the message and how many bytes
    /// it took. `None` if more bytes are needed.
    ///
    /// `body_len_max` limits the message without its length, in bytes. It protects whoever gathers the
    /// input, and is checked as soon as the length is there.
    ///
    /// # Errors
    /// A [`SignalingError`] if the bytes are no message; the stream should be reset then.
    pub fn read(
        input: &'a [u8],
        body_len_max: usize,
    ) -> Result<Option<(Self, usize)>, SignalingError> {
        let mut reader = Reader::new(input);
        let len = match reader.varint() {
            Ok(len) => len,
            Err(ReadError::Truncated) => return Ok(None),
            Err(_) => return Err(SignalingError::Malformed),
        };
        if len > body_len_max as u64 {
            return Err(SignalingError::TooLong { len });
        }
        match reader.take(len) {
            Ok(body) => Ok(Some((Self::parse(body)?, input.len() - reader.rest().len()))),
            Err(_) => Ok(None),
        }
    }

    /// Reads a message whose length was read already.
    ///
    /// A message without a type is an offer: py-libp2p leaves a zero out.
    ///
    /// # Errors
    /// [`SignalingError::Malformed`] and [`SignalingError::NotText`].
    pub fn parse(body: &'a [u8]) -> Result<Self, SignalingError> {
        let mut message = Self { kind: Kind::SdpOffer, data: "" };
        let mut reader = Reader::new(body);
        while !reader.is_empty() {
            match reader.varint()? {
                KIND_TAG => message.kind = Kind::from_wire(reader.varint()?),
                DATA_TAG => {
                    message.data = core::str::from_utf8(reader.length_prefixed()?)
                        .map_err(|_| SignalingError::NotText)?;
                }
                tag if tag >> 3 == 0 => return Err(SignalingError::Malformed),
                tag => reader.skip_field(tag)?,
            }
        }
        Ok(message)
    }

    /// The message's length in bytes, with the length in front.
    pub const fn encoded_len(&self) -> usize {
        let body = self.body_len();
        varint_len(body as u64) + body
    }

    /// Writes the message, length included, to the front of `out` and returns it.
    ///
    /// # Errors
    /// [`Overflow`] if `out` is shorter than [`encoded_len`](Self::encoded_len).
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Overflow> {
        let mut writer = Writer::new(out);
        writer.varint(self.body_len() as u64)?;
        // Written even when it is zero: js-libp2p takes no message without it.
        writer.varint(KIND_TAG)?;
        writer.varint(self.kind.to_wire())?;
        if !self.data.is_empty() {
            writer.varint(DATA_TAG)?;
            writer.length_prefixed(self.data.as_bytes())?;
        }
        Ok(writer.finish())
    }

    const fn body_len(&self) -> usize {
        let data_len = match self.data.len() {
            0 => 0,
            len => 1 + varint_len(len as u64) + len,
        };
        1 + varint_len(self.kind.to_wire()) + data_len
    }
}

/// Why bytes are no signaling message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalingError {
    /// The message is longer than the limit.
    TooLong {
        /// The length that the peer announced, in bytes.
        len: u64,
    },
    /// The message is no Protocol Buffers message.
    Malformed,
    /// The data are not UTF-8.
    NotText,
}

impl From<ReadError> for SignalingError {
    fn from(_: ReadError) -> Self {
        Self::Malformed
    }
}

impl fmt::Display for SignalingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                write!(f, "a signaling message of {len} bytes is longer than the limit")
            }
            Self::Malformed => f.write_str("a signaling message is malformed"),
            Self::NotText => f.write_str("the data of a signaling message are not UTF-8"),
        }
    }
}

impl Error for SignalingError {}

/// Field 1, wire type 0 (varint).
const KIND_TAG: u64 = 1 << 3;
/// Field 2, wire type 2 (length-delimited).
const DATA_TAG: u64 = (2 << 3) | 2;

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use serde_json::Value;

    use super::*;
    use crate::testing::{Dice, bytes, hex, text, vectors};

    fn encoded(message: Message<'_>) -> Vec<u8> {
        let mut out = vec![0; message.encoded_len()];
        assert_eq!(message.encode(&mut out).unwrap().len(), message.encoded_len());
        let len = out.len() - 1;
        assert_eq!(message.encode(&mut out.clone()[..len]), Err(Overflow));
        out
    }

    #[test]
    fn messages_of_the_vectors() {
        let vectors = vectors();
        let vector = &vectors["signaling"];
        let candidate = text(&vector["candidate_json"]);
        for (name, kind, data) in [
            ("offer_x", Kind::SdpOffer, "x"),
            ("answer_x", Kind::SdpAnswer, "x"),
            ("candidate_msg", Kind::IceCandidate, candidate),
            ("end_of_candidates_null", Kind::IceCandidate, "null"),
            ("end_of_candidates_empty_string", Kind::IceCandidate, "\"\""),
            ("py_ice_done", Kind::IceDone, ""),
        ] {
            let message = Message { kind, data };
            let wire = bytes(&vector[name]);
            assert_eq!(encoded(message), wire, "{name}");
            assert_eq!(Message::read(&wire, 1024), Ok(Some((message, wire.len()))), "{name}");
        }
        let typeless = bytes(&vector["py_offer_without_type_field"]);
        let offer = Message { kind: Kind::SdpOffer, data: "x" };
        assert_eq!(Message::read(&typeless, 1024), Ok(Some((offer, 4))));
        let id = bytes(&vectors["multistream"][PROTOCOL]);
        assert_eq!(id[1..id.len() - 1], *PROTOCOL.as_bytes());
    }

    #[test]
    fn recorded_messages() {
        let recorded = include_str!("../tests/vectors/signaling.json");
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let mut seen = [0; 3];
        for message in recorded.as_array().unwrap() {
            let body = bytes(&message["hex"]);
            let parsed = Message::parse(&body).unwrap();
            let (kind, number) = match text(&message["type"]) {
                "SDP_OFFER" => (Kind::SdpOffer, 0),
                "SDP_ANSWER" => (Kind::SdpAnswer, 1),
                "ICE_CANDIDATE" => (Kind::IceCandidate, 2),
                kind => panic!("unexpected {kind}"),
            };
            seen[number] += 1;
            assert_eq!(parsed, Message { kind, data: text(&message["data"]) });
            let wire = encoded(parsed);
            assert!(wire.ends_with(&body), "floe writes what js writes");
        }
        assert!(seen.iter().all(|seen| *seen >= 2), "{seen:?}");
    }

    #[test]
    fn messages_come_in_pieces_and_in_crowds() {
        let offer = Message { kind: Kind::SdpOffer, data: "v=0" };
        let answer = Message { kind: Kind::SdpAnswer, data: "" };
        let wire = [encoded(offer), encoded(answer)].concat();
        let (_, first) = Message::read(&wire, 64).unwrap().unwrap();
        for len in 0..first {
            assert_eq!(Message::read(&wire[..len], 64), Ok(None), "{len} bytes");
        }
        assert_eq!(Message::read(&wire, 64), Ok(Some((offer, first))));
        assert_eq!(Message::read(&wire[first..], 64), Ok(Some((answer, 3))));
    }

    #[test]
    fn limits_and_unknowns() {
        use SignalingError::*;
        let read = |wire: &str| {
            let wire = hex(wire);
            Message::read(&wire, 300).map(|read| read.map(|(message, _)| message.kind))
        };
        assert_eq!(read("ac02"), Ok(None));
        assert_eq!(read("ad02"), Err(TooLong { len: 301 }));
        assert_eq!(read("8000"), Err(Malformed));
        assert_eq!(read("020804"), Ok(Some(Kind::Unknown(4))));
        assert_eq!(read("0b08ffffffffffffffffff01"), Ok(Some(Kind::Unknown(u64::MAX))));
        // Unknown fields are skipped; groups, field zero and cut fields are not.
        assert_eq!(read("0718052201610801"), Ok(Some(Kind::SdpAnswer)));
        assert_eq!(read("0618052201610801"), Err(Malformed));
        assert_eq!(read("0818052201610801"), Ok(None));
        assert_eq!(read("020000"), Err(Malformed));
        assert_eq!(read("011b"), Err(Malformed));
        assert_eq!(read("03120261"), Err(Malformed));
        assert_eq!(read("031201ff"), Err(NotText));
        for kind in [Kind::Unknown(4), Kind::Unknown(u64::MAX)] {
            let message = Message { kind, data: "d" };
            let wire = encoded(message);
            assert_eq!(Message::read(&wire, 64), Ok(Some((message, wire.len()))));
        }
        assert_eq!(Message::read(&[], 0), Ok(None));
    }

    #[test]
    fn any_bytes_are_borne() {
        for seed in 0..5_000 {
            let mut dice = Dice(seed);
            let mut wire = vec![0; dice.below(40)];
            dice.fill(&mut wire);
            if let Ok(Some((message, taken))) = Message::read(&wire, 64) {
                assert!(taken <= wire.len(), "seed {seed}");
                let again = encoded(message);
                assert_eq!(
                    Message::read(&again, 64),
                    Ok(Some((message, again.len()))),
                    "seed {seed}"
                );
            }
        }
    }
}
