//! Listeners of private addresses, and the reservations at relays that they stand on.
//!
//! A private address is one at a relay with `/webrtc` behind it, so it comes and goes with what the relay's client
//! listens on. What that is, swarms tell every behaviour. A listener that finds no reservation at its relay has one
//! made, and ends it when it is closed; one that the user made is used as it is.

use core::mem;
use std::collections::HashMap;
use std::vec::Vec;

use libp2p_core::Multiaddr;
use libp2p_core::transport::ListenerId;
use libp2p_identity::PeerId;

use super::address::{Circuit, Way};

/// All that a swarm has.
#[derive(Debug)]
pub(super) struct Reservations {
    local: PeerId,
    /// Where we listen by the relay's client, by its listeners.
    relayed: HashMap<ListenerId, Vec<Circuit>>,
    listeners: Vec<Listener>,
}

#[derive(Debug)]
struct Listener {
    id: ListenerId,
    relay: Option<PeerId>,
    /// The relay client's listener that was made for this one, or for one before it.
    made: Option<ListenerId>,
    /// The addresses that were told.
    told: Vec<Multiaddr>,
}

/// What is to be done, or told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New {
        listener: ListenerId,
        addr: Multiaddr,
    },
    Expired {
        listener: ListenerId,
        addr: Multiaddr,
    },
    /// There is no reservation any more that a listener could stand on.
    Lost {
        listener: ListenerId,
    },
    /// Nobody needs this listener of the relay's client.
    Unneeded {
        relayed: ListenerId,
    },
}

impl Reservations {
    pub(super) fn new(local: PeerId) -> Self {
        Self { local, relayed: HashMap::new(), listeners: Vec::new() }
    }

    /// Whether anybody listens.
    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// A listener begins. `true` if a reservation has to be made for it, as the listener `made`.
    pub(super) fn listen(
        &mut self,
        id: ListenerId,
        circuit: &Circuit,
        made: ListenerId,
    ) -> (bool, Vec<Change>) {
        let relay = circuit.relay();
        let mut others = self.listeners.iter().filter(|other| is_same(other.relay, relay));
        let shared = others.find_map(|other| other.made);
        let is_reserved = self.relayed.values().flatten().any(|at| is_same(at.relay(), relay));
        let is_needed = shared.is_none() && !is_reserved;
        let made = shared.or(is_needed.then_some(made));
        self.listeners.push(Listener { id, relay, made, told: Vec::new() });
        (is_needed, self.compare())
    }

    /// A listener is closed, whoever closed it: one of ours, or of another transport.
    pub(super) fn closed(&mut self, id: ListenerId) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(at) = self.listeners.iter().position(|listener| listener.id == id) {
            let listener = self.listeners.remove(at);
            let expired = |addr| Change::Expired { listener: id, addr };
            changes.extend(listener.told.into_iter().map(expired));
            let made = listener.made.filter(|made| !self.has_made(*made));
            changes.extend(made.map(|relayed| Change::Unneeded { relayed }));
        }
        self.relayed.remove(&id);
        for user in self.listeners.iter_mut().filter(|listener| listener.made == Some(id)) {
            user.made = None;
        }
        changes.extend(self.compare());
        // Nothing is made for them, and the user has made nothing either.
        let is_lost = |listener: &&Listener| listener.made.is_none() && listener.told.is_empty();
        let lost = self.listeners.iter().filter(is_lost);
        changes.extend(lost.map(|listener| Change::Lost { listener: listener.id }));
        changes
    }

    /// Whether a listener of the relay's client was made for one of ours.
    pub(super) fn has_made(&self, relayed: ListenerId) -> bool {
        self.listeners.iter().any(|listener| listener.made == Some(relayed))
    }

    /// Whether any listener has told this address.
    pub(super) fn has_told(&self, addr: &Multiaddr) -> bool {
        self.listeners.iter().any(|listener| listener.told.contains(addr))
    }

    /// The listener that an offer by way of this relay is for.
    pub(super) fn listener_at(&self, circuit: &Circuit) -> Option<ListenerId> {
        let at = self.listeners.iter().find(|listener| is_same(listener.relay, circuit.relay()));
        at.or(self.listeners.first()).map(|listener| listener.id)
    }

    /// A listener, of whatever transport, has an address.
    pub(super) fn new_addr(&mut self, listener: ListenerId, addr: &Multiaddr) -> Vec<Change> {
        let Some(Way::Relayed(circuit)) = Way::of(addr) else { return Vec::new() };
        let circuits = self.relayed.entry(listener).or_default();
        if !circuits.contains(&circuit) {
            circuits.push(circuit);
        }
        self.compare()
    }

    /// A listener has it no more.
    pub(super) fn expired_addr(&mut self, listener: ListenerId, addr: &Multiaddr) -> Vec<Change> {
        let Some(Way::Relayed(circuit)) = Way::of(addr) else { return Vec::new() };
        if let Some(circuits) = self.relayed.get_mut(&listener) {
            circuits.retain(|other| *other != circuit);
        }
        self.compare()
    }

    /// Brings what was told up to what there is.
    fn compare(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for listener in &mut self.listeners {
            let id = listener.id;
            let mut addrs = Vec::new();
            for (relayed, circuits) in &self.relayed {
                for circuit in circuits {
                    let is_ours = listener.made == Some(*relayed);
                    let addr = circuit.private_to(self.local);
                    if (is_ours || is_same(circuit.relay(), listener.relay))
                        && !addrs.contains(&addr)
                    {
                        addrs.push(addr);
                    }
                }
            }
            let told = mem::replace(&mut listener.told, addrs);
            let gone = told.iter().filter(|addr| !listener.told.contains(addr)).cloned();
            changes.extend(gone.map(|addr| Change::Expired { listener: id, addr }));
            let new = listener.told.iter().filter(|addr| !told.contains(addr)).cloned();
            changes.extend(new.map(|addr| Change::New { listener: id, addr }));
        }
        changes
    }
}

/// Whether two addresses name the same relay.
fn is_same(relay: Option<PeerId>, other: Option<PeerId>) -> bool {
    relay.is_some() && relay == other
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};

    use super::*;

    const RELAY: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    const OTHER: &str = "/p2p/12D3KooWCd3eX8r5ihRvzK7P1yPq5aakaBJhG5GNj18YTztPhoCa";
    const LOCAL: &str = "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE";

    fn reservations() -> Reservations {
        Reservations::new(LOCAL.parse().unwrap())
    }

    fn circuit(relay: &str) -> Circuit {
        match Way::of(&format!("/memory/1{relay}/p2p-circuit").parse().unwrap()) {
            Some(Way::Relayed(circuit)) => circuit,
            other => panic!("{other:?}"),
        }
    }

    /// What a relay's client tells, and what we do.
    fn reserved(port: u8, relay: &str) -> (Multiaddr, Multiaddr) {
        let at = format!("/memory/{port}{relay}/p2p-circuit");
        let addr = |suffix: String| format!("{at}{suffix}").parse().unwrap();
        (addr(format!("/p2p/{LOCAL}")), addr(format!("/webrtc/p2p/{LOCAL}")))
    }

    fn ids<const N: usize>() -> [ListenerId; N] {
        [(); N].map(|()| ListenerId::next())
    }

    #[test]
    fn addresses_come_and_go_with_those_of_the_relay() {
        let mut reservations = reservations();
        let [listener, made, foreign] = ids();
        assert_eq!(reservations.listen(listener, &circuit(RELAY), made), (true, Vec::new()));
        assert!(reservations.has_made(made) && !reservations.has_made(foreign));

        // A relay has several addresses, of which we may have known none.
        let all = [2, 3].map(|port| reserved(port, RELAY));
        for (told, addr) in all.clone() {
            let new = Change::New { listener, addr: addr.clone() };
            assert_eq!(reservations.new_addr(made, &told), [new]);
            assert_eq!(reservations.new_addr(made, &told), [], "it is renewed");
            assert!(reservations.has_told(&addr));
        }
        // What others listen on, at other relays or without any, is not ours.
        assert_eq!(reservations.new_addr(foreign, &reserved(4, OTHER).0), []);
        assert_eq!(reservations.new_addr(foreign, &"/memory/9".parse().unwrap()), []);
        assert_eq!(reservations.closed(foreign), []);

        for (told, addr) in all {
            let expired = Change::Expired { listener, addr };
            assert_eq!(reservations.expired_addr(made, &told), [expired]);
        }
        assert_eq!(reservations.closed(made), [Change::Lost { listener }]);
        assert_eq!(reservations.closed(listener), [], "nothing is left of it");
        assert!(reservations.is_empty());
    }

    #[test]
    fn one_reservation_serves_all_listeners_at_a_relay() {
        let mut reservations = reservations();
        let [first, second, made, not_made] = ids();
        let (told, addr) = reserved(1, RELAY);
        assert!(reservations.listen(first, &circuit(RELAY), made).0);
        reservations.new_addr(made, &told);
        let new = Change::New { listener: second, addr: addr.clone() };
        let changes = reservations.listen(second, &circuit(RELAY), not_made);
        assert_eq!(changes, (false, std::vec![new]));

        let expired = |listener| Change::Expired { listener, addr: addr.clone() };
        assert_eq!(reservations.closed(first), [expired(first)]);
        let unneeded = Change::Unneeded { relayed: made };
        assert_eq!(reservations.closed(second), [expired(second), unneeded]);
    }

    #[test]
    fn what_the_user_has_reserved_is_used_and_left_alone() {
        let mut reservations = reservations();
        let [users, listener, not_made, made] = ids();
        let (told, addr) = reserved(1, RELAY);
        reservations.new_addr(users, &told);
        let new = Change::New { listener, addr: addr.clone() };
        let changes = reservations.listen(listener, &circuit(RELAY), not_made);
        assert_eq!(changes, (false, std::vec![new]));
        let expired = Change::Expired { listener, addr };
        assert_eq!(reservations.closed(listener), std::slice::from_ref(&expired));

        // One that was made is gone, but there is the user's.
        reservations.closed(users);
        assert!(reservations.listen(listener, &circuit(RELAY), made).0);
        reservations.new_addr(made, &told);
        reservations.new_addr(users, &told);
        assert_eq!(reservations.closed(made), []);
        assert_eq!(reservations.closed(users), [expired, Change::Lost { listener }]);
    }

    #[test]
    fn a_listener_that_could_not_begin_has_nothing_to_stand_on() {
        let mut reservations = reservations();
        let [listener, made] = ids();
        reservations.listen(listener, &circuit(RELAY), made);
        assert_eq!(reservations.closed(made), [Change::Lost { listener }]);
    }

    #[test]
    fn an_offer_is_for_the_listener_at_its_relay() {
        let mut reservations = reservations();
        assert_eq!(reservations.listener_at(&circuit(RELAY)), None);
        let [first, second, made, other] = ids();
        reservations.listen(first, &circuit(RELAY), made);
        reservations.listen(second, &circuit(OTHER), other);
        assert_eq!(reservations.listener_at(&circuit(RELAY)), Some(first));
        assert_eq!(reservations.listener_at(&circuit(OTHER)), Some(second));
        // A circuit that we have dialed may go by a relay where we have no reservation.
        assert_eq!(reservations.listener_at(&circuit("")), Some(first));
        assert_eq!(circuit("").as_multiaddr().to_string(), "/memory/1/p2p-circuit");
    }
}
