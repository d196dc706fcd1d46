//! What fuzz targets reach behind closed doors: the handshake on data channel 0 without the connection around
//! it, and SCTP without DTLS beneath it, which would take a thousand times as long. No part of the API, and
//! free to change.

use std::error::Error;
use std::vec::Vec;

pub use crate::rtc::bare::{Association, Establishment, Heard, parse as parse_dcep};

use crate::peer_id::PeerId;
use crate::prologue;
use crate::rtc::Identity;
use crate::rtc::handshake::{self, Secrets};
use crate::rtc::identity::{Payload, PayloadError, PublicKey};

/// One side of one handshake.
#[derive(Debug)]
pub struct Handshake(handshake::Handshake);

/// What came of some bytes: a record to send, and who the peer is, once it is proven.
pub type Progress = (Option<Vec<u8>>, Option<(PeerId, PublicKey)>);

impl Handshake {
    /// The listener's side; its keys are made of `seed`.
    pub fn listener(identity: Identity, prologue: &[u8; prologue::LEN], seed: [u8; 32]) -> Self {
        Self(handshake::Handshake::listener(identity, prologue, Secrets::from_seed(seed)))
    }

    /// The dialer's side, which may insist on a peer; its keys are made of `seed`.
    pub fn dialer(
        identity: Identity,
        expected: Option<PeerId>,
        prologue: &[u8; prologue::LEN],
        seed: [u8; 32],
    ) -> Self {
        let secrets = Secrets::from_seed(seed);
        Self(handshake::Handshake::dialer(identity, expected, prologue, secrets))
    }

    /// The listener's first record.
    pub fn start(&mut self) -> Option<Vec<u8>> {
        self.0.start()
    }

    /// Takes bytes of the peer's records, cut anywhere.
    ///
    /// # Errors
    /// Whatever ends the handshake.
    pub fn handle(&mut self, bytes: &[u8]) -> Result<Progress, impl Error + use<>> {
        let progress = self.0.handle(bytes)?;
        let peer = progress.done.map(|done| (done.peer, done.public_key));
        Ok::<_, handshake::HandshakeError>((progress.send, peer))
    }
}

/// The payload in which `identity` claims a Noise static key.
pub fn claim(identity: &Identity, static_key: &[u8; 32]) -> Vec<u8> {
    Payload::claim(identity, static_key).expect("keys of fuzz targets can sign")
}

/// The key whose claim to a Noise static key `payload` proves.
///
/// # Errors
/// If it proves none.
pub fn proven(payload: &[u8], static_key: &[u8; 32]) -> Result<PublicKey, PayloadError> {
    Payload::parse(payload)?.verify(static_key)
}
