//! A line that takes time for every byte, and a queue before it that holds so many and no more.

use std::collections::VecDeque;
use std::time::Duration;

use floe_core::time::Timestamp;

/// How much goes through in a second, and how much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// UDP payload in bits per second; headers cost nothing.
    pub bits_per_second: u64,
    /// Bytes of payload that may wait behind the datagram that is being sent. One that finds no room is
    /// lost (drop-tail).
    pub queue: usize,
}

impl Bandwidth {
    /// How long the line is busy with so many bytes.
    pub const fn time_of(&self, len: usize) -> Duration {
        // Rounded up to a nanosecond: a line is never faster than it is said to be.
        let nanos = (len as u128 * 8 * NANOS).div_ceil(self.bits_per_second as u128);
        Duration::from_nanos(nanos as u64)
    }
}

/// What is in the queue of one way.
#[derive(Debug, Default)]
pub(super) struct Bottleneck {
    /// When each datagram has left, and its length; the first is being sent.
    line: VecDeque<(Timestamp, usize)>,
    /// Bytes of all but the first.
    waiting: usize,
}

impl Bottleneck {
    /// When a datagram that comes now has left; none if it finds no room.
    pub(super) fn pass(
        &mut self,
        bandwidth: Bandwidth,
        now: Timestamp,
        len: usize,
    ) -> Option<Timestamp> {
        while self.line.front().is_some_and(|(left, _)| *left <= now) {
            self.line.pop_front();
            // The next one is being sent, and does not wait any more.
            self.waiting -= self.line.front().map_or(0, |(_, len)| *len);
        }
        let start = match self.line.back() {
            Some(_) if self.waiting + len > bandwidth.queue => return None,
            Some((left, _)) => {
                self.waiting += len;
                *left
            }
            None => now,
        };
        let left = start + bandwidth.time_of(len);
        self.line.push_back((left, len));
        Some(left)
    }
}

const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// 1000 bytes take a millisecond.
    const LINE: Bandwidth = Bandwidth { bits_per_second: 8_000_000, queue: 3_000 };

    fn at(micros: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_micros(micros)
    }

    #[test]
    fn each_datagram_waits_for_those_before_it() {
        let mut it = Bottleneck::default();
        assert_eq!(it.pass(LINE, at(0), 1000), Some(at(1000)));
        assert_eq!(it.pass(LINE, at(0), 500), Some(at(1500)));
        assert_eq!(it.pass(LINE, at(200), 0), Some(at(1500)));
        assert_eq!(it.pass(LINE, at(1400), 100), Some(at(1600)));
        // An idle line sends at once.
        assert_eq!(it.pass(LINE, at(5000), 1000), Some(at(6000)));
    }

    #[test]
    fn what_finds_no_room_is_lost_and_costs_nothing() {
        let mut it = Bottleneck::default();
        // One is sent, three wait.
        for n in 1..=4 {
            assert_eq!(it.pass(LINE, at(0), 1000), Some(at(n * 1000)));
        }
        assert_eq!(it.pass(LINE, at(0), 1), None);
        assert_eq!(it.pass(LINE, at(999), 1000), None);
        // At 1000 the second one is being sent.
        assert_eq!(it.pass(LINE, at(1000), 1001), None);
        assert_eq!(it.pass(LINE, at(1000), 1000), Some(at(5000)));
        assert_eq!(it.pass(LINE, at(1000), 1), None);
    }

    #[test]
    fn a_full_line_carries_its_rate_and_not_a_byte_more() {
        let mut it = Bottleneck::default();
        let mut through = 0;
        // Twice as much as goes through, for ten seconds: 1250 bytes every 625 µs.
        for n in 0..16_000 {
            if let Some(left) = it.pass(LINE, at(n * 625), 1250)
                && left <= at(10_000_000)
            {
                through += 1250;
            }
        }
        assert_eq!(through, 10_000_000);
    }

    #[test]
    fn a_datagram_longer_than_the_queue_passes_an_idle_line() {
        let mut it = Bottleneck::default();
        let shallow = Bandwidth { queue: 0, ..LINE };
        assert_eq!(it.pass(shallow, at(0), 1000), Some(at(1000)));
        assert_eq!(it.pass(shallow, at(999), 1000), None);
        assert_eq!(it.pass(shallow, at(1000), 1000), Some(at(2000)));
    }
}
