//! The shortest swarm on floe: the README shows it.

use std::error::Error;

use floe_tokio::libp2p::{Config, Transport};
use futures::StreamExt;
use libp2p::{Multiaddr, SwarmBuilder, ping, swarm::SwarmEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| Transport::new(key, Config::default()))?
        .with_behaviour(|_| ping::Behaviour::default())?
        .build();
    swarm.listen_on("/ip4/0.0.0.0/udp/0/webrtc-direct".parse()?)?;
    if let Some(address) = std::env::args().nth(1) {
        swarm.dial(address.parse::<Multiaddr>()?)?;
    }
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => println!("{address}"),
            SwarmEvent::Behaviour(event) => println!("{event:?}"),
            _ => {}
        }
    }
}
