//! What Noise carries for libp2p: the identity key and its signature over the Noise static key.
//!
//! libp2p noise §The libp2p Handshake Payload. `{ 1: identity_key, 2: identity_sig, 4: extensions }`;
//! the extensions say nothing that matters to WebRTC, so none are sent and all are ignored.

use core::error::Error;
use core::fmt;
use std::vec::Vec;

use super::fields::{Fields, Malformed, Value, write_bytes};
use super::{BadSignature, Identity, PublicKey, PublicKeyError, SignError};

/// A signed claim to a Noise static key.
pub(crate) struct Payload<'a> {
    identity_key: &'a [u8],
    identity_sig: &'a [u8],
}

impl<'a> Payload<'a> {
    /// The encoded payload in which `identity` claims `static_key`, an X25519 public key.
    pub(crate) fn claim(identity: &Identity, static_key: &[u8; 32]) -> Result<Vec<u8>, SignError> {
        let signature = identity.sign(&signed(static_key))?;
        let mut payload = Vec::new();
        write_bytes(&mut payload, 1, &identity.public_key().to_protobuf());
        write_bytes(&mut payload, 2, &signature);
        Ok(payload)
    }

    /// Reads the two fields that matter.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, PayloadError> {
        let (mut identity_key, mut identity_sig) = (None, None);
        for field in Fields::of(payload) {
            match field.map_err(|Malformed| PayloadError::Malformed)? {
                (1, Value::Bytes(value)) => identity_key = Some(value),
                (2, Value::Bytes(value)) => identity_sig = Some(value),
                (1 | 2, _) => return Err(PayloadError::Malformed),
                _ => {}
            }
        }
        match (identity_key, identity_sig) {
            (Some(identity_key), Some(identity_sig)) => Ok(Self { identity_key, identity_sig }),
            _ => Err(PayloadError::Incomplete),
        }
    }

    /// The identity key, once its signature over `static_key` has been verified.
    pub(crate) fn verify(&self, static_key: &[u8; 32]) -> Result<PublicKey, PayloadError> {
        let key = PublicKey::from_protobuf(self.identity_key).map_err(PayloadError::IdentityKey)?;
        key.verify(&signed(static_key), self.identity_sig)
            .map_err(|BadSignature| PayloadError::BadSignature)?;
        Ok(key)
    }
}

/// What an identity key signs to claim `static_key`.
fn signed(static_key: &[u8; 32]) -> Vec<u8> {
    [SIGNATURE_PREFIX, static_key].concat()
}

/// Why a handshake payload proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// Not the protobuf it should be.
    Malformed,
    /// The identity key or its signature is missing.
    Incomplete,
    /// The identity key cannot be used.
    IdentityKey(PublicKeyError),
    /// The identity key did not sign this Noise static key.
    BadSignature,
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the handshake payload is not a valid protobuf",
            Self::Incomplete => "the handshake payload lacks the identity key or its signature",
            Self::IdentityKey(_) => "the peer's identity key cannot be used",
            Self::BadSignature => "the peer's identity key did not sign its Noise static key",
        })
    }
}

impl Error for PayloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::IdentityKey(error) => Some(error),
            _ => None,
        }
    }
}

/// libp2p noise §Static Key Authentication.
const SIGNATURE_PREFIX: &[u8] = b"noise-libp2p-static-key:";

#[cfg(test)]
mod tests {
    use super::super::Keypair;
    use super::super::vectors;
    use super::*;
    use crate::testing::hex;
    use core::array;

    fn static_key() -> [u8; 32] {
        let signed = hex(vectors::SIGNED);
        signed[SIGNATURE_PREFIX.len()..].try_into().unwrap()
    }

    fn claim() -> (Keypair, Vec<u8>) {
        let keypair = Keypair::ed25519_from_seed(array::from_fn(|i| i as u8));
        let payload = Payload::claim(&keypair.clone().into(), &static_key()).unwrap();
        (keypair, payload)
    }

    #[test]
    fn a_claim_has_the_known_bytes_and_is_verified() {
        let (keypair, payload) = claim();
        let expected = [
            &[0x0a, 0x24],
            &hex(vectors::ED25519.public_key)[..],
            &[0x12, 0x40],
            &hex(vectors::ED25519.signature),
        ];
        assert_eq!(payload, expected.concat());
        let key = Payload::parse(&payload).unwrap().verify(&static_key());
        assert_eq!(key, Ok(keypair.public_key()));
        let other_static = Payload::parse(&payload).unwrap().verify(&[1; 32]);
        assert_eq!(other_static, Err(PayloadError::BadSignature));
    }

    #[test]
    fn extensions_and_unknown_fields_are_ignored() {
        let (keypair, mut payload) = claim();
        payload.extend([0x22, 0x00]); // what js-libp2p always sends
        payload.extend([0x22, 0x03, 0x12, 0x01, b'/']);
        payload.extend([0x78, 0x01]);
        let key = Payload::parse(&payload).unwrap().verify(&static_key());
        assert_eq!(key, Ok(keypair.public_key()));
    }

    #[test]
    fn every_prefix_of_a_payload_is_refused() {
        let (_, payload) = claim();
        for len in 0..payload.len() {
            let error = Payload::parse(&payload[..len]).err().unwrap();
            let at_a_field = len == 0 || len == 38;
            let expected =
                if at_a_field { PayloadError::Incomplete } else { PayloadError::Malformed };
            assert_eq!(error, expected, "{len}");
        }
        assert_eq!(Payload::parse(&[0x08, 0x01]).err(), Some(PayloadError::Malformed));
    }

    #[test]
    fn an_unusable_identity_key_is_named() {
        let (_, mut payload) = claim();
        payload[3] = 9;
        let error = Payload::parse(&payload).unwrap().verify(&static_key()).unwrap_err();
        let unknown = PublicKeyError::UnknownType { number: 9 };
        assert_eq!(error, PayloadError::IdentityKey(unknown));
    }
}
