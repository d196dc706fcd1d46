//! Private `/webrtc` in rust-libp2p's swarms: direct connections between nodes that nobody can dial.
//!
//! A node behind a NAT reserves circuits at a relay. Over a relayed connection two nodes signal, and ICE finds a way
//! between them; what the swarm gets is a direct connection that needs the relay no more.
//!
//! ```text
//!   dialer ── circuit ── relay ── circuit ── listener      /webrtc-signaling/0.0.1
//!     └───────────────── UDP ──────────────────┘           the connection
//! ```
//!
//! A transport and a behaviour belong together: [`new`] makes both, and a swarm needs both, beside the relay's
//! client:
//!
//! ```ignore
//! #[derive(NetworkBehaviour)]
//! struct Node {
//!     private: private::Behaviour,
//!     relayed: relay::client::Behaviour,
//!     ping: ping::Behaviour,
//! }
//!
//! fn node(key: Keypair) -> Result<Swarm<Node>> {
//!     let (webrtc, private) = private::new(&key, private::Config::default())?;
//!     let (circuits, relayed) = relay::client::new(key.public().to_peer_id());
//!     let circuits = circuits
//!         .upgrade(Version::V1)
//!         .authenticate(noise::Config::new(&key)?)
//!         .multiplex(yamux::Config::default());
//!     let swarm = SwarmBuilder::with_existing_identity(key)
//!         .with_tokio()
//!         .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
//!         .with_other_transport(|_| webrtc)?
//!         .with_other_transport(|_| circuits)? // behind it, as it would take its addresses
//!         .with_behaviour(|_| Node { private, relayed, ping: every_second() })?
//!         .build();
//!     Ok(swarm)
//! }
//! ```
//!
//! **The order matters.** The relay's client takes every address that has a `/p2p-circuit` in it, so the private
//! transport must come before it. `SwarmBuilder::with_relay_client` puts the client before all others; the swarm
//! above is therefore built with the client as one more transport. Where the order is wrong, a dial of a private
//! address ends as [`Error::Swallowed`](super::Error::Swallowed), and none becomes a relayed connection under
//! another name.
//!
//! # Addresses
//!
//! - **Listening** takes `<relay>/p2p-circuit/webrtc`. If there is no reservation at that relay, one is made, by
//!   having the swarm listen on `<relay>/p2p-circuit`; the relay's client makes one at a time, so whoever wants that
//!   listener for itself makes it first and waits for its address. The address that is told has `/p2p` and our peer
//!   id at its end; it is an external address as well, so identify tells peers of it. It expires with the reservation,
//!   and the listener is then closed with [`Error::Reservation`](super::Error::Reservation): to listen again is the
//!   user's choice, as with the relay's client.
//! - **Dialing** takes `<relay>/p2p-circuit/webrtc/p2p/<peer>`, and needs no listener. A dial of several addresses of a
//!   peer, of which one is that of the circuit itself, is over when the circuit is up, which is sooner: who wants a
//!   private connection dials its address alone.
//! - All else is `MultiaddrNotSupported`, plain `/p2p-circuit` too, so that transports compose. Names in the relay's
//!   address are for `with_dns`.
//! - **A connection's** remote address is the one above, on both sides. It stays when the peer's socket moves. The near
//!   end is our UDP socket on the side that was dialed. On the side that has dialed the address is all there is, and
//!   behaviours that look for `/p2p-circuit` in it take the connection for a relayed one.
//!
//! # The relayed connection
//!
//! A dial uses one that is there with that peer, by whatever relay, or has one dialed. Streams for signaling are opened
//! and accepted on relayed connections only, and accepted only while somebody listens. Such a stream keeps its
//! connection alive; nothing else here does. What becomes of it afterwards is the swarm's affair: it closes when it is
//! idle for as long as the swarm's configuration says, or by `Swarm::close_connection`, and the private connection
//! goes on. rust-libp2p does not know of limited connections: every protocol is spoken on relayed ones, this one too.
//!
//! # Limits
//!
//! A peer may have two attempts under way that it has begun, all together
//! [as many as the endpoint has room for](crate::rtc::Limits::meetings); further streams are reset. Each attempt has
//! [a while](crate::rtc::Config::meeting_timeout). `SwarmBuilder` gives every dial ten seconds, that of the relayed
//! connection included (`with_connection_timeout`).
//!
//! When two nodes dial each other at the same time, one attempt goes on. The dial that does not fails, and the swarm
//! of that node is told of the connection that the other has dialed.
//!
//! All private connections share one socket, which is bound when the first is made or listened for, and lets nobody in
//! who was not announced by signaling. It has one IP version ([`Config::with_bind`]): two peers meet if it is the same.

mod address;
mod behaviour;
mod config;
mod handler;
mod letters;
mod reservations;
mod seats;
mod transport;
mod wishes;

use futures::channel::mpsc;
use libp2p_identity::Keypair;
use libp2p_swarm::StreamProtocol;

pub use behaviour::Behaviour;
pub use config::Config;
pub use transport::{Attempt, Transport};

use super::{Bind, SetupError};

/// A transport and the behaviour that belongs to it, for the swarm with this key: both are needed, in the same
/// swarm. Nothing is bound until it listens or dials.
///
/// # Errors
///
/// [`SetupError`].
pub fn new<B: Bind>(
    bind: B,
    key: &Keypair,
    config: Config,
) -> Result<(Transport<B>, Behaviour), SetupError> {
    let (at, config) = config.complete(key)?;
    let (asks, asked) = mpsc::unbounded();
    let (news, told) = mpsc::unbounded();
    let local = key.public().to_peer_id();
    let behaviour = Behaviour::new(local, config.limits.meetings, asked, news);
    Ok((Transport::new(bind, (at, config), asks, told), behaviour))
}

/// The protocol of the streams that are signaled on.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/webrtc-signaling/0.0.1");
