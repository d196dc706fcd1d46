//! What is told through `tracing`: by which targets, and inside which spans.
//!
//! The words that an operator filters by stand here and nowhere else; [the floor's docs](super) list them
//! for readers. A span or an event that nobody asked for must cost no more than a look at a flag: no
//! field is computed before. What a flood of datagrams can bring about is told at `trace`, or at
//! `debug` by a [`Tally`].

use core::time::Duration;

use tracing::field::Empty;
use tracing::{Span, debug_span};

use super::output::{ConnectionId, Direction, StreamId};
use crate::time::Timestamp;

/// What concerns no connection, or none yet: admission, limits, datagrams that are dropped.
pub(crate) const ENDPOINT: &str = "floe::endpoint";
/// The life of a connection.
pub(crate) const CONNECTION: &str = "floe::connection";
/// The life of a stream.
pub(crate) const STREAM: &str = "floe::stream";
/// Sockets, and what becomes of connections that nobody takes.
pub(crate) const DRIVER: &str = "floe::driver";

/// The span of a connection. Its version and peer are recorded when they are known.
pub(super) fn connection(
    id: ConnectionId,
    direction: Direction,
    remote: impl core::fmt::Display,
) -> Span {
    let direction = match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    };
    debug_span!(
        target: CONNECTION, "connection", ?id, direction, %remote, version = Empty, peer = Empty
    )
}

/// The span of a stream, inside of the span that is current.
pub(super) fn stream(id: StreamId) -> Span {
    debug_span!(target: STREAM, "stream", ?id, channel = id.channel())
}

/// Counts what may happen too often to be told each time: it is told at once, and then once in a
/// while, with how often it was.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    untold: u64,
    silent_until: Timestamp,
}

impl Tally {
    /// Counts one more; gives their number since the last time that it did, when it is to be told.
    pub(crate) fn count(&mut self, now: Timestamp) -> Option<u64> {
        self.untold += 1;
        if now < self.silent_until {
            return None;
        }
        self.silent_until = now + SILENCE;
        Some(core::mem::take(&mut self.untold))
    }
}

/// Often enough to see that it goes on, seldom enough for a log.
const SILENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_told_seldom_and_none_of_it_is_forgotten() {
        let mut tally = Tally::default();
        let at = |millis| Timestamp::from_millis(millis);
        assert_eq!(tally.count(at(5)), Some(1));
        for millis in 6..1005 {
            assert_eq!(tally.count(at(millis)), None);
        }
        assert_eq!(tally.count(at(1005)), Some(1000));
        assert_eq!(tally.count(at(9000)), Some(1));
    }
}
