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
