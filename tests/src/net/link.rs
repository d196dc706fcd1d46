//! One way between two hosts: what the weather does to each datagram, in which order.
//!
//! ```text
//! cut? → too long? → lost? → in a burst? → doubled? ─┬→ damaged? cut short? → queue → delay, jitter, held back
//!                                                    └→ the same for the second one
//! ```
//!
//! Whatever becomes of a datagram, each fault has drawn for it, so that no fault shifts another.

use std::time::Duration;

use floe_core::time::Timestamp;

use super::bottleneck::Bottleneck;
use super::burst::Chain;
use super::dice::{Dice, Fault};
use super::tally::Tally;
use super::weather::Weather;

/// One way between two hosts.
#[derive(Debug)]
pub(super) struct Link {
    /// The weather here, if it is not that of the whole net.
    pub(super) own: Option<Weather>,
    /// Whether nothing passes.
    pub(super) is_cut: bool,
    pub(super) tally: Tally,
    /// Datagrams of the host itself, and those that somebody sends in its name.
    real: Numbered,
    forged: Numbered,
    chain: Chain,
    bottleneck: Bottleneck,
}

/// Datagrams, counted, and what is drawn for them.
#[derive(Debug)]
struct Numbered {
    dice: Dice,
    count: u64,
}

impl Numbered {
    fn new(dice: Dice) -> Self {
        Self { dice, count: 0 }
    }
}

impl Link {
    pub(super) fn new(dice: Dice, is_cut: bool) -> Self {
        Self {
            own: None,
            is_cut,
            tally: Tally::default(),
            real: Numbered::new(dice),
            forged: Numbered::new(dice.apart()),
            chain: Chain::default(),
            bottleneck: Bottleneck::default(),
        }
    }

    /// Takes a datagram and says when it arrives, and as what: not at all, once or twice.
    pub(super) fn pass(
        &mut self,
        weather: &Weather,
        now: Timestamp,
        payload: Vec<u8>,
        is_forged: bool,
    ) -> impl Iterator<Item = (Timestamp, Vec<u8>)> + use<> {
        let Numbered { dice, count } = if is_forged { &mut self.forged } else { &mut self.real };
        let (dice, nth) = (*dice, *count);
        *count += 1;
        let (mut first, mut second) = (None, None);
        if !self.is_lost(weather, payload.len(), dice, nth) {
            if dice.roll(Fault::Duplicate, nth).chance(weather.duplicate) {
                self.tally.doubled += 1;
                first = self.copy(weather, now, payload.clone(), dice.apart(), nth);
            }
            second = self.copy(weather, now, payload, dice, nth);
        }
        [first, second].into_iter().flatten()
    }

    fn is_lost(&mut self, weather: &Weather, len: usize, dice: Dice, nth: u64) -> bool {
        // What has a state takes a step for each datagram, whatever becomes of it.
        let is_in_burst = match weather.burst {
            Some(burst) => self.chain.step(burst, dice, nth),
            None => {
                self.chain = Chain::default();
                false
            }
        };
        let tally = &mut self.tally;
        tally.came += 1;
        let fates = [
            (self.is_cut, &mut tally.cut),
            (len > weather.payload_max, &mut tally.too_long),
            (dice.roll(Fault::Loss, nth).chance(weather.loss), &mut tally.lost),
            (is_in_burst, &mut tally.burst_lost),
        ];
        let fate = fates.into_iter().find(|(is_lost, _)| *is_lost);
        fate.map(|(_, count)| *count += 1).is_some()
    }

    /// One copy of a datagram that is not lost; none if it finds no room in the queue.
    fn copy(
        &mut self,
        weather: &Weather,
        now: Timestamp,
        mut payload: Vec<u8>,
        dice: Dice,
        nth: u64,
    ) -> Option<(Timestamp, Vec<u8>)> {
        let mut roll = dice.roll(Fault::Corrupt, nth);
        if roll.chance(weather.corrupt) && !payload.is_empty() {
            let at = roll.below(payload.len() as u64) as usize;
            payload[at] ^= 1 << roll.below(8);
            self.tally.corrupted += 1;
        }
        let mut roll = dice.roll(Fault::Truncate, nth);
        if roll.chance(weather.truncate) && !payload.is_empty() {
            payload.truncate(roll.below(payload.len() as u64) as usize);
            self.tally.truncated += 1;
        }
        let left = match weather.bandwidth {
            Some(bandwidth) => self.bottleneck.pass(bandwidth, now, payload.len()),
            None => Some(now),
        };
        let Some(left) = left else {
            self.tally.overflowed += 1;
            return None;
        };
        let mut at = left + weather.delay;
        let jitter = weather.jitter.as_nanos() as u64;
        if jitter > 0 {
            at = at + Duration::from_nanos(dice.roll(Fault::Jitter, nth).below(jitter));
        }
        if dice.roll(Fault::Reorder, nth).chance(weather.reorder) {
            at = at + weather.held_back;
            self.tally.held_back += 1;
        }
        self.tally.passed += 1;
        Some((at, payload))
    }
}
