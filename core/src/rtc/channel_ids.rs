//! Ids for the channels that we open.
//!
//! RFC 8832 §6: the DTLS client takes even ids, the DTLS server odd ones. Ids run upwards, and only
//! when there are no more is one used again: the one that has been free the longest, because peers
//! exist that lose a channel which comes back at once. Id 0 carries Noise on webrtc-direct and is
//! never a stream.

use std::collections::VecDeque;

/// The ids of our parity.
#[derive(Debug)]
pub(super) struct ChannelIds {
    next: u16,
    /// Ids must be lower than this.
    limit: u16,
    free: VecDeque<u16>,
}

impl ChannelIds {
    /// Ids of the DTLS client.
    pub(super) fn even() -> Self {
        Self { next: 2, limit: CHANNELS, free: VecDeque::new() }
    }

    /// Ids of the DTLS server.
    pub(super) fn odd() -> Self {
        Self { next: 1, limit: CHANNELS, free: VecDeque::new() }
    }

    /// The peer takes so many SCTP streams: ids up to there may be used.
    pub(super) fn allow(&mut self, streams: u16) {
        // The next id keeps its parity only if it never passes the last one.
        self.limit = streams.min(u16::MAX - 1);
    }

    /// An id that no channel uses, if there is one.
    pub(super) fn take(&mut self) -> Option<u16> {
        if self.next < self.limit {
            let id = self.next;
            self.next = self.next.saturating_add(2);
            return Some(id);
        }
        self.free.pop_front()
    }

    /// Gives an id back: both directions of its channel are reset.
    pub(super) fn give_back(&mut self, id: u16) {
        let ours = id != 0 && id < self.next && id % 2 == self.next % 2;
        if ours && !self.free.contains(&id) {
            self.free.push_back(id);
        }
    }
}

/// Browsers and libdatachannel negotiate 1024 SCTP streams, so a higher id would not reach them; what
/// is assumed of a peer until the association says otherwise.
const CHANNELS: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_run_upwards_then_the_longest_free_comes_back() {
        let mut ids = ChannelIds::even();
        let taken: std::vec::Vec<u16> = core::iter::from_fn(|| ids.take()).collect();
        assert_eq!(taken.first(), Some(&2));
        assert_eq!(taken.last(), Some(&1022));
        assert_eq!(taken.len(), 511);
        ids.give_back(8);
        ids.give_back(4);
        ids.give_back(4);
        ids.give_back(0);
        ids.give_back(3);
        assert_eq!([ids.take(), ids.take(), ids.take()], [Some(8), Some(4), None]);
    }

    #[test]
    fn the_parity_stays_when_all_ids_are_taken() {
        let mut ids = ChannelIds::even();
        ids.allow(u16::MAX);
        let last = core::iter::from_fn(|| ids.take()).last();
        assert_eq!(last, Some(65_532));
        ids.give_back(7);
        ids.give_back(6);
        assert_eq!([ids.take(), ids.take()], [Some(6), None]);
    }

    #[test]
    fn a_server_has_the_odd_ones() {
        let mut ids = ChannelIds::odd();
        assert_eq!([ids.take(), ids.take()], [Some(1), Some(3)]);
    }
}
