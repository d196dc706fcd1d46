//! A dialer that is measured. It prepares (nodes, connections, streams), says `begin`, waits for a line, does
//! the work, says `end` with what it has seen, and stays as it is until the next line: between the two lines
//! the runner reads what both processes have spent.
//!
//! What a piece of the work costs is told in milliseconds each, and what failed is counted: judging is the
//! runner's part.

mod bulk;
mod hold;
mod nodes;
mod requests;

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};

use crate::{Failure, chain, dial::Dialer, report};

/// What is asked for. Each work takes what it needs and leaves the rest.
#[derive(Clone, Debug, Args)]
pub(crate) struct Work {
    /// What to do.
    kind: Kind,
    /// Connections, each from a node of its own.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Streams on each connection.
    #[arg(long, default_value_t = 1)]
    streams: usize,
    /// Bytes in each write.
    #[arg(long, default_value_t = 16 * 1024)]
    write: usize,
    /// Bytes of each stream, or of each request.
    #[arg(long)]
    bytes: Option<u64>,
    /// When nothing new is begun any more.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// So many at most.
    #[arg(long, default_value_t = u64::MAX)]
    count: u64,
    /// How many are under way at once.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Every byte comes back.
    #[arg(long)]
    both: bool,
    /// An upload on another stream runs beside.
    #[arg(long)]
    load: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Sends on all streams of all connections.
    Bulk,
    /// Opens a stream, sends, ends its half, reads what comes back to the end.
    Requests,
    /// Sends 32 bytes and reads them back, on one stream.
    Pings,
    /// Dials.
    Dials,
    /// Keeps connections, or streams on them.
    Hold,
}

/// Prepares, is measured, and closes.
pub(crate) async fn run<D: Dialer>(
    address: &str,
    version: &str,
    work: Work,
) -> Result<(), Failure> {
    let lines = BufReader::new(tokio::io::stdin()).lines();
    let cue = Cue { lines, dials_failed: 0 };
    match work.kind {
        Kind::Bulk => bulk::run::<D>(address, version, &work, cue).await,
        Kind::Requests => requests::run::<D>(address, version, &work, cue).await,
        Kind::Pings => requests::ping::<D>(address, version, &work, cue).await,
        Kind::Dials => hold::dials::<D>(address, version, &work, cue).await,
        Kind::Hold if work.streams > 0 => hold::streams::<D>(address, version, &work, cue).await,
        Kind::Hold => hold::connections::<D>(address, version, &work, cue).await,
    }
}

impl Work {
    /// When nothing new is begun any more.
    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs_f64(self.seconds)
    }
}

/// Where the runner gives its lines, and what went wrong before the first of them.
struct Cue {
    lines: Lines<BufReader<Stdin>>,
    dials_failed: u64,
}

impl Cue {
    /// A dial that was to prepare the work failed; too many are an error.
    fn dial_failed(&mut self, error: Failure) -> Result<(), Failure> {
        self.dials_failed += 1;
        if self.dials_failed > DIALS_FAILED_MAX { Err(error) } else { Ok(()) }
    }

    /// All is prepared; returns when the work is to begin.
    async fn begin(&mut self) -> Result<Instant, Failure> {
        report::begin();
        self.lines.next_line().await?.ok_or("standard input has ended")?;
        Ok(Instant::now())
    }

    /// The work is done; returns when the runner has looked.
    async fn end(mut self, began: Instant, mut figures: Value) -> Result<(), Failure> {
        figures["ms"] = report::milliseconds(began.elapsed()).into();
        figures["dials_failed"] = self.dials_failed.into();
        report::end(figures);
        self.lines.next_line().await?;
        Ok(())
    }
}

/// What many like pieces of work have come to.
#[derive(Debug, Default)]
struct Pieces {
    /// Each that was done.
    each_ms: Vec<f64>,
    failed: u64,
    /// Of the first that failed.
    message: String,
}

impl Pieces {
    fn add(&mut self, took: Duration, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.each_ms.push(report::milliseconds(took)),
            Err(error) => {
                self.failed += 1;
                if self.message.is_empty() {
                    self.message = chain(&*error);
                }
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.each_ms.extend(other.each_ms);
        self.failed += other.failed;
        if self.message.is_empty() {
            self.message = other.message;
        }
    }

    fn told(&self) -> Value {
        let Self { each_ms, failed, message } = self;
        json!({ "done": each_ms.len(), "each_ms": each_ms, "failed": failed, "message": message })
    }
}

/// Some implementations lose one dial in a hundred to themselves.
const DIALS_FAILED_MAX: u64 = 8;
/// What one dial, one request, one stream may take.
const PATIENCE: Duration = Duration::from_secs(10);
