//! Ways to private connections.
//!
//! Their checks are told apart by our own fragment, which only the peer knows. Answers to ours come from addresses
//! that the peer has named, be they its own or not, so those lead to nothing but answers.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::vec::Vec;

use super::{ConnectionId, UfragKey, leave};

/// The ways.
#[derive(Debug, Default)]
pub(super) struct PrivateRoutes {
    by_ufrag: HashMap<UfragKey, ConnectionId>,
    by_candidate: HashMap<SocketAddr, Vec<ConnectionId>>,
    of: HashMap<ConnectionId, Ways>,
}

#[derive(Debug)]
struct Ways {
    ufrag: UfragKey,
    candidates: Vec<SocketAddr>,
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

    /// Connections whose peers have named an address.
    pub(super) fn at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.by_candidate.get(&remote).map_or(&[], Vec::as_slice)
    }

    /// Notes our fragment for a connection.
    pub(super) fn name(&mut self, id: ConnectionId, ufrag: &str) {
        let ufrag = UfragKey::of(ufrag);
        self.by_ufrag.insert(ufrag, id);
        self.of.insert(id, Ways { ufrag, candidates: Vec::new() });
    }

    /// Notes what a connection's peer has named; it takes nothing back.
    pub(super) fn follow(&mut self, id: ConnectionId, candidates: &[SocketAddr]) {
        let Some(ways) = self.of.get_mut(&id) else { return };
        for &candidate in candidates.iter().skip(ways.candidates.len()) {
            ways.candidates.push(candidate);
            self.by_candidate.entry(candidate).or_default().push(id);
        }
    }

    /// Forgets a connection.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        let Some(ways) = self.of.remove(&id) else { return };
        self.by_ufrag.remove(&ways.ufrag);
        for candidate in ways.candidates {
            leave(&mut self.by_candidate, id, candidate);
        }
    }
}
