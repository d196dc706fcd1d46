//! The rules of connections: who may come up with whom, and what may end them.

use std::collections::BTreeMap;

use floe_core::peer_id::PeerId;
use floe_core::rtc::ConnectionId;

use super::connections::{Dial, Link};
use super::{LifeId, Oracle, Verdict};
use crate::chaos::peer::Ask;

impl Oracle {
    pub(in crate::chaos) fn dials(&mut self, life: LifeId, ask: Ask, to: usize, expected: PeerId) {
        let dial = Dial { to, expected, is_pending: true, was_refused: false };
        self.connections.dials.insert((life, ask), dial);
    }

    /// A dial of somebody alive that was not answered.
    pub(in crate::chaos) fn pending_dial(&self) -> Option<String> {
        let mut pending = self.connections.dials.iter().filter(|((life, _), dial)| {
            let is_alive = !self.lives[*life].is_over;
            is_alive && dial.is_pending
        });
        pending.next().map(|((life, ask), dial)| {
            let name = self.lives.name(*life);
            format!("{name} was told nothing of its {ask:?} to node {}", dial.to)
        })
    }

    pub(in crate::chaos) fn connected(
        &mut self,
        life: LifeId,
        ask: Option<Ask>,
        id: ConnectionId,
        peer: PeerId,
    ) -> Verdict {
        self.tally.connections += 1;
        match ask {
            Some(ask) => {
                let dial = self.connections.dials.get_mut(&(life, ask));
                let Some(dial) = dial.filter(|dial| dial.is_pending) else {
                    return self.violation("dial", format!("{ask:?} was answered twice"));
                };
                dial.is_pending = false;
                let (to, expected) = (dial.to, dial.expected);
                if peer != expected {
                    let what = format!("node {to} was {expected} when it was dialed, not {peer}");
                    return self.violation("peer id", what);
                }
            }
            None => {
                let mut dialers = self.connections.dialers_of(self.lives[life].node);
                if !dialers.any(|from| self.lives[from].peer_id == peer) {
                    let what = format!("{peer} has not dialed {}", self.lives.name(life));
                    return self.violation("peer id", what);
                }
            }
        }
        let link = Link { peer, closing: false, is_over: false };
        if self.connections.links.insert((life, id), link).is_some() {
            return self.violation("connection", format!("{id} came up twice"));
        }
        Ok(())
    }

    pub(in crate::chaos) fn refused(&mut self, life: LifeId, ask: Ask, why: &str) -> Verdict {
        self.tally.refusals += 1;
        let Some(dial) = self.connections.dials.get_mut(&(life, ask)) else { return Ok(()) };
        if !dial.is_pending {
            return self.violation("dial", format!("{ask:?} was answered twice: {why}"));
        }
        (dial.is_pending, dial.was_refused) = (false, true);
        Ok(())
    }

    pub(in crate::chaos) fn closes(&mut self, life: LifeId, id: ConnectionId) {
        if let Some(link) = self.connections.links.get_mut(&(life, id)) {
            link.closing = true;
        }
    }

    pub(in crate::chaos) fn closed(
        &mut self,
        life: LifeId,
        id: ConnectionId,
        why: &str,
    ) -> Verdict {
        self.tally.closed += 1;
        let name = self.lives.name(life);
        let link = self.connections.links.get_mut(&(life, id));
        let Some(link) = link.filter(|link| !link.is_over) else {
            return self.violation("connection", format!("{name}'s {id} ends without being up"));
        };
        link.is_over = true;
        let (peer, closing) = (link.peer, link.closing);
        let has_cause = if why.starts_with("ClosedLocally") {
            closing
        } else if why.starts_with("ClosedByPeer") {
            self.peer_let_go(life, peer)
        } else if why.starts_with("IdleTimeout") {
            self.silenced || self.peer_let_go(life, peer)
        } else if why.starts_with("Replaced") {
            // The newer one may be told of later, behind a driver.
            let (here, there) = (self.lives[life].node, self.node_of(peer));
            let dialers = self.connections.dialers_of(here);
            dialers.filter(|from| Some(self.lives[*from].node) == there).count() > 1
        } else {
            false
        };
        if !has_cause {
            let what = format!("{name}'s {id} with {} ended: {why}", self.lives.who(peer));
            return self.violation("connection ends without a cause", what);
        }
        Ok(())
    }

    /// Connections that are up at one end only, or more at one than at the other.
    pub(in crate::chaos) fn one_sided(&self) -> Option<String> {
        let mut balance: BTreeMap<(LifeId, LifeId), i64> = BTreeMap::new();
        let up = self.connections.links.iter().filter(|(_, link)| !link.is_over);
        for ((life, _), link) in up {
            if self.lives[*life].is_over {
                continue;
            }
            let Some(there) = self.lives.present_of(link.peer) else {
                return Some(format!("{} keeps a connection with nobody", self.lives.name(*life)));
            };
            let (pair, count) =
                if *life < there { ((*life, there), 1) } else { ((there, *life), -1) };
            *balance.entry(pair).or_default() += count;
        }
        let uneven = balance.into_iter().find(|(_, count)| *count != 0);
        uneven.map(|((a, b), count)| {
            let (a, b) = (self.lives.name(a), self.lives.name(b));
            format!("{a} has {count} connections more with {b} than {b} with {a}")
        })
    }

    /// The connections of a node that are up.
    pub(in crate::chaos) fn links_of(&self, life: LifeId) -> Vec<(ConnectionId, PeerId)> {
        let links = self.connections.links.iter();
        let links = links.filter(|((of, _), link)| *of == life && !link.is_over);
        links.map(|((_, id), link)| (*id, link.peer)).collect()
    }

    fn peer_let_go(&self, life: LifeId, peer: PeerId) -> bool {
        self.connections.peer_let_go(&self.lives, life, peer)
    }
}
