//! How often data was sent again.
//!
//! No library's own numbers are used: they count timeouts and recoveries, not what these sent. A chunk
//! that is sent for the first time has a TSN after all others (RFC 9260 §6.1), so whatever leaves with
//! one that is not after them was sent before.

use super::packet;

/// Counts DATA chunks that leave another time.
#[derive(Debug, Default)]
pub(super) struct Resent {
    count: u64,
    highest_tsn: Option<u32>,
}

impl Resent {
    /// So many did.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The highest number that a chunk left with.
    pub(super) fn highest_tsn(&self) -> Option<u32> {
        self.highest_tsn
    }

    /// Takes note of a packet that leaves.
    pub(super) fn on_sent(&mut self, packet: &[u8]) {
        let data = packet::chunks(packet).filter(|chunk| chunk.kind == packet::DATA);
        for tsn in data.filter_map(|chunk| chunk.tsn()) {
            if self.highest_tsn.is_none_or(|highest| packet::is_after(tsn, highest)) {
                self.highest_tsn = Some(tsn);
            } else {
                self.count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn packet(tsns: &[u32]) -> Vec<u8> {
        let mut packet = Vec::from([0; 12]);
        packet.extend([packet::SACK, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        for tsn in tsns {
            packet.extend([packet::DATA, 3, 0, 17]);
            packet.extend(tsn.to_be_bytes());
            packet.resize(packet.len() + 12, 0);
        }
        packet
    }

    #[test]
    fn a_chunk_counts_each_time_but_the_first() {
        let mut resent = Resent::default();
        for (tsns, count) in [
            (&[u32::MAX - 1, u32::MAX, 0][..], 0),
            (&[1], 0),
            (&[], 0),
            (&[0], 1),
            (&[u32::MAX, 2, 1], 3),
            (&[2], 4),
            (&[3], 4),
        ] {
            resent.on_sent(&packet(tsns));
            assert_eq!(resent.count(), count, "{tsns:?}");
        }
    }
}
