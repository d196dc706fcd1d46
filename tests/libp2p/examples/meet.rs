//! Two nodes that nobody can dial, and a relay: they meet through it, and go on without it.
//!
//! ```sh
//! cargo run --example meet
//! ```
//!
//! Each has its own swarm, and here they share a process. The connections of all three are shown as they come and
//! go; the two are pinged over their private one, before the relay is stopped and after.

use std::error::Error;
use std::time::Duration;

use floe_tokio::libp2p::private;
use futures::StreamExt;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, Swarm, SwarmBuilder, Transport, noise, ping, relay, tcp, yamux};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    meet().await
}

/// The story, from the relay's first address to the last ping.
pub(crate) async fn meet() -> Result<()> {
    tokio::time::timeout(Duration::from_secs(60), async {
        let mut relay = relay()?;
        relay.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
        let circuits = listening("relay", &mut relay).await?;
        // A relay tells those that it makes reservations for where it can be dialed.
        relay.add_external_address(circuits.clone());
        let circuits = circuits.with(Protocol::P2pCircuit);
        let relay = tokio::spawn(run("relay", relay));

        let mut listener = node(Keypair::generate_ed25519())?;
        listener.listen_on(circuits.with(Protocol::WebRTC))?;
        let address = loop {
            let address = listening("listener", &mut listener).await?;
            if is_private(&address) {
                break address;
            }
        };
        let listener = tokio::spawn(run("listener", listener));

        let mut dialer = node(Keypair::generate_ed25519())?;
        println!("dialer: dials {address}");
        dialer.dial(address)?;
        let private = established(&mut dialer).await?;
        pinged(&mut dialer, private).await?;
        println!("the relay is stopped");
        relay.abort();
        while dialer.network_info().num_peers() > 1 {
            show("dialer", &dialer.select_next_some().await);
        }
        for _ in 0..3 {
            pinged(&mut dialer, private).await?;
        }
        listener.abort();
        Ok(())
    })
    .await?
}

#[derive(NetworkBehaviour)]
struct Node {
    private: private::Behaviour,
    relayed: relay::client::Behaviour,
    ping: ping::Behaviour,
}

fn node(key: Keypair) -> Result<Swarm<Node>> {
    let (webrtc, private) = private::new(&key, private::Config::default())?;
    let (circuits, relayed) = relay::client::new(key.public().to_peer_id());
    let circuits = circuits
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(&key)?)
        .multiplex(yamux::Config::default());
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
        .with_other_transport(|_| webrtc)?
        .with_other_transport(|_| circuits)? // behind it, as it would take its addresses
        .with_behaviour(|_| Node { private, relayed, ping: every_second() })?
        .build();
    Ok(swarm)
}

#[derive(NetworkBehaviour)]
struct Relay {
    relay: relay::Behaviour,
    ping: ping::Behaviour,
}

fn relay() -> Result<Swarm<Relay>> {
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| Relay {
            relay: relay::Behaviour::new(key.public().to_peer_id(), relay::Config::default()),
            ping: every_second(),
        })?
        .build();
    Ok(swarm)
}

fn every_second() -> ping::Behaviour {
    ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(1)))
}

/// Shows what happens, for as long as it is let.
async fn run<B: NetworkBehaviour>(name: &'static str, mut swarm: Swarm<B>) {
    loop {
        show(name, &swarm.select_next_some().await);
    }
}

/// Waits for an address to listen on; as others dial it, with the peer id.
async fn listening<B: NetworkBehaviour>(name: &str, swarm: &mut Swarm<B>) -> Result<Multiaddr> {
    loop {
        let event = swarm.select_next_some().await;
        show(name, &event);
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                let peer = *swarm.local_peer_id();
                return address.with_p2p(peer).map_err(|address| format!("{address}?").into());
            }
            SwarmEvent::ListenerClosed { reason, .. } => reason?,
            _ => {}
        }
    }
}

/// Waits for the private connection.
async fn established(dialer: &mut Swarm<Node>) -> Result<ConnectionId> {
    loop {
        let event = dialer.select_next_some().await;
        show("dialer", &event);
        match event {
            SwarmEvent::ConnectionEstablished { connection_id, endpoint, .. }
                if is_private(endpoint.get_remote_address()) =>
            {
                return Ok(connection_id);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
}

/// Waits for a pong over one connection.
async fn pinged(dialer: &mut Swarm<Node>, over: ConnectionId) -> Result<()> {
    loop {
        let event = dialer.select_next_some().await;
        show("dialer", &event);
        match event {
            SwarmEvent::Behaviour(NodeEvent::Ping(ping::Event { connection, result, .. }))
                if connection == over =>
            {
                println!("dialer: pinged over the private connection in {:?}", result?);
                return Ok(());
            }
            SwarmEvent::ConnectionClosed { connection_id, cause, .. } if connection_id == over => {
                return Err(format!("the private connection is over: {cause:?}").into());
            }
            _ => {}
        }
    }
}

fn show<E>(name: &str, event: &SwarmEvent<E>) {
    match event {
        SwarmEvent::NewListenAddr { address, .. } => println!("{name}: listens on {address}"),
        SwarmEvent::ConnectionEstablished { endpoint, .. } => {
            println!("{name}: connected, {}", ends(endpoint));
        }
        SwarmEvent::ConnectionClosed { endpoint, .. } => {
            println!("{name}: closed, {}", ends(endpoint));
        }
        _ => {}
    }
}

fn ends(endpoint: &libp2p::core::ConnectedPoint) -> String {
    use libp2p::core::ConnectedPoint::{Dialer, Listener};
    match endpoint {
        Dialer { address, .. } => format!("to {address}"),
        Listener { local_addr, send_back_addr } => format!("from {send_back_addr} at {local_addr}"),
    }
}

fn is_private(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::WebRTC)
}
