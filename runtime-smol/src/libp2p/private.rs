//! Private connections in swarms on smol: transport and behaviour, made together.
//!
//! What they do, and how a swarm is made of them, is said in [`floe_core::libp2p::private`].

use floe_core::libp2p::libp2p_identity::Keypair;
#[doc(inline)]
pub use floe_core::libp2p::private::{Attempt, Behaviour, Config};

use super::SetupError;
use crate::AsyncIo;

/// The transport of private connections in swarms on smol.
pub type Transport = floe_core::libp2p::private::Transport<AsyncIo>;

/// A transport and the behaviour that belongs to it, for the swarm with this key.
///
/// # Errors
///
/// [`SetupError`].
pub fn new(key: &Keypair, config: Config) -> Result<(Transport, Behaviour), SetupError> {
    floe_core::libp2p::private::new(AsyncIo, key, config)
}
