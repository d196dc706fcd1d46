//! What happens when: plain data, which prints as the Rust that makes it.
//!
//! Nodes and streams go by small numbers that always mean somebody: the number of a stream counts those
//! that its node has at that moment, round and round. So any part of a script is a script too, which is
//! what shrinking lives on. What an act asks for and cannot be done (a stream without a connection) is
//! not done.

mod path;
mod random;

use std::fmt;

use floe_core::ice::Version;

pub use self::path::{Burst, Path, Rate};

/// A play's script. All trouble ends with its last act; then everything has to come right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Of everything that is drawn in the play.
    pub seed: u64,
    /// The nodes, by how they are set up.
    pub nodes: Vec<Kind>,
    /// What happens, and after how many milliseconds; in order.
    pub acts: Vec<(u64, Act)>,
}

/// How a node is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it comes.
    Plain,
    /// DTLS 1.2 only.
    Dtls12,
    /// With limits so low that they are reached.
    Small,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    // ── the network ──
    /// All paths are like this from now on.
    Weather(Path),
    /// One direction between two nodes is like this from now on.
    Between {
        /// Who sends.
        from: usize,
        /// Who receives.
        to: usize,
        /// What it is like.
        path: Path,
    },
    /// Nothing gets through in one direction from now on.
    Cut {
        /// Who sends.
        from: usize,
        /// Who does not receive.
        to: usize,
    },
    /// All paths are fair from now on.
    Heal,
    /// The NAT before a node forgets its mapping and makes another one.
    Rebind {
        /// Whose.
        node: usize,
        /// Whether the address changes too, and not only the port.
        address: bool,
    },
    /// A datagram arrives again, the one that was sent so many datagrams ago.
    Replay(usize),
    /// A stranger sends something to a node.
    Forge {
        /// To whom.
        to: usize,
        /// What.
        forgery: Forgery,
        /// The node whose address the stranger claims, if one.
        claims: Option<usize>,
    },

    // ── nodes ──
    /// A node does nothing for so many milliseconds: no datagram, no timer, no application.
    Stall {
        /// Who.
        node: usize,
        /// How long.
        millis: u64,
    },
    /// A node goes without a word, and begins anew at the same address.
    Restart {
        /// Who.
        node: usize,
        /// As whom.
        rebirth: Rebirth,
    },
    /// A node's clock jumps ahead.
    Jump {
        /// Whose.
        node: usize,
        /// How far.
        millis: u64,
    },

    // ── applications ──
    /// A node dials another.
    Dial {
        /// Who dials.
        from: usize,
        /// Whom.
        to: usize,
        /// With which version; whichever works if none.
        version: Option<Version>,
        /// Whether it asks for the identity that is there.
        named: bool,
    },
    /// A node opens a stream to another, on the newest connection.
    Open {
        /// Who opens.
        from: usize,
        /// To whom.
        to: usize,
        /// What goes over it.
        plan: Plan,
    },
    /// A node writes no more on a stream.
    Finish(usize, usize),
    /// A node reads no more from a stream.
    StopReading(usize, usize),
    /// A node resets a stream.
    Reset(usize, usize),
    /// A node lets go of a stream's handle.
    Forget(usize, usize),
    /// A node does not read from a stream for a while.
    Pause {
        /// Who.
        node: usize,
        /// Which.
        stream: usize,
        /// How long.
        millis: u64,
    },
    /// A node closes its connections with another.
    Close {
        /// Who.
        from: usize,
        /// With whom.
        to: usize,
    },
}

/// What goes over a stream; the acceptor answers on the same stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Bytes that the opener writes.
    pub there: u64,
    /// Bytes that the acceptor writes.
    pub back: u64,
    /// Bytes given to one write.
    pub piece: usize,
    /// Bytes asked of one read.
    pub sip: usize,
}

/// What a stranger sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// So many random bytes, the first of which is this one.
    Noise(u8, usize),
    /// A check like the last one that the node got: with the right ufrag.
    Check,
    /// The datagram that was sent so many datagrams ago, whomever it was to.
    Recorded(usize),
    /// The same with a bit changed.
    Mutated(usize),
}

/// What a node that begins anew keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebirth {
    /// Its key and its certificate.
    Same,
    /// Its key.
    NewCertificate,
    /// Nothing.
    NewIdentity,
}

impl Script {
    /// When the last act is.
    pub fn millis(&self) -> u64 {
        self.acts.last().map_or(0, |(at, _)| *at)
    }
}

/// As Rust, with everything of this module in scope by [`prelude`].
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, nodes, acts } = self;
        writeln!(f, "Script {{\n    seed: {seed},\n    nodes: vec!{nodes:?},\n    acts: vec![")?;
        for (at, act) in acts {
            writeln!(f, "        ({at}, {act:?}),")?;
        }
        write!(f, "    ],\n}}")
    }
}

/// All that a printed script names.
pub mod prelude {
    pub use floe_core::ice::Version::{V1, V2};

    pub use super::Act::*;
    pub use super::Forgery::*;
    pub use super::Kind::*;
    pub use super::Rebirth::*;
    pub use super::{Act, Burst, Path, Plan, Rate, Script};
}
