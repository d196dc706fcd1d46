//! Which connections a datagram may belong to.
//!
//! A remote address says it, nearly always of one connection. It can be two: when a peer restarts on
//! the same address before its old connection has timed out, or when two nodes dial each other from
//! their listening sockets. DTLS throws away what it cannot decrypt, so a datagram may be offered to
//! both. A STUN check is told apart by its server ufrag, of which only a digest is kept.

mod private;

use core::net::SocketAddr;
use std::collections::HashMap;
use std::vec::Vec;

use ring::digest::{SHA256, digest};
use rustc_hash::FxHashMap;

use self::private::PrivateRoutes;
use super::output::ConnectionId;

/// The digest of a server ufrag: 16 bytes in place of up to 256.
///
/// Whoever knows a ufrag owns the session, so a collision must be infeasible to find: half of SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct UfragKey([u8; 16]);

impl UfragKey {
    pub(super) fn of(server_ufrag: &str) -> Self {
        let digest = digest(&SHA256, server_ufrag.as_bytes());
        Self(digest.as_ref()[..16].try_into().expect("SHA-256 is 32 bytes long"))
    }
}

/// The ways to connections. What peers choose is hashed with a key that they do not know.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_address: HashMap<SocketAddr, Vec<ConnectionId>>,
    by_ufrag: HashMap<UfragKey, ConnectionId>,
    learned: FxHashMap<ConnectionId, Vec<SocketAddr>>,
    ufrags: FxHashMap<ConnectionId, UfragKey>,
    private: PrivateRoutes,
}

impl Routes {
    /// The connections that may be meant by a datagram from `remote`, the newest last.
    pub(super) fn at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.by_address.get(&remote).map_or(&[], Vec::as_slice)
    }

    /// The connection whose peer uses a server ufrag.
    pub(super) fn of_ufrag(&self, key: UfragKey) -> Option<ConnectionId> {
        self.by_ufrag.get(&key).copied()
    }

    /// Notes the server ufrag of a connection that a peer dialed.
    pub(super) fn name(&mut self, id: ConnectionId, key: UfragKey) {
        self.by_ufrag.insert(key, id);
        self.ufrags.insert(id, key);
    }

    /// Notes where a dial goes, whoever else claims to be there.
    pub(super) fn lead(&mut self, id: ConnectionId, remote: SocketAddr) {
        self.by_address.entry(remote).or_default().push(id);
        self.learned.entry(id).or_default().push(remote);
    }

    /// Sets where a connection's peer is, or may be.
    ///
    /// An address leads to two connections at most; one that leads to two already stays with those.
    pub(super) fn follow(&mut self, id: ConnectionId, addresses: &[SocketAddr]) {
        let learned = self.learned.entry(id).or_default();
        if learned == addresses {
            return;
        }
        for gone in learned.extract_if(.., |remote| !addresses.contains(remote)) {
            leave(&mut self.by_address, id, gone);
        }
        for &remote in addresses {
            let ids = self.by_address.entry(remote).or_default();
            if !learned.contains(&remote) && ids.len() < CONNECTIONS_PER_ADDRESS {
                ids.push(id);
                learned.push(remote);
            }
        }
    }

    /// The private connection for which this is our fragment.
    pub(super) fn of_local_ufrag(&self, ufrag: &str) -> Option<ConnectionId> {
        self.private.of_ufrag(ufrag)
    }

    /// Private connections whose peers have named an address: answers to our checks may come from there.
    pub(super) fn named_at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.private.named_at(remote)
    }

    /// Notes our fragment for a private connection.
    pub(super) fn name_privately(&mut self, id: ConnectionId, ufrag: &str) {
        self.private.name(id, ufrag);
    }

    /// Sets where a private connection's peer may send from, and which addresses it has named; either only grows.
    ///
    /// They stand beside the others, so that neither keep the others away from an address.
    pub(super) fn follow_privately(
        &mut self,
        id: ConnectionId,
        proven: &[SocketAddr],
        named: &[SocketAddr],
    ) {
        self.private.follow(id, proven, named);
    }

    /// Private connections whose peers may send from an address.
    pub(super) fn privately_at(&self, remote: SocketAddr) -> &[ConnectionId] {
        self.private.proven_at(remote)
    }

    /// Forgets a connection.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.private.forget(id);
        for remote in self.learned.remove(&id).unwrap_or_default() {
            leave(&mut self.by_address, id, remote);
        }
        if let Some(key) = self.ufrags.remove(&id) {
            self.by_ufrag.remove(&key);
        }
    }
}

/// Takes a connection off an address.
fn leave(
    by_address: &mut HashMap<SocketAddr, Vec<ConnectionId>>,
    id: ConnectionId,
    remote: SocketAddr,
) {
    if let Some(ids) = by_address.get_mut(&remote) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            by_address.remove(&remote);
        }
    }
}

/// An old connection and its successor, or one dialed and one accepted.
const CONNECTIONS_PER_ADDRESS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_two_connections_at_most() {
        let addr = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let [a, b, c] = [ConnectionId(1), ConnectionId(2), ConnectionId(3)];
        let mut routes = Routes::default();
        routes.follow(a, &[addr(1)]);
        routes.follow(a, &[addr(2), addr(1)]);
        routes.follow(b, &[addr(1)]);
        routes.follow(c, &[addr(1), addr(3)]);
        assert_eq!(routes.at(addr(1)), [a, b]);
        assert_eq!(routes.at(addr(2)), [a]);
        assert_eq!(routes.at(addr(3)), [c]);
        routes.follow(c, &[addr(4)]);
        assert_eq!(routes.at(addr(3)), []);
        let key = UfragKey::of("libp2p+webrtc+v1/abcdef");
        routes.name(a, key);
        assert_eq!(routes.of_ufrag(key), Some(a));
        routes.forget(a);
        assert_eq!(routes.of_ufrag(key), None);
        assert_eq!(routes.at(addr(1)), [b]);
        assert_eq!(routes.at(addr(2)), []);
    }
}
