//! litep2p as a peer for the interop runner: a listener, for its WebRTC transport has no dialer.
//!
//! It must stay an honest application of litep2p: no patched crate, no knowledge of floe, and it steps
//! around nothing. What fails because of litep2p is listed in `tests/interop/README.md`.

mod host;
mod stream;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    contract::run_listener::<host::Host>().await
}
