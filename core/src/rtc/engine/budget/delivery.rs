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
    /// At how many the round is over.
    round_end: u64,
    /// The most of this round, then those of the rounds before it.
    best: [usize; ROUNDS],
}

impl Delivery {
    /// The most bytes that were acknowledged within the shortest round trip, in any round of late.
    pub(super) fn most(&self) -> usize {
        self.best.into_iter().max().unwrap_or_default()
    }

    /// So many more were acknowledged, after which so many are not; says whether a round is over.
    pub(super) fn on_acknowledged(
        &mut self,
        now: Timestamp,
        rtt_min: Duration,
        bytes: usize,
        left: usize,
    ) -> bool {
        if self.marks.is_empty() {
            self.marks.push_back((now, self.total));
        }
        self.total += bytes as u64;
        while self.marks.get(1).is_some_and(|(at, _)| *at + rtt_min <= now) {
            self.marks.pop_front();
        }
        let (since, before) = self.marks[0];
        let (bytes, time) = (self.total - before, now.saturating_since(since).max(rtt_min));
        let in_round_trip = u128::from(bytes) * rtt_min.as_nanos() / time.as_nanos().max(1);
        self.best[0] = self.best[0].max(usize::try_from(in_round_trip).unwrap_or(usize::MAX));
        if self.marks.back().is_some_and(|(at, _)| *at + rtt_min / MARKS <= now) {
            self.marks.push_back((now, self.total));
        }
        let is_over = self.total >= self.round_end;
        if is_over {
            self.round_end = self.total + left as u64;
        }
        is_over
    }

    /// Another round begins: the oldest is forgotten.
    pub(super) fn begin_round(&mut self) {
        self.best.rotate_right(1);
        self.best[0] = 0;
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
        assert!(delivery.on_acknowledged(at(0), RTT, 10, 1_000));
        assert!(!delivery.on_acknowledged(at(50), RTT, 999, 5_000));
        assert!(delivery.on_acknowledged(at(60), RTT, 1, 5_000));
        assert!(!delivery.on_acknowledged(at(70), RTT, 4_999, 7));
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
