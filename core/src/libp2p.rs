//! rust-libp2p's `Transport` and `StreamMuxer`, for `/webrtc-direct`: what its swarms plug in. Private `/webrtc` is
//! next door, in [`private`].
//!
//! The runtime crates re-export this room with their own way of binding sockets, as `libp2p::Transport`, so
//! that a swarm needs one line:
//!
//! ```ignore
//! let swarm = SwarmBuilder::with_existing_identity(keypair)
//!     .with_tokio()
//!     .with_other_transport(|key| floe_tokio::libp2p::Transport::new(key, Config::default()))?
//!     .with_behaviour(|_| ping::Behaviour::default())?
//!     .build();
//! swarm.listen_on("/ip4/0.0.0.0/udp/0/webrtc-direct".parse()?)?;
//! ```
//!
//! It translates and keeps no rules of its own: what is said of connections and streams on the
//! [driver](crate::driver)'s handles holds, but for what swarms expect otherwise.
//!
//! Who comes from `libp2p-webrtc` finds what changes in [`migration`].
//!
//! # Addresses
//!
//! - **Listening** takes `/ip4|ip6/…/udp/…/webrtc-direct`, a wildcard and port 0 too, and tells the addresses
//!   that it comes to with their certhash and without `/p2p`; those of a wildcard as interfaces come and go. An
//!   address that was told can be listened on again.
//! - **Dialing** needs a certhash, and no listener. With `/p2p` at the end, where swarms write it once they know
//!   the peer, the peer must be that one, or the dial fails as [`Error::Dial`] and not as the swarm's
//!   `WrongPeerId`; the dials of other addresses that the swarm tries beside it go on.
//! - **Observed addresses**, which identify tells peers of, come without a certhash: nothing in a connection says
//!   what the other side's would be as a listener. Nobody can dial them, so a node behind a port that it has
//!   forwarded says `swarm.add_external_address(…)` with its certhash, as told by its listener.
//! - Whatever is no address of webrtc-direct is `MultiaddrNotSupported`, so that transports compose. Names are
//!   for `with_dns`.
//!
//! # Sockets
//!
//! Each listener has a socket. A dial leaves by the socket of a listener of its family (`PortUse::Reuse`, the
//! default of swarms), else by one that all dials of the family share; by one of its own with `PortUse::New`,
//! and where there is a connection between those two sockets in that direction already, of which there can be
//! one only, or as many on the shared one as may be. Peers that speak only v1 are reached from a second port
//! beside it ([`crate::rtc`] says why), and so observe that one.
//!
//! A socket lives as long as anything needs it: its listener, the transport if dials share it, a connection, or a
//! substream. So connections go on when their listener is removed or the transport is dropped, and the port is
//! free when the last of them is gone.
//!
//! Connections are authenticated before the swarm hears of them: what the swarm refuses as pending has cost a
//! handshake, and [`Limits`](crate::rtc::Limits) bound those, for each socket. What the swarm does not take in
//! time is closed once 256 wait.
//!
//! Dialing in the role of a listener, as DCUtR does on one side of a hole punch, is refused: there is no
//! such thing in webrtc-direct.
//!
//! # Connections and substreams
//!
//! - **Closing** a connection delivers what its substreams have written first; so does dropping it, in the
//!   background. It takes five seconds at most.
//! - **Substreams** are opened up to the [limit](crate::rtc::Limits::streams); then opening waits until one is
//!   over, and no error closes the connection. Those that the peer opens wait until the swarm takes them;
//!   beyond the limit they are reset.
//! - **A substream that nobody reads** takes its [share](crate::rtc::Limits::stream_receive_bytes) of what may wait,
//!   and then the whole connection waits for it, as SCTP has one window for all streams.
//! - **Closing a substream** is done when all that was written is handed over, not when the peer has
//!   acknowledged it: the peers that never acknowledge an end would cost ten seconds each time.
//! - **Dropping a substream** closes it, and asks the peer to send no more: what was written is delivered,
//!   as on QUIC and TCP, which protocols of rust-libp2p count on.

mod address;
mod config;
mod error;
mod key;
mod listener;
#[doc = include_str!("libp2p/migration.md")]
pub mod migration {}
mod muxer;
pub mod private;
mod sockets;
mod substream;
mod transport;

use core::net::SocketAddr;
use std::io;

pub use config::Config;
pub use error::{Error, SetupError};
pub use libp2p_core;
pub use libp2p_identity;
pub use libp2p_swarm;
pub use listener::Upgrade;
pub use muxer::Connection;
pub use substream::Substream;
pub use transport::{Dial, Transport};

use crate::driver::Endpoint;
use crate::rtc;

/// How a transport comes to its endpoints: binds a socket and has its driver run.
///
/// Each runtime crate has one; a closure is another, for a runtime of one's own or to have the endpoints
/// observed.
pub trait Bind: Send + Sync + 'static {
    /// Binds an endpoint; called by `listen_on` and `dial`, and from within the futures of dials.
    ///
    /// # Errors
    ///
    /// What the kernel says of the socket.
    fn bind(&self, addr: SocketAddr, config: rtc::Config) -> io::Result<Endpoint>;
}

impl<F> Bind for F
where
    F: Fn(SocketAddr, rtc::Config) -> io::Result<Endpoint> + Send + Sync + 'static,
{
    fn bind(&self, addr: SocketAddr, config: rtc::Config) -> io::Result<Endpoint> {
        self(addr, config)
    }
}
