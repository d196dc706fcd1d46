//! X25519 by the library that DTLS has brought along: three times as fast as the one that comes with Noise, and
//! two fifths of a handshake are X25519.
//!
//! Obeys: RFC 7748 §5, §6.1; Noise §4.1, §12.1. A public key of small order is refused, as §6.1 allows.

use core::fmt;

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use snow::Error;
use snow::types::{Dh, Random};
use zeroize::Zeroize;

/// A pair of keys.
#[derive(Clone, Default)]
pub(super) struct Pair {
    secret: [u8; LEN],
    public: [u8; LEN],
}

impl Pair {
    pub(super) fn new(secret: [u8; LEN]) -> Self {
        let key = private_key(&secret).compute_public_key();
        let key = key.expect("every private key has a public one");
        let public = key.as_ref().try_into().expect("X25519 public keys have 32 bytes");
        Self { secret, public }
    }

    pub(super) const fn public(&self) -> &[u8; LEN] {
        &self.public
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair(…)")
    }
}

/// What Noise calculates with.
pub(super) struct X25519Dh {
    /// A pair that need not be calculated again.
    known: Pair,
    pair: Pair,
}

impl X25519Dh {
    pub(super) fn new(known: Pair) -> Self {
        Self { known, pair: Pair::default() }
    }
}

impl Dh for X25519Dh {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        LEN
    }

    fn priv_len(&self) -> usize {
        LEN
    }

    fn set(&mut self, secret: &[u8]) {
        if secret == self.known.secret {
            self.pair = self.known.clone();
        } else {
            self.pair = Pair::new(secret.try_into().expect("X25519 private keys have 32 bytes"));
        }
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        let mut secret = [0; LEN];
        random.try_fill_bytes(&mut secret)?;
        self.pair = Pair::new(secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.pair.public
    }

    fn privkey(&self) -> &[u8] {
        &self.pair.secret
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        // Noise hands over a buffer that has room for the longest key there is.
        let public = UnparsedPublicKey::new(&X25519, public.get(..LEN).ok_or(Error::Dh)?);
        agreement::agree(&private_key(&self.pair.secret), public, Error::Dh, |shared| {
            out.get_mut(..LEN).ok_or(Error::Dh)?.copy_from_slice(shared);
            Ok(())
        })
    }
}

fn private_key(secret: &[u8; LEN]) -> PrivateKey {
    PrivateKey::from_private_key(&X25519, secret).expect("any 32 bytes are a private key")
}

const LEN: usize = 32;

#[cfg(test)]
mod tests {
    use snow::params::DHChoice;
    use snow::resolvers::{CryptoResolver, DefaultResolver};

    use super::*;

    /// The one that comes with Noise calculates the same.
    #[test]
    fn it_agrees_with_another_implementation() {
        for n in 0..32_u8 {
            let secret = [n.wrapping_mul(37); 32];
            let mut ours = X25519Dh::new(Pair::new([n; 32]));
            let mut other = DefaultResolver.resolve_dh(&DHChoice::Curve25519).unwrap();
            ours.set(&secret);
            other.set(&secret);
            assert_eq!(ours.pubkey(), other.pubkey());
            assert_eq!(ours.privkey(), other.privkey());
            let public = *Pair::new([n; 32]).public();
            let (mut shared, mut expected) = ([0; 56], [0; 56]);
            ours.dh(&public, &mut shared).unwrap();
            other.dh(&public, &mut expected).unwrap();
            assert_eq!(shared[..32], expected[..32]);
            ours.set(&[n; 32]);
            assert_eq!(ours.pubkey(), public, "the pair that is known");
        }
    }

    #[test]
    fn a_key_of_small_order_and_a_short_one_are_refused() {
        let mut dh = X25519Dh::new(Pair::new([1; 32]));
        dh.set(&[2; 32]);
        assert_eq!(dh.dh(&[0; 32], &mut [0; 32]), Err(Error::Dh));
        assert_eq!(dh.dh(&[9; 31], &mut [0; 32]), Err(Error::Dh));
    }
}
