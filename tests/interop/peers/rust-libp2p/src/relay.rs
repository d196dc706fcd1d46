//! rust-libp2p as a relay for private `/webrtc`: circuit relay v2 over TCP and WebSockets, with the limits that
//! it sets by default, 128 KiB and two minutes, so that what is not moved to a direct connection fails.

use std::{io::Write as _, net::IpAddr, process::ExitCode, time::Duration};

use clap::Parser;
use contract::Failure;
use futures::StreamExt as _;
use libp2p::{
    Swarm, SwarmBuilder, identify, ping, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(version, about = "A relay for the interop runner")]
struct Arguments {
    /// The IP address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    ip: IpAddr,
    /// Accepted because the runner gives it to every relay: the output is always JSON.
    #[arg(long)]
    json: bool,
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse().ip).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(ip: IpAddr) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(swarm::relayed::transport)?
        .with_behaviour(|key| Behaviour {
            relay: relay::Behaviour::new(key.public().to_peer_id(), relay::Config::default()),
            identify: identify::Behaviour::new(identify::Config::new(
                "/ipfs/0.1.0".into(),
                key.public(),
            )),
            ping: ping::Behaviour::default(),
        })?
        // The runner ends connections; a reservation alone does not keep one.
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .build();
    let addrs = listen(&mut swarm, ip).await?;
    let told = json!({ "event": "listening", "addrs": addrs });
    writeln!(std::io::stdout(), "{told}")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            event = swarm.select_next_some() => {
                if let SwarmEvent::Behaviour(BehaviourEvent::Relay(event)) = event {
                    // For the runner, who shows it when a case fails.
                    eprintln!("{event:?}");
                }
            }
        }
    }
}

/// Listens over TCP and over WebSockets, and says where.
async fn listen(swarm: &mut Swarm<Behaviour>, ip: IpAddr) -> Result<Vec<String>, Failure> {
    let family = if ip.is_ipv4() { "ip4" } else { "ip6" };
    let mut addrs = Vec::new();
    for carrier in ["", "/ws"] {
        let listener = swarm.listen_on(format!("/{family}/{ip}/tcp/0{carrier}").parse()?)?;
        let address = loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                    break address;
                }
                SwarmEvent::ListenerClosed { listener_id, reason, .. }
                    if listener_id == listener =>
                {
                    return Err(format!("a listener has ended: {reason:?}").into());
                }
                _ => {}
            }
        };
        // A reservation tells what is confirmed, and nobody else will confirm it.
        swarm.add_external_address(address.clone());
        addrs.push(
            address.with_p2p(*swarm.local_peer_id()).unwrap_or_else(|whole| whole).to_string(),
        );
    }
    Ok(addrs)
}

const IDLE: Duration = Duration::from_secs(3600);
