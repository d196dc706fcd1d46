//! Where the peer of a listener is: an ICE lite agent reduced to what it decides.
//!
//! The checks themselves never come here: webrtc-direct's credentials are stateless, so the endpoint
//! verifies and answers them. What is left is which of the peer's addresses to send to. A check proves
//! little: its key is in it, so whoever knows or invents a ufrag can forge one, from any address. Only
//! what DTLS has authenticated proves where the peer is. Hence the rule:
//!
//! 1. once DTLS is up, the address that something authentic came from last: a peer that moves, or that
//!    nominates another path, is followed with its first record from there;
//! 2. before that, the address that DTLS began from: browsers complete the whole set-up before they
//!    nominate, and a forged check must not turn our flights onto somebody else;
//! 3. before that, the address that was nominated, or checked first; nothing is sent to it but answers.
//!
//! An idle peer that moves sends nothing but checks: it is [asked](super::liveness) at its new address for
//! something authentic. Until DTLS is up, a check from another known address moves the connection there when the
//! address in use has been silent for a while. Priorities are ignored, as pion does.
//!
//! Wherever it goes, little is sent there before the address is [proven](crate::rtc::allowance).
//!
//! Obeys: RFC 8445 §2.5 and §7.3 (lite), libp2p webrtc-direct §Connection Establishment.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::vec::Vec;

use crate::rtc::allowance::Allowance;
use crate::time::Timestamp;

/// The peer's addresses and the one in use.
#[derive(Debug)]
pub(crate) struct Lite {
    paths: Vec<Path>,
    limit: usize,
    current: Option<SocketAddr>,
    /// Where DTLS has begun: from then on checks alone do not move the connection any more.
    begun: Option<SocketAddr>,
    /// DTLS is up: nothing but what it has authenticated moves the connection.
    is_secured: bool,
}

/// An address of the peer, and the local address by which it reaches us.
#[derive(Clone, Copy, Debug)]
struct Path {
    remote: SocketAddr,
    local: Option<IpAddr>,
    heard: Timestamp,
    allowance: Allowance,
}

impl Lite {
    /// An agent that knows no address yet and will keep at most `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            paths: Vec::new(),
            limit: limit.max(1),
            current: None,
            begun: None,
            is_secured: false,
        }
    }

    /// A check from `remote` that was verified and is being answered.
    pub(crate) fn on_check(
        &mut self,
        now: Timestamp,
        local: Option<IpAddr>,
        remote: SocketAddr,
        use_candidate: bool,
    ) {
        let silent = !self.is_secured && self.is_silent(now);
        self.learn(now, local, remote);
        if silent || self.current.is_none() || (use_candidate && self.begun.is_none()) {
            self.current = Some(remote);
        }
    }

    /// A DTLS datagram from a known address, not decrypted yet.
    pub(super) fn on_datagram(&mut self, local: Option<IpAddr>, remote: SocketAddr) {
        if let Some(path) = self.path_mut(remote) {
            path.local = local.or(path.local);
            if self.begun.is_none() {
                self.begun = Some(remote);
                self.current = Some(remote);
            }
        }
    }

    /// The DTLS handshake is done: its peer has read what was sent to where it began.
    pub(super) fn on_secured(&mut self) {
        self.is_secured = true;
        if let Some(begun) = self.begun {
            self.prove(begun);
        }
    }

    /// The peer has answered what was sent to `remote` and to nobody else.
    pub(crate) fn prove(&mut self, remote: SocketAddr) {
        if let Some(path) = self.path_mut(remote) {
            path.allowance.prove();
        }
    }

    /// Something from a known address that DTLS has authenticated.
    pub(super) fn on_authentic(&mut self, now: Timestamp, remote: SocketAddr) {
        if let Some(path) = self.path_mut(remote) {
            path.heard = path.heard.max(now);
            self.current = Some(remote);
        }
    }

    /// Whether a verified check came from `remote`.
    pub(super) fn knows(&self, remote: SocketAddr) -> bool {
        self.paths.iter().any(|path| path.remote == remote)
    }

    /// Every address that a verified check came from and that is still kept.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.paths.iter().map(|path| path.remote)
    }

    /// Where to send, and from which local address.
    pub(super) fn destination(&self) -> Option<(Option<IpAddr>, SocketAddr)> {
        let current = self.current?;
        let path = self.paths.iter().find(|path| path.remote == current)?;
        Some((path.local, path.remote))
    }

    /// What may be sent to the destination.
    pub(super) fn allowance(&self) -> Allowance {
        let path = self.paths.iter().find(|path| Some(path.remote) == self.current);
        path.map(|path| path.allowance).unwrap_or_default()
    }

    /// What may be sent to an address.
    pub(crate) fn allowance_mut(&mut self, remote: SocketAddr) -> Option<&mut Allowance> {
        self.path_mut(remote).map(|path| &mut path.allowance)
    }

    /// How a known address is reached: from which local one, and what may be sent there.
    pub(super) fn path_to(
        &mut self,
        remote: SocketAddr,
    ) -> Option<(Option<IpAddr>, &mut Allowance)> {
        self.path_mut(remote).map(|path| (path.local, &mut path.allowance))
    }

    fn learn(&mut self, now: Timestamp, local: Option<IpAddr>, remote: SocketAddr) {
        if let Some(path) = self.path_mut(remote) {
            path.local = local.or(path.local);
            path.heard = path.heard.max(now);
            return;
        }
        if self.paths.len() >= self.limit {
            self.forget_the_most_silent();
        }
        let allowance = Allowance::default();
        self.paths.push(Path { remote, local, heard: now, allowance });
    }

    /// Makes room, but never by the address in use, unless it is the only one.
    fn forget_the_most_silent(&mut self) {
        let candidates = self
            .paths
            .iter()
            .enumerate()
            .filter(|(_, path)| self.limit == 1 || Some(path.remote) != self.current);
        if let Some((index, _)) = candidates.min_by_key(|(_, path)| path.heard) {
            self.paths.swap_remove(index);
        }
    }

    fn is_silent(&self, now: Timestamp) -> bool {
        self.paths
            .iter()
            .find(|path| Some(path.remote) == self.current)
            .is_some_and(|path| now.saturating_since(path.heard) >= SILENCE)
    }

    fn path_mut(&mut self, remote: SocketAddr) -> Option<&mut Path> {
        self.paths.iter_mut().find(|path| path.remote == remote)
    }
}

/// Browsers check every 2 to 5 s but then also send on the path in use: an address that has said
/// nothing for so long while another is checked from is being left.
const SILENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn port(lite: &Lite) -> Option<u16> {
        lite.destination().map(|(_, remote)| remote.port())
    }

    #[test]
    fn dtls_beats_nomination_beats_the_first_check() {
        let mut lite = Lite::new(8);
        assert_eq!(port(&lite), None);
        lite.on_datagram(None, addr(1));
        assert!(!lite.knows(addr(1)), "only a verified check makes an address known");
        lite.on_check(at(0), None, addr(1), false);
        lite.on_check(at(0), None, addr(2), false);
        assert_eq!(port(&lite), Some(1));
        lite.on_check(at(0), None, addr(2), true);
        assert_eq!(port(&lite), Some(2));
        lite.on_datagram(None, addr(1));
        assert_eq!(port(&lite), Some(1));
        assert_eq!(lite.addresses().count(), 2);
    }

    #[test]
    fn what_anybody_can_forge_moves_nothing() {
        let mut lite = Lite::new(8);
        lite.on_check(at(0), None, addr(1), true);
        lite.on_datagram(None, addr(1));
        lite.on_check(at(1), None, addr(66), true);
        lite.on_datagram(None, addr(66));
        assert_eq!(port(&lite), Some(1));
        lite.on_authentic(at(1), addr(2));
        assert_eq!(port(&lite), Some(1), "an address that never checked is not followed");
        lite.on_check(at(1), None, addr(2), false);
        lite.on_authentic(at(1), addr(2));
        assert_eq!(port(&lite), Some(2));
    }

    #[test]
    fn a_silent_address_is_left_for_one_that_checks() {
        let mut lite = Lite::new(8);
        lite.on_check(at(0), None, addr(1), true);
        lite.on_check(at(2), None, addr(2), false);
        assert_eq!(port(&lite), Some(1));
        lite.on_check(at(3), None, addr(2), false);
        assert_eq!(port(&lite), Some(2));
        lite.on_datagram(None, addr(2));
        lite.on_secured();
        lite.on_check(at(60), None, addr(1), true);
        assert_eq!(port(&lite), Some(2), "what anybody can forge moves nothing any more");
    }

    #[test]
    fn addresses_are_bounded_and_the_one_in_use_stays() {
        let mut lite = Lite::new(3);
        lite.on_check(at(0), None, addr(1), true);
        for n in 2..100 {
            lite.on_check(at(1), None, addr(n), false);
        }
        assert_eq!(lite.addresses().count(), 3);
        assert_eq!(port(&lite), Some(1));
        let mut lite = Lite::new(1);
        lite.on_check(at(0), None, addr(1), true);
        lite.on_check(at(0), None, addr(2), true);
        assert_eq!(port(&lite), Some(2));
    }

    #[test]
    fn a_handshake_proves_the_address_that_it_began_from_and_no_other() {
        let mut lite = Lite::new(8);
        lite.on_check(at(0), None, addr(1), true);
        lite.on_datagram(None, addr(1));
        // The peer lets its last flight come from an address that it does not have.
        lite.on_check(at(0), None, addr(66), true);
        lite.on_datagram(None, addr(66));
        lite.on_secured();
        lite.on_authentic(at(1), addr(66));
        assert_eq!(port(&lite), Some(66));
        lite.allowance_mut(addr(66)).unwrap().on_received(100);
        assert!(!lite.allowance_mut(addr(66)).unwrap().spend(300));
        assert!(lite.allowance_mut(addr(66)).unwrap().spend(299));
        assert!(lite.allowance_mut(addr(1)).unwrap().is_proven());
        lite.prove(addr(66));
        assert!(lite.allowance_mut(addr(66)).unwrap().is_proven());
    }

    #[test]
    fn the_local_address_is_the_one_the_peer_used() {
        let mut lite = Lite::new(3);
        let local = |n| Some(IpAddr::from([10, 0, 0, n]));
        lite.on_check(at(0), local(1), addr(1), true);
        lite.on_datagram(local(2), addr(1));
        assert_eq!(lite.destination(), Some((local(2), addr(1))));
        lite.on_datagram(None, addr(1));
        assert_eq!(lite.destination(), Some((local(2), addr(1))));
    }
}
