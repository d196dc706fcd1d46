//! The endpoints that a transport listens and dials with.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;

use super::Bind;
use super::error::Error;
use crate::driver::Endpoint;
use crate::rtc::Config;

/// Binds endpoints, and keeps those that dials share.
#[derive(Debug)]
pub(super) struct Sockets<B> {
    binder: Arc<Binder<B>>,
    /// For dials to IPv4 and IPv6 addresses, while no listener is for them.
    shared: [Option<Endpoint>; 2],
}

/// What it takes to bind: of the transport, and of dials that turn out to need a socket of their own.
#[derive(Debug)]
pub(super) struct Binder<B> {
    bind: B,
    config: Config,
}

impl<B: Bind> Sockets<B> {
    pub(super) fn new(bind: B, config: Config) -> Self {
        Self { binder: Arc::new(Binder { bind, config }), shared: [None, None] }
    }

    pub(super) fn binder(&self) -> &Arc<Binder<B>> {
        &self.binder
    }

    /// An endpoint to listen with. If it is for all addresses of its family, dials will leave by it, so that
    /// what they have shared is needed no longer.
    pub(super) fn listen(&mut self, addr: SocketAddr) -> Result<Endpoint, Error> {
        let endpoint = self.binder.bind(addr, true)?;
        if addr.ip().is_unspecified() {
            self.shared[family(addr.ip())] = None;
        }
        Ok(endpoint)
    }

    /// The endpoint that dials to such an address share.
    pub(super) fn share(&mut self, remote: IpAddr) -> Result<Endpoint, Error> {
        let shared = &mut self.shared[family(remote)];
        match shared {
            Some(endpoint) if endpoint.closed().now_or_never().is_none() => Ok(endpoint.clone()),
            _ => Ok(shared.insert(self.binder.to_dial(remote)?).clone()),
        }
    }
}

impl<B: Bind> Binder<B> {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// A new endpoint to dial such an address with.
    pub(super) fn to_dial(&self, remote: IpAddr) -> Result<Endpoint, Error> {
        let any: IpAddr = match remote {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        self.bind(SocketAddr::new(any, 0), false)
    }

    fn bind(&self, addr: SocketAddr, accept: bool) -> Result<Endpoint, Error> {
        let mut config = self.config.clone();
        config.accept &= accept;
        self.bind.bind(addr, config).map_err(|error| Error::Bind(Arc::new(error)))
    }
}

fn family(ip: IpAddr) -> usize {
    usize::from(ip.is_ipv6())
}
