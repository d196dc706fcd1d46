//! What the interop peers that are written in Rust share: the command line, the events, the sequence of
//! bytes, and the stories and protocols of `tests/interop/README.md` over any stream.
//!
//! It must know no implementation: a peer brings its node as a [`Listener`] or [`Dialer`], its streams as
//! [`Duplex`], and steps around its own defects in its own files.

mod bench;
mod command;
mod dial;
mod duplex;
mod purpose;
mod record;
mod report;
mod sequence;
mod serve;
mod story;
mod transfer;

pub use command::{PRIVATE, run, run_listener, run_private};
pub use dial::{Connection, Dialer, Identified, Manner};
pub use duplex::Duplex;
pub use purpose::Purpose;
pub use report::milliseconds;
pub use serve::{Listener, Served, serve};

/// What goes wrong in a peer, for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A failure in words, with what it came from.
pub(crate) fn chain(failure: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(failure.source(), |cause| cause.source());
    // Some say their cause themselves.
    causes.fold(failure.to_string(), |words, cause| match cause.to_string() {
        cause if words.contains(&cause) => words,
        cause => format!("{words}: {cause}"),
    })
}

/// `/echo/1.0.0`
pub const ECHO: &str = "/echo/1.0.0";
/// `/perf/1.0.0`
pub const PERF: &str = "/perf/1.0.0";
/// The acceptor ends first.
pub const LATE: &str = "/floe/late/1.0.0";
/// The acceptor sends until it is stopped.
pub const SOURCE: &str = "/floe/source/1.0.0";
/// The acceptor stops reading.
pub const STOP: &str = "/floe/stop/1.0.0";
/// The acceptor resets.
pub const RESET: &str = "/floe/reset/1.0.0";
/// The acceptor tells how the recorded stream ended.
pub const ENDING: &str = "/floe/ending/1.0.0";

/// What a listener serves beside ping and identify.
pub const SERVED: [&str; 7] = [ECHO, PERF, LATE, SOURCE, STOP, RESET, ENDING];

/// What the stories of half-closing and stopping carry each way, in bytes.
const PORTION: u64 = 64 * 1024;
