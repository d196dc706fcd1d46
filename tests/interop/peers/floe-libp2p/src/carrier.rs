//! What carries connections: floe's private transport, and beside it what leads to a relay and over it.

use std::time::Duration;

use contract::{Failure, Manner, PRIVATE, Purpose};
use floe_tokio::libp2p::private;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, Transport as _,
    core::{muxing::StreamMuxerBox, upgrade::Version},
    identity::Keypair,
    multiaddr::Protocol,
    noise, relay,
    swarm::NetworkBehaviour,
    yamux,
};
use swarm::Behaviour;

use crate::stream::Stream;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrier;

/// What the transports need beside them.
#[derive(NetworkBehaviour)]
pub(crate) struct Own {
    relay: relay::client::Behaviour,
    private: private::Behaviour,
}

impl swarm::Carrier for Carrier {
    type Own = Own;
    type Stream = Stream;

    fn of(_: &Multiaddr) -> Self {
        Self
    }

    fn version(self) -> &'static str {
        PRIVATE
    }

    async fn swarm(self, purpose: Purpose) -> Result<Swarm<Behaviour<Own>>, Failure> {
        let key = Keypair::generate_ed25519();
        let (relayed, relay) = relay::client::new(key.public().to_peer_id());
        let relayed = relayed
            .upgrade(Version::V1Lazy)
            .authenticate(noise::Config::new(&key)?)
            .multiplex(yamux::Config::default());
        let (direct, private) = private::new(&key, private::Config::default())?;
        let transport = direct
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .or_transport(relayed.boxed())
            .map(|output, _| output.into_inner())
            .or_transport(swarm::relayed::transport(&key)?)
            .map(|output, _| output.into_inner());
        let swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_other_transport(|_| transport)?
            .with_behaviour(|key| Behaviour::new(key, purpose, Own { relay, private }))?
            // The runner ends connections; a connection that has just no stream open is not idle.
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .build();
        Ok(swarm)
    }

    /// Behind the relay with this address, at which floe has a reservation made.
    async fn listen(
        self,
        swarm: &mut Swarm<Behaviour<Own>>,
        relay: Multiaddr,
    ) -> Result<Multiaddr, Failure> {
        let private = relay.with(Protocol::P2pCircuit).with(Protocol::WebRTC);
        let listener = swarm.listen_on(private.clone())?;
        // A relay tells of all its addresses, and the dialer may reach the one that we were given only.
        let wanted = |address: &Multiaddr| address.starts_with(&private);
        swarm::listening::<Self>(swarm, listener, wanted).await
    }

    async fn prepare(self, _: &mut Swarm<Behaviour<Own>>, _: &Multiaddr) -> Result<(), Failure> {
        Ok(())
    }

    fn stream(self, stream: libp2p::Stream, _: Manner) -> Stream {
        Stream(stream)
    }
}

const IDLE: Duration = Duration::from_secs(3600);
