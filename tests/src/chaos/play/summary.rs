//! The summary of a play that went as it must.

use std::fmt;
use std::time::Duration;

use crate::chaos::oracle::Tally;

/// What came of a play in which all went as it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// A hash of every datagram that was sent, and when.
    pub trace: u64,
    /// How many there were.
    pub datagrams: u64,
    /// What happened until everything had come right.
    pub tally: Tally,
    /// Nodes that began anew.
    pub restarts: u64,
    /// How long it took after the last act until all streams had ended.
    pub mended: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, datagrams, tally, restarts, mended } = self;
        write!(
            f,
            "{trace:016x}, {datagrams} datagrams, {restarts} restarts, mended in {mended:?}: {tally:?}"
        )
    }
}
