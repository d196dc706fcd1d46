//! Noise XX on channel 0, once more from the specification: the listener begins, the prologue ties in
//! both certificates, the payload of libp2p proves an Ed25519 identity. `snow` does Noise itself.

use std::fmt;

use floe_core::peer_id::PeerId;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use snow::{Builder, HandshakeState};

use super::frames::{read_uvarint, write_uvarint};

/// An Ed25519 identity.
pub(crate) struct Identity(Ed25519KeyPair);

impl Identity {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed"))
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        peer_id(&self.encoded())
    }

    /// libp2p's PublicKey message.
    fn encoded(&self) -> Vec<u8> {
        [&ED25519_HEADER[..], self.0.public_key().as_ref()].concat()
    }

    /// The payload of a handshake message that proves this identity.
    fn payload(&self, noise_static: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&[DOMAIN, noise_static].concat());
        let mut payload = Vec::new();
        for (key, bytes) in [(0x0a, self.encoded().as_slice()), (0x12, signature.as_ref())] {
            payload.push(key);
            write_uvarint(&mut payload, bytes.len());
            payload.extend_from_slice(bytes);
        }
        payload
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.peer_id()).finish()
    }
}

/// One side of the handshake.
#[derive(Debug)]
pub(crate) struct Noise {
    state: HandshakeState,
    /// The payload that proves us.
    payload: Vec<u8>,
    received: Vec<u8>,
    peer: Option<PeerId>,
}

impl Noise {
    /// `client` and `server` are the SHA-256 fingerprints of the certificates.
    pub(crate) fn new(
        identity: &Identity,
        is_listener: bool,
        client: &[u8; 32],
        server: &[u8; 32],
    ) -> Self {
        let prologue =
            [b"libp2p-webrtc-noise:".as_slice(), SHA256_CODE, client, SHA256_CODE, server].concat();
        let params = "Noise_XX_25519_ChaChaPoly_SHA256".parse().expect("a known pattern");
        let builder = Builder::new(params);
        let keys = builder.generate_keypair().expect("there is randomness");
        let builder = builder
            .local_private_key(&keys.private)
            .and_then(|builder| builder.prologue(&prologue))
            .expect("keys and prologue are set once");
        let state = if is_listener { builder.build_initiator() } else { builder.build_responder() };
        Self {
            state: state.expect("XX needs no more than a static key"),
            payload: identity.payload(&keys.public),
            received: Vec::new(),
            peer: None,
        }
    }

    /// The first message of a listener.
    pub(crate) fn begin(&mut self) -> Vec<u8> {
        self.write(&[])
    }

    /// Takes bytes of channel 0 and says what to answer.
    pub(crate) fn handle(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        self.received.extend_from_slice(bytes);
        let mut answer = Vec::new();
        while let Some(message) = take_record(&mut self.received) {
            if self.is_done() {
                break;
            }
            let mut payload = vec![0; message.len()];
            let len = self
                .state
                .read_message(&message, &mut payload)
                .map_err(|error| format!("Noise: {error}"))?;
            // `e` comes first and proves nothing; who proves is who sends `s`.
            if let Some(noise_static) = self.state.get_remote_static() {
                self.peer = Some(verify(&payload[..len], noise_static)?);
            } else if len != 0 {
                return Err("the first message has a payload".to_owned());
            }
            if !self.state.is_handshake_finished() {
                let proof = self.payload.clone();
                answer.extend(self.write(&proof));
            }
        }
        Ok(answer)
    }

    /// Who the peer has proven to be, once the handshake is done.
    pub(crate) fn peer(&self) -> Option<PeerId> {
        self.peer.filter(|_| self.is_done())
    }

    fn is_done(&self) -> bool {
        self.state.is_handshake_finished()
    }

    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = [0; 1024];
        let len =
            self.state.write_message(payload, &mut message).expect("it is our turn, and it fits");
        [&(len as u16).to_be_bytes()[..], &message[..len]].concat()
    }
}

/// Takes the first whole record: `u16 length ‖ Noise message`.
fn take_record(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let len = usize::from(u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?));
    (bytes.len() >= 2 + len).then(|| bytes.drain(..2 + len).skip(2).collect())
}

/// The identity that a payload proves.
fn verify(mut payload: &[u8], noise_static: &[u8]) -> Result<PeerId, String> {
    let (mut key, mut signature) = (&[][..], &[][..]);
    while let Some((&tag, rest)) = payload.split_first() {
        let (len, prefix) = read_uvarint(rest).ok_or("a payload's field has no length")?;
        let value = rest.get(prefix..prefix + len).ok_or("a payload's field is cut off")?;
        match tag {
            0x0a => key = value,
            0x12 => signature = value,
            _ => {}
        }
        payload = &rest[prefix + len..];
    }
    let public = key.strip_prefix(&ED25519_HEADER[..]).ok_or("the identity is not Ed25519")?;
    UnparsedPublicKey::new(&ED25519, public)
        .verify(&[DOMAIN, noise_static].concat(), signature)
        .map_err(|_| "the identity's signature is wrong")?;
    Ok(peer_id(key))
}

/// An Ed25519 key is so short that its peer id holds it whole: multihash code 0, 36 bytes.
fn peer_id(encoded_key: &[u8]) -> PeerId {
    let multihash = [&[0x00, encoded_key.len() as u8], encoded_key].concat();
    PeerId::from_bytes(&multihash).expect("an identity multihash of 36 bytes")
}

/// Key type 1 (Ed25519), 32 bytes of key.
const ED25519_HEADER: [u8; 4] = [0x08, 0x01, 0x12, 0x20];
const DOMAIN: &[u8] = b"noise-libp2p-static-key:";
/// Multihash code and length of SHA-256.
const SHA256_CODE: &[u8] = &[0x12, 0x20];
