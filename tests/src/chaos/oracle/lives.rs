//! The lives of nodes: who lived where, and what to call them.

use std::ops::Index;

use floe_core::peer_id::PeerId;

use crate::chaos::script::Kind;

/// One life of a node, from a start to the next restart; numbered over all nodes.
pub(in crate::chaos) type LifeId = usize;

#[derive(Debug)]
pub(super) struct Life {
    pub(super) node: usize,
    pub(super) peer_id: PeerId,
    pub(super) kind: Kind,
    pub(super) is_over: bool,
}

/// All lives, in the order of their beginnings.
#[derive(Debug, Default)]
pub(super) struct Lives(Vec<Life>);

impl Lives {
    /// Begins a life, and so ends the one that the node had.
    pub(super) fn begin(&mut self, node: usize, peer_id: PeerId, kind: Kind) -> LifeId {
        for life in self.0.iter_mut().filter(|life| life.node == node) {
            life.is_over = true;
        }
        self.0.push(Life { node, peer_id, kind, is_over: false });
        self.0.len() - 1
    }

    /// The last life of an identity.
    pub(super) fn last_of(&self, peer: PeerId) -> Option<&Life> {
        self.0.iter().rev().find(|life| life.peer_id == peer)
    }

    /// The life of an identity that is not over.
    pub(super) fn present_of(&self, peer: PeerId) -> Option<LifeId> {
        self.0.iter().position(|life| life.peer_id == peer && !life.is_over)
    }

    /// Whether a life of an identity is over.
    pub(super) fn has_ended(&self, peer: PeerId) -> bool {
        self.0.iter().any(|life| life.peer_id == peer && life.is_over)
    }

    pub(super) fn name(&self, life: LifeId) -> String {
        let node = self.0[life].node;
        let nth = self.0[..life].iter().filter(|it| it.node == node).count();
        if nth == 0 { format!("node {node}") } else { format!("node {node} (life {nth})") }
    }

    /// What to call an identity: by its last life, if it had one.
    pub(super) fn who(&self, peer: PeerId) -> String {
        let life = self.0.iter().rposition(|life| life.peer_id == peer);
        life.map_or_else(|| peer.to_string(), |life| self.name(life))
    }
}

impl Index<LifeId> for Lives {
    type Output = Life;

    fn index(&self, life: LifeId) -> &Life {
        &self.0[life]
    }
}
