//! Rendezvous: found by name, dialed where it says that it listens.

use floe_libp2p::{Stage, listen, node, until};
use libp2p::identity::Keypair;
use libp2p::rendezvous::{Namespace, client, server};
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, ping};

#[derive(NetworkBehaviour)]
struct Meeting {
    server: Toggle<server::Behaviour>,
    client: Toggle<client::Behaviour>,
    ping: ping::Behaviour,
}

fn point(_: &Keypair) -> Meeting {
    let server = server::Behaviour::new(server::Config::default());
    Meeting { server: Some(server).into(), client: None.into(), ping: Default::default() }
}

fn guest(key: &Keypair) -> Meeting {
    let client = client::Behaviour::new(key.clone());
    Meeting { server: None.into(), client: Some(client).into(), ping: Default::default() }
}

pub(crate) async fn at_a_rendezvous<S: Stage>() {
    let mut nodes = [node::<S, _>(point), node::<S, _>(guest), node::<S, _>(guest)];
    let addresses = listen(&mut nodes).await;
    let (place, host) = (*nodes[0].local_peer_id(), *nodes[1].local_peer_id());
    nodes[1].add_external_address(addresses[1].clone());
    for guest in 1..3 {
        nodes[guest].dial(addresses[0].clone()).unwrap();
        until(&mut nodes, |index, _, event| {
            let is_up = matches!(event, SwarmEvent::ConnectionEstablished { .. });
            (index == guest && is_up).then_some(())
        })
        .await;
    }
    let namespace = Namespace::from_static("floe");
    client_of(&mut nodes[1]).register(namespace.clone(), place, None).unwrap();
    until(&mut nodes, |_, _, event| match event {
        SwarmEvent::Behaviour(MeetingEvent::Client(client::Event::Registered { .. })) => Some(()),
        SwarmEvent::Behaviour(MeetingEvent::Client(event)) => panic!("{event:?}"),
        _ => None,
    })
    .await;
    client_of(&mut nodes[2]).discover(Some(namespace), None, None, place);
    let found = until(&mut nodes, |_, _, event| match event {
        SwarmEvent::Behaviour(MeetingEvent::Client(client::Event::Discovered {
            registrations,
            ..
        })) => Some(registrations),
        _ => None,
    })
    .await;
    let record = &found[0].record;
    assert_eq!(record.peer_id(), host);
    nodes[2].dial(record.addresses()[0].clone()).unwrap();
    until(&mut nodes, |index, _, event| match event {
        SwarmEvent::Behaviour(MeetingEvent::Ping(ping::Event { peer, result, .. })) => {
            result.expect("the peer answers");
            (index == 2 && peer == host).then_some(())
        }
        SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
        _ => None,
    })
    .await;
}

fn client_of(node: &mut Swarm<Meeting>) -> &mut client::Behaviour {
    node.behaviour_mut().client.as_mut().expect("it is a guest")
}
