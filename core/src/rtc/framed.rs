//! Frames as the messages that the engine sends.

use bytes::{Bytes, BytesMut};

use super::engine::CHUNK_LEN;
use crate::frame::{FRAME_LEN_MAX, Message, PAYLOAD_LEN_MAX};

/// Most payload of one frame: as much as fits peers' buffers in whole packets.
///
/// What is left over of a message goes in a packet of its own, shorter than the others, and a kernel with
/// segmentation offload takes no more in a call than up to that.
pub(super) const PAYLOAD_LEN: usize = PAYLOAD_LEN_MAX - FRAME_LEN_MAX % CHUNK_LEN;

/// A frame, as one SCTP message.
pub(super) fn encode(message: Message<'_>) -> Bytes {
    let mut out = BytesMut::zeroed(message.encoded_len());
    message.encode(&mut out).expect("the buffer has the encoded length");
    out.freeze()
}
