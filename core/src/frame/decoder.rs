//! Bytes in, payload and flags out: an incremental decoder without storage.
//!
//! It takes the bytes of a channel in pieces of any size and never holds payload back: see the
//! [room's introduction](super). It must never trust a length further than its limit, and never treat
//! what it does not know as an error if Protocol Buffers let it be skipped.
//!
//! ```text
//!   Prefix ──→ Tag ──→ FlagValue ───────────────────┐
//!     ↑         ↑ ├──→ PayloadLength ──→ Payload ───┤
//!     │         │ ├──→ SkipVarint ──────────────────┤
//!     │         │ └──→ SkipLength ─────→ Skip ──────┤
//!     │         └──── body goes on ─────────────────┤
//!     └──────────── body ends: the flag is told ────┘
//! ```

use core::error::Error;
use core::fmt;

use super::message::{FLAG_TAG, PAYLOAD_TAG};
use super::{BODY_LEN_LIMIT, BODY_LEN_LIMIT_MIN, Flag};
use crate::wire::{BadVarint, Varint};

/// What a [`Decoder`] found. A frame has nothing else in it, so there will be no third kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The next bytes of the stream; never empty. One frame's payload may come in several pieces.
    Payload(&'a [u8]),
    /// A flag. It comes after the payload of its frame, whatever their order on the wire.
    Flag(Flag),
}

/// Decodes the frames of one channel, from bytes cut anywhere.
///
/// Holds a few numbers, whatever the peer sends.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
    /// Bytes of the current frame's body that have not been read.
    body_left: u64,
    /// The flag of the current frame, told at the frame's end.
    flag: Option<Flag>,
    /// Whether the current frame had a `message` field.
    had_payload: bool,
    body_len_limit: u64,
}

impl Decoder {
    /// A decoder at the start of a channel, for frames with bodies of up to `body_len_limit` bytes.
    ///
    /// The limit protects nothing here, as nothing is stored: it tells early that a peer is not
    /// speaking this protocol. A limit below [`BODY_LEN_LIMIT_MIN`] would refuse known peers and is
    /// raised to it.
    pub const fn new(body_len_limit: usize) -> Self {
        let limit =
            if body_len_limit < BODY_LEN_LIMIT_MIN { BODY_LEN_LIMIT_MIN } else { body_len_limit };
        Self {
            state: State::Prefix(Varint::START),
            body_left: 0,
            flag: None,
            had_payload: false,
            body_len_limit: limit as u64,
        }
    }

    /// Takes bytes off the front of `input`, up to the next thing to tell.
    ///
    /// Call it until it returns `None`: then `input` has been used up.
    ///
    /// # Errors
    /// A [`FrameError`] if the peer's bytes are no frames. There is no way to find the next frame after
    /// that: the same error is returned from then on, and the stream should be reset.
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Item<'a>>, FrameError> {
        loop {
            if self.state == State::Tag(Varint::START) && self.body_left == 0 {
                self.state = State::Prefix(Varint::START);
                self.had_payload = false;
                if let Some(flag) = self.flag.take() {
                    return Ok(Some(Item::Flag(flag)));
                }
            }
            match self.state {
                State::Failed(error) => return Err(error),
                _ if input.is_empty() => return Ok(None),
                State::Payload { left } => {
                    let (piece, left) = self.pass(input, left);
                    self.state = State::payload(left);
                    return Ok(Some(Item::Payload(piece)));
                }
                State::Skip { left } => {
                    let (_, left) = self.pass(input, left);
                    self.state = State::skip(left);
                }
                _ => {
                    let byte = input[0];
                    *input = &input[1..];
                    self.state = self.next(byte).unwrap_or_else(State::Failed);
                }
            }
        }
    }

    /// Whether the bytes so far end with the end of a frame.
    ///
    /// If a channel closes while this is false, its last frame was cut off.
    pub fn is_between_frames(&self) -> bool {
        self.state == State::Prefix(Varint::START)
    }

    /// Takes up to `left` bytes of a field off the input; also how many are then left.
    fn pass<'a>(&mut self, input: &mut &'a [u8], left: u64) -> (&'a [u8], u64) {
        let len = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (piece, rest) = input.split_at(len);
        *input = rest;
        self.body_left -= len as u64;
        (piece, left - len as u64)
    }

    /// The state after one byte of a prefix, tag, length or number.
    fn next(&mut self, byte: u8) -> Result<State, FrameError> {
        if let State::Prefix(mut varint) = self.state {
            return match varint.push(byte)? {
                None => Ok(State::Prefix(varint)),
                Some(len) if len > self.body_len_limit => Err(FrameError::TooLong { len }),
                Some(len) => {
                    self.body_left = len;
                    Ok(State::Tag(Varint::START))
                }
            };
        }
        // A body that had ended would have been left for the next prefix.
        self.body_left -= 1;
        let state = match self.state {
            State::Tag(mut varint) => match varint.push(byte)? {
                None => State::Tag(varint),
                Some(tag) => self.field(tag)?,
            },
            State::FlagValue(mut varint) => match varint.push(byte)? {
                None => State::FlagValue(varint),
                Some(number) => {
                    // The last known flag of a frame counts; a number that we do not know says nothing.
                    self.flag = Flag::from_wire(number).or(self.flag);
                    State::Tag(Varint::START)
                }
            },
            State::PayloadLength(mut varint) => match varint.push(byte)? {
                None => State::PayloadLength(varint),
                Some(len) => State::payload(self.within_body(len)?),
            },
            State::SkipVarint(mut varint) => match varint.push(byte)? {
                None => State::SkipVarint(varint),
                Some(_) => State::Tag(Varint::START),
            },
            State::SkipLength(mut varint) => match varint.push(byte)? {
                None => State::SkipLength(varint),
                Some(len) => State::skip(self.within_body(len)?),
            },
            state @ (State::Prefix(_)
            | State::Payload { .. }
            | State::Skip { .. }
            | State::Failed(_)) => state,
        };
        // Said at once: the frame may be the last, with no byte after it that would tell.
        if self.body_left == 0 && state != State::Tag(Varint::START) {
            return Err(FrameError::Overrun);
        }
        Ok(state)
    }

    /// What follows a field's tag.
    fn field(&mut self, tag: u64) -> Result<State, FrameError> {
        const FLAG: u64 = FLAG_TAG as u64;
        const PAYLOAD: u64 = PAYLOAD_TAG as u64;
        if !(1..=FIELD_NUMBER_MAX).contains(&(tag >> 3)) {
            return Err(FrameError::FieldNumber);
        }
        match tag {
            FLAG => return Ok(State::FlagValue(Varint::START)),
            PAYLOAD if self.had_payload => return Err(FrameError::RepeatedPayload),
            PAYLOAD => {
                self.had_payload = true;
                return Ok(State::PayloadLength(Varint::START));
            }
            _ => {}
        }
        match (tag & 7) as u8 {
            0 => Ok(State::SkipVarint(Varint::START)),
            1 => Ok(State::skip(self.within_body(8)?)),
            2 => Ok(State::SkipLength(Varint::START)),
            5 => Ok(State::skip(self.within_body(4)?)),
            wire_type => Err(FrameError::WireType(wire_type)),
        }
    }

    fn within_body(&self, len: u64) -> Result<u64, FrameError> {
        if len > self.body_left { Err(FrameError::Overrun) } else { Ok(len) }
    }
}

impl Default for Decoder {
    /// A decoder at the start of a channel, for bodies of up to [`BODY_LEN_LIMIT`] bytes.
    fn default() -> Self {
        Self::new(BODY_LEN_LIMIT)
    }
}

/// Where in the bytes of a channel the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Prefix(Varint),
    Tag(Varint),
    FlagValue(Varint),
    PayloadLength(Varint),
    Payload { left: u64 },
    SkipVarint(Varint),
    SkipLength(Varint),
    Skip { left: u64 },
    Failed(FrameError),
}

impl State {
    const fn payload(left: u64) -> Self {
        if left == 0 { Self::Tag(Varint::START) } else { Self::Payload { left } }
    }

    const fn skip(left: u64) -> Self {
        if left == 0 { Self::Tag(Varint::START) } else { Self::Skip { left } }
    }
}

/// Why the bytes of a channel are no frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame's body would be longer than the decoder's limit.
    TooLong {
        /// The length that the peer announced, in bytes.
        len: u64,
    },
    /// A number is encoded in more bytes than it needs, or has more than 64 bits.
    Varint,
    /// A field reaches beyond the end of its frame.
    Overrun,
    /// A field has the number zero, or one above what Protocol Buffers allow.
    FieldNumber,
    /// A field is a group (wire types 3 and 4) or of a wire type that does not exist.
    WireType(u8),
    /// A frame has two `message` fields.
    ///
    /// Protocol Buffers would let the last one win, but the first has left already when the second
    /// begins. No known peer sends such a frame.
    RepeatedPayload,
}

impl From<BadVarint> for FrameError {
    fn from(_: BadVarint) -> Self {
        Self::Varint
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(f, "a frame of {len} bytes is longer than the limit"),
            Self::Varint => f.write_str("a varint in a frame is overlong or exceeds 64 bits"),
            Self::Overrun => f.write_str("a field reaches beyond the end of its frame"),
            Self::FieldNumber => f.write_str("a field of a frame has an impossible number"),
            Self::WireType(number) => {
                write!(f, "a field of a frame has wire type {number}, which cannot be skipped")
            }
            Self::RepeatedPayload => f.write_str("a frame has two message fields"),
        }
    }
}

impl Error for FrameError {}

/// Protocol Buffers: field numbers are 1 to 2^29 - 1.
const FIELD_NUMBER_MAX: u64 = (1 << 29) - 1;

#[cfg(test)]
mod tests;
