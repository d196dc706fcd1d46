//! floe's private `/webrtc` as a peer for the interop runner: a swarm of rust-libp2p behind a relay, in both roles.
//!
//! It must stay an honest application of floe and rust-libp2p: what it does, users can do, and it steps around
//! nothing.

mod carrier;
mod stream;

use std::process::ExitCode;

use carrier::Carrier;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // What the runner shows of a case that failed: why a connection ended, unless more is wished.
    let connections = "floe::connection=debug".parse().expect("it is a directive");
    let filter = EnvFilter::builder().with_default_directive(connections).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    contract::run_private::<swarm::Host<Carrier>, swarm::Dialing<Carrier>>().await
}
