//! floe and libp2p-webrtc, the transport that its users come from, in one swarm each; and what they bring
//! along.

use std::future::poll_fn;

use floe_libp2p::{Boxes, Stage, Tokio, boxed, listen, node, node_on};
use floe_tokio::Certificate;
use floe_tokio::libp2p::Config;
use futures::channel::mpsc;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::core::Endpoint;
use libp2p::core::muxing::StreamMuxerExt;
use libp2p::core::transport::{DialOpts, ListenerId, PortUse, TransportEvent};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, dummy};
use libp2p::{Swarm, Transport as _};

use crate::basics::{Basics, identify_between, ping_between};
use crate::crowd;
use crate::stubborn::Stubborn;
use crate::transfer::{echo, pattern, requests};

/// libp2p-webrtc. It cannot dial before it listens.
async fn theirs<B: NetworkBehaviour>(behaviour: impl FnOnce(&Keypair) -> B) -> Swarm<B>
where
    B::ToSwarm: std::fmt::Debug,
{
    let mut nodes = [theirs_anew(behaviour)];
    listen(&mut nodes).await;
    let [node] = nodes;
    node
}

fn theirs_anew<B: NetworkBehaviour>(behaviour: impl FnOnce(&Keypair) -> B) -> Swarm<B> {
    let certificate = libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng()).unwrap();
    theirs_with(certificate, behaviour)
}

fn theirs_with<B: NetworkBehaviour>(
    certificate: libp2p_webrtc::tokio::Certificate,
    behaviour: impl FnOnce(&Keypair) -> B,
) -> Swarm<B> {
    let transport = |key: &Keypair| -> Boxes {
        boxed(Stubborn(libp2p_webrtc::tokio::Transport::new(key.clone(), certificate)))
    };
    node_on(transport, Tokio::config(), behaviour)
}

fn ours<B: NetworkBehaviour>(behaviour: impl FnOnce(&Keypair) -> B) -> Swarm<B> {
    node::<Tokio, _>(behaviour)
}

fn ours_with(certificate: Certificate) -> Swarm<dummy::Behaviour> {
    let config = Config::default().with_certificate(certificate);
    let transport = |key: &Keypair| -> Boxes {
        boxed(floe_tokio::libp2p::Transport::new(key, config).expect("a certificate is given"))
    };
    node_on(transport, Tokio::config(), |_| dummy::Behaviour)
}

#[test]
fn ping() {
    Tokio::run(async {
        ping_between([theirs(Basics::new).await, ours(Basics::new)]).await;
        ping_between([ours(Basics::new), theirs(Basics::new).await]).await;
    });
}

#[test]
fn identify() {
    Tokio::run(async {
        identify_between([theirs(Basics::new).await, ours(Basics::new)]).await;
        identify_between([ours(Basics::new), theirs(Basics::new).await]).await;
    });
}

/// Four of each kind.
#[test]
fn gossip() {
    Tokio::run(crowd::gossip_among(by_turns(8, crowd::gossipsub)));
}

/// One of theirs finds seven of ours, and what one of those has stored. Among themselves they take more than half
/// a minute for it (40 and 80 s for eight of them), and fail now and then.
#[test]
fn kademlia() {
    let mut nodes: Vec<_> = (0..7).map(|_| ours(crowd::dht)).collect();
    nodes.push(theirs_anew(crowd::dht));
    Tokio::run(crowd::kademlia_among(nodes));
}

/// Nodes of both kinds by turns, ours first.
fn by_turns<B: NetworkBehaviour>(count: usize, behaviour: impl Fn(&Keypair) -> B) -> Vec<Swarm<B>> {
    let node = |index| match index % 2 {
        0 => ours(&behaviour),
        _ => theirs_anew(&behaviour),
    };
    (0..count).map(node).collect()
}

/// From both sides, over connections that either side has dialed.
#[test]
fn requests_and_responses() {
    Tokio::run(async {
        for ours_dials in [true, false] {
            let mut nodes = if ours_dials {
                [theirs(|_| requests()).await, ours(|_| requests())]
            } else {
                [ours(|_| requests()), theirs(|_| requests()).await]
            };
            crate::basics::connect(&mut nodes).await;
            for asker in [1, 0] {
                echo(&mut nodes, asker, vec![pattern(5); 3]).await;
                echo(&mut nodes, asker, vec![pattern(300_000)]).await;
            }
        }
    });
}

/// Written, closed and dropped, while the other side does not close: what that one hears last is all there was.
/// STOP_SENDING, with which a dropped substream asks for no more, would end what it reads.
#[test]
fn all_of_what_is_dropped_arrives() {
    Tokio::run(async {
        let certificate = libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng()).unwrap();
        let listener =
            libp2p_webrtc::tokio::Transport::new(Keypair::generate_ed25519(), certificate);
        let mut listener = boxed(listener);
        let anywhere = floe_libp2p::ANYWHERE.parse().unwrap();
        listener.listen_on(ListenerId::next(), anywhere).unwrap();
        let Some(TransportEvent::NewAddress { listen_addr, .. }) = listener.next().await else {
            panic!("it tells where it listens first")
        };
        let mut dialer = Tokio::transport(&Keypair::generate_ed25519());
        let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::Reuse };
        let dial = dialer.dial(listen_addr, options).unwrap();
        // Its socket is read only while somebody polls it. The dial's attempt at v2 is an arrival of its own, of
        // which nothing comes.
        let (arrivals, mut arrived) = mpsc::unbounded();
        let serves = tokio::spawn(async move {
            while let Some(event) = listener.next().await {
                if let TransportEvent::Incoming { upgrade, .. } = event {
                    let arrivals = arrivals.clone();
                    tokio::spawn(async move {
                        if let Ok((_, connection)) = upgrade.await {
                            let _ = arrivals.unbounded_send(connection);
                        }
                    });
                }
            }
        });
        let (dialed, accepted) = futures::join!(dial, arrived.next());
        let ((_, mut ours), mut theirs) = (dialed.unwrap(), accepted.unwrap());
        for len in [0, 1, 5_000, 300_000] {
            let opens = async {
                let mut ours = poll_fn(|context| ours.poll_outbound_unpin(context)).await.unwrap();
                // It hears of the channel by what comes over it.
                ours.write_all(b"!").await.unwrap();
                ours.write_all(&pattern(len)).await.unwrap();
                ours.close().await.unwrap();
            };
            let hears = async {
                let mut theirs =
                    poll_fn(|context| theirs.poll_inbound_unpin(context)).await.unwrap();
                let mut heard = Vec::new();
                theirs.read_to_end(&mut heard).await.unwrap();
                (heard, theirs)
            };
            let ((), (heard, _theirs)) = futures::join!(opens, hears);
            assert_eq!(heard.len(), 1 + len);
            assert!(heard[1..] == pattern(len));
        }
        serves.abort();
    });
}

/// What a node of libp2p-webrtc has kept is what it is known by here, and the other way round.
#[test]
fn a_certificate_moves_and_keeps_its_certhash() {
    Tokio::run(async {
        let theirs = libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng()).unwrap();
        let pem = theirs.serialize_pem();
        let before = certhash(theirs_with(theirs, |_| dummy::Behaviour)).await;
        let moved = Certificate::from_pem(&pem).unwrap();
        assert_eq!(certhash(ours_with(moved.clone())).await, before);
        let back = libp2p_webrtc::tokio::Certificate::from_pem(&moved.to_pem()).unwrap();
        assert_eq!(certhash(theirs_with(back, |_| dummy::Behaviour)).await, before);
    });
}

async fn certhash(node: Swarm<dummy::Behaviour>) -> Protocol<'static> {
    let address = listen(&mut [node]).await.remove(0);
    let certhash = address.iter().nth(3).expect("the certhash follows the transport");
    assert!(matches!(certhash, Protocol::Certhash(_)), "{address}");
    certhash.acquire()
}
