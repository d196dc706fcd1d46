//! Key exchange of DTLS with keys that are drawn where everything else is drawn.
//!
//! AWS-LC computes, as in production, and is ten times as fast as what computes and draws in Rust; but its
//! generator of keys cannot be seeded, so their bytes come from elsewhere.

use std::fmt;

use aws_lc_rs::agreement::{Algorithm, ECDH_P256, PrivateKey, UnparsedPublicKey, X25519, agree};
use dimpl::crypto::{
    ActiveKeyExchange, Buf, NamedGroup, SecureRandom, SupportedKxGroup, rust_crypto,
};
use dimpl::{CryptoError, CryptoOperation};

/// The groups that DTLS offers, in the order of production. P-384, its third and last, is left out: nobody takes
/// it, and the library tries each group twice for each endpoint, which would cost more than all handshakes.
pub(super) static GROUPS: &[&dyn SupportedKxGroup] = &[
    &Group { name: NamedGroup::X25519, algorithm: &X25519 },
    &Group { name: NamedGroup::Secp256r1, algorithm: &ECDH_P256 },
];

#[derive(Clone, Copy, Debug)]
struct Group {
    name: NamedGroup,
    algorithm: &'static Algorithm,
}

impl SupportedKxGroup for Group {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn start_exchange(&self, mut buf: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let failed = || CryptoError::OperationFailed(CryptoOperation::GenerateEphemeralKey);
        let draws: &dyn SecureRandom = rust_crypto::default_provider().secure_random;
        let mut secret = [0; 32];
        // Nearly all numbers of so many bytes are keys.
        let private = loop {
            draws.fill(&mut secret)?;
            if let Ok(private) = PrivateKey::from_private_key(self.algorithm, &secret) {
                break private;
            }
        };
        buf.clear();
        buf.extend_from_slice(private.compute_public_key().map_err(|_| failed())?.as_ref());
        Ok(Box::new(Exchange { group: *self, private, public: buf }))
    }
}

struct Exchange {
    group: Group,
    private: PrivateKey,
    public: Buf,
}

impl ActiveKeyExchange for Exchange {
    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer_public: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let Group { name, algorithm, .. } = self.group;
        let peer = UnparsedPublicKey::new(algorithm, peer_public);
        agree(&self.private, peer, CryptoError::InvalidPublicKey(name), |secret| {
            out.clear();
            out.extend_from_slice(secret);
            Ok(())
        })
    }

    fn group(&self) -> NamedGroup {
        self.group.name
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("group", &self.group).finish_non_exhaustive()
    }
}
