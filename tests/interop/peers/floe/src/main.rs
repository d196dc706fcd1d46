//! floe as a peer for the interop runner: both roles, every story.
//!
//! It must stay an honest application of floe: what it does, users can do, and it steps around nothing.

mod identify;
mod node;
mod stream;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // What the runner shows of a case that failed: why a connection ended, unless more is wished.
    let connections = "floe::connection=debug".parse().expect("it is a directive");
    let filter = EnvFilter::builder().with_default_directive(connections).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    contract::run::<node::Node, node::Node>().await
}
