//! Private connections in swarms on async-std: transport and behaviour, made together.
//!
//! What they do, and how a swarm is made of them, is said in [`floe_core::libp2p::private`].

use floe_core::libp2p::libp2p_identity::Keypair;
#[doc(inline)]
pub use floe_core::libp2p::private::{Attempt, Behaviour, Config};

use super::AsyncStd;
use super::SetupError;

/// The transport of private connections in swarms on async-std.
pub type Transport = floe_core::libp2p::private::Transport<AsyncStd>;

/// A transport and the behaviour that belongs to it, for the swarm with this key.
///
/// # Errors
///
/// [`SetupError`].
pub fn new(key: &Keypair, config: Config) -> Result<(Transport, Behaviour), SetupError> {
    floe_core::libp2p::private::new(AsyncStd, key, config)
}
