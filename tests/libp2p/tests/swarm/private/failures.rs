//! Connections that do not come about, and what is said of it.

use std::error::Error;
use std::future::pending;
use std::io;
use std::time::Duration;

use floe_libp2p::{Stage, until};
use floe_tokio::libp2p::private::Config;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite};
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, Codec, ProtocolSupport};
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Multiaddr, StreamProtocol, Swarm, TransportError};

use super::{Node, is_private, node, open, ordinary, server, three};

/// Nobody is where the relay should be.
pub(crate) async fn no_relay<S: Stage>() {
    let mut nodes = [server::<S>(), node::<S>(Config::default())];
    let peer = *nodes[0].local_peer_id();
    let nowhere = Multiaddr::from(Protocol::Memory(u64::MAX))
        .with(Protocol::P2p(peer))
        .with(Protocol::P2pCircuit);
    let error = fails(&mut nodes, 1, private(nowhere, &ordinary::<S>())).await;
    assert!(error.contains("there is no relayed connection with the peer"), "{error}");
}

/// The peer has a circuit, and knows of private connections, but listens for none.
pub(crate) async fn no_listener<S: Stage>() {
    let config = Config::default;
    let mut nodes = [server::<S>(), node::<S>(config()), node::<S>(config())];
    let circuits = reserve(&mut nodes).await;
    let address = private(circuits, &nodes[1]);
    let error = fails(&mut nodes, 2, address).await;
    assert!(error.contains("the peer takes no private connections"), "{error}");
}

/// The peer has never heard of them.
pub(crate) async fn no_protocol<S: Stage>() {
    let mut nodes = [server::<S>(), ordinary::<S>(), node::<S>(Config::default())];
    let circuits = reserve(&mut nodes).await;
    let address = private(circuits, &nodes[1]);
    let error = fails(&mut nodes, 2, address).await;
    assert!(error.contains("the peer takes no private connections"), "{error}");
}

/// The peer takes the stream and says nothing.
pub(crate) async fn no_answer<S: Stage>() {
    let impatient =
        Config::default().with(|config| config.meeting_timeout = Duration::from_secs(1));
    let mut nodes = [server::<S>(), ordinary::<S>(), node::<S>(impatient)];
    nodes[1].behaviour_mut().signaling = Toggle::from(Some(silent(ProtocolSupport::Inbound)));
    let circuits = reserve(&mut nodes).await;
    let address = private(circuits, &nodes[1]);
    let error = fails(&mut nodes, 2, address).await;
    assert!(error.contains("the dial failed: "), "{error}");
}

/// A peer opens streams without end and says nothing on them; another is answered all the same.
pub(crate) async fn a_flood<S: Stage>() {
    let (nodes, address) = three::<S>().await;
    let mut nodes = Vec::from(nodes);
    let mut greedy = ordinary::<S>();
    greedy.behaviour_mut().signaling = Toggle::from(Some(silent(ProtocolSupport::Outbound)));
    nodes.push(greedy);
    let circuit: Multiaddr = address.iter().filter(|part| *part != Protocol::WebRTC).collect();
    nodes[3].dial(circuit).unwrap();
    until(&mut nodes, |index, node, _| {
        (index == 3 && node.is_connected(&peer_of(&address))).then_some(())
    })
    .await;
    let signaling = &mut nodes[3].behaviour_mut().signaling;
    let signaling = signaling.as_mut().expect("it was put there");
    for _ in 0..100 {
        signaling.send_request(&peer_of(&address), ());
    }
    nodes[2].dial(address).unwrap();
    // Most are refused, and whoever is honest gets a connection.
    let (mut refused, mut met) = (0, false);
    until(&mut nodes, |index, _, event| {
        match event {
            SwarmEvent::Behaviour(super::NodeEvent::Signaling(
                request_response::Event::OutboundFailure { .. },
            )) => refused += 1,
            SwarmEvent::ConnectionEstablished { endpoint, .. } if index == 2 => {
                met |= is_private(endpoint.get_remote_address());
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
        (refused > 90 && met).then_some(())
    })
    .await;
}

/// Dials, and says what the swarm says of it.
async fn fails(nodes: &mut [Swarm<Node>], who: usize, address: Multiaddr) -> String {
    nodes[who].dial(address.clone()).unwrap();
    until(nodes, |index, _, event| match event {
        SwarmEvent::OutgoingConnectionError { error: DialError::Transport(errors), .. } => {
            let (_, error) = errors.into_iter().find(|(dialed, _)| *dialed == address)?;
            assert_eq!(index, who);
            let TransportError::Other(error) = error else { panic!("{error}") };
            Some(words(&error))
        }
        SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
        SwarmEvent::ConnectionEstablished { endpoint, .. } => {
            assert!(!is_private(endpoint.get_remote_address()));
            None
        }
        _ => None,
    })
    .await
}

/// An error with all that is beneath it.
fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

/// Lets the second reserve circuits at the first, and says where.
async fn reserve(nodes: &mut [Swarm<Node>]) -> Multiaddr {
    let circuits = open(&mut nodes[0]).await;
    nodes[1].listen_on(circuits.clone()).unwrap();
    until(nodes, |index, _, event| {
        (index == 1 && matches!(event, SwarmEvent::NewListenAddr { .. })).then_some(())
    })
    .await;
    circuits
}

fn private(circuits: Multiaddr, node: &Swarm<Node>) -> Multiaddr {
    circuits.with(Protocol::WebRTC).with(Protocol::P2p(*node.local_peer_id()))
}

fn peer_of(address: &Multiaddr) -> libp2p::PeerId {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => peer,
        other => panic!("{other:?}"),
    }
}

/// The protocol of signaling, without a word being said.
pub(super) type Silent = request_response::Behaviour<Silence>;

#[derive(Clone, Default)]
pub(super) struct Silence;

impl Codec for Silence {
    type Protocol = StreamProtocol;
    type Request = ();
    type Response = ();

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
    ) -> io::Result<()> {
        pending().await
    }

    /// Only the end is heard.
    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<()> {
        io.read_to_end(&mut Vec::new()).await?;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        Ok(())
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        Ok(())
    }
}

fn silent(support: ProtocolSupport) -> Silent {
    let protocol = StreamProtocol::new("/webrtc-signaling/0.0.1");
    let config = request_response::Config::default()
        .with_request_timeout(floe_libp2p::PATIENCE)
        .with_max_concurrent_streams(1_000);
    Silent::new([(protocol, support)], config)
}
