//! What the stories of swarms are played with: runtimes, and nodes that are polled side by side.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use floe_tokio::libp2p::private;
use futures::StreamExt;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{self, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, Transport};

/// What a swarm has below its behaviours.
pub type Boxes = Boxed<(PeerId, StreamMuxerBox)>;

/// A runtime, with the executor and the transport of its swarms.
pub trait Stage {
    /// Runs a story to its end, which must come.
    fn run(story: impl Future<Output = ()>);

    /// floe, on this runtime.
    fn transport(key: &Keypair) -> Boxes;

    /// Private connections over floe, on this runtime.
    fn private(key: &Keypair, config: private::Config) -> (Boxes, private::Behaviour);

    /// Swarms whose connections are tasks of this runtime.
    fn config() -> swarm::Config;
}

/// tokio.
#[derive(Debug)]
pub struct Tokio;

impl Stage for Tokio {
    fn run(story: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime starts");
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, story).await });
        ended.expect("the story hangs");
    }

    fn transport(key: &Keypair) -> Boxes {
        let transport = floe_tokio::libp2p::Transport::new(key, Default::default());
        boxed(transport.expect("the key gives all that it takes"))
    }

    fn private(key: &Keypair, config: private::Config) -> (Boxes, private::Behaviour) {
        let made = floe_tokio::libp2p::private::new(key, config);
        let (transport, behaviour) = made.expect("the key gives all that it takes");
        (boxed(transport), behaviour)
    }

    fn config() -> swarm::Config {
        swarm::Config::with_tokio_executor()
    }
}

/// smol.
#[derive(Debug)]
pub struct Smol;

impl Stage for Smol {
    fn run(story: impl Future<Output = ()>) {
        smol::block_on(patiently(story));
    }

    fn transport(key: &Keypair) -> Boxes {
        let transport = floe_smol::libp2p::Transport::new(key, Default::default());
        boxed(transport.expect("the key gives all that it takes"))
    }

    fn private(key: &Keypair, config: private::Config) -> (Boxes, private::Behaviour) {
        let made = floe_smol::libp2p::private::new(key, config);
        let (transport, behaviour) = made.expect("the key gives all that it takes");
        (boxed(transport), behaviour)
    }

    fn config() -> swarm::Config {
        swarm::Config::with_executor(|task| smol::spawn(task).detach())
    }
}

/// async-std.
#[derive(Debug)]
pub struct AsyncStd;

impl Stage for AsyncStd {
    fn run(story: impl Future<Output = ()>) {
        async_std::task::block_on(patiently(story));
    }

    fn transport(key: &Keypair) -> Boxes {
        let transport = floe_async_std::libp2p::Transport::new(key, Default::default());
        boxed(transport.expect("the key gives all that it takes"))
    }

    fn private(key: &Keypair, config: private::Config) -> (Boxes, private::Behaviour) {
        let made = floe_async_std::libp2p::private::new(key, config);
        let (transport, behaviour) = made.expect("the key gives all that it takes");
        (boxed(transport), behaviour)
    }

    fn config() -> swarm::Config {
        swarm::Config::with_executor(|task| {
            async_std::task::spawn(task);
        })
    }
}

async fn patiently(story: impl Future<Output = ()>) {
    let patience = async {
        smol::Timer::after(PATIENCE).await;
        panic!("the story hangs");
    };
    smol::future::or(story, patience).await;
}

/// A transport as swarms want it.
pub fn boxed<T, M>(transport: T) -> Boxes
where
    T: Transport<Output = (PeerId, M)> + Send + Unpin + 'static,
    T::Dial: Send,
    T::ListenerUpgrade: Send,
    T::Error: Send + Sync,
    M: libp2p::core::muxing::StreamMuxer + Send + 'static,
    M::Substream: Send,
    M::Error: Send + Sync,
{
    transport.map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection))).boxed()
}

/// A node with floe below it.
pub fn node<S: Stage, B: NetworkBehaviour>(behaviour: impl FnOnce(&Keypair) -> B) -> Swarm<B> {
    node_on(S::transport, S::config(), behaviour)
}

/// A node with anything below it.
pub fn node_on<B: NetworkBehaviour>(
    transport: impl FnOnce(&Keypair) -> Boxes,
    config: swarm::Config,
    behaviour: impl FnOnce(&Keypair) -> B,
) -> Swarm<B> {
    let key = Keypair::generate_ed25519();
    // Nobody is sent away for having nothing to say for a moment.
    let config = config.with_idle_connection_timeout(PATIENCE);
    Swarm::new(transport(&key), behaviour(&key), key.public().to_peer_id(), config)
}

/// Polls all nodes until `look` has seen what it waits for among their events.
pub async fn until<B: NetworkBehaviour, R>(
    nodes: &mut [Swarm<B>],
    mut look: impl FnMut(usize, &mut Swarm<B>, SwarmEvent<B::ToSwarm>) -> Option<R>,
) -> R {
    poll_fn(|context| {
        // One event of each in turn, so that a busy node does not keep the others waiting.
        loop {
            let mut idle = true;
            for (index, node) in nodes.iter_mut().enumerate() {
                if let Poll::Ready(event) = node.poll_next_unpin(context) {
                    idle = false;
                    let event = event.expect("swarms have no end");
                    if let Some(seen) = look(index, node, event) {
                        return Poll::Ready(seen);
                    }
                }
            }
            if idle {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Lets each node listen on the loopback; says where, each with its peer id.
pub async fn listen<B: NetworkBehaviour>(nodes: &mut [Swarm<B>]) -> Vec<Multiaddr>
where
    B::ToSwarm: Debug,
{
    let mut addresses = Vec::new();
    for node in nodes {
        node.listen_on(ANYWHERE.parse().expect("it is an address")).expect("the loopback is there");
        let address = until(std::slice::from_mut(node), |_, _, event| match event {
            SwarmEvent::NewListenAddr { address, .. } => Some(address),
            other => panic!("nobody is there yet: {other:?}"),
        });
        addresses.push(address.await.with(Protocol::P2p(*node.local_peer_id())));
    }
    addresses
}

/// Any port of the loopback.
pub const ANYWHERE: &str = "/ip4/127.0.0.1/udp/0/webrtc-direct";

/// Far longer than any story takes: only one that would never end meets it.
pub const PATIENCE: Duration = Duration::from_secs(120);
