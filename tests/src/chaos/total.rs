//! What many plays covered together: scripts in which nothing happens find nothing.

use std::fmt;
use std::time::Duration;

use super::oracle::Tally;
use super::play::Summary;

/// The sums over many plays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Total {
    plays: u64,
    /// Plays in which no connection came up before the end.
    idle: u64,
    datagrams: u64,
    restarts: u64,
    tally: Tally,
    /// The longest that streams took to end after the last act.
    mended: Duration,
}

impl Total {
    /// Adds a play.
    pub fn add(&mut self, summary: &Summary) {
        self.plays += 1;
        self.idle += u64::from(summary.tally.connections == 0);
        self.datagrams += summary.datagrams;
        self.restarts += summary.restarts;
        self.mended = self.mended.max(summary.mended);
        let Tally { connections, refusals, closed, streams, bytes, finished, resets, acknowledged } =
            summary.tally;
        self.tally.connections += connections;
        self.tally.refusals += refusals;
        self.tally.closed += closed;
        self.tally.streams += streams;
        self.tally.bytes += bytes;
        self.tally.finished += finished;
        self.tally.resets += resets;
        self.tally.acknowledged += acknowledged;
    }

    /// What happened, in all.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Nodes that began anew, in all.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plays, idle, datagrams, restarts, tally, mended } = self;
        write!(
            f,
            "{plays} plays ({idle} without a connection), {datagrams} datagrams, {restarts} restarts, \
             mended in {mended:?} at most: {tally:?}"
        )
    }
}
