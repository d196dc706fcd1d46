//! Clients that begin: who may, whom they displace, and which of their own handshakes they have given up.
//!
//! DTLS has nothing to tell two handshakes between the same addresses apart, so a client that dials anew ends
//! what it had begun; and as anybody may forge a check in its name, only what a check alone cannot say counts.

use core::net::SocketAddr;
use std::vec::Vec;

use tracing::debug;

use super::Endpoint;
use crate::rtc::admission::HalfOpen;
use crate::rtc::connection::Connection;
use crate::rtc::error::ConnectionEnd;
use crate::rtc::output::{ConnectionId, Direction};
use crate::rtc::telemetry;
use crate::time::Timestamp;

impl Endpoint {
    /// Whether there is room for one more handshake, from an address.
    pub(super) fn may_begin(&mut self, now: Timestamp, remote: SocketAddr) -> bool {
        // A private connection cannot be mistaken for a client's: it has been told beforehand.
        let is_direct =
            |id: &&ConnectionId| self.connections.get(id).is_some_and(|it| it.private().is_none());
        if self.routes.at(remote).iter().filter(is_direct).count() >= 2 {
            return false;
        }
        let limits = &self.shared.config.limits;
        let limit = if self.handshaking.len() >= limits.handshaking {
            "handshaking"
        } else if self.connections.len() >= limits.connections {
            "connections"
        } else {
            return true;
        };
        if let Some(times) = self.refusals.count(now) {
            debug!(target: telemetry::ENDPOINT, limit, %remote, times, "a limit is reached");
        }
        limit == "handshaking" && self.make_way(now, remote)
    }

    /// Gives up a handshake for a new one, from an address: the oldest of those whose clients have not
    /// proven where they are, and then the oldest, which has had the most time. Who has not proven it does
    /// not displace who has, so forged packets only displace each other.
    fn make_way(&mut self, now: Timestamp, remote: SocketAddr) -> bool {
        let proven =
            |id: &ConnectionId| self.connections.get(id).is_some_and(Connection::is_proven);
        let Some((is_proven, id)) = self.handshaking.iter().map(|id| (proven(id), *id)).min()
        else {
            return false;
        };
        if is_proven && !self.admission.allowance_at(remote).is_some_and(|it| it.is_proven()) {
            return false;
        }
        if let Some(connection) = self.connections.get(&id) {
            connection.tell_given_up(now, "others want to begin, and this one had its time");
        }
        self.retire(id, true);
        true
    }

    pub(super) fn accept(&mut self, now: Timestamp, peer: &HalfOpen) {
        let limits = &self.shared.config.limits;
        let cookie = self.handshaking.len() >= limits.handshaking / 2 && !peer.is_proven();
        let id = self.next_connection_id();
        let connection = Connection::accept(now, id, peer, cookie, &mut self.shared);
        self.routes.name(id, peer.key);
        self.routes.follow(id, &connection.addresses());
        self.connections.insert(id, connection);
        self.handshaking.insert(id);
        // Its deadline must run even if no datagram reaches it: where the limit on addresses is low, the
        // one that DTLS began from may not be among those that lead here.
        self.make_busy(id);
    }

    /// A client that dials anew from the same socket has given its last dial up, if that is not done: DTLS
    /// has nothing to tell two handshakes between the same addresses apart, so they would spoil each
    /// other. Nothing is said to the peer, who would take it for a word about the new one.
    pub(super) fn give_up_unfinished(&mut self, now: Timestamp, remote: SocketAddr) {
        for id in self.unfinished(remote) {
            if let Some(connection) = self.connections.get(&id) {
                connection.tell_given_up(now, "the client has begun anew from the same address");
            }
            self.retire(id, true);
        }
    }

    /// Handshakes with an address say what they have to say before a check of a new dial from there is
    /// answered: its client begins DTLS with our answer, and would take the words of the last handshake,
    /// which it has given up, for ours about the new one. For the same reason they say nothing later, unless
    /// it turns out that they are not given up.
    pub(super) fn finish_answers(&mut self, now: Timestamp, remote: SocketAddr) {
        for id in self.unfinished(remote) {
            self.advance(now, id);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.hush();
            }
        }
    }

    /// Whether a ClientHello is the one that began a handshake with an address, and not of a new dial: whoever
    /// forges a check in a client's name does not make it give up.
    pub(super) fn repeats_unfinished(&self, remote: SocketAddr, hello: &[u8]) -> bool {
        let began = |id| self.connections.get(id).is_some_and(|it| it.began_with(hello));
        self.unfinished(remote).iter().any(began)
    }

    /// Accepted connections whose set-up is not done and goes on with an address: it is not enough that a check
    /// came from there, which anybody may have sent.
    fn unfinished(&self, remote: SocketAddr) -> Vec<ConnectionId> {
        let goes_on = |id: &ConnectionId| {
            self.handshaking.contains(id)
                && self.connections.get(id).is_some_and(|it| it.goes_on_with(remote))
        };
        self.routes.at(remote).iter().copied().filter(goes_on).collect()
    }

    /// A peer that came back on the same address has replaced its old connection: the one that is there now,
    /// not one that has checked from there, or in whose name somebody else has.
    pub(super) fn replace_older(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(remote) = self.connections.get(&id).map(Connection::remote) else { return };
        for index in 0..self.routes.at(remote).len() {
            let older = self.routes.at(remote)[index];
            if older < id
                && let Some(connection) = self.connections.get_mut(&older)
                && connection.direction() == Direction::Inbound
                && connection.remote() == remote
            {
                connection.end(now, ConnectionEnd::Replaced(id), &mut self.shared);
                self.make_busy(older);
            }
        }
    }
}
