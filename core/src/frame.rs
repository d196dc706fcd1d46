//! What a byte on a data channel means: the framing between SCTP messages and libp2p streams.
//!
//! A libp2p stream has bytes, an end in each direction and a way to break off; a data channel has
//! only messages and one end for both directions. So each side sends *frames*: a length as
//! unsigned-varint, then a Protocol Buffers message of two optional fields (libp2p
//! webrtc, "Multiplexing").
//!
//! ```text
//!   07 12 05 68 65 6c 6c 6f          02 08 00
//!   │  │  │  └ payload "hello"       │  │  └ FIN (0), written although it is zero
//!   │  │  └ its length               │  └ field 1 `flag`, varint
//!   │  └ field 2 `message`, bytes    └ length of the body
//!   └ length of the body
//! ```
//!
//! What leaves is made by [`Message`] (or [`Header`], when the payload already lies in place); what
//! arrives goes through a [`Decoder`]. The room knows nothing of streams and their states: what a
//! [`Flag`] does to one is decided in [`stream`](crate::stream).
//!
//! # A channel is a byte stream
//!
//! The specification does not say how frames sit in SCTP messages, and peers differ: some send the
//! length in a message of its own, some put several frames into one, some cut anywhere. The decoder
//! therefore takes bytes, not messages. It keeps **no payload**: a reader of a stream wants payload
//! bytes in order and does not care where frames end, so payload is handed on from the caller's own
//! slice as it passes by. That needs a few bytes of state whatever the peer claims about lengths
//! (nothing to exhaust), no copy, and any cut of the input decodes alike by construction.
//!
//! # What a sender should know
//!
//! Everybody can read a frame which
//! - is one whole SCTP message of at most [`FRAME_LEN_MAX`] bytes,
//! - carries a flag or payload, not both, and
//! - is not empty.
//!
//! ```
//! use floe_core::frame::{Decoder, Flag, Item, Message};
//!
//! let mut out = [0; 32];
//! let hello = Message { flag: None, payload: b"hello" }.encode(&mut out)?;
//! assert_eq!(hello, b"\x07\x12\x05hello");
//!
//! // However the bytes arrive, the payload comes out in order, straight from the input.
//! let mut decoder = Decoder::default();
//! let mut input = &b"\x07\x12\x05hel"[..];
//! assert_eq!(decoder.decode(&mut input)?, Some(Item::Payload(b"hel")));
//! assert_eq!(decoder.decode(&mut input)?, None);
//! let mut input = &b"lo\x02\x08\x00"[..];
//! assert_eq!(decoder.decode(&mut input)?, Some(Item::Payload(b"lo")));
//! assert_eq!(decoder.decode(&mut input)?, Some(Item::Flag(Flag::Fin)));
//! assert_eq!(decoder.decode(&mut input)?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decoder;
mod message;

pub use decoder::{Decoder, FrameError, Item};
pub use message::{Flag, Header, Message};

/// Longest frame to send, prefix included: 4096 bytes.
///
/// The specification allows [`SPEC_FRAME_LEN_MAX`], but go-libp2p reads through a buffer of 4096
/// bytes and takes whole SCTP messages only: a longer one that begins with the prefix fails its
/// stream for good. To split the prefix off, as go does itself, would break peers that need a frame
/// in one message. Frames of 4096 bytes are read by all.
pub const FRAME_LEN_MAX: usize = 4096;

/// Most payload for one frame to send: [`FRAME_LEN_MAX`] less the five bytes of a header that
/// carries no flag (two of prefix, one of field tag, two of payload length).
pub const PAYLOAD_LEN_MAX: usize = FRAME_LEN_MAX - 5;

/// Longest frame that the specification allows, prefix included; also the announced largest SCTP
/// message.
///
/// libp2p webrtc, "Multiplexing": "MUST NOT exceed 16kiB".
pub const SPEC_FRAME_LEN_MAX: usize = 16 * 1024;

/// The lowest limit that a [`Decoder`] can be given, in bytes of a frame's body: 16388.
///
/// litep2p puts 16384 bytes of payload into a frame, which makes a body of 1 + 3 + 16384 bytes.
pub const BODY_LEN_LIMIT_MIN: usize = 1 + 3 + 16384;

/// The limit of [`Decoder::default`], in bytes of a frame's body: 256 KiB and 1 KiB, as in go-libp2p.
pub const BODY_LEN_LIMIT: usize = 257 * 1024;

const _: () = {
    assert!(Header::new(None, PAYLOAD_LEN_MAX).len() + PAYLOAD_LEN_MAX == FRAME_LEN_MAX);
    assert!(FRAME_LEN_MAX <= SPEC_FRAME_LEN_MAX);
    assert!(BODY_LEN_LIMIT_MIN == 16388 && BODY_LEN_LIMIT_MIN <= BODY_LEN_LIMIT);
};
