//! Connection limits.

use floe_libp2p::{Stage, listen, node, until};
use libp2p::connection_limits::{Behaviour, ConnectionLimits};
use libp2p::identity::Keypair;
use libp2p::ping;
use libp2p::swarm::{ListenError, NetworkBehaviour, SwarmEvent};

#[derive(NetworkBehaviour)]
struct Limited {
    limits: Behaviour,
    ping: ping::Behaviour,
}

fn limited(_: &Keypair) -> Limited {
    let limits = ConnectionLimits::default().with_max_established_incoming(Some(2));
    Limited { limits: Behaviour::new(limits), ping: ping::Behaviour::default() }
}

/// Who is one too many is sent away, and the others stay.
pub(crate) async fn one_too_many<S: Stage>() {
    let mut nodes: Vec<_> = (0..4).map(|_| node::<S, _>(limited)).collect();
    let address = listen(&mut nodes[..1]).await.remove(0);
    for dialer in 1..3 {
        nodes[dialer].dial(address.clone()).unwrap();
        until(&mut nodes, |index, _, event| {
            let is_up = matches!(event, SwarmEvent::ConnectionEstablished { .. });
            (index == 0 && is_up).then_some(())
        })
        .await;
    }
    nodes[3].dial(address).unwrap();
    let (mut denied, mut closed) = (false, false);
    until(&mut nodes, |index, _, event| {
        match (index, event) {
            (0, SwarmEvent::IncomingConnectionError { error, .. }) => {
                assert!(matches!(error, ListenError::Denied { .. }), "{error}");
                denied = true;
            }
            (3, SwarmEvent::ConnectionClosed { .. }) => closed = true,
            (_, SwarmEvent::ConnectionClosed { cause, .. }) => panic!("{cause:?}"),
            _ => {}
        }
        (denied && closed).then_some(())
    })
    .await;
    for dialer in &nodes[1..3] {
        assert_eq!(dialer.connected_peers().count(), 1);
    }
}
