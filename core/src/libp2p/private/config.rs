//! What a swarm may say of its private connections.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use std::vec::Vec;

use libp2p_identity as identity;

use super::super::SetupError;
use crate::rtc::{self, Certificate};

/// How private connections are made, beside the key that the swarm has.
///
/// ```
/// use floe_core::libp2p::private::Config;
///
/// let config = Config::default()
///     .with_stun_servers(["192.0.2.1:3478".parse()?])
///     .with(|config| config.limits.connections = 100);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    endpoint: super::super::Config,
    bind: SocketAddr,
    stun_servers: Vec<SocketAddr>,
}

impl Config {
    /// Shows this certificate to peers, instead of the one that is derived from the swarm's key.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.endpoint = self.endpoint.with_certificate(certificate);
        self
    }

    /// Binds the socket of all private connections to this address, instead of to any port of all IPv4
    /// addresses. Connections are made between addresses of its family.
    #[must_use]
    pub fn with_bind(mut self, addr: SocketAddr) -> Self {
        self.bind = addr;
        self
    }

    /// Asks these servers where our socket is seen from outside, so that peers behind other NATs reach it. None are
    /// asked by default: then peers of the same network are reached, and whoever is behind no NAT.
    #[must_use]
    pub fn with_stun_servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.stun_servers = servers.into_iter().collect();
        self
    }

    /// Adjusts the configuration of the endpoint: its limits and its times. A second one takes the place of the
    /// first.
    #[must_use]
    pub fn with(mut self, adjust: impl Fn(&mut rtc::Config) + Send + Sync + 'static) -> Self {
        self.endpoint = self.endpoint.with(adjust);
        self
    }

    /// Where the endpoint of the swarm with this key is bound, and what it is configured with.
    pub(super) fn complete(
        self,
        key: &identity::Keypair,
    ) -> Result<(SocketAddr, rtc::Config), SetupError> {
        let mut config = self.endpoint.complete(key)?;
        // Whoever comes has been announced by signaling: nobody else is let in.
        config.accept = false;
        config.stun_servers.extend(self.stun_servers);
        Ok((self.bind, config))
    }
}

impl Default for Config {
    fn default() -> Self {
        let bind = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self { endpoint: Default::default(), bind, stun_servers: Vec::new() }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint)
            .field("bind", &self.bind)
            .field("stun_servers", &self.stun_servers)
            .finish()
    }
}
