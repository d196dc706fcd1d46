//! How many bytes are given to SCTP at a time, so how many may be under way.
//!
//! SCTP's own congestion control knows the end of a path only by what is lost there: it doubles what is under
//! way until the queue has overflown by as much as it holds, which costs it seconds, and on a long path minutes. So
//! it is not given more than the path has shown to carry, and a share of it again:
//!
//! ```text
//! delivery grows by a quarter in a round → 7/4 of what a round trip carries
//! it does not                            → 5/4 of it
//! less comes than once did, none is lost → and a little more each round: somebody takes our share, or the
//!                                          shortest round trip is not what it was
//! something was lost                     → twice of it: SCTP has found the end, and is hardly held back; more
//!                                          would only wait in front of what is written next
//! ```
//!
//! Never less than what a local network needs, and never more than a limit: SCTP's work per poll grows with
//! what it holds.

mod delivery;

use core::time::Duration;
use std::boxed::Box;

use self::delivery::Delivery;
use crate::rtc::config::UNACKNOWLEDGED_MIN as MIN;
use crate::time::Timestamp;

/// What may be unacknowledged, as it follows from what was acknowledged.
#[derive(Debug)]
pub(super) struct Budget {
    max: usize,
    /// What was found out, once the least was used up: most connections never do, and cost nothing here.
    path: Option<Box<Path>>,
}

#[derive(Debug)]
struct Path {
    bytes: usize,
    delivery: Delivery,
    /// The most that a round trip has carried.
    record: usize,
    /// What it carried at most when the last round was over.
    before: usize,
    phase: Phase,
    /// Whether the budget was used up in this round: else it says nothing of the path.
    is_used_up: bool,
    /// Beside what the path carries.
    extra: usize,
    retransmits: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Growing,
    Steady,
    Lossy,
}

/// What is known after an acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) now: Timestamp,
    /// Of the present path, if it is known.
    pub(super) rtt_min: Option<Duration>,
    /// Bytes that were unacknowledged before it, and after it.
    pub(super) unacknowledged: [usize; 2],
    /// How many chunks were ever sent again.
    pub(super) retransmits: u64,
}

impl Budget {
    /// Of a path that nothing is known of, and that is never given more than `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self { max: max.max(MIN), path: None }
    }

    /// Bytes that may be unacknowledged.
    pub(super) fn bytes(&self) -> usize {
        self.path.as_ref().map_or(MIN, |path| path.bytes)
    }

    /// The path is another one, of which nothing is known.
    pub(super) fn path_changed(&mut self) {
        self.path = None;
    }

    /// Takes note of what was acknowledged.
    pub(super) fn on_progress(&mut self, progress: Progress) {
        if self.path.is_none() && progress.unacknowledged[0] < MIN {
            return;
        }
        let Some(rtt_min) = progress.rtt_min else { return };
        let max = if rtt_min < LOCAL { LOCAL_MAX.min(self.max) } else { self.max };
        let new = || Box::new(Path::new(progress.retransmits));
        let path = self.path.get_or_insert_with(new);
        path.on_progress(progress, rtt_min.max(LOCAL));
        path.bytes = path.budget().clamp(MIN, max);
    }
}

impl Path {
    fn new(retransmits: u64) -> Self {
        Self {
            bytes: MIN,
            delivery: Delivery::default(),
            record: 0,
            before: 0,
            phase: Phase::Growing,
            is_used_up: false,
            extra: 0,
            retransmits,
        }
    }

    fn on_progress(&mut self, progress: Progress, rtt_min: Duration) {
        let Progress { now, unacknowledged: [before, after], retransmits, .. } = progress;
        if retransmits != self.retransmits {
            self.retransmits = retransmits;
            self.phase = Phase::Lossy;
        }
        self.is_used_up |= before >= self.bytes;
        let acknowledged = before.saturating_sub(after);
        if acknowledged > 0
            && let Some(delivered) =
                self.delivery.on_acknowledged(now, rtt_min, acknowledged, after)
            && core::mem::take(&mut self.is_used_up)
        {
            self.on_round(delivered);
        }
    }

    fn on_round(&mut self, delivered: usize) {
        let most = self.delivery.most();
        let has_grown = most >= self.before + self.before / 4;
        self.before = most;
        self.record = self.record.max(most);
        if self.phase != Phase::Lossy {
            self.phase = if has_grown { Phase::Growing } else { Phase::Steady };
        }
        if delivered < self.record - self.record / 8 {
            self.extra += STEP;
        }
        self.delivery.begin_round();
    }

    fn budget(&self) -> usize {
        let most = self.delivery.most();
        match self.phase {
            Phase::Growing => most / 4 * 7 + SLACK + self.extra,
            Phase::Steady => most / 4 * 5 + SLACK + self.extra,
            Phase::Lossy => most * 2,
        }
    }
}

/// Below this round trip there is no path to speak of: what takes time is the machines.
const LOCAL: Duration = Duration::from_micros(250);
/// That is why more than this is of no use there: as much for the peer to work on as for us. What is written next
/// would only wait behind it.
const LOCAL_MAX: usize = 2 * MIN;
/// A message more, so that SCTP always has one to say and sees that it may grow.
const SLACK: usize = 16 * 1024;
/// Two packets more each round: as slow as SCTP's own congestion control, so that others are not crowded out.
const STEP: usize = 2 * 1024;

#[cfg(test)]
mod tests;
