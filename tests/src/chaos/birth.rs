//! How a node of a play begins its life.

use std::net::SocketAddr;

use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, Epoch, Identity, Limits};

use super::script::Kind;
use crate::rng::Rng;
use crate::start::Start;

/// What a node begins its life with. A node that is restarted begins a new one.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    /// Of everything that it draws; no two lives have the same.
    pub seed: u64,
    /// Whose key it has.
    pub identity: u64,
    /// Which certificate it has.
    pub certificate: u64,
    /// Where it lives.
    pub addr: SocketAddr,
    /// The start of its clock.
    pub epoch: Epoch,
    /// How it is set up.
    pub kind: Kind,
}

impl Birth {
    /// What it begins with.
    pub fn start(&self) -> Start {
        let seed = |number| Rng::new(number).seed();
        let identity = Identity::from(Keypair::ed25519_from_seed(seed(self.identity)));
        let mut config = Config::new(identity, Certificate::generate(seed(self.certificate)));
        match self.kind {
            Kind::Plain | Kind::Small => {}
            Kind::Dtls12 => config.dtls = DtlsVersions::V12,
        }
        config.limits = self.limits();
        Start::drawing(config, Rng::new(self.seed))
    }

    /// What it spends at most.
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if self.kind == Kind::Small {
            limits.connections = 8;
            limits.half_open = 8;
            limits.handshaking = 4;
            limits.streams = 24;
            limits.stream_receive_bytes = 20_000;
            limits.connection_receive_bytes = 40_000;
            limits.stream_send_bytes = 5_000;
            limits.receive_window = 65_536;
        }
        limits
    }
}
