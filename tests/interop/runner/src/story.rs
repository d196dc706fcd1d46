//! The stories: what a dialer does on one fresh connection, and how long it may take.

use std::time::Duration;

/// One story of the matrix.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Connecting included: several times what the slowest pair needs on two busy cores.
    pub(crate) limit: Duration,
    /// Part of `--fast`, which CI runs on every change.
    pub(crate) fast: bool,
}

/// What is done, in numbers that a peer's command line takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Connect and nothing else.
    Dial,
    /// So many round trips of `/ipfs/ping/1.0.0`.
    Ping(u64),
    /// `/ipfs/id/1.0.0` names the peer that Noise has proved, and the protocols it serves.
    Identify,
    /// So many bytes over `/echo/1.0.0`, each compared.
    Echo(u64),
    /// An echo whose sender uses frames of nearly 16 KiB, the most that the specification allows.
    BigFrames,
    /// So many bytes up over `/perf/1.0.0`.
    Up(u64),
    /// So many bytes down over `/perf/1.0.0`.
    Down(u64),
    /// A small echo whose dialer closes its write half before it reads.
    HalfClose,
    /// So many echo streams, one after the other.
    Streams(u64),
    /// So many echo streams at once.
    Parallel(u64),
}

impl Kind {
    /// The bytes whose transfer is worth a rate.
    pub(crate) fn bytes(self) -> Option<u64> {
        match self {
            Self::Echo(bytes) | Self::Up(bytes) | Self::Down(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// By its name.
pub(crate) fn find(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// All stories, in the order of the table's columns.
pub(crate) const STORIES: &[Story] = &[
    story("dial", Kind::Dial, 30, true),
    story("ping", Kind::Ping(5), 30, true),
    story("identify", Kind::Identify, 30, true),
    story("echo-1m", Kind::Echo(MIB), 30, true),
    story("bigframes", Kind::BigFrames, 30, true),
    story("halfclose", Kind::HalfClose, 30, true),
    story("streams-200", Kind::Streams(200), 60, true),
    story("parallel-20", Kind::Parallel(20), 30, true),
    story("up-4m", Kind::Up(4 * MIB), 30, true),
    story("down-4m", Kind::Down(4 * MIB), 30, true),
    story("up-32m", Kind::Up(32 * MIB), 120, false),
    story("down-32m", Kind::Down(32 * MIB), 120, false),
    story("echo-32m", Kind::Echo(32 * MIB), 120, false),
];

const fn story(name: &'static str, kind: Kind, seconds: u64, fast: bool) -> Story {
    Story { name, kind, limit: Duration::from_secs(seconds), fast }
}

const MIB: u64 = 1024 * 1024;
