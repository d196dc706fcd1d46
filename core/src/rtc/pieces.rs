//! What was received on a stream and not read yet.
//!
//! Payload is kept as slices of the SCTP messages that it came in, so it is copied once, into the
//! application's buffer: who hands it on, as the driver does, hands on the pieces. A slice that would hold
//! on to much more than itself is copied out, and each is charged with its handle too, so that no peer can
//! make us keep many times its limit.

use core::mem;
use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// A piece of payload, to be kept.
///
/// A slice holds on to its whole message, so it is only taken where that is mostly payload.
pub(super) fn keep(message: &Bytes, piece: &[u8]) -> Bytes {
    if piece.len() < message.len() / 2 {
        Bytes::copy_from_slice(piece)
    } else {
        message.slice_ref(piece)
    }
}

/// Payload that was received and not read yet, in the pieces that it came in.
///
/// What [`StreamMut::read_pieces`](super::StreamMut::read_pieces) hands over without a copy. Without any it
/// keeps no buffer.
#[derive(Debug, Default)]
pub struct Pieces {
    pieces: VecDeque<Bytes>,
    cost: usize,
}

impl Pieces {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.cost += piece.len() + PIECE_OVERHEAD;
        self.pieces.push_back(piece);
    }

    /// Copies to `out` what fits, and says how much that is.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            let Some(piece) = self.pieces.front_mut() else { break };
            let len = piece.len().min(out.len() - filled);
            out[filled..filled + len].copy_from_slice(&piece[..len]);
            filled += len;
            self.cost -= len;
            if len < piece.len() {
                piece.advance(len);
            } else {
                self.pieces.pop_front();
                self.cost -= PIECE_OVERHEAD;
            }
        }
        if self.pieces.is_empty() {
            self.pieces = VecDeque::new();
        }
        filled
    }

    /// Moves pieces to the end of `to`, so many that it costs no more than `cost_max`. Where there was nothing,
    /// one comes in any case, if need be a part of it.
    pub(crate) fn hand_over(&mut self, to: &mut Self, cost_max: usize) {
        if to.is_empty() && self.cost <= cost_max {
            *to = mem::take(self);
            return;
        }
        while let Some(piece) = self.pieces.front_mut() {
            let room = cost_max.saturating_sub(to.cost + PIECE_OVERHEAD);
            if piece.len() <= room {
                let piece = self.pieces.pop_front().expect("there is a first");
                self.cost -= piece.len() + PIECE_OVERHEAD;
                to.push(piece);
            } else if to.is_empty() {
                let part = piece.split_to(room.clamp(1, piece.len()));
                self.cost -= part.len();
                to.push(part);
            } else {
                break;
            }
        }
        if self.pieces.is_empty() {
            *self = Self::default();
        }
    }

    /// What they take in memory, with their handles.
    pub const fn cost(&self) -> usize {
        self.cost
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many bytes they are.
    pub fn len(&self) -> usize {
        self.cost - self.pieces.len() * PIECE_OVERHEAD
    }
}

/// What a piece costs besides its bytes: the handle (32 bytes), and the allocation behind it with its
/// bookkeeping.
pub(super) const PIECE_OVERHEAD: usize = 96;

#[cfg(test)]
mod tests;
