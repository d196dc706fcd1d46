//! Draws that do not shift each other: each depends on the seed, the way, the fault and the number of the
//! datagram, and on no draw before it.

use std::net::IpAddr;

use crate::rng::Rng;

/// The dice of one way between two hosts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice(u64);

/// What is drawn for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Loss = 1,
    BurstState,
    BurstLoss,
    Duplicate,
    Corrupt,
    Truncate,
    Reorder,
    Jitter,
}

impl Dice {
    /// The dice of a net with this seed for datagrams from one host to another.
    pub(super) fn new(seed: u64, from: IpAddr, to: IpAddr) -> Self {
        Self([from, to].into_iter().fold(mix(seed, 0), |state, host| {
            let bits = match host {
                IpAddr::V4(host) => u128::from(host.to_bits()),
                IpAddr::V6(host) => host.to_bits(),
            };
            mix(mix(state, bits as u64), (bits >> 64) as u64)
        }))
    }

    /// Other dice: what is drawn with them shifts nothing that is drawn with these.
    pub(super) fn apart(self) -> Self {
        Self(mix(self.0, 1))
    }

    /// What is drawn of `fault` for datagram `nth`.
    pub(super) fn roll(self, fault: Fault, nth: u64) -> Rng {
        Rng::new(mix(mix(self.0, fault as u64), nth))
    }
}

fn mix(state: u64, with: u64) -> u64 {
    // Odd, and none of SplitMix's own numbers, so that neighbours do not begin one step apart.
    Rng::new(state ^ with.wrapping_mul(0xd134_2543_de82_ef95)).next_u64()
}
