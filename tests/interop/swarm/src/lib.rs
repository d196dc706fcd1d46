//! What the interop peers share that are swarms of rust-libp2p: a node in either role, with ping, identify and
//! raw streams, whatever carries its connections.
//!
//! It must know no carrier: a peer brings its transport, and what belongs to that, as a [`Carrier`].

#[expect(missing_docs, reason = "the variants that are derived have none")]
mod behaviour;
mod direct;
mod node;
pub mod relayed;

use contract::{Duplex, Failure, Manner, Purpose};
use libp2p::{Multiaddr, Swarm, swarm::NetworkBehaviour};

pub use behaviour::{Behaviour, BehaviourEvent};
pub use node::{Dialing, Host, listening};

/// What carries the connections of a peer.
pub trait Carrier: Copy + Send + Sync + 'static {
    /// Behaviours that the transport needs beside it.
    type Own: NetworkBehaviour + Send;
    /// Streams, with what they need to be stepped around.
    type Stream: Duplex;

    /// The one that an address asks for.
    fn of(address: &Multiaddr) -> Self;

    /// As the runner calls it.
    fn version(self) -> &'static str;

    /// A swarm with a fresh identity.
    ///
    /// # Errors
    ///
    /// What hinders it.
    fn swarm(
        self,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Swarm<Behaviour<Self::Own>>, Failure>> + Send;

    /// Listens, and returns the address to dial.
    ///
    /// # Errors
    ///
    /// What hinders it.
    fn listen(
        self,
        swarm: &mut Swarm<Behaviour<Self::Own>>,
        address: Multiaddr,
    ) -> impl Future<Output = Result<Multiaddr, Failure>> + Send;

    /// Whatever has to happen before `address` can be dialed.
    ///
    /// # Errors
    ///
    /// What hinders it.
    fn prepare(
        self,
        swarm: &mut Swarm<Behaviour<Self::Own>>,
        address: &Multiaddr,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Makes a stream of a story of it.
    fn stream(self, stream: libp2p::Stream, manner: Manner) -> Self::Stream;
}
