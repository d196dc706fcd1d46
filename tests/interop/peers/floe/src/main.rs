//! floe as a peer for the interop runner: both roles, every story.
//!
//! It must stay an honest application of floe: what it does, users can do, and it steps around nothing.

mod identify;
mod node;
mod stream;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    contract::run::<node::Node, node::Node>().await
}
