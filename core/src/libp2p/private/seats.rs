//! How many peers may have an offer under way, and each how often.
//!
//! An offer costs a connection's memory and a while of ICE before anything of it is proven. Who offers without end
//! takes the seats that are its own, and with many names those of others that offer at the same time: what stands
//! already is not touched.

use std::collections::HashMap;
use std::sync::Arc;

use libp2p_identity::PeerId;

/// All seats of a swarm.
#[derive(Debug)]
pub(super) struct Seats {
    seats_max: usize,
    all: Arc<()>,
    /// Only of peers that sit, or have sat since this was last looked through.
    peers: HashMap<PeerId, Arc<()>>,
}

/// One of them, while it is held.
#[derive(Debug)]
pub(super) struct Seat {
    _of_peer: Arc<()>,
    _of_all: Arc<()>,
}

impl Seats {
    /// As many as the endpoint has room for.
    pub(super) fn new(seats_max: usize) -> Self {
        Self { seats_max, all: Arc::default(), peers: HashMap::new() }
    }

    /// A seat for this peer, if there is one.
    pub(super) fn take(&mut self, peer: PeerId) -> Option<Seat> {
        self.peers.retain(|_, seats| taken(seats) > 0);
        if taken(&self.all) >= self.seats_max {
            return None;
        }
        let of_peer = self.peers.entry(peer).or_default();
        if taken(of_peer) >= SEATS_OF_PEER_MAX {
            return None;
        }
        Some(Seat { _of_peer: of_peer.clone(), _of_all: self.all.clone() })
    }
}

/// One handle is ours.
fn taken(seats: &Arc<()>) -> usize {
    Arc::strong_count(seats) - 1
}

/// An honest peer needs one, and another when it begins anew before it knows that the first has failed.
const SEATS_OF_PEER_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const SEATS_MAX: usize = 5;

    fn peer(number: u8) -> PeerId {
        let mut multihash = [number; 34];
        (multihash[0], multihash[1]) = (0x12, 32);
        PeerId::from_bytes(&multihash).unwrap()
    }

    #[test]
    fn a_peer_takes_no_more_than_its_own_and_gives_them_back() {
        let mut seats = Seats::new(SEATS_MAX);
        let (greedy, modest) = (peer(1), peer(2));
        let mut taken: Vec<_> = (0..10).filter_map(|_| seats.take(greedy)).collect();
        assert_eq!(taken.len(), SEATS_OF_PEER_MAX);
        let _seat = seats.take(modest).expect("there are others");
        taken.pop();
        assert!(seats.take(greedy).is_some());
    }

    #[test]
    fn many_peers_take_no_more_than_there_are() {
        let mut seats = Seats::new(SEATS_MAX);
        let taken: Vec<_> = (0..100).filter_map(|number| seats.take(peer(number))).collect();
        assert_eq!(taken.len(), SEATS_MAX);
        drop(taken);
        assert!(seats.take(peer(100)).is_some());
        assert_eq!(seats.peers.len(), 1, "who has left is forgotten");
    }
}
