//! What a swarm may say of its transport beside its key.

use core::fmt;
use std::sync::Arc;

use libp2p_identity as identity;

use super::error::SetupError;
use super::key;
use crate::rtc::{self, Certificate};

type Adjust = dyn Fn(&mut rtc::Config) + Send + Sync;

/// How a transport behaves, beside the key that the swarm has.
///
/// ```
/// use floe_core::libp2p::Config;
/// use floe_core::rtc::Certificate;
///
/// # fn configured(pem: &str) -> Result<Config, Box<dyn std::error::Error>> {
/// let config = Config::default()
///     .with_certificate(Certificate::from_pem(pem)?) // of libp2p-webrtc's too: the certhash stays
///     .with(|config| config.limits.connections = 100);
/// # Ok(config)
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Config {
    certificate: Option<Certificate>,
    adjust: Option<Arc<Adjust>>,
}

impl Config {
    /// Shows this certificate to peers, instead of the one that is derived from the swarm's key. A node that
    /// moves here from libp2p-webrtc keeps its certhash with
    /// [`Certificate::from_pem`], which reads what that one's `serialize_pem` writes.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Adjusts the configuration of each endpoint: its limits and its times. Called once for each transport;
    /// a second one takes the place of the first.
    #[must_use]
    pub fn with(mut self, adjust: impl Fn(&mut rtc::Config) + Send + Sync + 'static) -> Self {
        self.adjust = Some(Arc::new(adjust));
        self
    }

    /// What the endpoints of the swarm with this key are configured with.
    pub(super) fn complete(self, key: &identity::Keypair) -> Result<rtc::Config, SetupError> {
        let certificate = self.certificate.map_or_else(|| key::certificate(key), Ok)?;
        let mut config = rtc::Config::new(key::identity(key)?, certificate);
        if let Some(adjust) = self.adjust {
            adjust(&mut config);
        }
        config.validate().map_err(SetupError::Config)?;
        Ok(config)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
