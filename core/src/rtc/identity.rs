//! Who a peer is: identity keys, their peer ids, and the proof that travels inside Noise.
//!
//! A libp2p node owns one key pair. Its public half, wrapped in a small protobuf, hashes to the peer
//! id; its private half signs the Noise static key, and that is all the engine ever asks of it. So a
//! private key may live anywhere behind [`Signer`]; [`Keypair`] is the one that lives here.
//!
//! This room never invents a key: seeds come in by argument. Nothing in it knows Noise itself,
//! certificates, or connections.
//!
//! Obeys: libp2p peer-ids (keys, encodings, peer ids), libp2p noise §The libp2p Handshake Payload.

mod fields;
mod keypair;
mod payload;
mod public_key;
#[cfg(test)]
pub(in crate::rtc) mod vectors;
mod verify;

use core::error::Error;
use core::fmt;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

pub(in crate::rtc) use keypair::private_key_data;
pub use keypair::{Keypair, KeypairError};
pub(crate) use payload::Payload;
pub use payload::PayloadError;
pub use public_key::{KeyType, PublicKey, PublicKeyError};
pub use verify::BadSignature;

use crate::peer_id::PeerId;

/// A private key that can sign, wherever it lives: in memory, in an agent, in hardware.
///
/// `sign` is called once per connection, from inside the connection's state machine: it should not
/// take longer than a few milliseconds.
pub trait Signer: Send + Sync {
    /// The public half. Must not change during the life of the signer.
    fn public_key(&self) -> PublicKey;

    /// Signs `message` as libp2p's peer-ids specification prescribes for this type of key: plain
    /// for Ed25519; over its SHA-256 as PKCS #1 v1.5 for RSA and as DER ECDSA for the two curves
    /// (with low S for secp256k1).
    ///
    /// # Errors
    /// A [`SignError`] ends the connection that asked, and no other.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

impl<S: Signer + ?Sized> Signer for Arc<S> {
    fn public_key(&self) -> PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(message)
    }
}

impl<S: Signer + ?Sized> Signer for Box<S> {
    fn public_key(&self) -> PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(message)
    }
}

/// The local identity: a signer, its public key and its peer id. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    signer: Arc<dyn Signer>,
    public_key: PublicKey,
    peer_id: PeerId,
}

impl Identity {
    /// The identity that `signer` speaks for.
    pub fn new(signer: impl Signer + 'static) -> Self {
        let public_key = signer.public_key();
        let peer_id = public_key.peer_id();
        Self { signer: Arc::new(signer), public_key, peer_id }
    }

    /// The peer id under which others know this node.
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// The public key behind the peer id.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs `message`; see [`Signer::sign`].
    ///
    /// # Errors
    /// As the signer says.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer.sign(message)
    }
}

impl From<Keypair> for Identity {
    fn from(keypair: Keypair) -> Self {
        Self::new(keypair)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}

/// The signer could not sign: the agent is away, the hardware refused.
#[derive(Debug)]
pub struct SignError(Box<dyn Error + Send + Sync>);

impl SignError {
    /// Wraps what the signer says.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the identity key could not sign")
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn an_identity_speaks_for_its_signer_and_does_not_print_it() {
        let keypair = Keypair::ed25519_from_seed([7; 32]);
        let identity = Identity::from(keypair.clone());
        assert_eq!(identity.public_key(), &keypair.public_key());
        assert_eq!(identity.peer_id(), keypair.public_key().peer_id());
        let signature = identity.sign(b"message").unwrap();
        assert_eq!(identity.public_key().verify(b"message", &signature), Ok(()));
        let shared: Arc<dyn Signer> = Arc::new(keypair.clone());
        assert_eq!(Identity::new(shared).peer_id(), keypair.peer_id());
        let boxed: Box<dyn Signer> = Box::new(keypair.clone());
        assert_eq!(Identity::new(boxed).sign(b"message").unwrap(), signature);
        let debug = format!("{identity:?} {keypair:?}");
        assert!(!debug.contains("7, 7, 7") && !debug.contains("0707"), "{debug}");
    }

    #[test]
    fn a_failing_signer_says_why() {
        let error = SignError::new("card removed");
        assert_eq!(error.source().unwrap().to_string(), "card removed");
    }
}
