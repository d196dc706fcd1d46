//! What the migration note shows is what compiles here.

use std::error::Error;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::identity::Keypair;
use libp2p::{Swarm, SwarmBuilder, Transport as _, ping};

fn before(keypair: Keypair, pem: String) -> Result<Swarm<ping::Behaviour>, Box<dyn Error>> {
    let certificate = libp2p_webrtc::tokio::Certificate::from_pem(&pem)?;
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_other_transport(|key| {
            libp2p_webrtc::tokio::Transport::new(key.clone(), certificate)
                .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        })?
        .with_behaviour(|_| ping::Behaviour::default())?
        .build();
    Ok(swarm)
}

fn after(keypair: Keypair, pem: String) -> Result<Swarm<ping::Behaviour>, Box<dyn Error>> {
    let certificate = floe_tokio::Certificate::from_pem(&pem)?;
    let config = floe_tokio::libp2p::Config::default().with_certificate(certificate);
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_other_transport(|key| floe_tokio::libp2p::Transport::new(key, config))?
        .with_behaviour(|_| ping::Behaviour::default())?
        .build();
    Ok(swarm)
}

/// The lines of a function of this file between its signature and `Ok(swarm)`, as a document shows them.
fn body(function: &str) -> String {
    let this = include_str!("migration.rs");
    let (_, rest) = this.split_once(&format!("fn {function}(")).unwrap();
    let (_, rest) = rest.split_once("{\n").unwrap();
    let (body, _) = rest.split_once("    Ok(swarm)\n").unwrap();
    body.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect()
}

#[test]
fn the_note_shows_code_that_compiles() {
    let note = include_str!("../../../core/src/libp2p/migration.md");
    for function in ["before", "after"] {
        let shown = format!("```rust,ignore\n{}```\n", body(function));
        assert!(note.contains(&shown), "{shown}");
    }
}

#[tokio::test]
async fn a_node_of_each_kind_is_made_of_the_same_key_and_file() {
    let keypair = Keypair::generate_ed25519();
    let pem =
        libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng()).unwrap().serialize_pem();
    let nodes = [before(keypair.clone(), pem.clone()), after(keypair.clone(), pem)];
    for node in nodes {
        assert_eq!(*node.unwrap().local_peer_id(), keypair.public().to_peer_id());
    }
}
