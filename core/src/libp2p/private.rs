//! Private connections.

mod address;
mod behaviour;
mod config;
mod handler;
mod letters;
mod reservations;
mod seats;
mod transport;
mod wishes;

use futures::channel::mpsc;
use libp2p_identity::Keypair;
use libp2p_swarm::StreamProtocol;

pub use behaviour::Behaviour;
pub use config::Config;
pub use transport::{Meeting, Transport};

use super::{Bind, SetupError};

/// A transport and the behaviour that belongs to it, for the swarm with this key: both are needed, in the same
/// swarm. Nothing is bound until it listens or dials.
///
/// # Errors
///
/// [`SetupError`].
pub fn new<B: Bind>(
    bind: B,
    key: &Keypair,
    config: Config,
) -> Result<(Transport<B>, Behaviour), SetupError> {
    let config = config.complete(key)?;
    let (asks, asked) = mpsc::unbounded();
    let (news, told) = mpsc::unbounded();
    let behaviour = Behaviour::new(key.public().to_peer_id(), asked, news);
    Ok((Transport::new(bind, config, asks, told), behaviour))
}

/// The protocol of the streams that are signaled on.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/webrtc-signaling/0.0.1");
