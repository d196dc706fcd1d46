//! Private connections, over rust-libp2p's own relay and its client.
//!
//! The legs to the relay are in memory, so whatever goes over a socket is private.

mod addresses;
mod failures;
mod meetings;

pub(crate) use addresses::{
    a_listener_is_removed, a_reservation_ends, a_reservation_that_is_there, the_wrong_order,
};
pub(crate) use failures::{a_flood, no_answer, no_listener, no_protocol, no_relay};
use std::time::Duration;

use floe_libp2p::{Boxes, PATIENCE, Stage, boxed, until};
use floe_tokio::libp2p::private;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, Swarm, Transport, identify, noise, ping, relay, yamux};
pub(crate) use meetings::{
    a_direct_connection, an_idle_circuit, both_at_once, two_dials_at_once, what_is_sent_over_it,
    without_its_relay,
};

use crate::transfer::{Requests, requests};

#[derive(NetworkBehaviour)]
struct Node {
    relay: Toggle<relay::Behaviour>,
    client: Toggle<relay::client::Behaviour>,
    private: Toggle<private::Behaviour>,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    requests: Requests,
    /// Of a peer that does not keep to the rules.
    signaling: Toggle<failures::Silent>,
}

type Event = SwarmEvent<NodeEvent>;

impl Node {
    fn new(key: &Keypair) -> Self {
        let identify = identify::Config::new(String::from("/floe/1"), key.public());
        Self {
            relay: None.into(),
            client: None.into(),
            private: None.into(),
            ping: Default::default(),
            identify: identify::Behaviour::new(identify),
            requests: requests(),
            signaling: None.into(),
        }
    }
}

/// A relay, which is not on floe.
fn server<S: Stage>() -> Swarm<Node> {
    let key = Keypair::generate_ed25519();
    let peer = key.public().to_peer_id();
    let relay = relay::Behaviour::new(peer, relay::Config::default());
    let behaviour = Node { relay: Some(relay).into(), ..Node::new(&key) };
    swarm::<S>(memory(&key), behaviour, &key)
}

/// A node that can be reached privately.
fn node<S: Stage>(config: private::Config) -> Swarm<Node> {
    patient::<S>(config, PATIENCE)
}

/// One that closes what it has no use for.
fn hasty<S: Stage>() -> Swarm<Node> {
    patient::<S>(private::Config::default(), Duration::ZERO)
}

fn patient<S: Stage>(config: private::Config, idle: Duration) -> Swarm<Node> {
    let key = Keypair::generate_ed25519();
    let (private, behaviour) = S::private(&key, config);
    let (relayed, client) = client(&key);
    // The order that the documentation asks for.
    let transport = private.or_transport(relayed).map(|either, _| either.into_inner()).boxed();
    let transport = transport.or_transport(memory(&key)).map(|either, _| either.into_inner());
    let behaviour =
        Node { client: Some(client).into(), private: Some(behaviour).into(), ..Node::new(&key) };
    let config = S::config().with_idle_connection_timeout(idle);
    Swarm::new(transport.boxed(), behaviour, key.public().to_peer_id(), config)
}

/// One that knows nothing of that.
fn ordinary<S: Stage>() -> Swarm<Node> {
    let key = Keypair::generate_ed25519();
    let (relayed, client) = client(&key);
    let transport = relayed.or_transport(memory(&key)).map(|either, _| either.into_inner());
    let behaviour = Node { client: Some(client).into(), ..Node::new(&key) };
    swarm::<S>(transport.boxed(), behaviour, &key)
}

fn swarm<S: Stage>(transport: Boxes, behaviour: Node, key: &Keypair) -> Swarm<Node> {
    let config = S::config().with_idle_connection_timeout(PATIENCE);
    Swarm::new(transport, behaviour, key.public().to_peer_id(), config)
}

fn memory(key: &Keypair) -> Boxes {
    let upgrade = MemoryTransport::default().upgrade(Version::V1);
    let noise = noise::Config::new(key).expect("the key can sign");
    boxed(upgrade.authenticate(noise).multiplex(yamux::Config::default()))
}

fn client(key: &Keypair) -> (Boxes, relay::client::Behaviour) {
    let (relayed, client) = relay::client::new(key.public().to_peer_id());
    let noise = noise::Config::new(key).expect("the key can sign");
    let upgraded =
        relayed.upgrade(Version::V1).authenticate(noise).multiplex(yamux::Config::default());
    (boxed(upgraded), client)
}

/// Lets the relay listen; says where circuits are to be had.
async fn open(relay: &mut Swarm<Node>) -> Multiaddr {
    relay.listen_on(Protocol::Memory(0).into()).expect("there is memory");
    let address = until(std::slice::from_mut(relay), |_, _, event| match event {
        SwarmEvent::NewListenAddr { address, .. } => Some(address),
        _ => None,
    });
    let address = address.await.with(Protocol::P2p(*relay.local_peer_id()));
    // Else it makes no reservations.
    relay.add_external_address(address.clone());
    address.with(Protocol::P2pCircuit)
}

/// Lets a node listen privately by way of these circuits; says at which address.
async fn listen(nodes: &mut [Swarm<Node>], who: usize, circuits: &Multiaddr) -> Multiaddr {
    let private = circuits.clone().with(Protocol::WebRTC);
    let id = nodes[who].listen_on(private.clone()).expect("it is an address of ours");
    let told = until(nodes, |index, _, event| match event {
        SwarmEvent::NewListenAddr { listener_id, address } if listener_id == id => {
            assert_eq!(index, who);
            Some(address)
        }
        SwarmEvent::ListenerClosed { reason, .. } => panic!("{reason:?}"),
        _ => None,
    })
    .await;
    assert_eq!(told, private.with(Protocol::P2p(*nodes[who].local_peer_id())));
    told
}

/// A relay, a node that listens at the address, and one that may dial it.
async fn three<S: Stage>() -> ([Swarm<Node>; 3], Multiaddr) {
    let config = private::Config::default;
    let mut nodes = [server::<S>(), node::<S>(config()), node::<S>(config())];
    let circuits = open(&mut nodes[0]).await;
    let address = listen(&mut nodes, 1, &circuits).await;
    (nodes, address)
}

fn is_private(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::WebRTC)
}

fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit) && !is_private(address)
}
