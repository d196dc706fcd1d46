//! Frames as the messages that the engine sends.

use bytes::{Bytes, BytesMut};

use crate::frame::Message;

/// A frame, as one SCTP message.
pub(super) fn encode(message: Message<'_>) -> Bytes {
    let mut out = BytesMut::zeroed(message.encoded_len());
    message.encode(&mut out).expect("the buffer has the encoded length");
    out.freeze()
}
