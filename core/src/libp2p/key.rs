//! The swarm's identity key, as floe signs with it.

use std::vec::Vec;

use libp2p_identity as identity;

use super::error::SetupError;
use crate::rtc::Certificate;
use crate::rtc::identity::{Identity, PublicKey, SignError, Signer};

/// A key of rust-libp2p's of any type that was compiled in.
struct Key {
    keypair: identity::Keypair,
    public: PublicKey,
}

impl Signer for Key {
    fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.keypair.sign(message).map_err(SignError::new)
    }
}

/// The identity that a key stands for.
pub(super) fn identity(keypair: &identity::Keypair) -> Result<Identity, SetupError> {
    let public =
        PublicKey::from_protobuf(&keypair.public().encode_protobuf()).map_err(SetupError::Key)?;
    Ok(Identity::new(Key { keypair: keypair.clone(), public }))
}

/// The certificate that belongs to a key.
pub(super) fn certificate(keypair: &identity::Keypair) -> Result<Certificate, SetupError> {
    // RSA keys do not show what they are made of.
    let file = keypair.to_protobuf_encoding().map_err(|_| SetupError::NoCertificate)?;
    Certificate::derive_from_protobuf(&file).map_err(|_| SetupError::NoCertificate)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::rtc::identity::Keypair;

    #[test]
    fn the_same_key_is_the_same_peer_with_the_same_certificate() {
        let ours = Keypair::ed25519_from_seed([7; 32]);
        let theirs = identity::Keypair::from_protobuf_encoding(&ours.to_protobuf()).unwrap();
        let identity = identity(&theirs).unwrap();
        assert_eq!(identity.peer_id().to_string(), theirs.public().to_peer_id().to_string());
        assert_eq!(identity.sign(b"message").unwrap(), ours.sign(b"message"));
        assert_eq!(certificate(&theirs).unwrap(), Certificate::derive(&ours));
    }
}
