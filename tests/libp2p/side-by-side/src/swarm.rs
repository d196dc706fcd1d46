//! The same swarm over each transport.

use std::error::Error;
use std::time::Duration;

use clap::ValueEnum;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport as _, request_response,
};

/// A transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Kind {
    /// floe-tokio.
    Floe,
    /// libp2p-webrtc.
    Webrtc,
    /// libp2p-quic, the yardstick next door: no browser can dial it without a CA's certificate.
    Quic,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Floe, Self::Webrtc, Self::Quic];

    /// The package that a user adds.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Floe => "floe-tokio",
            Self::Webrtc => "libp2p-webrtc",
            Self::Quic => "libp2p-quic",
        }
    }

    pub(crate) fn listen_address(self) -> Multiaddr {
        let address = match self {
            Self::Floe | Self::Webrtc => "/ip4/127.0.0.1/udp/0/webrtc-direct",
            Self::Quic => "/ip4/127.0.0.1/udp/0/quic-v1",
        };
        address.parse().expect("a multiaddr")
    }

    fn transport(self, key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure> {
        fn boxed<M>((peer, muxer): (PeerId, M)) -> (PeerId, StreamMuxerBox)
        where
            M: libp2p::core::StreamMuxer + Send + 'static,
            M::Substream: Send + 'static,
            M::Error: Send + Sync + 'static,
        {
            (peer, StreamMuxerBox::new(muxer))
        }
        Ok(match self {
            Self::Floe => {
                let transport = floe_tokio::libp2p::Transport::new(key, Default::default())?;
                transport.map(|output, _| boxed(output)).boxed()
            }
            Self::Webrtc => {
                let certificate = libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng())?;
                let transport = libp2p_webrtc::tokio::Transport::new(key.clone(), certificate);
                transport.map(|output, _| boxed(output)).boxed()
            }
            Self::Quic => {
                let transport = libp2p_quic::tokio::Transport::new(libp2p_quic::Config::new(key));
                transport.map(|output, _| boxed(output)).boxed()
            }
        })
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// What both sides do.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) requests: request_response::cbor::Behaviour<String, String>,
    pub(crate) streams: libp2p_stream::Behaviour,
}

/// A swarm of its own identity.
pub(crate) fn swarm(kind: Kind) -> Result<Swarm<Behaviour>, Box<dyn Error>> {
    let protocols = [(REQUESTS, request_response::ProtocolSupport::Full)];
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| kind.transport(key))?
        .with_behaviour(|_| Behaviour {
            requests: request_response::cbor::Behaviour::new(protocols, Default::default()),
            streams: libp2p_stream::Behaviour::new(),
        })?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build();
    Ok(swarm)
}

const REQUESTS: StreamProtocol = StreamProtocol::new("/side-by-side/requests/1");
/// Bytes there and back: see [`bulk`](crate::bulk).
pub(crate) const BULK: StreamProtocol = StreamProtocol::new("/side-by-side/bulk/1");
