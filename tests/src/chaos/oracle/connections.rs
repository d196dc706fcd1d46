//! Dials and connections, as the nodes at their ends know them.

use std::collections::BTreeMap;

use floe_core::peer_id::PeerId;
use floe_core::rtc::ConnectionId;

use super::lives::{LifeId, Lives};
use crate::chaos::peer::Ask;

#[derive(Debug)]
pub(super) struct Dial {
    pub(super) to: usize,
    /// Who was there then, by the address.
    pub(super) expected: PeerId,
    pub(super) is_pending: bool,
    pub(super) was_refused: bool,
}

/// A connection, as one node knows it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: PeerId,
    pub(super) closing: bool,
    pub(super) is_over: bool,
}

/// All dials, and all connections at each of their ends.
#[derive(Debug, Default)]
pub(super) struct Connections {
    pub(super) dials: BTreeMap<(LifeId, Ask), Dial>,
    pub(super) links: BTreeMap<(LifeId, ConnectionId), Link>,
}

impl Connections {
    pub(super) fn link(&self, life: LifeId, id: ConnectionId) -> Option<&Link> {
        self.links.get(&(life, id))
    }

    /// Those who have dialed a node, each as often as it has.
    pub(super) fn dialers_of(&self, node: usize) -> impl Iterator<Item = LifeId> {
        let dials = self.dials.iter().filter(move |(_, dial)| dial.to == node);
        dials.map(|((from, _), _)| *from)
    }

    /// Whether the other side of a connection is over, or never was up.
    pub(super) fn peer_let_go(&self, lives: &Lives, life: LifeId, peer: PeerId) -> bool {
        let me = lives[life].peer_id;
        let of_peer = |of: &LifeId| lives[*of].peer_id == peer;
        let others = self.links.iter().filter(|((of, _), link)| of_peer(of) && link.peer == me);
        let (mut there, mut over) = (0, false);
        for ((of, _), link) in others {
            there += 1;
            over |= link.is_over || link.closing || lives[*of].is_over;
        }
        let mine = self.links.iter().filter(|((of, _), link)| *of == life && link.peer == peer);
        // A listener is done before its dialer, who may have given up meanwhile.
        let gave_up = self.dials.iter().any(|((from, _), dial)| {
            of_peer(from) && dial.to == lives[life].node && dial.was_refused
        });
        over || lives.has_ended(peer) || there < mine.count() || gave_up
    }
}
