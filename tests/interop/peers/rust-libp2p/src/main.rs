//! rust-libp2p as a peer for the interop runner: a listener that serves ping, identify, perf and
//! echo, and a dialer that plays one story after the other.
//!
//! It must stay an honest application of rust-libp2p: no patched crate, no knowledge of floe. Where
//! it steps around a defect of rust-libp2p, so that the bytes behind the defect can still be
//! compared, the place says so and `tests/interop/README.md` lists it.

mod bytes;
mod dial;
mod listen;
mod node;
mod report;
mod story;
mod transfer;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use libp2p::Multiaddr;

use crate::story::Story;

#[derive(Parser)]
#[command(version, about = "rust-libp2p as a peer for the interop runner")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM.
    Listen {
        /// Address to listen on; may be given more than once.
        #[arg(long, default_value = "/ip4/127.0.0.1/udp/0/webrtc-direct")]
        listen: Vec<Multiaddr>,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial an address and play stories on the connection, one after the other.
    Dial {
        /// Where to: `/ip4/…/udp/…/webrtc-direct/certhash/…/p2p/…`.
        address: Multiaddr,
        /// Stories: dial | ping [COUNT] | identify | echo BYTES | bigframes | up BYTES |
        /// down BYTES | halfclose | streams COUNT | parallel COUNT.
        #[arg(required = true)]
        stories: Vec<String>,
        /// Seconds that connecting, and each story, may take.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    // Both ring and aws-lc-rs can be compiled in, and then rustls wants to be told which to take.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing has installed a provider before main");

    match Arguments::parse().command {
        Command::Listen { listen, .. } => match listen::run(listen).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed("listen", &error.to_string()),
        },
        Command::Dial { address, stories, timeout, .. } => {
            let stories = match Story::parse_all(&stories) {
                Ok(stories) => stories,
                Err(message) => {
                    eprintln!("error: {message}");
                    return ExitCode::from(USAGE);
                }
            };
            match dial::run(address, &stories, Duration::from_secs(timeout)).await {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => failed("dial", &error.to_string()),
            }
        }
    }
}

fn failed(step: &str, message: &str) -> ExitCode {
    report::error(step, message);
    ExitCode::FAILURE
}

/// What clap exits with as well.
const USAGE: u8 = 2;
