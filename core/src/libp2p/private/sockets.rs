//! The endpoints of private connections: one for all, and others where two sockets have no room for more.
//!
//! Between two sockets there can be one connection: DTLS has no name in its datagrams, so they are told apart by
//! where they come from. Swarms may have several with a peer, so each but the first has a socket of its own. When
//! both sides offer at once, though, the endpoint must see both attempts to settle which one stays.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::vec::Vec;

use futures::FutureExt;
use libp2p_identity::PeerId;

use super::super::{Bind, Error};
use crate::driver::Endpoint;
use crate::rtc::Config;

/// Binds endpoints, and knows who is met by the one that is shared.
pub(super) struct Sockets<B> {
    bind: B,
    at: SocketAddr,
    config: Config,
    /// Bound when it is needed first.
    shared: Option<Endpoint>,
    claims: Vec<Weak<Claim>>,
}

/// A connection by the shared endpoint, from its first attempt to its end.
#[derive(Debug)]
pub(in super::super) struct Claim {
    peer: PeerId,
    /// We have offered it, and it is not up.
    is_offered: AtomicBool,
}

/// Where a connection is to be made. The claim goes with it.
pub(super) type Place = (Endpoint, Option<Arc<Claim>>);

impl<B: Bind> Sockets<B> {
    pub(super) fn new(bind: B, at: SocketAddr, config: Config) -> Self {
        Self { bind, at, config, shared: None, claims: Vec::new() }
    }

    /// Where we may be, before anything is bound.
    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    /// The endpoint for all; another one if the last has failed.
    pub(super) fn shared(&mut self) -> Result<Endpoint, Error> {
        match &self.shared {
            Some(endpoint) if endpoint.closed().now_or_never().is_none() => Ok(endpoint.clone()),
            _ => {
                let endpoint = self.bound(self.at)?;
                self.claims.clear();
                Ok(self.shared.insert(endpoint).clone())
            }
        }
    }

    /// Where to offer a connection.
    pub(super) fn offering(&mut self, peer: PeerId) -> Result<Place, Error> {
        let is_free = self.claims_of(peer).next().is_none();
        self.place(peer, is_free, true)
    }

    /// Where to answer an offer.
    pub(super) fn answering(&mut self, peer: PeerId) -> Result<Place, Error> {
        let is_free = self.claims_of(peer).all(|claim| claim.is_offered.load(Ordering::Relaxed));
        self.place(peer, is_free, false)
    }

    fn place(&mut self, peer: PeerId, is_free: bool, is_offered: bool) -> Result<Place, Error> {
        let shared = self.shared()?;
        if !is_free {
            return Ok((self.bound(SocketAddr::new(self.at.ip(), 0))?, None));
        }
        let claim = Arc::new(Claim { peer, is_offered: AtomicBool::new(is_offered) });
        self.claims.retain(|claim| claim.strong_count() > 0);
        self.claims.push(Arc::downgrade(&claim));
        Ok((shared, Some(claim)))
    }

    fn claims_of(&self, peer: PeerId) -> impl Iterator<Item = Arc<Claim>> {
        self.claims.iter().filter_map(Weak::upgrade).filter(move |claim| claim.peer == peer)
    }

    fn bound(&self, at: SocketAddr) -> Result<Endpoint, Error> {
        let bound = self.bind.bind(at, self.config.clone());
        bound.map_err(|error| Error::Bind(Arc::new(error)))
    }
}

impl Claim {
    /// The connection is up.
    pub(super) fn establish(&self) {
        self.is_offered.store(false, Ordering::Relaxed);
    }
}
