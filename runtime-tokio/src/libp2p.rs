//! rust-libp2p's `Transport`, on tokio: what a swarm with tokio's executor plugs in.
//!
//! ```ignore
//! let swarm = SwarmBuilder::with_existing_identity(keypair)
//!     .with_tokio()
//!     .with_other_transport(|key| floe_tokio::libp2p::Transport::new(key, Config::default()))?
//! ```
//!
//! What it does is said in [`floe_core::libp2p`]. Its endpoints are tasks of the runtime in which `listen_on` or
//! `dial` is called or the swarm is polled; outside of one these panic.

pub mod private;

use std::io;
use std::net::SocketAddr;

#[doc(inline)]
pub use floe_core::libp2p::{
    Bind, Config, Connection, Dial, Error, SetupError, Substream, Upgrade, libp2p_core,
    libp2p_identity, libp2p_swarm,
};

use super::{Endpoint, Tokio};

/// The transport of swarms on tokio.
pub type Transport = floe_core::libp2p::Transport<Tokio>;

impl Bind for Tokio {
    fn bind(&self, addr: SocketAddr, config: super::Config) -> io::Result<Endpoint> {
        super::bind_now(addr, config, ())
    }
}
