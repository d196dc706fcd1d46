//! A node that nobody can dial, as the README shows it: with a relay's address it listens there, with an address of
//! such a node it dials it.

use std::error::Error;

use floe_tokio::libp2p::private;
use futures::StreamExt;
use libp2p::core::{Transport, upgrade::Version};
use libp2p::multiaddr::{Multiaddr, Protocol};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{SwarmBuilder, identity::Keypair, noise, ping, relay, tcp, yamux};

#[derive(NetworkBehaviour)]
struct Node {
    private: private::Behaviour,
    relayed: relay::client::Behaviour,
    ping: ping::Behaviour,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: Multiaddr = std::env::args().nth(1).ok_or("of a relay, or of a node?")?.parse()?;
    let key = Keypair::generate_ed25519();
    let stun = std::env::args().nth(2).map(|server| server.parse()).transpose()?;
    let (webrtc, private) = private::new(&key, private::Config::default().with_stun_servers(stun))?;
    let (circuits, relayed) = relay::client::new(key.public().to_peer_id());
    let (noise, yamux) = (noise::Config::new(&key)?, yamux::Config::default());
    let circuits = circuits.upgrade(Version::V1).authenticate(noise).multiplex(yamux);
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
        .with_other_transport(|_| webrtc)? // before the circuits, which would take its addresses
        .with_other_transport(|_| circuits)?
        .with_behaviour(|_| Node { private, relayed, ping: ping::Behaviour::default() })?
        .build();
    if address.iter().any(|part| part == Protocol::WebRTC) {
        swarm.dial(address)?;
    } else {
        swarm.listen_on(address.with(Protocol::P2pCircuit).with(Protocol::WebRTC))?;
    }
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => println!("{address}"),
            SwarmEvent::Behaviour(NodeEvent::Ping(event)) => println!("{event:?}"),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
}
