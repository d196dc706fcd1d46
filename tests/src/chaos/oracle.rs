//! The judge: a model of what may come of what applications do.
//!
//! The oracle sees everything that every application asks for and is told, and knows what each stream
//! carries. It says at once if something happens that must not ([`Violation`]), and knows when something
//! that must happen has not.
//!
//! # What must not happen
//!
//! - a byte that is not the next one of that very stream: wrong, lost, doubled or another's;
//! - an end before the end, or an end that nobody asked for;
//! - a stream, or anything else, on a connection that is not up; anything after its end;
//! - a peer that is not who it says: not who was dialed, or nobody who has dialed;
//! - an acknowledged end of what then does not arrive;
//! - a broken stream or connection without a cause.

mod connection_rules;
mod connections;
mod flows;
mod lives;
mod stream_rules;
mod tally;

use std::fmt;

use floe_core::peer_id::PeerId;
use floe_core::time::Timestamp;

use self::connections::Connections;
use self::flows::Flows;
use self::lives::Lives;
use super::script::Kind;

pub(super) use self::lives::LifeId;
pub use self::tally::Tally;

/// Something happened that must not, or did not that must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule is broken: what a script that is shrunk must still show.
    pub rule: String,
    /// What happened.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, what, at } = self;
        write!(f, "{rule}: {what} (at {:?})", at.since_epoch())
    }
}

/// Whether all is well.
pub(super) type Verdict<T = ()> = Result<T, Violation>;

/// The judge.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    /// Whether nodes may have heard nothing of each other for long.
    pub(super) silenced: bool,
    /// Whether what happens is printed.
    pub(super) aloud: bool,
    lives: Lives,
    connections: Connections,
    flows: Flows,
}

impl Oracle {
    /// Prints what happens, if somebody wants to know.
    pub(super) fn tell(&self, life: LifeId, what: impl FnOnce() -> String) {
        if self.aloud {
            println!(
                "{:>12.6} {}: {}",
                self.now.since_epoch().as_secs_f64(),
                self.lives.name(life),
                what()
            );
        }
    }

    pub(super) fn born(&mut self, node: usize, peer_id: PeerId, kind: Kind) -> LifeId {
        self.lives.begin(node, peer_id, kind)
    }

    /// Where an identity lives or lived last.
    pub(super) fn node_of(&self, peer: PeerId) -> Option<usize> {
        self.lives.last_of(peer).map(|life| life.node)
    }

    pub(super) fn violation<T>(&self, rule: &str, what: String) -> Verdict<T> {
        Err(Violation { rule: rule.into(), what, at: self.now })
    }
}
