//! Ping and identify.

use floe_libp2p::{Stage, listen, node, until};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, identify, ping};

#[derive(NetworkBehaviour)]
pub(crate) struct Basics {
    ping: ping::Behaviour,
    identify: identify::Behaviour,
}

impl Basics {
    pub(crate) fn new(key: &libp2p::identity::Keypair) -> Self {
        Self {
            ping: ping::Behaviour::default(),
            identify: identify::Behaviour::new(identify::Config::new(
                String::from("/floe/1"),
                key.public(),
            )),
        }
    }
}

pub(crate) async fn ping<S: Stage>() {
    ping_between([node::<S, _>(Basics::new), node::<S, _>(Basics::new)]).await;
}

pub(crate) async fn identify<S: Stage>() {
    identify_between([node::<S, _>(Basics::new), node::<S, _>(Basics::new)]).await;
}

/// Each hears the other's pong. The second dials the first.
pub(crate) async fn ping_between(mut nodes: [Swarm<Basics>; 2]) {
    connect(&mut nodes).await;
    let mut heard = [false; 2];
    until(&mut nodes, |index, _, event| {
        if let SwarmEvent::Behaviour(BasicsEvent::Ping(ping::Event { result, .. })) = event {
            result.expect("the peer answers");
            heard[index] = true;
        }
        (heard == [true; 2]).then_some(())
    })
    .await;
}

/// Each learns who the other is, where it listens, and how it is seen itself.
pub(crate) async fn identify_between(mut nodes: [Swarm<Basics>; 2]) {
    connect(&mut nodes).await;
    let peers = [*nodes[0].local_peer_id(), *nodes[1].local_peer_id()];
    let mut learnt = [None, None];
    until(&mut nodes, |index, _, event| {
        if let SwarmEvent::Behaviour(BasicsEvent::Identify(event)) = event {
            match event {
                identify::Event::Received { peer_id, info, .. } => {
                    assert_eq!(peer_id, peers[1 - index]);
                    learnt[index] = Some(info);
                }
                identify::Event::Error { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
        learnt.iter().all(Option::is_some).then_some(())
    })
    .await;
    for (index, info) in learnt.into_iter().flatten().enumerate() {
        assert_eq!(info.public_key.to_peer_id(), peers[1 - index]);
        assert!(info.protocols.iter().any(|protocol| *protocol == "/ipfs/ping/1.0.0"));
        let observed = info.observed_addr.to_string();
        assert!(observed.contains("/udp/") && observed.contains("/webrtc-direct"), "{observed}");
        let listening = nodes[1 - index].listeners().count();
        assert_eq!(info.listen_addrs.len(), listening, "{:?}", info.listen_addrs);
        for address in &info.listen_addrs {
            let address = address.to_string();
            assert!(address.contains("/webrtc-direct/certhash/"), "{address}");
        }
    }
}

/// Lets the second dial the first.
pub(crate) async fn connect<B: NetworkBehaviour>(nodes: &mut [Swarm<B>; 2])
where
    B::ToSwarm: std::fmt::Debug,
{
    let address = listen(&mut nodes[..1]).await.remove(0);
    nodes[1].dial(address).expect("the address is one of webrtc-direct");
}
