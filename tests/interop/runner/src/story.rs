//! The stories: what a dialer does on one fresh connection, and how long it may take.

use std::time::Duration;

use crate::proxy::Network;

/// One story of the matrix.
#[derive(Debug)]
pub struct Story {
    /// As it is called on command lines and in tables.
    pub name: &'static str,
    /// What is done.
    pub kind: Kind,
    /// What lies between the two; the command line can put something in place of a clear path.
    pub network: Network,
    /// Connecting included: several times what the slowest pair needs on two busy cores.
    pub limit: Duration,
    /// Part of `--fast`, which CI runs on every change.
    pub fast: bool,
}

/// What is done, in numbers that a peer's command line takes. `README.md` has the words for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Connect and nothing else.
    Dial,
    /// Connect over a long path, a few times; counted are the round trips that it takes.
    RoundTrips,
    /// Connect to an address whose certhash is another's: it must fail.
    WrongCerthash,
    /// Connect to an address whose peer id is another's: it must fail.
    WrongPeer,
    /// So many round trips of `/ipfs/ping/1.0.0`.
    Ping(u64),
    /// `/ipfs/id/1.0.0` names the peer that Noise has proved, and the protocols it serves.
    Identify,
    /// So many bytes over `/echo/1.0.0`, each compared.
    Echo(u64),
    /// An echo whose sender uses frames of nearly 16 KiB, the most that the specification allows.
    BigFrames,
    /// A small echo whose dialer closes its write half before it reads.
    HalfClose,
    /// So many bytes written after the peer's end has been read.
    LateWrite(u64),
    /// The dialer stops reading what the listener would send for ever.
    StopSending,
    /// The listener stops reading what the dialer would send for ever.
    PeerStops,
    /// The dialer resets a stream on which the listener is sending.
    Reset,
    /// The listener resets a stream on which the dialer is sending.
    PeerResets,
    /// So many bytes up over `/perf/1.0.0`.
    Up(u64),
    /// So many bytes down over `/perf/1.0.0`.
    Down(u64),
    /// So many bytes up and as many down, on two streams at once.
    Both(u64),
    /// So many echo streams, one after the other.
    Streams(u64),
    /// So many echo streams at once.
    Parallel(u64),
    /// So many bytes lie unread on one stream while another one runs.
    SlowReader(u64),
    /// A ping, so many seconds of silence, a ping.
    Idle(u64),
    /// The listener is killed and lives again on the same port; the dialer dials it anew.
    Restart,
}

impl Kind {
    /// How a dialer is told: a word and, for some, a number.
    pub const fn command(self) -> (&'static str, Option<u64>) {
        match self {
            Self::Dial | Self::RoundTrips | Self::WrongCerthash | Self::WrongPeer => ("dial", None),
            Self::Ping(count) => ("ping", Some(count)),
            Self::Identify => ("identify", None),
            Self::Echo(bytes) => ("echo", Some(bytes)),
            Self::BigFrames => ("bigframes", None),
            Self::HalfClose => ("halfclose", None),
            Self::LateWrite(bytes) => ("latewrite", Some(bytes)),
            Self::StopSending => ("stopsending", None),
            Self::PeerStops => ("peerstops", None),
            Self::Reset => ("reset", None),
            Self::PeerResets => ("peerresets", None),
            Self::Up(bytes) => ("up", Some(bytes)),
            Self::Down(bytes) => ("down", Some(bytes)),
            Self::Both(bytes) => ("both", Some(bytes)),
            Self::Streams(count) => ("streams", Some(count)),
            Self::Parallel(count) => ("parallel", Some(count)),
            Self::SlowReader(bytes) => ("slowreader", Some(bytes)),
            Self::Idle(seconds) => ("idle", Some(seconds)),
            Self::Restart => ("restart", None),
        }
    }

    /// How many dialers play it, one after the other. Where round trips are counted, one that has sent something
    /// again may have counted too many, so that the fewest of some are right.
    pub const fn dialers(self) -> usize {
        match self {
            Self::RoundTrips => 3,
            _ => 1,
        }
    }

    /// The bytes whose transfer is worth a rate.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Echo(bytes) | Self::Up(bytes) | Self::Down(bytes) => Some(bytes),
            Self::Both(bytes) => Some(2 * bytes),
            _ => None,
        }
        .filter(|bytes| *bytes >= RATED)
    }

    /// How long nothing is meant to happen.
    pub const fn silence(self) -> Duration {
        match self {
            Self::Idle(seconds) => Duration::from_secs(seconds),
            _ => Duration::ZERO,
        }
    }

    /// Whether a dialer that succeeds has been deceived.
    pub const fn must_be_refused(self) -> bool {
        matches!(self, Self::WrongCerthash | Self::WrongPeer)
    }
}

/// By its name.
pub fn find(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// All stories, in the order of the table's columns.
pub const STORIES: &[Story] = &[
    story("dial", Kind::Dial, 30, true),
    story("ping", Kind::Ping(5), 30, true),
    story("identify", Kind::Identify, 30, true),
    story("wrong-certhash", Kind::WrongCerthash, 20, true),
    story("wrong-peer", Kind::WrongPeer, 20, true),
    story("echo-1b", Kind::Echo(1), 30, true),
    story("echo-1k", Kind::Echo(KIB), 30, true),
    story("echo-1m", Kind::Echo(MIB), 30, true),
    story("bigframes", Kind::BigFrames, 30, true),
    story("halfclose", Kind::HalfClose, 30, true),
    story("latewrite", Kind::LateWrite(256 * KIB), 30, true),
    story("stopsending", Kind::StopSending, 30, true),
    story("peerstops", Kind::PeerStops, 30, true),
    story("reset", Kind::Reset, 30, true),
    story("peerresets", Kind::PeerResets, 30, true),
    story("streams-200", Kind::Streams(200), 60, true),
    story("parallel-100", Kind::Parallel(100), 60, true),
    story("slowreader", Kind::SlowReader(2 * MIB), 30, true),
    story("up-4m", Kind::Up(4 * MIB), 30, true),
    story("down-4m", Kind::Down(4 * MIB), 30, true),
    story("both-4m", Kind::Both(4 * MIB), 60, true),
    story("restart", Kind::Restart, 60, true),
    Story { network: Network::FAR, ..story("round-trips", Kind::RoundTrips, 30, true) },
    bad_network("lossy-ping", Kind::Ping(5), 30, true),
    bad_network("lossy-echo-64k", Kind::Echo(64 * KIB), 60, true),
    story("streams-2000", Kind::Streams(2000), 300, false),
    story("up-32m", Kind::Up(32 * MIB), 120, false),
    story("down-32m", Kind::Down(32 * MIB), 120, false),
    story("both-32m", Kind::Both(32 * MIB), 180, false),
    story("echo-32m", Kind::Echo(32 * MIB), 120, false),
    bad_network("lossy-up-1m", Kind::Up(MIB), 180, false),
    bad_network("lossy-down-1m", Kind::Down(MIB), 180, false),
    bad_network("lossy-echo-1m", Kind::Echo(MIB), 180, false),
    bad_network("lossy-streams-50", Kind::Streams(50), 180, false),
    story("idle-300s", Kind::Idle(300), 30, false),
];

const fn story(name: &'static str, kind: Kind, seconds: u64, fast: bool) -> Story {
    Story { name, kind, network: Network::CLEAR, limit: Duration::from_secs(seconds), fast }
}

/// Over a path that loses and delays.
const fn bad_network(name: &'static str, kind: Kind, seconds: u64, fast: bool) -> Story {
    Story { network: Network::BAD, ..story(name, kind, seconds, fast) }
}

/// Below this a transfer is as long as its round trips.
const RATED: u64 = 256 * KIB;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
