//! Noise on channel 0: the handshake inside its frames.
//!
//! Channel 0 of webrtc-direct is pre-negotiated and carries the three Noise messages, framed like any
//! stream's data (libp2p webrtc-direct, steps 6 to 8). It is neither a stream nor closed by us
//! afterwards: what peers do with it then differs, and none of it matters.

use core::error::Error;
use core::fmt;
use std::vec::Vec;

use bytes::Bytes;

use super::framed::encode;
use super::handshake::{Authenticated, Handshake, HandshakeError};
use crate::frame::FrameError;
use crate::frame::{Decoder, Item, Message, PAYLOAD_LEN_MAX};
use crate::time::Timestamp;

/// The id of the channel.
pub(super) const CHANNEL_ZERO: u16 = 0;

/// The authentication of a peer, under way.
#[derive(Debug)]
pub(super) struct ChannelZero {
    handshake: Handshake,
    decoder: Decoder,
    /// When the listener's first message may leave.
    pub(super) start_at: Option<Timestamp>,
}

/// What a message brought about.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Frames to be sent on channel 0.
    pub(super) send: Vec<Bytes>,
    /// The peer, once it is proven.
    pub(super) authenticated: Option<Authenticated>,
}

/// Why the peer could not be authenticated.
#[derive(Debug)]
pub(super) enum NoiseFailure {
    /// The channel carried no frames.
    Frame(FrameError),
    /// The handshake in them failed.
    Handshake(HandshakeError),
}

/// The whole chain, because an end of a connection is text and has no source to ask.
impl fmt::Display for NoiseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &dyn Error = match self {
            Self::Frame(error) => error,
            Self::Handshake(error) => error,
        };
        write!(f, "{error}")?;
        let causes = core::iter::successors(error.source(), |&cause| cause.source());
        causes.into_iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl ChannelZero {
    /// A handshake; the listener's first message leaves at `start_at`.
    pub(super) fn new(handshake: Handshake, start_at: Option<Timestamp>) -> Self {
        Self { handshake, decoder: Decoder::default(), start_at }
    }

    /// The listener's first message, when it is time for it.
    pub(super) fn start(&mut self, now: Timestamp) -> Option<Bytes> {
        self.start_at.take_if(|at| *at <= now)?;
        self.handshake.start().map(|record| frame(&record))
    }

    /// Takes an SCTP message of channel 0.
    pub(super) fn on_message(&mut self, message: &[u8]) -> Result<Outcome, NoiseFailure> {
        let mut outcome = Outcome::default();
        let mut input = message;
        while outcome.authenticated.is_none() {
            match self.decoder.decode(&mut input) {
                Ok(Some(Item::Payload(payload))) => {
                    let progress =
                        self.handshake.handle(payload).map_err(NoiseFailure::Handshake)?;
                    outcome.send.extend(progress.send.map(|record| frame(&record)));
                    outcome.authenticated = progress.done;
                }
                // Peers finish or keep the channel as they like; flags say nothing about Noise.
                Ok(Some(Item::Flag(_))) => {}
                Ok(None) => break,
                Err(error) => return Err(NoiseFailure::Frame(error)),
            }
        }
        Ok(outcome)
    }
}

/// One frame around one Noise record; records of a handshake always fit one.
fn frame(record: &[u8]) -> Bytes {
    assert!(record.len() <= PAYLOAD_LEN_MAX, "a Noise handshake message fits a frame");
    encode(Message { flag: None, payload: record })
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::rtc::identity::{PayloadError, PublicKeyError};

    #[test]
    fn the_text_of_a_failure_goes_down_to_its_root() {
        let root = PublicKeyError::UnsupportedCurve;
        let payload = PayloadError::IdentityKey(root);
        let texts = [payload.to_string(), root.to_string()];
        let text = NoiseFailure::Handshake(HandshakeError::Payload(payload)).to_string();
        let whole = std::format!("the peer did not prove its identity: {}: {}", texts[0], texts[1]);
        assert_eq!(text, whole);
    }
}
