//! Public identity keys: libp2p's protobuf around four kinds of key, and the peer id made of it.
//!
//! A key that was parsed is one we can verify with, as far as its shape tells; its encoding is the
//! one and only encoding of that key, because the peer id is a hash of it and must not depend on how
//! a peer chose to write it down.

use core::error::Error;
use core::fmt;
use std::vec::Vec;

use super::fields::{Fields, Malformed, Value, write_bytes, write_varint};
use super::verify::{self, BadSignature};
use crate::peer_id::PeerId;

/// The kinds of identity keys, with their numbers in the protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA of 2048 to 8192 bits.
    Rsa = 0,
    /// Ed25519.
    Ed25519 = 1,
    /// ECDSA on secp256k1, Bitcoin's curve.
    Secp256k1 = 2,
    /// ECDSA on P-256.
    Ecdsa = 3,
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
            Self::Secp256k1 => "secp256k1",
            Self::Ecdsa => "ECDSA",
        })
    }
}

/// A public identity key of any type.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    key_type: KeyType,
    data: Vec<u8>,
}

impl PublicKey {
    /// The longest encoding that is looked at, in bytes.
    ///
    /// An RSA key of 8192 bits, the largest that can be verified, takes 1062 bytes of
    /// SubjectPublicKeyInfo and 5 of protobuf; the rest is room for unknown fields.
    pub const ENCODED_LEN_MAX: usize = 1152;

    /// Reads the protobuf `{ 1: type, 2: data }`. Unknown fields are ignored.
    ///
    /// # Errors
    /// A [`PublicKeyError`], which says what is wrong with the key.
    pub fn from_protobuf(protobuf: &[u8]) -> Result<Self, PublicKeyError> {
        if protobuf.len() > Self::ENCODED_LEN_MAX {
            return Err(PublicKeyError::TooLong { len: protobuf.len() });
        }
        let (mut number, mut data) = (None, None);
        for field in Fields::of(protobuf) {
            match field.map_err(|Malformed| PublicKeyError::Malformed)? {
                (1, Value::Varint(value)) => number = Some(value),
                (2, Value::Bytes(value)) => data = Some(value),
                (1 | 2, _) => return Err(PublicKeyError::Malformed),
                _ => {}
            }
        }
        let (Some(number), Some(data)) = (number, data) else {
            return Err(PublicKeyError::Incomplete);
        };
        let key_type = match number {
            0 => KeyType::Rsa,
            1 => KeyType::Ed25519,
            2 => KeyType::Secp256k1,
            3 => KeyType::Ecdsa,
            number => return Err(PublicKeyError::UnknownType { number }),
        };
        verify::check_shape(key_type, data)?;
        Ok(Self { key_type, data: data.to_vec() })
    }

    /// The Ed25519 public key with these bytes.
    pub fn ed25519(bytes: [u8; 32]) -> Self {
        Self { key_type: KeyType::Ed25519, data: bytes.to_vec() }
    }

    /// The protobuf. Equal keys have equal encodings.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut protobuf = Vec::with_capacity(self.data.len() + 8);
        write_varint(&mut protobuf, 1, self.key_type as u64);
        write_bytes(&mut protobuf, 2, &self.data);
        protobuf
    }

    /// The kind of key.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The key itself: 32 bytes for Ed25519, a compressed point for secp256k1, a DER
    /// SubjectPublicKeyInfo for RSA and ECDSA.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The peer id (libp2p peer-ids §Peer Ids): the encoded key itself where it is short, else its
    /// SHA-256.
    pub fn peer_id(&self) -> PeerId {
        PeerId::from_public_key(&self.to_protobuf(), |encoded| {
            let digest = ring::digest::digest(&ring::digest::SHA256, encoded);
            digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
        })
    }

    /// Checks that `signature` is this key's signature of `message`.
    ///
    /// # Errors
    /// [`BadSignature`] if it is not.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        verify::verify(self.key_type, &self.data, message, signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.key_type, self.peer_id())
    }
}

/// Why bytes are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Longer than [`PublicKey::ENCODED_LEN_MAX`].
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// Not the protobuf it should be.
    Malformed,
    /// The type or the data is missing.
    Incomplete,
    /// A key type that libp2p has not defined.
    UnknownType {
        /// The number in the protobuf.
        number: u64,
    },
    /// The data is not a key of the type it claims.
    BadData {
        /// The type it claims.
        key_type: KeyType,
    },
    /// An ECDSA key on another curve than P-256.
    UnsupportedCurve,
}

impl fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                let max = PublicKey::ENCODED_LEN_MAX;
                write!(f, "the public key has {len} bytes, the limit is {max}")
            }
            Self::Malformed => f.write_str("the public key is not a valid protobuf"),
            Self::Incomplete => f.write_str("the public key lacks its type or its data"),
            Self::UnknownType { number } => write!(f, "{number} is no type of public key"),
            Self::BadData { key_type } => {
                write!(f, "the data is not a valid {key_type} public key")
            }
            Self::UnsupportedCurve => {
                f.write_str("the ECDSA key is on another curve than P-256, the only one supported")
            }
        }
    }
}

impl Error for PublicKeyError {}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use super::*;
    use crate::testing::{Dice, hex};
    use k256::elliptic_curve::sec1::ToSec1Point;
    use std::string::ToString;
    use std::vec;

    #[test]
    fn four_types_parse_encode_and_name_their_peer() {
        for (vector, key_type) in [
            (vectors::RSA, KeyType::Rsa),
            (vectors::ED25519, KeyType::Ed25519),
            (vectors::SECP256K1, KeyType::Secp256k1),
            (vectors::ECDSA, KeyType::Ecdsa),
        ] {
            let protobuf = hex(vector.public_key);
            let key = PublicKey::from_protobuf(&protobuf).unwrap();
            assert_eq!(key.key_type(), key_type);
            assert_eq!(key.to_protobuf(), protobuf);
            assert_eq!(key.peer_id().to_string(), vector.peer_id);
        }
    }

    #[test]
    fn the_encoding_does_not_depend_on_how_the_peer_wrote_it() {
        let canonical = hex(vectors::ED25519.public_key);
        let mut odd = canonical[2..].to_vec(); // data first,
        odd.extend([0x08, 0x02, 0x08, 0x81, 0x00]); // the type twice, once overlong,
        odd.extend([0x1a, 0x01, 0xff]); // and an unknown field
        let key = PublicKey::from_protobuf(&odd).unwrap();
        assert_eq!(key.to_protobuf(), canonical);
        assert_eq!(key.peer_id().to_string(), vectors::ED25519.peer_id);
    }

    #[test]
    fn bad_keys_are_refused_each_for_its_reason() {
        let ed25519 = hex(vectors::ED25519.public_key);
        let with_data = |key_type: u8, data: &[u8]| {
            let mut protobuf = vec![0x08, key_type];
            write_bytes(&mut protobuf, 2, data);
            protobuf
        };
        let bad = |key_type| PublicKeyError::BadData { key_type };
        let mut compact = hex(vectors::SECP256K1.public_key)[4..].to_vec();
        compact[0] = 5;
        let mut off_curve = compact.clone();
        off_curve[0] = 2;
        off_curve[1..].fill(0xff); // x beyond the field
        let mut ecdsa = hex(vectors::ECDSA.public_key)[4..].to_vec();
        ecdsa[40] ^= 1;
        let rsa = &hex(vectors::RSA.public_key)[5..];
        for (protobuf, error) in [
            (vec![], PublicKeyError::Incomplete),
            (ed25519[..2].to_vec(), PublicKeyError::Incomplete),
            (ed25519[2..].to_vec(), PublicKeyError::Incomplete),
            (ed25519[..30].to_vec(), PublicKeyError::Malformed),
            (vec![0x0a, 0x00], PublicKeyError::Malformed),
            (with_data(4, &[0; 32]), PublicKeyError::UnknownType { number: 4 }),
            (with_data(1, &[0; 31]), bad(KeyType::Ed25519)),
            (with_data(1, &[0; 33]), bad(KeyType::Ed25519)),
            (with_data(2, &compact), bad(KeyType::Secp256k1)),
            (with_data(2, &off_curve), bad(KeyType::Secp256k1)),
            (with_data(3, &ecdsa), bad(KeyType::Ecdsa)),
            (with_data(3, rsa), bad(KeyType::Ecdsa)),
            (with_data(0, &rsa[..rsa.len() - 1]), bad(KeyType::Rsa)),
            (with_data(0, &[0; 100]), bad(KeyType::Rsa)),
            (hex(vectors::P384_PUBLIC_KEY), PublicKeyError::UnsupportedCurve),
            (vec![0; 1153], PublicKeyError::TooLong { len: 1153 }),
        ] {
            assert_eq!(PublicKey::from_protobuf(&protobuf), Err(error), "{protobuf:02x?}");
        }
    }

    #[test]
    fn damaged_keys_are_refused_or_are_keys() {
        let seed = 0x5eed_0003;
        let mut dice = Dice(seed);
        let all = [vectors::RSA, vectors::ED25519, vectors::SECP256K1, vectors::ECDSA];
        let (mut kept, mut refused) = (0, 0);
        for _ in 0..4000 {
            let mut damaged = hex(all[dice.below(4)].public_key);
            // Mostly the head, where the structure is.
            let span = if dice.below(4) == 0 { damaged.len() } else { damaged.len().min(40) };
            damaged[dice.below(span)] = dice.roll() as u8;
            let Ok(key) = PublicKey::from_protobuf(&damaged) else {
                refused += 1;
                continue;
            };
            kept += 1;
            let again = PublicKey::from_protobuf(&key.to_protobuf());
            assert_eq!(again.as_ref(), Ok(&key), "seed {seed:#x}: {damaged:02x?}");
            let verdict = key.verify(b"message", &hex(vectors::RSA.signature));
            assert_eq!(verdict, Err(BadSignature), "seed {seed:#x}: {damaged:02x?}");
        }
        assert!(kept > 100 && refused > 100, "{kept} {refused}");
    }

    #[test]
    fn uncompressed_secp256k1_points_would_be_a_second_name_for_the_same_key() {
        let compressed = hex(vectors::SECP256K1.public_key)[4..].to_vec();
        let point = k256::PublicKey::from_sec1_bytes(&compressed).unwrap();
        let mut protobuf = vec![0x08, 2];
        write_bytes(&mut protobuf, 2, point.to_sec1_point(false).as_bytes());
        let refused = Err(PublicKeyError::BadData { key_type: KeyType::Secp256k1 });
        assert_eq!(PublicKey::from_protobuf(&protobuf), refused);
    }
}
