//! rust-libp2p's `Transport`, on smol: what a swarm with smol's executor plugs in.
//!
//! rust-libp2p's builder knows no other runtimes than tokio any more, so the swarm is made by hand:
//!
//! ```ignore
//! let transport = floe_smol::libp2p::Transport::new(&keypair, Config::default())?
//!     .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
//!     .boxed();
//! let executor = swarm::Config::with_executor(|task| { smol::spawn(task).detach() });
//! let swarm = Swarm::new(transport, behaviour, keypair.public().to_peer_id(), executor);
//! ```
//!
//! What it does is said in [`floe_core::libp2p`]. Its endpoints are tasks of smol's global executor.

pub mod private;

use std::io;
use std::net::SocketAddr;

#[doc(inline)]
pub use floe_core::libp2p::{
    Bind, Config, Connection, Dial, Error, SetupError, Substream, Upgrade, libp2p_core,
    libp2p_identity, libp2p_swarm,
};

use super::{AsyncIo, Endpoint};

/// The transport of swarms on smol.
pub type Transport = floe_core::libp2p::Transport<AsyncIo>;

impl Bind for AsyncIo {
    fn bind(&self, addr: SocketAddr, config: super::Config) -> io::Result<Endpoint> {
        super::bind_now(addr, config, ())
    }
}
