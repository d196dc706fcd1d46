//! Loss in bursts, after Gilbert and Elliott: a chain of two states, each with a loss of its own.
//!
//! ```text
//!           worsens
//!   good ────────────→ bad        of a million steps, one step for each datagram
//!        ←────────────
//!           recovers
//! ```

use super::dice::{Dice, Fault};

/// The parameters of the chain, each of a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// How often the good state turns bad, at a datagram.
    pub worsens: u64,
    /// How often the bad state turns good, at a datagram: bad times last `1_000_000 / recovers` datagrams
    /// in the mean.
    pub recovers: u64,
    /// Datagrams lost while it is good.
    pub good_loss: u64,
    /// Datagrams lost while it is bad.
    pub bad_loss: u64,
}

impl Burst {
    /// All is lost while it is bad and nothing while it is good (Gilbert's case): so many lost of a
    /// million in the long run, so many in a row in the mean.
    ///
    /// # Panics
    /// If all would be lost, or bursts have no length, or so few are to be lost so seldom that the chain
    /// would never turn bad.
    pub const fn of(loss: u64, len: u64) -> Self {
        assert!(loss < MILLION, "a chain that is always bad is a cut");
        assert!(len > 0, "a burst is at least a datagram long");
        let recovers = MILLION / len;
        // In balance, as many turn bad as turn good: (1 - loss) * worsens = loss * recovers.
        let worsens = loss * recovers / (MILLION - loss);
        assert!(worsens > 0 || loss == 0, "the chain never turns bad");
        Self { worsens, recovers, good_loss: 0, bad_loss: MILLION }
    }

    /// Datagrams lost in the long run, of a million: the losses of both states, each weighted with the
    /// share of time that the chain spends in it.
    pub const fn stationary_loss(&self) -> u64 {
        let both = self.worsens + self.recovers;
        if both == 0 {
            // It stays as it began.
            return self.good_loss;
        }
        (self.worsens * self.bad_loss + self.recovers * self.good_loss) / both
    }
}

/// Where the chain of one way is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    is_bad: bool,
}

impl Chain {
    /// One datagram: whether it is lost.
    pub(super) fn step(&mut self, burst: Burst, dice: Dice, nth: u64) -> bool {
        let turns = if self.is_bad { burst.recovers } else { burst.worsens };
        self.is_bad ^= dice.roll(Fault::BurstState, nth).chance(turns);
        let loss = if self.is_bad { burst.bad_loss } else { burst.good_loss };
        dice.roll(Fault::BurstLoss, nth).chance(loss)
    }
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    /// Losses of a million datagrams, and the runs that they came in.
    fn observe(burst: Burst, seed: u64) -> (u64, u64) {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let dice = Dice::new(seed, host, host);
        let mut chain = Chain::default();
        let (mut lost, mut runs, mut before) = (0, 0, false);
        for nth in 0..MILLION {
            let is_lost = chain.step(burst, dice, nth);
            lost += u64::from(is_lost);
            runs += u64::from(is_lost && !before);
            before = is_lost;
        }
        (lost, runs)
    }

    #[test]
    fn as_much_is_lost_as_is_computed() {
        let bursts = [
            Burst::of(10_000, 5),
            Burst::of(50_000, 20),
            Burst::of(300_000, 3),
            Burst { worsens: 2_000, recovers: 100_000, good_loss: 1_000, bad_loss: 500_000 },
        ];
        for (seed, burst) in bursts.into_iter().enumerate() {
            let (lost, runs) = observe(burst, seed as u64);
            let expected = burst.stationary_loss();
            println!("{burst:?}: {lost} of {expected} expected, in {runs} runs");
            // Some 2 000 bursts: the mean of their lengths varies by 1/sqrt(2000), thrice that is 7 %.
            assert!(lost.abs_diff(expected) * 100 < expected * 8, "{burst:?}: {lost}, {expected}");
        }
    }

    #[test]
    fn bursts_are_as_long_as_is_asked_for() {
        for (seed, len) in [2, 5, 20].into_iter().enumerate() {
            let (lost, runs) = observe(Burst::of(50_000, len), seed as u64);
            let mean = lost as f64 / runs as f64;
            println!("{len}: {mean}");
            assert!((mean / len as f64 - 1.0).abs() < 0.08, "{len}: {mean}");
        }
    }

    #[test]
    fn the_computed_loss_is_the_one_that_was_asked_for() {
        for (loss, len) in [(10_000, 5), (50_000, 20), (300_000, 3), (0, 1)] {
            let computed = Burst::of(loss, len).stationary_loss();
            assert!(computed.abs_diff(loss) <= loss / 1_000 + 1, "{loss}: {computed}");
        }
        let still = Burst { worsens: 0, recovers: 0, good_loss: 7, bad_loss: MILLION };
        assert_eq!(still.stationary_loss(), 7);
    }
}
