//! The tally: what has happened so far, in numbers.

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections that came up, each counted on both sides.
    pub connections: u64,
    /// Dials that failed.
    pub refusals: u64,
    /// Connections that ended, each counted on both sides, while scripts ran.
    pub closed: u64,
    /// Streams that the acceptor heard of, and whose header it read.
    pub streams: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Halves that were read to their end.
    pub finished: u64,
    /// Halves that ended in a reset.
    pub resets: u64,
    /// Halves whose end was acknowledged.
    pub acknowledged: u64,
}
