//! What carries connections: rust-libp2p's WebRTC or QUIC transport.

use std::time::Duration;

use contract::{Failure, Manner, Purpose};
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, Transport as _,
    core::{StreamMuxer, muxing::StreamMuxerBox, transport::Boxed},
    identity::Keypair,
    multiaddr::Protocol,
    quic,
    swarm::dummy,
};
use libp2p_webrtc::tokio as webrtc;
use swarm::Behaviour;

use crate::stream::Stream;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Webrtc,
    Quic,
}

impl swarm::Carrier for Carrier {
    type Own = dummy::Behaviour;
    type Stream = Stream;

    fn of(address: &Multiaddr) -> Self {
        match address.iter().any(|part| part == Protocol::QuicV1) {
            true => Self::Quic,
            false => Self::Webrtc,
        }
    }

    fn version(self) -> &'static str {
        "v1"
    }

    async fn swarm(self, purpose: Purpose) -> Result<Swarm<Behaviour<Self::Own>>, Failure> {
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_other_transport(|key| self.transport(key))?
            .with_behaviour(|key| Behaviour::new(key, purpose, dummy::Behaviour))?
            // The runner ends connections; a connection that has just no stream open is not idle.
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .build();
        Ok(swarm)
    }

    /// The first address carries the port and the certhash.
    async fn listen(
        self,
        swarm: &mut Swarm<Behaviour<Self::Own>>,
        address: Multiaddr,
    ) -> Result<Multiaddr, Failure> {
        let listener = swarm.listen_on(address)?;
        swarm::listening::<Self>(swarm, listener, |_| true).await
    }

    /// libp2p-webrtc dials from the socket of a listener and has none of its own (`Error::NoListeners`,
    /// src/tokio/transport.rs).
    async fn prepare(
        self,
        swarm: &mut Swarm<Behaviour<Self::Own>>,
        address: &Multiaddr,
    ) -> Result<(), Failure> {
        if self == Self::Webrtc {
            self.listen(swarm, beside(address)?).await?;
        }
        Ok(())
    }

    fn stream(self, stream: libp2p::Stream, manner: Manner) -> Stream {
        Stream::new(stream, self, manner)
    }
}

impl Carrier {
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

/// Where to listen in order to dial `target`: loopback reaches nothing but loopback.
fn beside(target: &Multiaddr) -> Result<Multiaddr, Failure> {
    let address = match target.iter().next() {
        Some(Protocol::Ip4(ip)) if ip.is_loopback() => "/ip4/127.0.0.1/udp/0/webrtc-direct",
        Some(Protocol::Ip4(_)) => "/ip4/0.0.0.0/udp/0/webrtc-direct",
        Some(Protocol::Ip6(ip)) if ip.is_loopback() => "/ip6/::1/udp/0/webrtc-direct",
        Some(Protocol::Ip6(_)) => "/ip6/::/udp/0/webrtc-direct",
        _ => return Err(format!("{target} does not begin with an IP address").into()),
    };
    Ok(address.parse()?)
}

const IDLE: Duration = Duration::from_secs(3600);
