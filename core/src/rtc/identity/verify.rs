//! What each type of key looks like, and how its signatures are checked.
//!
//! libp2p peer-ids §How Keys are Encoded and Messages Signed. `ring` does the arithmetic, except for
//! secp256k1, which it does not know; that curve comes from `k256`.

use core::error::Error;
use core::fmt;

use k256::ecdsa::signature::Verifier;
use p256::pkcs8::der::{Decode, asn1::AnyRef};
use p256::pkcs8::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::public_key::{KeyType, PublicKeyError};

/// The signature was not made by that key over that message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not belong to this key and message")
    }
}

impl Error for BadSignature {}

/// Whether `data` has the one form that a key of `key_type` may have.
pub(super) fn check_shape(key_type: KeyType, data: &[u8]) -> Result<(), PublicKeyError> {
    let bad = PublicKeyError::BadData { key_type };
    let fits = match key_type {
        KeyType::Ed25519 => data.len() == ED25519_LEN,
        // The tag is checked too: k256 knows a third one, without a sign, of the same length.
        KeyType::Secp256k1 => {
            data.len() == SECP256K1_LEN
                && matches!(data[0], 2 | 3)
                && k256::PublicKey::from_sec1_bytes(data).is_ok()
        }
        KeyType::Ecdsa => {
            if ecdsa_curve(data).ok_or(bad)? != P256 {
                return Err(PublicKeyError::UnsupportedCurve);
            }
            p256_point(data).is_some_and(|point| p256::PublicKey::from_sec1_bytes(point).is_ok())
        }
        KeyType::Rsa => rsa_public_key(data).is_some(),
    };
    if fits { Ok(()) } else { Err(bad) }
}

/// Whether `signature` covers `message` under the key `data`, which [`check_shape`] has passed.
pub(super) fn verify(
    key_type: KeyType,
    data: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    match key_type {
        KeyType::Ed25519 => with_ring(&signature::ED25519, Some(data), message, signature),
        KeyType::Ecdsa => {
            let algorithm = &signature::ECDSA_P256_SHA256_ASN1;
            with_ring(algorithm, p256_point(data), message, signature)
        }
        KeyType::Rsa => {
            let algorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
            with_ring(algorithm, rsa_public_key(data), message, signature)
        }
        // Refuses a high S, as BIP 62 wants it: a signature has one form.
        KeyType::Secp256k1 => {
            let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(data).map_err(|_| BadSignature)?;
            let signature =
                k256::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature)?;
            key.verify(message, &signature).map_err(|_| BadSignature)
        }
    }
}

fn with_ring(
    algorithm: &'static dyn VerificationAlgorithm,
    key: Option<&[u8]>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = UnparsedPublicKey::new(algorithm, key.ok_or(BadSignature)?);
    key.verify(message, signature).map_err(|_| BadSignature)
}

/// The curve of an elliptic-curve SubjectPublicKeyInfo.
fn ecdsa_curve(spki: &[u8]) -> Option<ObjectIdentifier> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    (spki.algorithm.oid == EC_PUBLIC_KEY).then(|| spki.algorithm.parameters_oid().ok()).flatten()
}

/// The point inside a P-256 SubjectPublicKeyInfo. Uncompressed, or the key would have two encodings.
fn p256_point(spki: &[u8]) -> Option<&[u8]> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    spki.subject_public_key
        .as_bytes()
        .filter(|point| point.len() == P256_POINT_LEN && point[0] == 4)
}

/// The RSAPublicKey inside an rsaEncryption SubjectPublicKeyInfo (RFC 3279 §2.3.1: its parameters
/// are NULL). ring checks the numbers and their sizes when it verifies.
fn rsa_public_key(spki: &[u8]) -> Option<&[u8]> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let null = spki.algorithm.parameters? == AnyRef::NULL;
    (spki.algorithm.oid == RSA_ENCRYPTION && null).then(|| spki.subject_public_key.as_bytes())?
}

const ED25519_LEN: usize = 32;
/// A compressed point: its sign, then x.
const SECP256K1_LEN: usize = 33;
/// An uncompressed point: the byte 4, then x and y.
const P256_POINT_LEN: usize = 65;
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

#[cfg(test)]
mod tests {
    use super::super::PublicKey;
    use super::super::vectors;
    use super::*;
    use crate::testing::hex;

    #[test]
    fn four_types_verify_good_signatures_and_no_other() {
        let message = hex(vectors::SIGNED);
        for vector in [vectors::RSA, vectors::ED25519, vectors::SECP256K1, vectors::ECDSA] {
            let key = PublicKey::from_protobuf(&hex(vector.public_key)).unwrap();
            let signature = hex(vector.signature);
            assert_eq!(key.verify(&message, &signature), Ok(()), "{key:?}");

            let mut forged = message.clone();
            forged[0] ^= 1;
            assert_eq!(key.verify(&forged, &signature), Err(BadSignature), "{key:?}");
            for at in [0, signature.len() / 2, signature.len() - 1] {
                let mut forged = signature.clone();
                forged[at] ^= 1;
                assert_eq!(key.verify(&message, &forged), Err(BadSignature), "{key:?}");
            }
            for cut in 0..signature.len() {
                assert_eq!(key.verify(&message, &signature[..cut]), Err(BadSignature), "{key:?}");
            }
        }
    }

    #[test]
    fn a_signature_is_good_for_its_own_key_only() {
        let all = [vectors::RSA, vectors::ED25519, vectors::SECP256K1, vectors::ECDSA];
        let message = hex(vectors::SIGNED);
        for (i, key) in all.iter().enumerate() {
            let key = PublicKey::from_protobuf(&hex(key.public_key)).unwrap();
            for (j, signer) in all.iter().enumerate() {
                let verdict = key.verify(&message, &hex(signer.signature));
                assert_eq!(verdict.is_ok(), i == j, "{i} {j}");
            }
        }
    }

    #[test]
    fn high_s_on_secp256k1_is_refused() {
        let key = PublicKey::from_protobuf(&hex(vectors::SECP256K1.public_key)).unwrap();
        let verdict = key.verify(&hex(vectors::SIGNED), &hex(vectors::SECP256K1_HIGH_S));
        assert_eq!(verdict, Err(BadSignature));
    }
}
