//! The command line that the runner expects of a peer.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    Purpose,
    bench::{self, Work},
    chain,
    dial::{self, Dialer},
    report,
    serve::{self, Listener},
    story::Story,
};

#[derive(Parser)]
#[command(version, about = "A peer for the interop runner")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM.
    Listen {
        /// Address to listen on.
        #[arg(long, default_value = "/ip4/127.0.0.1/udp/0/webrtc-direct")]
        listen: String,
        /// To be measured: nothing happens that no dialer asked for, and any number may come.
        #[arg(long)]
        bench: bool,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial an address and play a story on the connection.
    Dial {
        /// Where to: `/ip4/…/udp/…/webrtc-direct/certhash/…/p2p/…`.
        address: String,
        /// The story and its number, as `tests/interop/README.md` has them.
        #[arg(required = true)]
        story: Vec<String>,
        /// Version of webrtc-direct.
        #[arg(long, default_value = "v1")]
        version: String,
        /// Seconds that connecting, and the story, may take.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial an address and work, to be measured: `tests/interop/README.md` says what each work is.
    Bench {
        /// Where to, as above.
        address: String,
        #[command(flatten)]
        work: Work,
        /// Version of webrtc-direct; of no meaning to other transports.
        #[arg(long, default_value = "v1")]
        version: String,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a peer.
pub async fn run<L: Listener, D: Dialer>() -> ExitCode {
    match Arguments::parse().command {
        Command::Listen { listen, bench, .. } => listen_on::<L>(&listen, bench).await,
        Command::Dial { address, story, version, timeout, .. } => {
            let story = match Story::parse(&story) {
                Ok(story) => story,
                Err(message) => {
                    eprintln!("error: {message}");
                    return ExitCode::from(USAGE);
                }
            };
            let limit = Duration::from_secs(timeout);
            match dial::run::<D>(&address, &version, story, limit).await {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => failed("dial", &chain(&*error)),
            }
        }
        Command::Bench { address, work, version, .. } => {
            match bench::run::<D>(&address, &version, work).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed("bench", &chain(&*error)),
            }
        }
    }
}

/// Runs a peer whose implementation has no dialer.
pub async fn run_listener<L: Listener>() -> ExitCode {
    match Arguments::parse().command {
        Command::Listen { listen, bench, .. } => listen_on::<L>(&listen, bench).await,
        Command::Dial { .. } | Command::Bench { .. } => {
            failed("dial", "this implementation only listens")
        }
    }
}

async fn listen_on<L: Listener>(address: &str, bench: bool) -> ExitCode {
    let purpose = if bench { Purpose::Bench } else { Purpose::Stories };
    match serve::run::<L>(address, purpose).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed("listen", &chain(&*error)),
    }
}

fn failed(step: &str, message: &str) -> ExitCode {
    report::error(step, message);
    ExitCode::FAILURE
}

/// What clap exits with as well.
const USAGE: u8 = 2;
