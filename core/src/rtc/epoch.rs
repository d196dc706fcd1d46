//! The bridge between the caller's [`Timestamp`]s and the `Instant`s of the engine's parts.
//!
//! The parts (ICE, DTLS, SCTP) speak `std::time::Instant`, which can only be had from a clock. The
//! caller reads that clock once, before anything else, and from then on both are the same number
//! apart: virtual time works because an `Instant` is only ever computed, never asked for.

use core::time::Duration;
use std::time::Instant;

use crate::time::Timestamp;

/// The `Instant` that the caller's [`Timestamp::ZERO`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(Instant);

impl Epoch {
    /// An epoch at `zero`, which should not lie in the future: the parts compare it with real time
    /// nowhere, but a moment that the process has not reached yet helps nobody who reads a trace.
    pub const fn new(zero: Instant) -> Self {
        Self(zero)
    }

    /// The `Instant` of `at`.
    ///
    /// Saturates a century after the epoch, so that no timestamp a caller can make up overflows.
    pub fn instant(self, at: Timestamp) -> Instant {
        self.0 + at.since_epoch().min(CENTURY)
    }

    /// The timestamp of `instant`; zero if it lies before the epoch.
    pub fn timestamp(self, instant: Instant) -> Timestamp {
        Timestamp::ZERO + instant.saturating_duration_since(self.0)
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again() {
        let epoch = Epoch::new(Instant::now());
        let at = Timestamp::from_nanos(1_234_567_891);
        assert_eq!(epoch.timestamp(epoch.instant(at)), at);
        epoch.instant(Timestamp::from_nanos(u64::MAX));
    }
}
