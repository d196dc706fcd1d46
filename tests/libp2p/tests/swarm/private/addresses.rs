//! Addresses that come and go with the reservations behind them.

use floe_libp2p::{PATIENCE, Stage, until};
use floe_tokio::libp2p::private::Config;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Swarm, Transport};

use super::{Node, client, is_private, is_relayed, listen, memory, node, open, server, three};

/// The relay is gone: so are the addresses at it, and the listener says why it is closed.
pub(crate) async fn a_reservation_ends<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    drop(nodes.remove(0));
    let (mut expired, mut closed) = (false, false);
    until(&mut nodes, |index, _, event| {
        match event {
            SwarmEvent::ExternalAddrExpired { address: gone } if gone == address => expired = true,
            SwarmEvent::ListenerClosed { addresses, reason, .. }
                if addresses.iter().all(is_private) =>
            {
                assert_eq!(index, 0);
                let reason = reason.expect_err("nobody wished so").to_string();
                assert!(reason.contains("no reservation"), "{reason}");
                closed = true;
            }
            _ => {}
        }
        (expired && closed).then_some(())
    })
    .await;
    assert_eq!(nodes[0].listeners().count(), 0);
    assert_eq!(nodes[0].external_addresses().count(), 0);
}

/// What was made for a listener goes with it.
pub(crate) async fn a_listener_is_removed<S: Stage>() {
    let config = Config::default;
    let mut nodes = [server::<S>(), node::<S>(config()), node::<S>(config())];
    let circuits = open(&mut nodes[0]).await;
    let private = circuits.clone().with(Protocol::WebRTC);
    // Two at the same relay have one reservation.
    let ids = [(); 2].map(|()| nodes[1].listen_on(private.clone()).unwrap());
    let mut told = Vec::new();
    until(&mut nodes, |_, _, event| {
        if let SwarmEvent::NewListenAddr { listener_id, .. } = event {
            told.push(listener_id);
        }
        ids.iter().all(|id| told.contains(id)).then_some(())
    })
    .await;
    told.retain(|id| !ids.contains(id));
    assert_eq!(told.len(), 1, "of the relay's client");
    let address = private.with(Protocol::P2p(*nodes[1].local_peer_id()));

    assert!(nodes[1].remove_listener(ids[0]));
    until(&mut nodes, |_, _, event| match event {
        SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
            assert_eq!(listener_id, ids[0]);
            reason.expect("it was wished so");
            Some(())
        }
        _ => None,
    })
    .await;
    assert!(nodes[1].external_addresses().any(|external| *external == address));

    assert!(nodes[1].remove_listener(ids[1]));
    assert!(!nodes[1].remove_listener(ids[0]), "it is closed");
    let mut closed = Vec::new();
    until(&mut nodes, |_, _, event| {
        if let SwarmEvent::ListenerClosed { listener_id, reason, .. } = event {
            reason.expect("it was wished so");
            closed.push(listener_id);
        }
        (closed == [ids[1], told[0]]).then_some(())
    })
    .await;
    assert_eq!(nodes[1].listeners().count(), 0);
    until(&mut nodes, |_, node, _| (node.external_addresses().count() == 0).then_some(())).await;
}

/// A reservation that the user has made is used, and not closed with the listener.
pub(crate) async fn a_reservation_that_is_there<S: Stage>() {
    let mut nodes = [server::<S>(), node::<S>(Config::default())];
    let circuits = open(&mut nodes[0]).await;
    let reserved = nodes[1].listen_on(circuits.clone()).unwrap();
    until(&mut nodes, |_, _, event| match event {
        SwarmEvent::NewListenAddr { listener_id, .. } => {
            assert_eq!(listener_id, reserved);
            Some(())
        }
        _ => None,
    })
    .await;
    let address = listen(&mut nodes, 1, &circuits).await;
    assert_eq!(nodes[1].listeners().count(), 2, "one of either kind");
    assert!(nodes[1].external_addresses().any(|external| *external == address));

    assert!(nodes[1].remove_listener(reserved));
    let mut closed = 0;
    until(&mut nodes, |_, _, event| {
        if let SwarmEvent::ListenerClosed { listener_id, reason, .. } = event {
            assert_eq!(reason.is_ok(), listener_id == reserved);
            closed += 1;
        }
        (closed == 2).then_some(())
    })
    .await;
}

/// The relay's client comes first and takes what is not for it: that is said, and not taken for a private
/// connection.
pub(crate) async fn the_wrong_order<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    nodes[2] = wrong::<S>();
    nodes[2].dial(address).unwrap();
    until(&mut nodes, |index, _, event| match event {
        SwarmEvent::OutgoingConnectionError { error, .. } => {
            assert_eq!(index, 2);
            let DialError::Denied { cause } = error else { panic!("{error}") };
            let cause = cause.downcast::<floe_tokio::libp2p::Error>().expect("it is ours");
            assert!(cause.to_string().contains("must come before"), "{cause}");
            Some(())
        }
        SwarmEvent::ConnectionEstablished { endpoint, .. } => {
            let address = endpoint.get_remote_address();
            assert!(!is_private(address), "{address}");
            assert!(index != 2 || !is_relayed(address), "{address}");
            None
        }
        _ => None,
    })
    .await;
}

fn wrong<S: Stage>() -> Swarm<Node> {
    let key = Keypair::generate_ed25519();
    let (private, behaviour) = S::private(&key, Config::default());
    let (relayed, client) = client(&key);
    let transport = relayed.or_transport(private).map(|either, _| either.into_inner()).boxed();
    let transport = transport.or_transport(memory(&key)).map(|either, _| either.into_inner());
    let behaviour =
        Node { client: Some(client).into(), private: Some(behaviour).into(), ..Node::new(&key) };
    let config = S::config().with_idle_connection_timeout(PATIENCE);
    Swarm::new(transport.boxed(), behaviour, key.public().to_peer_id(), config)
}
