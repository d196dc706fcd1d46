//! Payload that becomes frames where it lies.
//!
//! A block is the payload of one frame, with room for the frame's header in front of it: what is written is
//! copied once, into a block, and leaves as an SCTP message without another copy. The last block of a row
//! is filled up by what is written next, so that small writes that wait become whole frames.
//!
//! ```text
//!   ┌───┬────────┬────────────────────────────────┐
//!   │   │ header │ payload, at most `PAYLOAD_LEN` │   headroom: the longest header
//!   └───┴────────┴────────────────────────────────┘
//!       └ the frame, once it is known how long
//! ```

use core::mem;
use std::collections::VecDeque;
use std::vec::Vec;

use bytes::{Buf, Bytes};

use super::framed::PAYLOAD_LEN;
use crate::frame::Header;

/// Payload to send, in the blocks that become frames. Without any it keeps no buffer.
///
/// What [`StreamMut::write_blocks`](super::StreamMut::write_blocks) takes without a copy.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: VecDeque<Block>,
    len: usize,
}

impl Blocks {
    /// Appends a copy of `bytes`.
    pub fn write(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len();
        if let Some(last) = self.blocks.back_mut() {
            bytes = last.fill(bytes);
        }
        while !bytes.is_empty() {
            let mut block = Block::default();
            bytes = block.fill(bytes);
            self.blocks.push_back(block);
        }
    }

    /// How many bytes they are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes from the front of `from` for as much as there is room.
    ///
    /// Only a block that is not full, which is a last one, is copied, and only into one that is not full
    /// either. A full one comes whole or not, except where it would be more than may ever be here.
    pub(super) fn take_from(&mut self, from: &mut Self, len_max: usize) {
        if self.is_empty() && from.len <= len_max {
            *self = mem::take(from);
            return;
        }
        while let Some(first) = from.blocks.front_mut() {
            let room = len_max.saturating_sub(self.len);
            if first.len() > room {
                if self.is_empty() && room > 0 {
                    from.len -= room;
                    self.write(&first.payload()[..room]);
                    first.cut(room);
                }
                break;
            }
            let block = from.pop().expect("there is a first");
            let may_join = !block.is_full() && self.blocks.back().is_some_and(|it| !it.is_full());
            if may_join {
                self.write(block.payload());
            } else {
                self.len += block.len();
                self.blocks.push_back(block);
            }
        }
    }

    /// Takes all, but for a last block that is not full where the others are more than `spare` bytes, as
    /// [`StreamMut::spare`](super::StreamMut::spare) says it: it can still be filled up.
    pub fn take_urgent(&mut self, spare: Option<usize>) -> Self {
        let tail = self.blocks.back().filter(|last| !last.is_full()).map_or(0, Block::len);
        let full = self.len - tail;
        if tail == 0 || spare.is_some_and(|spare| full <= spare) {
            return mem::take(self);
        }
        if full == 0 {
            return Self::default();
        }
        let last = self.blocks.pop_back().expect("there is a last");
        let rest = Self { blocks: [last].into(), len: tail };
        self.len = full;
        mem::replace(self, rest)
    }

    /// The next frame.
    pub(super) fn next_frame(&mut self) -> Option<Bytes> {
        self.pop().map(Block::into_frame)
    }

    fn pop(&mut self) -> Option<Block> {
        let block = self.blocks.pop_front()?;
        self.len -= block.len();
        if self.blocks.is_empty() {
            self.blocks = VecDeque::new();
        }
        Some(block)
    }
}

/// The payload of a frame behind room for its header.
#[derive(Debug, Default)]
struct Block {
    /// Empty, or [`HEADROOM`] and at least one byte of payload.
    bytes: Vec<u8>,
}

impl Block {
    /// Appends what there is room for, and returns the rest.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, rest) = bytes.split_at(bytes.len().min(PAYLOAD_LEN - self.len()));
        let needed = HEADROOM + self.len() + now.len();
        if needed > self.bytes.capacity() {
            let capacity = capacity(self.bytes.capacity(), needed);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&[0; HEADROOM]);
        }
        self.bytes.extend_from_slice(now);
        rest
    }

    /// Removes the first bytes.
    fn cut(&mut self, len: usize) {
        self.bytes.drain(HEADROOM..HEADROOM + len);
    }

    fn payload(&self) -> &[u8] {
        self.bytes.get(HEADROOM..).unwrap_or_default()
    }

    const fn len(&self) -> usize {
        self.bytes.len().saturating_sub(HEADROOM)
    }

    const fn is_full(&self) -> bool {
        self.len() == PAYLOAD_LEN
    }

    fn into_frame(mut self) -> Bytes {
        let header = Header::new(None, self.len());
        let start = HEADROOM - header.len();
        self.bytes[start..HEADROOM].copy_from_slice(header.as_bytes());
        let mut frame = Bytes::from(self.bytes);
        frame.advance(start);
        frame
    }
}

/// What a block is allocated for that holds too little: as much as it needs if that is little and was
/// written at once, then more in two steps. So a stream with little to say keeps little, and where many
/// small writes wait for each other no more than an eighth of a frame or two is copied again.
const fn capacity(had: usize, needed: usize) -> usize {
    if had == 0 && needed <= FULL / 4 {
        needed
    } else if needed <= FULL / 8 {
        FULL / 8
    } else {
        FULL
    }
}

/// The longest header of a frame of payload.
const HEADROOM: usize = Header::new(None, PAYLOAD_LEN).len();
/// What a full block takes.
const FULL: usize = HEADROOM + PAYLOAD_LEN;

#[cfg(test)]
mod tests;
