//! The way out: what is made and has not left.
//!
//! Packets leave in the order that peers need, small ones together, and no more at once than the engine asks for.
//! A lone acknowledgement may wait for one to go with.

use std::collections::VecDeque;
use std::time::Instant;
use std::vec::Vec;

use bytes::Bytes;

use super::bundle::Bundle;
use super::delayed::Delayed;
use super::reconfig;

/// Packets on their way out.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    packets: VecDeque<Bytes>,
    pub(super) delayed: Delayed,
    /// Empty between two bursts; kept for its capacity.
    bundle: Bundle,
}

impl Outgoing {
    /// Whether all has left, but for what may wait.
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Takes what was made, when [all has left](Self::is_empty) that was made before.
    pub(super) fn take(&mut self, now: Instant, mut made: Vec<Bytes>) {
        // A back end may reset streams before it acknowledges; but pion forgets a stream when that is reset,
        // and credits it with no acknowledgement that comes later: who waits there for room, waits on.
        made.sort_by_key(|packet| reconfig::order(packet));
        self.packets = self.delayed.pass(now, made).into();
    }

    /// Sends so many packets at most, of that length. Of each hears `note`, and of how many it is one.
    pub(super) fn burst(
        &mut self,
        max: usize,
        len_max: usize,
        mut note: impl FnMut(&Bytes, usize),
        send: &mut dyn FnMut(&[u8]),
    ) {
        let burst = self.packets.len().min(max);
        for packet in self.packets.drain(..burst) {
            note(&packet, burst);
            self.bundle.push(&packet, len_max, send);
        }
        self.bundle.finish(send);
        if self.packets.is_empty() {
            self.packets = VecDeque::new();
        }
    }

    /// Forgets it all.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.delayed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{self, DATA, HEADER_LEN, RE_CONFIG, SACK};
    use super::*;

    fn packet(kind: u8, len: u16) -> Bytes {
        let mut packet = std::vec![0; HEADER_LEN];
        packet.extend([kind, 3]);
        packet.extend(len.to_be_bytes());
        packet.resize(HEADER_LEN + usize::from(len), 0);
        packet::seal(&mut packet);
        packet.into()
    }

    fn kinds(packet: &[u8]) -> Vec<u8> {
        packet::chunks(packet).map(|chunk| chunk.kind).collect()
    }

    #[test]
    fn all_leaves_by_bursts_and_resets_last() {
        let (now, mut outgoing) = (Instant::now(), Outgoing::default());
        let long = || packet(DATA, 1_000);
        outgoing.take(now, [packet(RE_CONFIG, 20), packet(SACK, 16), long(), long()].into());
        let mut bursts = Vec::new();
        while !outgoing.is_empty() {
            let (mut noted, mut sent) = (Vec::new(), Vec::new());
            let note = |packet: &Bytes, burst| noted.push((kinds(packet)[0], burst));
            outgoing.burst(3, 1_160, note, &mut |packet| sent.push(kinds(packet)));
            bursts.push((noted, sent));
        }
        let first = std::vec![(SACK, 3), (DATA, 3), (DATA, 3)];
        let first = (first, std::vec![std::vec![SACK, DATA], std::vec![DATA]]);
        let last = (std::vec![(RE_CONFIG, 1)], std::vec![std::vec![RE_CONFIG]]);
        assert_eq!(bursts, [first, last]);
    }

    #[test]
    fn what_may_wait_is_not_in_the_way() {
        let (now, mut outgoing) = (Instant::now(), Outgoing::default());
        outgoing.take(now, [packet(SACK, 16)].into());
        assert!(outgoing.is_empty() && outgoing.delayed.due().is_some());
        outgoing.clear();
        assert_eq!(outgoing.delayed.due(), None);
    }
}
