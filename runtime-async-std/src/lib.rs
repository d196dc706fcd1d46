//! floe on async-std: libp2p's WebRTC transports, bound to a UDP socket and a clock.
//!
//! async-std is discontinued, and its authors advise smol; this crate is for programs that still stand
//! on it. Both wait by the same reactor, so that is [`floe_smol`]'s; only the task that drives the endpoint
//! is async-std's.
//!
//! Everything that happens on a connection happens in [`floe_core`]; this crate spawns the one future that
//! drives an endpoint. What it re-exports is all that most users need.
//!
//! # What it needs
//!
//! Nothing: async-std's executor and `async-io`'s thread start by themselves, and it makes no difference
//! whose `block_on` the application runs in. The executor has a thread for each core unless the
//! environment says otherwise (`ASYNC_STD_THREAD_COUNT=1`). An endpoint is one task, so it uses no more
//! than one of them at a time; streams that are used on other threads run beside it.
//!
//! Streams speak the traits of `futures`, which are async-std's.
//!
//! Two nodes that nobody can dial meet over a relayed stream: [`Endpoint::dial_private`] and
//! [`Endpoint::accept_private`].
//!
//! ```
//! use floe_async_std::identity::Keypair;
//! use floe_async_std::{Certificate, Config};
//! use futures::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { async_std::task::block_on(async {
//! // A node is an identity and a certificate; derived from the key, its address survives restarts.
//! let node = |seed| {
//!     let keypair = Keypair::ed25519_from_seed(seed);
//!     let certificate = Certificate::derive(&keypair);
//!     Config::new(keypair, certificate)
//! };
//! let listener = floe_async_std::bind("127.0.0.1:0".parse()?, node([1; 32])).await?;
//! let address = listener.listen_addrs()[0]; // /ip4/127.0.0.1/udp/…/webrtc-direct/certhash/…/p2p/…
//!
//! let serve = async_std::task::spawn(async move {
//!     while let Some(connection) = listener.accept().await {
//!         while let Some(mut stream) = connection.accept().await {
//!             stream.write_all(b"hello").await.expect("the dialer reads");
//!             stream.close().await.expect("the dialer acknowledges");
//!         }
//!     }
//! });
//!
//! let dialer = floe_async_std::bind("127.0.0.1:0".parse()?, node([2; 32])).await?;
//! let connection = dialer.dial(&address).await?;
//! let mut stream = connection.open().await?;
//! let mut said = String::new();
//! stream.read_to_string(&mut said).await?;
//! assert_eq!(said, "hello");
//! # drop(serve);
//! # Ok(())
//! # }) }
//! ```

#[cfg(feature = "libp2p")]
pub mod libp2p;

use std::io;
use std::net::SocketAddr;

use floe_core::runtime;

pub use floe_core;
#[doc(inline)]
pub use floe_core::api::*;
pub use floe_smol::AsyncIo;

/// Binds a UDP socket and runs an endpoint on it, as a task of async-std's executor.
///
/// Port 0 lets the kernel choose. `0.0.0.0` and `::` listen on all interfaces of their family; `::` takes
/// no IPv4, so that both can share a port. The endpoint closes, telling its peers, when its last handle
/// is dropped.
///
/// # Errors
///
/// What the kernel says of the socket; [`InvalidInput`](io::ErrorKind::InvalidInput) with a [`ConfigError`]
/// inside for a configuration that cannot work.
pub async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
    bind_observed(addr, config, ()).await
}

/// Binds as [`bind`] does, and lets `observer` see every datagram: the files for Wireshark that
/// `floe_core::capture` writes are observers.
///
/// # Errors
///
/// As [`bind`].
pub async fn bind_observed(
    addr: SocketAddr,
    config: Config,
    observer: impl Observer,
) -> io::Result<Endpoint> {
    bind_now(addr, config, observer)
}

fn bind_now(addr: SocketAddr, config: Config, observer: impl Observer) -> io::Result<Endpoint> {
    let (endpoint, driver) = runtime::bind(AsyncIo, addr, config)?;
    async_std::task::spawn(driver.observed(observer).run());
    Ok(endpoint)
}
