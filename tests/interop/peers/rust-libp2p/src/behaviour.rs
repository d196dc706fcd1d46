//! The swarm: rust-libp2p's WebRTC or QUIC transport with ping, identify and raw streams on top.

use std::{io, time::Duration};

use contract::{Failure, Purpose};
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, Transport as _,
    core::{StreamMuxer, muxing::StreamMuxerBox, transport::Boxed},
    identify,
    identity::Keypair,
    multiaddr::Protocol,
    ping, quic,
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
};
use libp2p_webrtc::tokio as webrtc;

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) ping: Toggle<ping::Behaviour>,
    pub(crate) identify: Toggle<identify::Behaviour>,
    pub(crate) stream: libp2p_stream::Behaviour,
}

/// What carries connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Webrtc,
    Quic,
}

impl Carrier {
    /// The one that an address asks for.
    pub(crate) fn of(address: &Multiaddr) -> Self {
        match address.iter().any(|part| part == Protocol::QuicV1) {
            true => Self::Quic,
            false => Self::Webrtc,
        }
    }

    fn transport(self, key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure> {
        Ok(match self {
            Self::Webrtc => {
                let certificate = webrtc::Certificate::generate(&mut rand::rng())?;
                let transport = webrtc::Transport::new(key.clone(), certificate);
                transport.map(|output, _| boxed(output)).boxed()
            }
            Self::Quic => {
                let transport = quic::tokio::Transport::new(quic::Config::new(key));
                transport.map(|output, _| boxed(output)).boxed()
            }
        })
    }
}

fn boxed<M>((peer, muxer): (PeerId, M)) -> (PeerId, StreamMuxerBox)
where
    M: StreamMuxer + Send + 'static,
    M::Substream: Send + 'static,
    M::Error: Send + Sync + 'static,
{
    (peer, StreamMuxerBox::new(muxer))
}

/// A swarm with a fresh identity and certificate. Stories have their peers pinged every `ping_interval`.
pub(crate) fn new(
    carrier: Carrier,
    purpose: Purpose,
    ping_interval: Duration,
) -> Result<Swarm<Behaviour>, Failure> {
    let stories = purpose == Purpose::Stories;
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| carrier.transport(key))?
        .with_behaviour(|key| Behaviour {
            ping: stories
                .then(|| ping::Behaviour::new(ping::Config::new().with_interval(ping_interval)))
                .into(),
            identify: stories
                .then(|| identify::Config::new("/ipfs/0.1.0".into(), key.public()))
                .map(identify::Behaviour::new)
                .into(),
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
