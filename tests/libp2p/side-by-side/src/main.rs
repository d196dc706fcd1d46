//! floe, libp2p-webrtc and libp2p-quic under the same swarm, side by side in one run.
//!
//! Each measurement is of two processes, a listener and a dialer, so that what each side spends can be told
//! apart. The transports take turns within each round, so that what else the machine does falls on all alike.

mod bulk;
mod client;
mod contract;
mod listener;
mod round;
mod swarm;
mod table;
mod tree;
mod usage;

use std::error::Error;

use clap::{Parser, Subcommand};

use self::contract::Work;
use self::round::Plan;
use self::swarm::Kind;

/// floe, libp2p-webrtc and libp2p-quic under the same swarm
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    plan: Plan,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The processes that are measured; the program starts them itself.
#[derive(Subcommand)]
enum Part {
    /// Listens until its standard input ends
    #[command(hide = true)]
    Listen { transport: Kind },
    /// Dials and does a piece of work
    #[command(hide = true)]
    Work { transport: Kind, address: libp2p::Multiaddr, work: Work, amount: u64 },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // libp2p-webrtc's DTLS and libp2p-quic want to be told which cryptography is meant.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let Args { plan, part } = Args::parse();
    match part {
        Some(Part::Listen { transport }) => listener::run(transport).await,
        Some(Part::Work { transport, address, work, amount }) => {
            client::run(transport, address, work, amount).await
        }
        None => round::run(&plan).await,
    }
}
