//! The swarm: rust-libp2p's WebRTC transport with ping, identify and raw streams on top.

use std::{io, time::Duration};

use contract::Failure;
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, Transport as _,
    core::muxing::StreamMuxerBox,
    identify, ping,
    swarm::{NetworkBehaviour, SwarmEvent},
};
use libp2p_webrtc::tokio::{Certificate, Transport};

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) ping: ping::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) stream: libp2p_stream::Behaviour,
}

/// A swarm with a fresh identity and certificate that pings its peers every `ping_interval`.
pub(crate) fn new(ping_interval: Duration) -> Result<Swarm<Behaviour>, Failure> {
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| {
            let certificate = Certificate::generate(&mut rand::rng())?;
            let transport = Transport::new(key.clone(), certificate);
            Ok(transport.map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection))))
        })?
        .with_behaviour(|key| Behaviour {
            ping: ping::Behaviour::new(ping::Config::new().with_interval(ping_interval)),
            identify: identify::Behaviour::new(identify::Config::new(
                "/ipfs/0.1.0".into(),
                key.public(),
            )),
            stream: libp2p_stream::Behaviour::new(),
        })?
        // The runner ends connections; a connection that has just no stream open is not idle.
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .build();
    Ok(swarm)
}

/// Listens and waits for the first address, which carries the port and the certhash.
pub(crate) async fn listen(
    swarm: &mut Swarm<Behaviour>,
    address: Multiaddr,
) -> Result<Multiaddr, Failure> {
    let listener = swarm.listen_on(address)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                return Ok(address.with_p2p(*swarm.local_peer_id()).unwrap_or_else(|whole| whole));
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                return Err(reason
                    .err()
                    .unwrap_or_else(|| io::ErrorKind::NotConnected.into())
                    .into());
            }
            SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => {
                return Err(error.into());
            }
            _ => {}
        }
    }
}

const IDLE: Duration = Duration::from_secs(3600);
