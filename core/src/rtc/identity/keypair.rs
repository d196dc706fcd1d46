//! The identity key that lives in memory: Ed25519, from a seed or from a key file.
//!
//! Key files hold libp2p's PrivateKey protobuf (libp2p peer-ids §Keys). Other types of keys sign
//! through [`Signer`](super::Signer).

use core::error::Error;
use core::fmt;
use std::vec::Vec;

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use super::fields::{Fields, Malformed, Value, write_bytes, write_varint};
use super::public_key::KeyType;
use super::{PublicKey, SignError, Signer};
use crate::peer_id::PeerId;

/// An Ed25519 key pair. Its secret is wiped from memory when the last clone is dropped.
///
/// ```
/// use floe_core::rtc::identity::Keypair;
///
/// // 32 bytes of the operating system's entropy, once in the life of a node.
/// # let seed = [7; 32];
/// let keypair = Keypair::ed25519_from_seed(seed);
/// // What a key file holds, of every libp2p: keep it, and the peer id stays.
/// let file = keypair.to_protobuf();
/// let again = Keypair::from_protobuf(&file)?;
/// assert_eq!(again.peer_id(), keypair.peer_id());
/// let signature = again.sign(b"it is me");
/// assert!(keypair.public_key().verify(b"it is me", &signature).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Keypair {
    seed: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Keypair {
    /// The key pair grown from `seed`, which RFC 8032 calls the private key: 32 secret random bytes.
    pub fn ed25519_from_seed(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
        let public = pair.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        Self { seed: Zeroizing::new(seed), public }
    }

    /// Reads libp2p's PrivateKey protobuf `{ 1: type, 2: data }`, the content of a key file.
    ///
    /// For Ed25519 the data is the seed and the public key; old files repeat the public key.
    ///
    /// # Errors
    /// A [`KeypairError`], for keys of other types too: those sign through [`Signer`].
    pub fn from_protobuf(protobuf: &[u8]) -> Result<Self, KeypairError> {
        let (number, data) = type_and_data(protobuf)?;
        if number != KeyType::Ed25519 as u64 {
            return Err(KeypairError::UnsupportedType { number });
        }
        let (seed, public) = data.split_first_chunk::<32>().ok_or(KeypairError::BadLength)?;
        let keypair = Self::ed25519_from_seed(*seed);
        if public.len() != 32 && public.len() != 64 {
            return Err(KeypairError::BadLength);
        }
        if public.chunks_exact(32).any(|public| public != keypair.public) {
            return Err(KeypairError::Mismatch);
        }
        Ok(keypair)
    }

    /// The PrivateKey protobuf. Whoever holds it is this peer.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut protobuf = Vec::with_capacity(68);
        write_varint(&mut protobuf, 1, KeyType::Ed25519 as u64);
        write_bytes(&mut protobuf, 2, &*self.secret());
        protobuf
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::ed25519(self.public)
    }

    /// The peer id under which others know whoever holds this key.
    pub fn peer_id(&self) -> PeerId {
        self.public_key().peer_id()
    }

    /// Signs `message` (RFC 8032, plain Ed25519).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        // Expanded anew for each signature: cheap beside the signature, and `Keypair` stays plain.
        let pair = Ed25519KeyPair::from_seed_and_public_key(&*self.seed, &self.public)
            .expect("the public key was computed from this seed");
        pair.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    /// Seed, then public key: what go-libp2p calls the raw private key, for those who exchange keys with
    /// it. Secret.
    pub fn raw(&self) -> [u8; 64] {
        *self.secret()
    }

    /// The same, wiped when dropped.
    pub(in crate::rtc) fn secret(&self) -> Zeroizing<[u8; 64]> {
        let mut raw = Zeroizing::new([0; 64]);
        raw[..32].copy_from_slice(&*self.seed);
        raw[32..].copy_from_slice(&self.public);
        raw
    }
}

/// The data of a key file of any type.
pub(in crate::rtc) fn private_key_data(protobuf: &[u8]) -> Result<&[u8], KeypairError> {
    type_and_data(protobuf).map(|(_, data)| data)
}

fn type_and_data(protobuf: &[u8]) -> Result<(u64, &[u8]), KeypairError> {
    let (mut number, mut data) = (None, None);
    for field in Fields::of(protobuf) {
        match field.map_err(|Malformed| KeypairError::Malformed)? {
            (1, Value::Varint(value)) => number = Some(value),
            (2, Value::Bytes(value)) => data = Some(value),
            (1 | 2, _) => return Err(KeypairError::Malformed),
            _ => {}
        }
    }
    number.zip(data).ok_or(KeypairError::Malformed)
}

impl Signer for Keypair {
    fn public_key(&self) -> PublicKey {
        self.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.sign(message).to_vec())
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keypair").field(&self.public_key()).finish()
    }
}

/// Why bytes are not a key pair we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeypairError {
    /// Not a PrivateKey protobuf with type and data.
    Malformed,
    /// A key of another type than Ed25519.
    UnsupportedType {
        /// The number in the protobuf.
        number: u64,
    },
    /// The data is neither 64 nor 96 bytes long.
    BadLength,
    /// The public key does not belong to the seed.
    Mismatch,
}

impl fmt::Display for KeypairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a libp2p private key"),
            Self::UnsupportedType { number } => write!(
                f,
                "private keys of type {number} are not supported here, only Ed25519 (1) is; \
                 other keys can sign through `Signer`"
            ),
            Self::BadLength => f.write_str("an Ed25519 private key has 64 or 96 bytes"),
            Self::Mismatch => f.write_str("the public key does not belong to the private key"),
        }
    }
}

impl Error for KeypairError {}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use super::*;
    use crate::testing::hex;
    use core::array;
    use data_encoding::HEXLOWER;
    use std::string::ToString;
    use std::vec;

    fn seeded() -> Keypair {
        Keypair::ed25519_from_seed(array::from_fn(|i| i as u8))
    }

    #[test]
    fn a_seed_gives_the_known_key_and_signature() {
        let keypair = seeded();
        assert_eq!(
            HEXLOWER.encode(&keypair.public_key().to_protobuf()),
            vectors::ED25519.public_key
        );
        assert_eq!(keypair.peer_id().to_string(), vectors::ED25519.peer_id);
        let message = hex(vectors::SIGNED);
        let signature = keypair.sign(&message);
        assert_eq!(HEXLOWER.encode(&signature), vectors::ED25519.signature);
    }

    #[test]
    fn key_files_are_read_and_written() {
        let keypair = seeded();
        let file = keypair.to_protobuf();
        assert_eq!(file[..4], [0x08, 0x01, 0x12, 0x40]);
        assert_eq!(file[4..], keypair.raw());
        assert_eq!(Keypair::from_protobuf(&file).unwrap().raw(), keypair.raw());

        let mut old = vec![0x08, 0x01, 0x12, 0x60];
        old.extend(keypair.raw());
        old.extend(keypair.public);
        assert_eq!(Keypair::from_protobuf(&old).unwrap().raw(), keypair.raw());
        *old.last_mut().unwrap() ^= 1;
        assert_eq!(Keypair::from_protobuf(&old).unwrap_err(), KeypairError::Mismatch);
    }

    #[test]
    fn bad_key_files_are_refused() {
        let file = seeded().to_protobuf();
        let mut other = file.clone();
        other[50] ^= 1;
        let mut rsa = file.clone();
        rsa[1] = 0;
        for (bytes, error) in [
            (&file[..60], KeypairError::Malformed),
            (&file[..2], KeypairError::Malformed),
            (&file[2..], KeypairError::Malformed),
            (&other, KeypairError::Mismatch),
            (&rsa, KeypairError::UnsupportedType { number: 0 }),
            (&[0x08, 0x01, 0x12, 0x01, 0xff], KeypairError::BadLength),
        ] {
            assert_eq!(Keypair::from_protobuf(bytes).unwrap_err(), error);
        }
    }
}
