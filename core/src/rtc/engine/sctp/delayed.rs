//! An acknowledgement that waits a moment for data to go with.
//!
//! A library acknowledges each second packet at once and any other after 200 ms, and never with data that leaves
//! in between. Of small messages that go to and fro the one is too soon, a datagram for each of them, and the other
//! too late for who waits to reset a stream. So each is acknowledged, but the acknowledgement stays here until
//! something leaves that it can go with, and for two milliseconds at most.
//!
//! What stays is only ever a lone SACK that reports no gap and no duplicate and acknowledges small packets: who
//! sends more than that waits for acknowledgements to send on.
//!
//! Obeys: RFC 9260 §6.2 (delayed acknowledgement: within 500 ms, and at once when something is missing).

use core::time::Duration;
use std::time::Instant;
use std::vec::Vec;

use bytes::Bytes;

use super::packet::{self, SACK};

/// Keeps an acknowledgement back.
#[derive(Debug, Default)]
pub(super) struct Delayed {
    sack: Option<(Bytes, Instant)>,
    /// Packets have come that are not small, and were not acknowledged yet.
    is_bulk: bool,
    /// Nothing is kept back.
    is_off: bool,
}

impl Delayed {
    /// From now on nothing is kept back.
    pub(super) fn turn_off(&mut self) {
        self.is_off = true;
    }

    /// A packet with data has come that is not small.
    pub(super) fn on_bulk(&mut self) {
        self.is_bulk = true;
    }

    /// When something is to leave even if nothing else does.
    pub(super) fn due(&self) -> Option<Instant> {
        self.sack.as_ref().map(|(_, due)| *due)
    }

    /// Forgets what it keeps.
    pub(super) fn clear(&mut self) {
        self.sack = None;
    }

    /// What leaves of the packets that may, which are in order: none, if they are an acknowledgement that can wait.
    pub(super) fn pass(&mut self, now: Instant, mut packets: Vec<Bytes>) -> Vec<Bytes> {
        let is_sack = |packet: &Bytes| packet::first_chunk(packet) == Some(SACK);
        let has_sack = packets.iter().any(is_sack);
        if has_sack {
            // It acknowledges whatever the last one did.
            let due = self.sack.take().map(|(_, due)| due);
            let can_wait = !self.is_bulk && !self.is_off;
            self.is_bulk = false;
            if can_wait
                && let [packet] = &packets[..]
                && packet::is_plain_sack(packet)
            {
                let due = due.unwrap_or(now + DELAY);
                if now < due {
                    self.sack = packets.pop().map(|packet| (packet, due));
                    return packets;
                }
            }
        } else if let Some((sack, _)) = self.sack.take_if(|it| it.1 <= now || !packets.is_empty()) {
            packets.insert(0, sack);
        }
        packets
    }
}

/// An application on the same host answers within less; on any longer path it is lost in the round trip.
const DELAY: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [Bytes; 0] = [];

    fn packet(chunks: &[(u8, usize)]) -> Bytes {
        let mut packet = std::vec![0; packet::HEADER_LEN];
        for &(kind, len) in chunks {
            packet.extend([kind, 3, 0, u8::try_from(len).unwrap()]);
            packet.resize(packet.len() + len - 4, 0);
        }
        packet.into()
    }

    fn sack(tsn: u8) -> Bytes {
        let mut sack = packet(&[(SACK, 16)]).to_vec();
        sack[packet::HEADER_LEN + 7] = tsn;
        sack.into()
    }

    fn data() -> Bytes {
        packet(&[(packet::DATA, 20)])
    }

    #[test]
    fn a_lone_one_waits_for_data_and_a_later_one_takes_its_place() {
        let (now, mut delayed) = (Instant::now(), Delayed::default());
        assert_eq!(delayed.pass(now, [sack(1)].into()), NOTHING);
        assert_eq!(delayed.due(), Some(now + DELAY));
        let later = now + DELAY / 2;
        assert_eq!(delayed.pass(later, [sack(2)].into()), NOTHING);
        assert_eq!(delayed.due(), Some(now + DELAY), "from the first on");
        assert_eq!(delayed.pass(later, Vec::new()), NOTHING);
        assert_eq!(delayed.pass(later, [data()].into()), [sack(2), data()]);
        assert_eq!((delayed.due(), delayed.pass(later, [data()].into())), (None, [data()].into()));
        assert_eq!(delayed.pass(later, [data(), sack(3)].into()), [data(), sack(3)]);
        assert_eq!(delayed.due(), None);
    }

    #[test]
    fn it_waits_no_longer_than_that() {
        let (now, mut delayed) = (Instant::now(), Delayed::default());
        delayed.pass(now, [sack(1)].into());
        assert_eq!(delayed.pass(now + DELAY, Vec::new()), [sack(1)]);
        assert_eq!(delayed.due(), None);
        delayed.pass(now, [sack(2)].into());
        assert_eq!(delayed.pass(now + DELAY, [sack(3)].into()), [sack(3)]);
        delayed.pass(now, [sack(4)].into());
        delayed.clear();
        assert_eq!((delayed.due(), delayed.pass(now + DELAY, Vec::new())), (None, Vec::new()));
    }

    #[test]
    fn what_somebody_waits_for_leaves_at_once() {
        let (now, mut delayed) = (Instant::now(), Delayed::default());
        delayed.on_bulk();
        assert_eq!(delayed.pass(now, [sack(1)].into()), [sack(1)]);
        assert_eq!(delayed.pass(now, [sack(2)].into()), NOTHING, "once");
        let mut gap = packet(&[(SACK, 20)]).to_vec();
        gap[packet::HEADER_LEN + 13] = 1;
        let gap = Bytes::from(gap);
        assert_eq!(delayed.pass(now, [gap.clone()].into()), [gap]);
        let mut duplicate = packet(&[(SACK, 20)]).to_vec();
        duplicate[packet::HEADER_LEN + 15] = 1;
        let duplicate = Bytes::from(duplicate);
        assert_eq!(delayed.pass(now, [duplicate.clone()].into()), [duplicate]);
        delayed.turn_off();
        assert_eq!(delayed.pass(now, [sack(3)].into()), [sack(3)]);
    }
}
