//! What was received on a stream and not read yet.
//!
//! Payload is kept as slices of the SCTP messages that it came in, so it is copied once, into the
//! application's buffer. A slice that would hold on to much more than itself is copied out, and each is
//! charged with its handle too, so that no peer can make us keep many times its limit.

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

/// Received payload that has not been read.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    chunks: VecDeque<Bytes>,
    /// What it takes in memory.
    pub(super) cost: usize,
}

impl Inbound {
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.cost += chunk.len() + CHUNK_OVERHEAD;
        self.chunks.push_back(chunk);
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            let Some(chunk) = self.chunks.front_mut() else { break };
            let len = chunk.len().min(out.len() - filled);
            out[filled..filled + len].copy_from_slice(&chunk[..len]);
            chunk.advance(len);
            self.cost -= len;
            filled += len;
            if chunk.is_empty() {
                self.chunks.pop_front();
                self.cost -= CHUNK_OVERHEAD;
            }
        }
        if self.chunks.is_empty() {
            // An idle stream keeps no buffer.
            self.chunks = VecDeque::new();
        }
        filled
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// What a received slice costs besides its bytes: the handle (32 bytes), and the allocation behind it
/// with its bookkeeping.
pub(super) const CHUNK_OVERHEAD: usize = 96;
