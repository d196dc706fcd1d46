//! Ways to private connections.
//!
//! Their checks are told apart by our own fragment, which only the peer knows. Answers to ours come from addresses
//! that the peer has named, be they its own or not, so those lead to nothing but answers; DTLS comes from where it
//! has sent something authentic before.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::vec::Vec;

use rustc_hash::FxHashMap;

use super::{ConnectionId, UfragKey, leave};

/// The ways.
#[derive(Debug, Default)]
pub(super) struct PrivateRoutes {
    by_ufrag: HashMap<UfragKey, ConnectionId>,
    by_proven: HashMap<SocketAddr, Vec<ConnectionId>>,
    by_named: HashMap<SocketAddr, Vec<ConnectionId>>,
    of: FxHashMap<ConnectionId, Ways>,
}

#[derive(Debug)]
struct Ways {
    ufrag: UfragKey,
    proven: Vec<SocketAddr>,
    named: Vec<SocketAddr>,
}

impl PrivateRoutes {
    /// The connection for which this is our fragment.
    pub(super) fn of_ufrag(&self, ufrag: &str) -> Option<ConnectionId> {
        // Without private connections nobody pays for a digest.
        if self.by_ufrag.is_empty() {
            return None;
        }
        self.by_ufrag.get(&UfragKey::of(ufrag)).copied()
    }

    /// Connections whose peers may send from an address.
    pub(super) fn proven_at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.by_proven.get(&remote).map_or(&[], Vec::as_slice)
    }

    /// Connections whose peers have named an address.
    pub(super) fn named_at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.by_named.get(&remote).map_or(&[], Vec::as_slice)
    }

    /// Notes our fragment for a connection.
    pub(super) fn name(&mut self, id: ConnectionId, ufrag: &str) {
        let ufrag = UfragKey::of(ufrag);
        self.by_ufrag.insert(ufrag, id);
        self.of.insert(id, Ways { ufrag, proven: Vec::new(), named: Vec::new() });
    }

    /// Notes where a connection's peer may send from, and what it has named; it takes nothing back.
    pub(super) fn follow(&mut self, id: ConnectionId, proven: &[SocketAddr], named: &[SocketAddr]) {
        let Some(ways) = self.of.get_mut(&id) else { return };
        lead(&mut self.by_proven, &mut ways.proven, id, proven);
        lead(&mut self.by_named, &mut ways.named, id, named);
    }

    /// Forgets a connection.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        let Some(ways) = self.of.remove(&id) else { return };
        self.by_ufrag.remove(&ways.ufrag);
        for remote in ways.proven {
            leave(&mut self.by_proven, id, remote);
        }
        for remote in ways.named {
            leave(&mut self.by_named, id, remote);
        }
    }
}

/// Lets those of `addresses` that are new lead to a connection, where not too many do already.
fn lead(
    by_address: &mut HashMap<SocketAddr, Vec<ConnectionId>>,
    known: &mut Vec<SocketAddr>,
    id: ConnectionId,
    addresses: &[SocketAddr],
) {
    for &address in addresses.iter().skip(known.len()) {
        known.push(address);
        let ids = by_address.entry(address).or_default();
        if ids.len() < CONNECTIONS_PER_ADDRESS {
            ids.push(id);
        }
    }
}

/// As each is asked about each datagram. Two nodes have one between them, some more while they begin anew.
const CONNECTIONS_PER_ADDRESS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_some_and_to_none_that_is_forgotten() {
        let addr = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let ids: Vec<_> = (0..10).map(ConnectionId).collect();
        let mut routes = PrivateRoutes::default();
        assert_eq!(routes.of_ufrag("a"), None);
        for (&id, ufrag) in ids.iter().zip(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]) {
            routes.name(id, ufrag);
            routes.follow(id, &[addr(1)], &[addr(1), addr(2)]);
            routes.follow(id, &[addr(1)], &[addr(1), addr(2), addr(3)]);
        }
        assert_eq!(routes.of_ufrag("b"), Some(ids[1]));
        assert_eq!(routes.proven_at(addr(1)), &ids[..8]);
        assert_eq!(routes.named_at(addr(3)), &ids[..8]);
        assert_eq!(routes.proven_at(addr(2)), []);
        for &id in &ids {
            routes.forget(id);
        }
        assert_eq!(routes.of_ufrag("b"), None);
        assert!(routes.by_proven.is_empty() && routes.by_named.is_empty());
    }
}
