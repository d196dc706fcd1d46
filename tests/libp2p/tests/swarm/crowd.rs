//! Many nodes: gossipsub among eight, kademlia among twenty.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use floe_libp2p::{Stage, listen, node, until};
use libp2p::identity::Keypair;
use libp2p::kad::store::MemoryStore;
use libp2p::kad::{self, GetRecordOk, QueryResult, Quorum, Record, RecordKey};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, gossipsub, identify};

pub(crate) async fn gossip<S: Stage>() {
    gossip_among((0..8).map(|_| node::<S, _>(gossipsub)).collect()).await;
}

/// Each says something to all, along a ring and across it, and each hears all the others. Who is dialed is of the
/// other kind, where two kinds alternate.
pub(crate) async fn gossip_among(mut nodes: Vec<Swarm<gossipsub::Behaviour>>) {
    let count = nodes.len();
    let topic = gossipsub::IdentTopic::new("floe");
    let addresses = listen(&mut nodes).await;
    for (index, node) in nodes.iter_mut().enumerate() {
        node.behaviour_mut().subscribe(&topic).unwrap();
        for other in [(index + 1) % count, (index + 3) % count] {
            node.dial(addresses[other].clone()).unwrap();
        }
    }
    let mut known = vec![BTreeSet::new(); count];
    until(&mut nodes, |index, _, event| {
        if let SwarmEvent::Behaviour(gossipsub::Event::Subscribed { peer_id, .. }) = event {
            known[index].insert(peer_id);
        }
        known.iter().all(|known| known.len() >= 3).then_some(())
    })
    .await;
    for (index, node) in nodes.iter_mut().enumerate() {
        let said = format!("{index} is here");
        node.behaviour_mut().publish(topic.clone(), said).expect("others listen");
    }
    let mut heard = vec![BTreeSet::new(); count];
    until(&mut nodes, |index, _, event| {
        if let SwarmEvent::Behaviour(gossipsub::Event::Message { message, .. }) = event {
            assert!(heard[index].insert(message.data), "each message is told once");
        }
        heard.iter().all(|heard| heard.len() == count - 1).then_some(())
    })
    .await;
}

pub(crate) fn gossipsub(key: &Keypair) -> gossipsub::Behaviour {
    let config = gossipsub::ConfigBuilder::default()
        .heartbeat_interval(Duration::from_millis(200))
        .build()
        .expect("the defaults work");
    gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Signed(key.clone()), config)
        .expect("the defaults work")
}

#[derive(NetworkBehaviour)]
pub(crate) struct Dht {
    kad: kad::Behaviour<MemoryStore>,
    /// Who dialed us is found by others where it listens.
    identify: identify::Behaviour,
}

pub(crate) fn dht(key: &Keypair) -> Dht {
    let peer = key.public().to_peer_id();
    let mut kad = kad::Behaviour::new(peer, MemoryStore::new(peer));
    kad.set_mode(Some(kad::Mode::Server));
    let identify = identify::Config::new(String::from("/floe/1"), key.public());
    Dht { kad, identify: identify::Behaviour::new(identify) }
}

pub(crate) async fn kademlia<S: Stage>() {
    kademlia_among((0..20).map(|_| node::<S, _>(dht)).collect()).await;
}

/// All know the first; then all find each other, and what one has stored another finds.
pub(crate) async fn kademlia_among(mut nodes: Vec<Swarm<Dht>>) {
    let count = nodes.len();
    let addresses = listen(&mut nodes).await;
    let first = *nodes[0].local_peer_id();
    for node in &mut nodes[1..] {
        node.behaviour_mut().kad.add_address(&first, addresses[0].clone());
        node.behaviour_mut().kad.bootstrap().expect("one is known");
    }
    let mut done = BTreeSet::from([0]);
    until(&mut nodes, |index, node, event| {
        if let Some(QueryResult::Bootstrap(result)) = result_of(node, event)
            && result.expect("the first answers").num_remaining == 0
        {
            done.insert(index);
        }
        (done.len() == count).then_some(())
    })
    .await;

    let record = Record::new(RecordKey::new(b"key"), b"value".to_vec());
    let most = Quorum::N(NonZeroUsize::new(count / 2).expect("there are several"));
    let stored = nodes[count / 2].behaviour_mut().kad.put_record(record.clone(), most);
    stored.expect("there is room for it");
    until(&mut nodes, |_, node, event| match result_of(node, event) {
        Some(QueryResult::PutRecord(result)) => Some(result.expect("most of them store it")),
        _ => None,
    })
    .await;
    nodes[count - 1].behaviour_mut().kad.get_record(record.key.clone());
    let found = until(&mut nodes, |_, node, event| match result_of(node, event) {
        Some(QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found)))) => Some(found.record),
        Some(QueryResult::GetRecord(Err(error))) => panic!("{error}"),
        _ => None,
    })
    .await;
    assert_eq!((found.key, found.value), (record.key, record.value));
}

/// The result of a query, if that is what the event is about. Others are attended to.
fn result_of(node: &mut Swarm<Dht>, event: SwarmEvent<DhtEvent>) -> Option<QueryResult> {
    match event {
        SwarmEvent::Behaviour(DhtEvent::Identify(identify::Event::Received {
            peer_id,
            info,
            ..
        })) => {
            for address in info.listen_addrs {
                node.behaviour_mut().kad.add_address(&peer_id, address);
            }
            None
        }
        SwarmEvent::Behaviour(DhtEvent::Kad(kad::Event::OutboundQueryProgressed {
            result,
            ..
        })) => Some(result),
        _ => None,
    }
}
