//! How a relay is reached: over TCP and WebSockets, with Noise and yamux.

use contract::Failure;
use libp2p::{
    PeerId, Transport as _,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    identity::Keypair,
    noise, tcp, yamux,
};
use libp2p_websocket as websocket;

/// Both in one. No names are resolved: a relay's address has an IP address.
///
/// # Errors
///
/// Noise's, for a key that cannot sign.
pub fn transport(key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default());
    Ok(websocket::Config::new(tcp())
        .or_transport(tcp())
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key)?)
        .multiplex(yamux::Config::default())
        .boxed())
}
