//! Which records have come: each is taken once, and none that is too old to tell.
//!
//! Obeys: RFC 9147 §4.5.1, which takes the algorithm from RFC 4303 §3.4.3.

/// A window over the numbers of records.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// The number after the highest that has come.
    next: u64,
    /// Those before it that have come: the lowest bit is the highest number.
    seen: u128,
}

impl Replay {
    /// The number after the highest that has come.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether a record with this number has not come before.
    pub(super) fn is_new(&self, number: u64) -> bool {
        match self.next.checked_sub(number) {
            None | Some(0) => true,
            Some(age) => age <= WIDTH && self.seen & 1 << (age - 1) == 0,
        }
    }

    /// An authentic record with this number has come.
    pub(super) fn note(&mut self, number: u64) {
        if number >= self.next {
            let shift = number - self.next + 1;
            self.seen = if shift < WIDTH { self.seen << shift } else { 0 };
            self.next = number + 1;
        }
        self.seen |= 1 << (self.next - number - 1).min(WIDTH - 1);
    }
}

/// Twice what RFC 9147 recommends: a burst may overtake another.
const WIDTH: u64 = u128::BITS as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_new_once_and_an_old_one_never() {
        let mut replay = Replay::default();
        for number in [0, 5, 3, 200, 199, 73, 1_000_000, (1 << 48) - 1] {
            assert!(replay.is_new(number), "{number}");
            replay.note(number);
            assert!(!replay.is_new(number), "{number}");
        }
        let next = replay.next();
        assert!(replay.is_new(next - 127) && !replay.is_new(next - 129) && !replay.is_new(0));
    }

    #[test]
    fn the_window_agrees_with_a_set() {
        let (mut replay, mut came) = (Replay::default(), std::collections::BTreeSet::new());
        // Numbers that jump back and forth within the window, by a generator that everybody knows.
        let (mut state, mut base) = (1_u64, 0);
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            base += state >> 62;
            let number = base + (state >> 40) % 100;
            assert_eq!(replay.is_new(number), !came.contains(&number), "{number}");
            if replay.is_new(number) {
                replay.note(number);
                came.insert(number);
            }
        }
    }
}
