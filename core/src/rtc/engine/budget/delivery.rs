//! How much the peer acknowledges in a round trip: what the path carries, if it was given enough.

use core::time::Duration;
use std::collections::VecDeque;

use crate::time::Timestamp;

/// Measures it, and keeps the most of the last rounds.
///
/// A round is over when all is acknowledged that was not when it began.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// Bytes acknowledged so far.
    total: u64,
    /// How many there were at moments of the last round trip, oldest first.
    marks: VecDeque<(Timestamp, u64)>,
    /// When this round began, and at how many bytes; at how many it is over.
    round_start: Option<(Timestamp, u64)>,
    round_end: u64,
    /// The most of this round, then those of the rounds before it.
    best: [usize; ROUNDS],
}

impl Delivery {
    /// The most bytes that were acknowledged within the shortest round trip, in any round of late.
    pub(super) fn most(&self) -> usize {
        self.best.into_iter().max().unwrap_or_default()
    }

    /// So many more were acknowledged, after which so many are not. If a round is over, gives what was acknowledged
    /// in it, for the time of the shortest round trip: less than [`most`](Self::most) if there were pauses.
    pub(super) fn on_acknowledged(
        &mut self,
        now: Timestamp,
        rtt_min: Duration,
        bytes: usize,
        left: usize,
    ) -> Option<usize> {
        self.total += bytes as u64;
        if self.marks.is_empty() {
            // How long it took to bring forth these is not known.
            self.marks.push_back((now, self.total));
        }
        while self.marks.get(1).is_some_and(|(at, _)| *at + rtt_min <= now) {
            self.marks.pop_front();
        }
        let in_round_trip = self.since(self.marks[0], now, rtt_min);
        self.best[0] = self.best[0].max(in_round_trip);
        if self.marks.back().is_some_and(|(at, _)| *at + rtt_min / MARKS <= now) {
            self.marks.push_back((now, self.total));
        }
        if self.total < self.round_end {
            return None;
        }
        let start = self.round_start.replace((now, self.total));
        self.round_end = self.total + left as u64;
        Some(start.map_or(0, |start| self.since(start, now, rtt_min)))
    }

    /// Another round begins: the oldest is forgotten.
    pub(super) fn begin_round(&mut self) {
        self.best.rotate_right(1);
        self.best[0] = 0;
    }

    /// Bytes acknowledged since a moment, for the time of the shortest round trip.
    fn since(&self, (start, total): (Timestamp, u64), now: Timestamp, rtt_min: Duration) -> usize {
        let time = now.saturating_since(start).max(rtt_min);
        let bytes = u128::from(self.total - total) * rtt_min.as_nanos() / time.as_nanos().max(1);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// A rate that is reached once in so many rounds is one that the path has.
const ROUNDS: usize = 10;
/// How finely a round trip is measured.
const MARKS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_steady_stream_is_measured_however_it_is_acknowledged() {
        for step in [1, 10, 100, 250] {
            let mut delivery = Delivery::default();
            for n in 1..=3_000 / step {
                delivery.on_acknowledged(at(n * step), RTT, step as usize * 1_000, 100_000);
            }
            let most = delivery.most();
            assert!((90_000..=115_000).contains(&most), "{step}: {most}");
        }
    }

    #[test]
    fn a_round_is_over_when_what_was_under_way_is_acknowledged() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.on_acknowledged(at(0), RTT, 10, 1_000), Some(0));
        assert_eq!(delivery.on_acknowledged(at(50), RTT, 999, 5_000), None);
        assert_eq!(delivery.on_acknowledged(at(60), RTT, 1, 5_000), Some(1_000));
        assert_eq!(delivery.on_acknowledged(at(70), RTT, 4_999, 7), None);
        assert_eq!(delivery.on_acknowledged(at(260), RTT, 1, 7), Some(2_500));
        assert!(delivery.most() > 2_500, "most of it came at once");
    }

    #[test]
    fn what_was_once_is_forgotten_after_its_rounds() {
        let mut delivery = Delivery::default();
        delivery.on_acknowledged(at(0), RTT, 1, 0);
        delivery.on_acknowledged(at(100), RTT, 50_000, 0);
        let most = delivery.most();
        assert!(most >= 50_000, "{most}");
        for _ in 1..ROUNDS {
            delivery.begin_round();
            assert_eq!(delivery.most(), most);
        }
        delivery.begin_round();
        assert_eq!(delivery.most(), 0);
    }
}
