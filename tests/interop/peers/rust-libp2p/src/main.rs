//! rust-libp2p as a peer for the interop runner: both roles, and every story that `libp2p::Stream` has a
//! call for.
//!
//! It must stay an honest application of rust-libp2p: no patched crate, no knowledge of floe. Where
//! it steps around a defect of rust-libp2p, so that the bytes behind the defect can still be
//! compared, the place says so and `tests/interop/README.md` lists it.

mod carrier;
mod stream;

use std::process::ExitCode;

use carrier::Carrier;

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
    contract::run::<swarm::Host<Carrier>, swarm::Dialing<Carrier>>().await
}
