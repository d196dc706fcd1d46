//! Circuits through a relay that is reached by webrtc-direct.

use floe_libp2p::{Stage, boxed, listen, node_on, until};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, Transport, noise, ping, relay, yamux};

#[derive(NetworkBehaviour)]
struct Relayed {
    relay: Toggle<relay::Behaviour>,
    client: Toggle<relay::client::Behaviour>,
    ping: ping::Behaviour,
}

fn server<S: Stage>() -> Swarm<Relayed> {
    node_on(S::transport, S::config(), |key| {
        let relay = relay::Behaviour::new(key.public().to_peer_id(), relay::Config::default());
        Relayed { relay: Some(relay).into(), client: None.into(), ping: Default::default() }
    })
}

/// floe comes first: it leaves the addresses of circuits to the other.
fn client<S: Stage>() -> Swarm<Relayed> {
    let key = Keypair::generate_ed25519();
    let (relayed, client) = relay::client::new(key.public().to_peer_id());
    let relayed = relayed
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(&key).expect("the key can sign"))
        .multiplex(yamux::Config::default());
    let transport = S::transport(&key)
        .or_transport(boxed(relayed))
        .map(|either, _| either.into_inner())
        .boxed();
    let behaviour =
        Relayed { relay: None.into(), client: Some(client).into(), ping: Default::default() };
    let config = S::config().with_idle_connection_timeout(floe_libp2p::PATIENCE);
    Swarm::new(transport, behaviour, key.public().to_peer_id(), config)
}

/// One reserves, the other dials it through the relay, and each hears the other's pong.
pub(crate) async fn a_circuit<S: Stage>() {
    let mut nodes = [server::<S>(), client::<S>(), client::<S>()];
    let address = listen(&mut nodes[..1]).await.remove(0);
    nodes[0].add_external_address(address.clone());
    let circuit = address.with(Protocol::P2pCircuit);
    nodes[1].listen_on(circuit.clone()).unwrap();
    until(&mut nodes, |index, _, event| {
        let is_reserved = matches!(
            event,
            SwarmEvent::Behaviour(RelayedEvent::Client(
                relay::client::Event::ReservationReqAccepted { .. }
            ))
        );
        (index == 1 && is_reserved).then_some(())
    })
    .await;
    let ends = [*nodes[1].local_peer_id(), *nodes[2].local_peer_id()];
    nodes[2].dial(circuit.with(Protocol::P2p(ends[0]))).unwrap();
    let mut heard = [false; 2];
    until(&mut nodes, |index, _, event| {
        match event {
            SwarmEvent::Behaviour(RelayedEvent::Ping(ping::Event { peer, result, .. }))
                if index > 0 && peer == ends[2 - index] =>
            {
                result.expect("the peer answers");
                heard[index - 1] = true;
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
        (heard == [true; 2]).then_some(())
    })
    .await;
}
