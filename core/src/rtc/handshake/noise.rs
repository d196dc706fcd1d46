//! `Noise_XX_25519_ChaChaPoly_SHA256`, with keys that come from outside.
//!
//! The only file that knows which Noise library is used, and the only one to touch to give it other
//! primitives: [`Resolver`] hands them out.

mod x25519;

use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use ring::hkdf;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState};

use self::x25519::{Pair, X25519Dh};

/// The two X25519 private keys of one side of one handshake.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// What the identity key signs. May serve several handshakes, but need not.
    pub(crate) static_key: [u8; 32],
    /// Must never serve two.
    pub(crate) ephemeral_key: [u8; 32],
}

impl Secrets {
    /// Both keys from one secret random seed, which must serve one handshake only.
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&seed);
        let key = |info: &[u8]| {
            let mut key = [0; 32];
            root.expand(&[info], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut key))
                .expect("32 bytes are within what HKDF can give");
            key
        };
        Self {
            static_key: key(b"floe noise static key"),
            ephemeral_key: key(b"floe noise ephemeral key"),
        }
    }
}

/// Noise's own roles. Which of ours has which is the parent's business.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Initiator,
    Responder,
}

/// A Noise handshake under way.
pub(super) struct Noise {
    state: HandshakeState,
    local_static: [u8; 32],
}

/// The message is too short, or not authentic.
pub(super) struct Refused;

impl Noise {
    pub(super) fn new(role: Role, prologue: &[u8], secrets: Secrets) -> Self {
        let static_pair = Pair::new(secrets.static_key);
        let local_static = *static_pair.public();
        let resolver = Resolver { static_pair, ephemeral_key: secrets.ephemeral_key };
        let params = PROTOCOL.parse().expect("the protocol name is well formed");
        let builder = Builder::with_resolver(params, Box::new(resolver))
            .local_private_key(&secrets.static_key)
            .and_then(|builder| builder.prologue(prologue))
            .expect("each is set once");
        let state = match role {
            Role::Initiator => builder.build_initiator(),
            Role::Responder => builder.build_responder(),
        };
        Self { state: state.expect("XX needs no more than this"), local_static }
    }

    /// This side's static public key.
    pub(super) fn local_static(&self) -> &[u8; 32] {
        &self.local_static
    }

    /// The peer's static public key, once it has arrived.
    pub(super) fn remote_static(&self) -> Option<[u8; 32]> {
        self.state.get_remote_static()?.try_into().ok()
    }

    /// The next message, with `payload` inside. It must be this side's turn.
    pub(super) fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0; payload.len() + OVERHEAD_MAX];
        let len = self
            .state
            .write_message(payload, &mut message)
            .expect("it is our turn, and the payload is bounded");
        message.truncate(len);
        message
    }

    /// The payload of the next message, authentic as far as it is encrypted.
    pub(super) fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut payload = vec![0; message.len()];
        let len = self.state.read_message(message, &mut payload).map_err(|_| Refused)?;
        payload.truncate(len);
        Ok(payload)
    }

    #[cfg(test)]
    pub(super) fn handshake_hash(&self) -> &[u8] {
        self.state.get_handshake_hash()
    }
}

/// The most that Noise puts around a payload: two public keys, one of them encrypted, and the tags
/// of that key and of the payload.
pub(super) const OVERHEAD_MAX: usize = 32 + (32 + 16) + 16;

const PROTOCOL: &str = "Noise_XX_25519_ChaChaPoly_SHA256";

/// Hands out the library's own primitives but for X25519, and an ephemeral key instead of randomness.
struct Resolver {
    static_pair: Pair,
    ephemeral_key: [u8; 32],
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(OneKey(Some(self.ephemeral_key))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        (*choice == DHChoice::Curve25519)
            .then(|| Box::new(X25519Dh::new(self.static_pair.clone())) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// The only random thing that XX asks for is the ephemeral private key, once. A second request, or
/// one of another size, is an error: the key must not be spent twice.
struct OneKey(Option<[u8; 32]>);

impl Random for OneKey {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), snow::Error> {
        let key = self.0.take().filter(|key| key.len() == out.len()).ok_or(snow::Error::Rng)?;
        out.copy_from_slice(&key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ephemeral_key_is_given_out_once() {
        let mut rng = OneKey(Some([7; 32]));
        let mut out = [0; 32];
        assert_eq!(rng.try_fill_bytes(&mut out), Ok(()));
        assert_eq!(out, [7; 32]);
        assert_eq!(rng.try_fill_bytes(&mut out), Err(snow::Error::Rng));
        assert_eq!(OneKey(Some([7; 32])).try_fill_bytes(&mut [0; 16]), Err(snow::Error::Rng));
    }

    #[test]
    fn a_seed_gives_two_keys() {
        let secrets = Secrets::from_seed([1; 32]);
        assert_ne!(secrets.static_key, secrets.ephemeral_key);
        assert_eq!(secrets.static_key, Secrets::from_seed([1; 32]).static_key);
        assert_ne!(secrets.static_key, Secrets::from_seed([2; 32]).static_key);
    }
}
