//! The virtual WAN: how fast floe is on paths that no test machine has, exactly.
//!
//! Two nodes of floe with the default configuration, a way between them, and a clock that is only a number: the
//! same on every machine, so the tables are [`committed`] and a change shows as a diff.
//!
//! ```sh
//! cargo run --release -p floe-tests --bin wan             # plays all and writes tests/wan.md anew
//! cargo run --release -p floe-tests --bin wan -- --check  # 1, and what differs, if it is not the same
//! ```

mod blackout;
mod fairness;
mod goodput;
mod latency;
mod line;
mod table;
mod traffic;

pub use table::{Table, committed};

/// All tables, none of them played yet.
pub fn tables() -> [Table; 4] {
    [goodput::table(), fairness::table(), blackout::table(), latency::table()]
}

/// Of every story: what is drawn is no part of what is compared.
const SEED: u64 = 7;
