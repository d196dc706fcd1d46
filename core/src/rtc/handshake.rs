//! Who is at the other end: Noise XX on data channel 0, and the identities inside it.
//!
//! DTLS came up between two certificates that prove nothing by themselves. This machine ties them to
//! libp2p identities: the prologue holds both fingerprints, so that the handshake fails if either
//! side saw another certificate, and each side's payload is signed by its identity key. Afterwards
//! the Noise keys are thrown away; nothing more is encrypted with them.
//!
//! ```text
//!  listener (server, Noise initiator)          dialer (client, Noise responder)
//!      ── 1: e ─────────────────────────────────────────────────────────▶
//!      ◀───────────────────────────────── 2: e, ee, s, es + payload ──
//!      ── 3: s, se + payload ───────────────────────────────────────────▶
//! ```
//!
//! In goes the payload of channel 0's frames, cut anywhere, because peers do cut it; out come records
//! to be sent as such payload. A record is a length (u16, big endian) and a Noise message. The
//! machine has no clock: whoever owns it limits the time. It takes its keys by argument, so that the
//! same seed gives the same bytes.
//!
//! Obeys: libp2p webrtc-direct §Connection Establishment (roles, prologue), libp2p noise.

mod noise;
mod records;

use core::error::Error;
use core::fmt;
use core::mem;
use std::vec::Vec;

pub(crate) use self::noise::Secrets;
use self::noise::{Noise, Refused, Role};
use self::records::Records;
use super::identity::{Identity, Payload, PayloadError, PublicKey, SignError};
use crate::peer_id::PeerId;
use crate::prologue;

/// One side of one handshake.
pub(crate) struct Handshake {
    noise: Noise,
    identity: Identity,
    expected: Option<PeerId>,
    records: Records,
    turn: Turn,
}

/// What has to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The listener has not spoken yet.
    SendFirst,
    /// The dialer waits for message 1.
    AwaitFirst,
    /// The listener waits for message 2.
    AwaitSecond,
    /// The dialer waits for message 3.
    AwaitThird,
    /// It succeeded, or it failed.
    Over,
}

/// What came of some bytes.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Send this as the payload of frames on channel 0, before anything else.
    pub(crate) send: Option<Vec<u8>>,
    /// The peer has proven who it is, and the handshake is over.
    pub(crate) done: Option<Authenticated>,
}

/// A peer that has proven its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authenticated {
    pub(crate) peer: PeerId,
    pub(crate) public_key: PublicKey,
}

impl Handshake {
    /// The listener's side. It speaks first, when [`start`](Self::start) is called.
    pub(crate) fn listener(
        identity: Identity,
        prologue: &[u8; prologue::LEN],
        secrets: Secrets,
    ) -> Self {
        Self::new(Role::Initiator, Turn::SendFirst, identity, None, prologue, secrets)
    }

    /// The dialer's side. If the dialed address names a peer, the listener must be `expected`.
    pub(crate) fn dialer(
        identity: Identity,
        expected: Option<PeerId>,
        prologue: &[u8; prologue::LEN],
        secrets: Secrets,
    ) -> Self {
        Self::new(Role::Responder, Turn::AwaitFirst, identity, expected, prologue, secrets)
    }

    fn new(
        role: Role,
        turn: Turn,
        identity: Identity,
        expected: Option<PeerId>,
        prologue: &[u8; prologue::LEN],
        secrets: Secrets,
    ) -> Self {
        let noise = Noise::new(role, prologue, secrets);
        Self { noise, identity, expected, records: Records::default(), turn }
    }

    /// Message 1, for the listener to send once channel 0 is open; `None` for the dialer, and after
    /// the first call.
    pub(crate) fn start(&mut self) -> Option<Vec<u8>> {
        if self.turn != Turn::SendFirst {
            return None;
        }
        self.turn = Turn::AwaitSecond;
        // libp2p webrtc-direct, and rust-libp2p insists: the payload of message 1 is empty.
        Some(records::encode(&self.noise.write(&[])))
    }

    /// Takes payload bytes of channel 0, cut anywhere.
    ///
    /// After an error, and after the handshake is done, nothing more is accepted: the peer has no
    /// business on channel 0 any more, and its owner stops asking.
    pub(crate) fn handle(&mut self, bytes: &[u8]) -> Result<Progress, HandshakeError> {
        if bytes.is_empty() {
            return Ok(Progress::default()); // a frame with nothing but a flag, at any time
        }
        let turn = mem::replace(&mut self.turn, Turn::Over);
        let mut rest = bytes;
        match turn {
            Turn::Over => return Err(HandshakeError::Over),
            Turn::SendFirst => return Err(HandshakeError::OutOfTurn),
            Turn::AwaitFirst | Turn::AwaitSecond | Turn::AwaitThird => {}
        }
        let Some(message) = self.records.take(&mut rest)? else {
            self.turn = turn;
            return Ok(Progress::default());
        };
        if !rest.is_empty() {
            // Messages alternate: what would come next depends on an answer not yet given.
            return Err(HandshakeError::OutOfTurn);
        }
        self.on_message(turn, &message)
    }

    fn on_message(&mut self, turn: Turn, message: &[u8]) -> Result<Progress, HandshakeError> {
        let payload = self
            .noise
            .read(message)
            .map_err(|Refused| HandshakeError::Noise { message: turn.message() })?;
        if turn == Turn::AwaitFirst {
            // Anybody could have written the payload of message 1: it is ignored, as go-libp2p does.
            let send = Some(self.claim()?);
            self.turn = Turn::AwaitThird;
            return Ok(Progress { send, done: None });
        }
        let done = Some(self.authenticate(&payload)?);
        let send = if turn == Turn::AwaitSecond { Some(self.claim()?) } else { None };
        Ok(Progress { send, done })
    }

    /// The record in which this side proves its identity.
    fn claim(&mut self) -> Result<Vec<u8>, HandshakeError> {
        let payload = Payload::claim(&self.identity, self.noise.local_static())
            .map_err(HandshakeError::Sign)?;
        if payload.len() + noise::OVERHEAD_MAX > records::MESSAGE_LEN_MAX {
            let error = SignError::new("the signature is longer than any known kind of key makes");
            return Err(HandshakeError::Sign(error));
        }
        Ok(records::encode(&self.noise.write(&payload)))
    }

    /// Who the peer is, if `payload` proves it.
    fn authenticate(&self, payload: &[u8]) -> Result<Authenticated, HandshakeError> {
        let static_key = self.noise.remote_static().expect("messages 2 and 3 hold a static key");
        let public_key = Payload::parse(payload)
            .and_then(|payload| payload.verify(&static_key))
            .map_err(HandshakeError::Payload)?;
        let actual = public_key.peer_id();
        match self.expected {
            Some(expected) if expected != actual => {
                Err(HandshakeError::WrongPeerId { expected, actual })
            }
            _ => Ok(Authenticated { peer: actual, public_key }),
        }
    }
}

/// Says nothing of the keys.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("turn", &self.turn).finish_non_exhaustive()
    }
}

impl Turn {
    /// The number of the message that is awaited.
    fn message(self) -> u8 {
        match self {
            Self::SendFirst | Self::AwaitFirst => 1,
            Self::AwaitSecond => 2,
            Self::AwaitThird | Self::Over => 3,
        }
    }
}

/// Why a peer was not authenticated. All but [`Sign`](Self::Sign) are the peer's doing, or of
/// somebody between.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum HandshakeError {
    /// A record longer than any sensible message.
    RecordTooLong {
        /// The length it announces, in bytes.
        len: usize,
    },
    /// The peer spoke before it could know what to say.
    OutOfTurn,
    /// The handshake had already succeeded or failed.
    Over,
    /// A Noise message that is too short or does not decrypt: tampered with, or the two sides saw
    /// different certificates and so have different prologues.
    Noise {
        /// Which of the three messages.
        message: u8,
    },
    /// The peer's claim to an identity is not proven.
    Payload(PayloadError),
    /// The peer is somebody else than was dialed.
    WrongPeerId {
        /// Who was dialed.
        expected: PeerId,
        /// Who answered, proven.
        actual: PeerId,
    },
    /// The local identity key could not sign.
    Sign(SignError),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordTooLong { len } => {
                let max = records::MESSAGE_LEN_MAX;
                write!(f, "a handshake message announces {len} bytes, the limit is {max}")
            }
            Self::OutOfTurn => f.write_str("the peer spoke out of turn in the handshake"),
            Self::Over => f.write_str("the handshake is over, nothing more is accepted"),
            Self::Noise { message } => write!(
                f,
                "handshake message {message} is not authentic: it was tampered with, or the two \
                 sides saw different certificates"
            ),
            Self::Payload(_) => f.write_str("the peer did not prove its identity"),
            Self::WrongPeerId { expected, actual } => {
                write!(f, "dialed {expected}, but {actual} answered")
            }
            Self::Sign(_) => f.write_str("could not prove the local identity"),
        }
    }
}

impl Error for HandshakeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Payload(error) => Some(error),
            Self::Sign(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
