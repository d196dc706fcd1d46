//! Time, as the core knows it: a number that the caller brings.
//!
//! The core asks no clock. Each call that can depend on time takes a [`Timestamp`], counted from an
//! epoch that only the caller knows (process start, virtual zero of a simulation). Nanoseconds,
//! because `std::time::Instant` counts them too: a deadline rounded down would fire early and spin.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment: nanoseconds since an epoch that only the caller knows.
///
/// Covers 584 years, so arithmetic saturates instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch itself.
    pub const ZERO: Self = Self(0);

    /// The moment `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment `millis` milliseconds after the epoch, saturating.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since the epoch.
    pub const fn since_epoch(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

/// When something wants to be called again, and why: a wake-up that can explain itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Deadline {
    /// The moment at which `handle_timeout` is due.
    pub at: Timestamp,
    /// What is due then, for traces.
    pub why: &'static str,
}

impl Deadline {
    /// A wake-up at `at`, for the reason `why`.
    pub const fn new(at: Timestamp, why: &'static str) -> Self {
        Self { at, why }
    }

    /// The earlier of two deadlines, where there are any.
    pub fn earliest(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_nanos(u64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::ZERO - Duration::from_secs(1), Timestamp::ZERO);
        assert_eq!(Timestamp::ZERO.saturating_since(end), Duration::ZERO);
        assert_eq!(Timestamp::from_millis(3).as_nanos(), 3_000_000);
    }

    #[test]
    fn the_earlier_deadline_wins() {
        let early = Deadline { at: Timestamp::from_millis(1), why: "early" };
        let late = Deadline { at: Timestamp::from_millis(2), why: "late" };
        assert_eq!(Deadline::earliest(Some(late), Some(early)), Some(early));
        assert_eq!(Deadline::earliest(None, Some(late)), Some(late));
        assert_eq!(Deadline::earliest(None, None), None);
    }
}
