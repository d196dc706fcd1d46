//! A chat room of Rust nodes and browsers: rust-libp2p's gossipsub over floe.
//!
//! Each node prints its addresses; a page with js-libp2p (`page/`) or another node dials one of them, and
//! what anybody types is read by all.

use std::error::Error;

use clap::Parser;
use futures::StreamExt;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, SwarmBuilder, gossipsub, identify, identity};
use tokio::io::{AsyncBufReadExt, BufReader};

const TOPIC: &str = "floe-chat";

/// A chat room of Rust nodes and browsers
#[derive(Parser)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "/ip4/0.0.0.0/udp/0/webrtc-direct")]
    listen: Multiaddr,
    /// Nodes to dial, as they print themselves
    dial: Vec<Multiaddr>,
}

#[derive(NetworkBehaviour)]
struct Chat {
    gossipsub: gossipsub::Behaviour,
    identify: identify::Behaviour,
}

impl Chat {
    fn new(key: &identity::Keypair) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let signed = gossipsub::MessageAuthenticity::Signed(key.clone());
        let mut gossipsub = gossipsub::Behaviour::new(signed, gossipsub::Config::default())?;
        gossipsub.subscribe(&gossipsub::IdentTopic::new(TOPIC))?;
        let identify = identify::Config::new("/floe-chat/1".into(), key.public());
        Ok(Self { gossipsub, identify: identify::Behaviour::new(identify) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| floe_tokio::libp2p::Transport::new(key, Default::default()))?
        .with_behaviour(Chat::new)?
        .build();
    swarm.listen_on(args.listen)?;
    for address in args.dial {
        swarm.dial(address)?;
    }

    let topic = gossipsub::IdentTopic::new(TOPIC);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut typing = true;
    loop {
        tokio::select! {
            line = lines.next_line(), if typing => match line? {
                Some(line) => {
                    let sent = swarm.behaviour_mut().gossipsub.publish(topic.clone(), line);
                    if let Err(error) = sent {
                        eprintln!("not sent: {error}");
                    }
                }
                // Whoever types nothing more still reads.
                None => typing = false,
            },
            event = swarm.select_next_some() => told(&swarm, event),
        }
    }
}

fn told(swarm: &libp2p::Swarm<Chat>, event: SwarmEvent<ChatEvent>) {
    match event {
        SwarmEvent::NewListenAddr { address, .. } => {
            println!("{address}/p2p/{}", swarm.local_peer_id());
        }
        SwarmEvent::Behaviour(ChatEvent::Gossipsub(gossipsub::Event::Message {
            message, ..
        })) => {
            let who = message.source.map_or_else(|| "somebody".into(), |peer| peer.to_string());
            println!("{who}: {}", String::from_utf8_lossy(&message.data));
        }
        SwarmEvent::ConnectionEstablished { peer_id, .. } => println!("{peer_id} is here"),
        SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
            println!("{peer_id} is gone");
        }
        SwarmEvent::OutgoingConnectionError { error, .. } => eprintln!("cannot connect: {error}"),
        _ => {}
    }
}
