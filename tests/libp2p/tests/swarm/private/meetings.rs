//! Connections that come about.

use floe_libp2p::{Stage, until};
use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::Message;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionError, ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, identify, ping, request_response};

use super::{Event, Node, NodeEvent, hasty, is_private, is_relayed, listen, three};
use crate::transfer::pattern;

/// What it is called at either end, that it can be pinged over, and that the peer is told of.
pub(crate) async fn a_direct_connection<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    let ids = meet(&mut nodes, &address).await.private;
    let (mut ponged, mut is_told) = ([false; 2], false);
    until(&mut nodes, |index, _, event| {
        match event {
            SwarmEvent::Behaviour(NodeEvent::Ping(ping::Event { connection, result, .. }))
                if index > 0 && connection == ids[index - 1] =>
            {
                result.expect("the peer answers");
                ponged[index - 1] = true;
            }
            SwarmEvent::Behaviour(NodeEvent::Identify(identify::Event::Received {
                connection_id,
                info,
                ..
            })) if index == 2 && connection_id == ids[1] => {
                is_told = info.listen_addrs.contains(&address);
                assert!(is_told, "{:?}", info.listen_addrs);
            }
            _ => {}
        }
        (ponged == [true; 2] && is_told).then_some(())
    })
    .await;
    assert!(nodes[1].external_addresses().any(|external| *external == address));
}

/// A megabyte in either direction, and back, when there is no other way.
pub(crate) async fn what_is_sent_over_it<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    let Met { circuit, .. } = meet(&mut nodes, &address).await;
    close(&mut nodes, circuit).await;
    for asker in [1, 2] {
        echo(&mut nodes, asker, pattern(1024 * 1024)).await;
    }
}

/// The relay is gone, and what it has brought about stays.
pub(crate) async fn without_its_relay<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    meet(&mut nodes, &address).await;
    let relay = nodes.remove(0);
    let relay_id = *relay.local_peer_id();
    drop(relay);
    let mut gone = [false; 2];
    until(&mut nodes, |index, node, event| {
        match event {
            SwarmEvent::ConnectionClosed { endpoint, cause, .. } => {
                assert!(!is_private(endpoint.get_remote_address()), "{cause:?}");
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
        gone[index] = !node.is_connected(&relay_id);
        (gone == [true; 2]).then_some(())
    })
    .await;
    for asker in [0, 1] {
        echo(&mut nodes, asker, pattern(1000)).await;
    }
}

/// Each dials the other. However that is settled, both have a connection, and it is of use.
pub(crate) async fn both_at_once<S: Stage>() {
    let (mut nodes, first) = three::<S>().await;
    let circuits: Multiaddr = first.iter().take_while(|part| *part != Protocol::WebRTC).collect();
    let second = listen(&mut nodes, 2, &circuits).await;
    nodes[1].dial(second).unwrap();
    nodes[2].dial(first).unwrap();
    let (mut connections, mut dials) = ([0; 2], 0);
    until(&mut nodes, |index, _, event| {
        if let SwarmEvent::ConnectionEstablished { endpoint, .. } = &event
            && is_private(endpoint.get_remote_address())
        {
            connections[index - 1] += 1;
        }
        dials += usize::from(has_ended(&event));
        (dials == 2 && connections.iter().all(|count| *count > 0)).then_some(())
    })
    .await;
    for asker in [1, 2] {
        echo(&mut nodes, asker, pattern(1000)).await;
    }
}

/// Who dials a peer twice over has two connections, as it wished, signaled over one circuit.
pub(crate) async fn two_dials_at_once<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    let peer = *nodes[1].local_peer_id();
    for _ in 0..2 {
        let dial = DialOpts::peer_id(peer).condition(PeerCondition::Always);
        nodes[2].dial(dial.addresses(vec![address.clone()]).build()).unwrap();
    }
    let (mut dials, mut connections, mut circuits) = (0, 0, 0);
    until(&mut nodes, |index, _, event| {
        if index == 2 {
            if let SwarmEvent::ConnectionEstablished { endpoint, .. } = &event {
                connections += usize::from(is_private(endpoint.get_remote_address()));
                circuits += usize::from(is_relayed(endpoint.get_remote_address()));
            }
            dials += usize::from(has_ended(&event));
        }
        if let SwarmEvent::OutgoingConnectionError { error, .. } = event {
            panic!("{error}");
        }
        (dials == 2).then_some(())
    })
    .await;
    assert_eq!(connections, 2);
    assert_eq!(circuits, 1, "one relayed connection is enough for both");
    echo(&mut nodes, 2, pattern(1000)).await;
}

/// A circuit that nothing else needs is kept while there is signaling on it, and no longer.
pub(crate) async fn an_idle_circuit<S: Stage>() {
    let (mut nodes, address) = three::<S>().await;
    nodes[2] = hasty::<S>();
    nodes[2].dial(address.clone()).unwrap();
    let (mut met, mut closed) = (false, false);
    until(&mut nodes, |index, _, event| {
        match event {
            SwarmEvent::ConnectionEstablished { endpoint, .. } if index == 2 => {
                met |= is_private(endpoint.get_remote_address());
            }
            SwarmEvent::ConnectionClosed { endpoint, cause, .. }
                if index == 2 && is_relayed(endpoint.get_remote_address()) =>
            {
                assert!(matches!(cause, Some(ConnectionError::KeepAliveTimeout)), "{cause:?}");
                closed = true;
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
        (met && closed).then_some(())
    })
    .await;
}

/// What has come about.
struct Met {
    /// The private connection, as the listener and as the dialer know it.
    private: [ConnectionId; 2],
    /// The relayed one, as the dialer knows it.
    circuit: ConnectionId,
}

/// Lets the last node dial the one before it, and looks at what either is told.
async fn meet(nodes: &mut [Swarm<Node>], address: &Multiaddr) -> Met {
    let peers: [PeerId; 2] = [*nodes[1].local_peer_id(), *nodes[2].local_peer_id()];
    nodes[2].dial(address.clone()).unwrap();
    let (mut private, mut circuit) = ([None; 2], None);
    until(nodes, |index, _, event| {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. }
                if is_private(endpoint.get_remote_address()) =>
            {
                assert_eq!(peer_id, peers[2 - index]);
                match (index, &endpoint) {
                    (2, ConnectedPoint::Dialer { address: dialed, .. }) => {
                        assert_eq!(dialed, address);
                    }
                    (1, ConnectedPoint::Listener { local_addr, send_back_addr }) => {
                        assert!(send_back_addr.ends_with(&Protocol::P2p(peer_id).into()));
                        // It is as direct as it looks.
                        assert!(!endpoint.is_relayed(), "{local_addr}");
                        assert!(local_addr.to_string().contains("/udp/"), "{local_addr}");
                    }
                    other => panic!("{other:?}"),
                }
                private[index - 1] = Some(connection_id);
            }
            SwarmEvent::ConnectionEstablished { connection_id, endpoint, .. }
                if index == 2 && is_relayed(endpoint.get_remote_address()) =>
            {
                circuit = Some(connection_id);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            SwarmEvent::IncomingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
        Some(Met { private: [private[0]?, private[1]?], circuit: circuit? })
    })
    .await
}

/// Lets the dialer close the relayed connection, as a user that has no more use for it.
async fn close(nodes: &mut [Swarm<Node>], circuit: ConnectionId) {
    assert!(nodes[2].close_connection(circuit));
    let mut closed = [false; 2];
    until(nodes, |index, _, event| {
        if let SwarmEvent::ConnectionClosed { endpoint, .. } = event {
            assert!(!is_private(endpoint.get_remote_address()));
            closed[index - 1] = true;
        }
        (closed == [true; 2]).then_some(())
    })
    .await;
}

/// Whether that was a dial of a private address, come to whatever end.
fn has_ended(event: &Event) -> bool {
    match event {
        SwarmEvent::ConnectionEstablished {
            endpoint: ConnectedPoint::Dialer { address, .. },
            ..
        } => is_private(address),
        SwarmEvent::OutgoingConnectionError { .. } => true,
        _ => false,
    }
}

/// The first of the last two asks the other for its message back, or the other way around.
async fn echo(nodes: &mut [Swarm<Node>], asker: usize, message: Vec<u8>) {
    let last = nodes.len() - 1;
    let peer = *nodes[2 * last - 1 - asker].local_peer_id();
    nodes[asker].behaviour_mut().requests.send_request(&peer, message.clone());
    until(nodes, |_, node, event| {
        let SwarmEvent::Behaviour(NodeEvent::Requests(event)) = event else { return None };
        match event {
            request_response::Event::Message { message: heard, .. } => match heard {
                Message::Request { request, channel, .. } => {
                    let sent = node.behaviour_mut().requests.send_response(channel, request);
                    sent.expect("the asker waits");
                }
                Message::Response { response, .. } => {
                    assert_eq!(response, message);
                    return Some(());
                }
            },
            request_response::Event::ResponseSent { .. } => {}
            failure => panic!("{failure:?}"),
        }
        None
    })
    .await;
}
