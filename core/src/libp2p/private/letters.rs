//! What transport and behaviour tell each other: the two are one thing that swarms want in two places.
//!
//! Neither channel is bounded: asks are as many as the swarm has listeners and dials, and offers are seated before
//! they are passed on, so nobody from outside makes one long.

use futures::channel::oneshot;
use libp2p_core::Multiaddr;
use libp2p_core::transport::ListenerId;
use libp2p_identity::PeerId;
use libp2p_swarm::Stream;

use super::super::Error;
use super::address::Circuit;
use super::seats::Seat;

/// What the transport wants, or has to say.
#[derive(Debug)]
pub(super) enum Ask {
    /// To be reached through a relay.
    Listen { listener: ListenerId, circuit: Circuit },
    /// A signaling stream to a peer.
    Stream(Wish),
    /// It has made a connection that was dialed.
    Connected(PeerId),
}

/// A dial waits for a stream.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) peer: PeerId,
    pub(super) circuit: Circuit,
    pub(super) answer: oneshot::Sender<Result<Stream, Error>>,
}

/// What the behaviour has learnt for a listener.
#[derive(Debug)]
pub(super) enum News {
    Address { listener: ListenerId, addr: Multiaddr },
    Expired { listener: ListenerId, addr: Multiaddr },
    Closed { listener: ListenerId, reason: Error },
    Offer { listener: ListenerId, offer: Offer },
}

/// A peer has opened a signaling stream.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) peer: PeerId,
    pub(super) circuit: Circuit,
    pub(super) stream: Stream,
    pub(super) seat: Seat,
}
