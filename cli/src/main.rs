//! The program `floe`: listen, dial, probe and demonstrate libp2p over WebRTC.
//!
//! ```text
//! main → args → one file per command → session, serve → protocols
//!                    └→ report (stdout), key, dialer, capture, runtime, web (the page of listen)
//! ```
//!
//! The commands speak `futures` and floe's handles only; [`runtime`] is the one file that names a
//! runtime. What a command has to say goes through [`report`], logs through `tracing` to stderr.

mod address;
mod args;
mod capture;
mod demo;
mod dial;
mod dialer;
mod failure;
mod key;
mod listen;
mod probe;
mod progress;
mod protocols;
mod quantity;
mod report;
mod runtime;
mod secrecy;
mod serve;
mod session;
mod signals;
mod web;

use std::env;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command};
use failure::Failure;
use report::Report;

/// Exit codes: 0 success, 1 failure, 2 wrong usage (clap's own).
fn main() -> ExitCode {
    let command = Cli::parse().command;
    log_to_stderr();
    let common = command.common();
    let report = Report::new(common.json);
    let outcome = common.runtime.block_on(run(command, report)).unwrap_or_else(|error| {
        Err(Failure::new("runtime", format!("cannot start the runtime: {error}")))
    });
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            report.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, report: Report) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(demo) => demo::run(demo, report).await?,
        Command::Listen(listen) => listen::run(listen, report).await?,
        Command::Dial(dial) => dial::run(dial, report).await?,
        Command::Probe(probe) => {
            if !probe::run(probe, report).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn log_to_stderr() {
    let wished = env::var(EnvFilter::DEFAULT_ENV).ok().filter(|wished| !wished.is_empty());
    let filter = EnvFilter::try_new(wished.as_deref().unwrap_or(DEFAULT_LOGS));
    let filter = filter.unwrap_or_else(|error| {
        eprintln!("floe: RUST_LOG is ignored: {error}");
        EnvFilter::new(DEFAULT_LOGS)
    });
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// What is logged unless RUST_LOG says otherwise: who comes and goes, and what went wrong. The SCTP library warns
/// of what is meant to be so: that nobody offers partial reliability.
const DEFAULT_LOGS: &str = "warn,floe=info,sctp_proto=error";
