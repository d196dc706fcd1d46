//! Noise records in a byte stream: `u16 big-endian length ‖ Noise message` (libp2p noise §Wire
//! Format).

use core::mem;
use std::vec::Vec;

use super::HandshakeError;

/// The longest Noise message that is read or written, in bytes.
///
/// The largest identity that can be verified is RSA of 8192 bits: a key of 1067 bytes, a signature of
/// 1024, and some 100 bytes around them. As much again is left for extensions, which are ignored but
/// must be received. Whoever wants more from a stranger's memory is refused at its length.
pub(super) const MESSAGE_LEN_MAX: usize = 4096;

/// Collects one record.
#[derive(Default)]
pub(super) struct Records {
    /// Length and message, as far as they have arrived.
    buffer: Vec<u8>,
}

impl Records {
    /// Takes from the front of `bytes` what belongs to the current record, and returns its message
    /// when it is complete.
    pub(super) fn take(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, HandshakeError> {
        self.fill(LENGTH_LEN, bytes);
        let Some((length, _)) = self.buffer.split_first_chunk::<LENGTH_LEN>() else {
            return Ok(None);
        };
        let len = usize::from(u16::from_be_bytes(*length));
        if len > MESSAGE_LEN_MAX {
            return Err(HandshakeError::RecordTooLong { len });
        }
        self.fill(LENGTH_LEN + len, bytes);
        if self.buffer.len() < LENGTH_LEN + len {
            return Ok(None);
        }
        Ok(Some(mem::take(&mut self.buffer).split_off(LENGTH_LEN)))
    }

    /// Moves bytes into the buffer until it holds `len`.
    fn fill(&mut self, len: usize, bytes: &mut &[u8]) {
        let missing = len.saturating_sub(self.buffer.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at(missing);
        self.buffer.extend_from_slice(taken);
        *bytes = rest;
    }
}

/// The record around `message`.
pub(super) fn encode(message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len()).expect("a message of ours is under the limit");
    [&len.to_be_bytes(), message].concat()
}

const LENGTH_LEN: usize = 2;
