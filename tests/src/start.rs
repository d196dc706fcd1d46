//! What a node begins with, bare or behind its driver: a configuration, and everything that it will draw.

use std::net::SocketAddr;

use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, Identity};

use crate::capture;
use crate::rng::Rng;

/// What a node begins with.
#[derive(Debug)]
pub struct Start {
    /// Its configuration.
    pub config: Config,
    /// Of the endpoint's randomness.
    pub seed: [u8; 32],
    /// For what else there is to be drawn.
    pub rng: Rng,
}

impl Start {
    /// A start with everything drawn from `seed`, its identity too; `adjust` changes the defaults.
    pub fn new(seed: u64, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut rng = Rng::new(seed);
        let identity = Identity::from(Keypair::ed25519_from_seed(rng.seed()));
        let mut config = Config::new(identity, Certificate::generate(rng.seed()));
        adjust(&mut config);
        Self::drawing(config, rng)
    }

    /// A start with a configuration, and the rest drawn from `rng`.
    pub fn drawing(mut config: Config, mut rng: Rng) -> Self {
        if capture::is_wanted() {
            config.log_keys();
        }
        Self { config, seed: rng.seed(), rng }
    }

    /// The address to dial the node at, if it is there.
    pub fn address(&self, at: SocketAddr) -> DirectAddr {
        let address = DirectAddr::new(at).with_peer(self.config.identity.peer_id());
        address.with_certhash(self.config.certificate.fingerprint())
    }
}
