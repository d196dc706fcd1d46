//! A chat over gossipsub, for browsers too: whatever is typed, all others see.
//!
//! Without an argument it prints its addresses and waits for others; with one of these addresses it joins:
//!
//! ```sh
//! cargo run --example chat
//! cargo run --example chat -- /ip4/…/udp/…/webrtc-direct/certhash/…/p2p/…
//! ```

use std::error::Error;

use floe_tokio::libp2p::{Config, Transport};
use futures::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, Swarm, SwarmBuilder, gossipsub, identify};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(NetworkBehaviour)]
struct Chat {
    gossipsub: gossipsub::Behaviour,
    identify: identify::Behaviour,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut swarm = swarm()?;
    let topic = gossipsub::IdentTopic::new("floe-chat");
    swarm.behaviour_mut().gossipsub.subscribe(&topic)?;
    swarm.listen_on("/ip4/0.0.0.0/udp/0/webrtc-direct".parse()?)?;
    if let Some(address) = std::env::args().nth(1) {
        swarm.dial(address.parse::<Multiaddr>()?)?;
    }

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                if let Err(error) = swarm.behaviour_mut().gossipsub.publish(topic.clone(), line) {
                    println!("not sent: {error}");
                }
            }
            event = swarm.select_next_some() => tell(&swarm, event),
        }
    }
}

fn swarm() -> Result<Swarm<Chat>, Box<dyn Error>> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| Transport::new(key, Config::default()))?
        .with_behaviour(|key| {
            let signed = gossipsub::MessageAuthenticity::Signed(key.clone());
            let identify = identify::Config::new(String::from("/floe-chat/1"), key.public());
            Ok(Chat {
                gossipsub: gossipsub::Behaviour::new(signed, gossipsub::Config::default())?,
                identify: identify::Behaviour::new(identify),
            })
        })?
        .build())
}

fn tell(swarm: &Swarm<Chat>, event: SwarmEvent<ChatEvent>) {
    match event {
        SwarmEvent::NewListenAddr { address, .. } => {
            println!("{}", address.with(Protocol::P2p(*swarm.local_peer_id())));
        }
        SwarmEvent::Behaviour(ChatEvent::Gossipsub(event)) => match event {
            gossipsub::Event::Message { message, .. } => {
                let who = message.source.map_or(String::new(), |peer| peer.to_string());
                println!("{who}: {}", String::from_utf8_lossy(&message.data));
            }
            gossipsub::Event::Subscribed { peer_id, .. } => println!("{peer_id} is here"),
            gossipsub::Event::Unsubscribed { peer_id, .. } => println!("{peer_id} has left"),
            _ => {}
        },
        SwarmEvent::OutgoingConnectionError { error, .. } => println!("{error}"),
        SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
            println!("{peer_id} is gone");
        }
        _ => {}
    }
}
