//! One dial of a probe, and what it came to.

use std::time::{Duration, Instant};

use floe_core::driver::DialError;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_core::rtc::output::Timeline;

use crate::capture::Capture;
use crate::dialer;
use crate::failure::Failure;
use crate::key::Key;
use crate::runtime::Runtime;

/// A dial with one version.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) version: Version,
    /// When each step was done, by its place in [`Step::ALL`].
    pub(super) done: [Option<Duration>; Step::ALL.len()],
    pub(super) outcome: Outcome,
    /// How long it took as a whole.
    pub(super) elapsed: Duration,
}

/// How a dial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It worked, and this is who answered.
    Connected(PeerId),
    /// It did not.
    Ended(ConnectionEnd),
    /// It was given up, because there was no answer where one was due.
    Unanswered,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepOutcome {
    Done(Duration),
    Failed(Duration),
    NotReached,
}

impl Attempt {
    /// Dials `addr`, and hangs up if that works.
    pub(super) async fn make(
        runtime: Runtime,
        key: &Key,
        addr: &DirectAddr,
        version: Version,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let endpoint = dialer::bind(runtime, key, addr.socket_addr(), &Capture::none()).await?;
        let start = Instant::now();
        let dialed = dialer::dial(&endpoint, addr, Some(version), timeout).await;
        let elapsed = start.elapsed();
        let attempt = match dialed {
            Ok(connection) => {
                let outcome = Outcome::Connected(connection.peer_id());
                Self { version, done: done(&connection.timeline()), outcome, elapsed }
            }
            Err(DialError::Failed { end, timeline }) => {
                Self { version, done: done(&timeline), outcome: Outcome::Ended(end), elapsed }
            }
            Err(error) => return Err(Failure::of("dial", &error)),
        };
        endpoint.close().await;
        Ok(attempt)
    }

    /// A dial that was given up after `elapsed`.
    pub(super) fn unanswered(version: Version, elapsed: Duration) -> Self {
        Self { version, done: [None; Step::ALL.len()], outcome: Outcome::Unanswered, elapsed }
    }

    /// Whether it led to a connection.
    pub(super) fn connected(&self) -> bool {
        matches!(self.outcome, Outcome::Connected(_))
    }

    /// The step at which it failed.
    pub(super) fn failed_step(&self) -> Option<Step> {
        match &self.outcome {
            Outcome::Connected(_) => None,
            Outcome::Unanswered => Some(Step::Stun),
            // A peer that hangs up does not say at which step: it is the first one that is missing.
            Outcome::Ended(end) => end.step().or_else(|| {
                Step::DIRECT.iter().copied().find(|&step| self.done[step as usize].is_none())
            }),
        }
    }

    /// What `step` came to, and how long it took.
    pub(super) fn step(&self, step: Step) -> StepOutcome {
        let before = Step::DIRECT.iter().take_while(|&&earlier| earlier < step);
        let begun =
            before.filter_map(|&earlier| self.done[earlier as usize]).max().unwrap_or_default();
        let failed = self.failed_step();
        if failed == Some(step) {
            StepOutcome::Failed(self.elapsed.saturating_sub(begun))
        } else if failed.is_some_and(|failed| failed < step) {
            StepOutcome::NotReached
        } else {
            let done = self.done[step as usize].unwrap_or(begun);
            StepOutcome::Done(done.saturating_sub(begun))
        }
    }

    /// How many steps were done.
    pub(super) fn steps(&self) -> usize {
        let failed = self.failed_step();
        let reached =
            failed.and_then(|failed| Step::DIRECT.iter().position(|&step| step == failed));
        reached.unwrap_or(Step::DIRECT.len())
    }
}

fn done(timeline: &Timeline) -> [Option<Duration>; Step::ALL.len()] {
    let mut done = [None; Step::ALL.len()];
    for &step in Step::ALL {
        done[step as usize] = timeline.done(step);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn steps_take_the_time_since_the_one_before() {
        let mut attempt = Attempt::unanswered(Version::V2, milliseconds(100));
        attempt.done[Step::Stun as usize] = Some(milliseconds(2));
        attempt.done[Step::Dtls as usize] = Some(milliseconds(12));
        attempt.done[Step::Certhash as usize] = Some(milliseconds(12));
        attempt.outcome = Outcome::Ended(ConnectionEnd::HandshakeTimeout(Step::Sctp));
        assert_eq!(
            Step::DIRECT.iter().map(|&step| attempt.step(step)).collect::<Vec<_>>(),
            [
                StepOutcome::Done(milliseconds(2)),
                StepOutcome::Done(milliseconds(10)),
                StepOutcome::Done(milliseconds(0)),
                StepOutcome::Failed(milliseconds(88)),
                StepOutcome::NotReached,
                StepOutcome::NotReached,
            ]
        );
        assert_eq!(attempt.steps(), 3);
        attempt.outcome = Outcome::Ended(ConnectionEnd::ClosedByPeer);
        assert_eq!(attempt.failed_step(), Some(Step::Sctp));
        attempt.outcome = Outcome::Unanswered;
        assert_eq!(attempt.steps(), 0);
    }
}
