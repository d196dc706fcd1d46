//! floe on tokio: libp2p's WebRTC transports, bound to a UDP socket and a clock.
//!
//! Everything that happens on a connection happens in [`floe_core`]; this crate waits for the socket and
//! the timer, and spawns the one future that drives an endpoint. What it re-exports is all that most
//! users need.
//!
//! # What it needs
//!
//! A tokio runtime that drives IO and time: tokio's features `net` and `time` are switched on from here,
//! the feature of a runtime (`rt-multi-thread` or `rt`) and `enable_all` are the program's. Any number of
//! threads will do. An endpoint is one task, so it uses no more than one of them at a time; streams that
//! are used on other threads run beside it.
//!
//! Streams speak the traits of `futures`; [`TokioStream`] has tokio's own.
//!
//! Two nodes that nobody can dial meet over a relayed stream: [`Endpoint::dial_private`] and
//! [`Endpoint::accept_private`], which take streams of `futures` too; `tokio_util::compat` makes them of tokio's.
//!
//! ```
//! use floe_tokio::identity::Keypair;
//! use floe_tokio::{Certificate, Config};
//! use futures::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A node is an identity and a certificate; derived from the key, its address survives restarts.
//! let node = |seed| {
//!     let keypair = Keypair::ed25519_from_seed(seed);
//!     let certificate = Certificate::derive(&keypair);
//!     Config::new(keypair, certificate)
//! };
//! let listener = floe_tokio::bind("127.0.0.1:0".parse()?, node([1; 32])).await?;
//! let address = listener.listen_addrs()[0]; // /ip4/127.0.0.1/udp/…/webrtc-direct/certhash/…/p2p/…
//!
//! tokio::spawn(async move {
//!     while let Some(connection) = listener.accept().await {
//!         while let Some(mut stream) = connection.accept().await {
//!             stream.write_all(b"hello").await.expect("the dialer reads");
//!             stream.close().await.expect("the dialer acknowledges");
//!         }
//!     }
//! });
//!
//! let dialer = floe_tokio::bind("127.0.0.1:0".parse()?, node([2; 32])).await?;
//! let connection = dialer.dial(&address).await?;
//! let mut stream = connection.open().await?;
//! let mut said = String::new();
//! stream.read_to_string(&mut said).await?;
//! assert_eq!(said, "hello");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "libp2p")]
pub mod libp2p;
mod stream;
mod watched;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use floe_core::runtime::{self, Reactor, Readiness};

pub use floe_core;
#[doc(inline)]
pub use floe_core::api::*;
pub use stream::TokioStream;
pub use watched::Watched;

/// Binds a UDP socket and runs an endpoint on it, as a task of the current runtime.
///
/// Port 0 lets the kernel choose. `0.0.0.0` and `::` listen on all interfaces of their family; `::` takes
/// no IPv4, so that both can share a port. The endpoint closes, telling its peers, when its last handle
/// is dropped.
///
/// # Errors
///
/// What the kernel says of the socket; [`InvalidInput`](io::ErrorKind::InvalidInput) with a [`ConfigError`]
/// inside for a configuration that cannot work.
///
/// # Panics
///
/// Outside of a tokio runtime, or in one that drives no IO or no time.
pub async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
    bind_observed(addr, config, ()).await
}

/// Binds as [`bind`] does, and lets `observer` see every datagram: the files for Wireshark that
/// `floe_core::capture` writes are observers.
///
/// # Errors
///
/// As [`bind`].
///
/// # Panics
///
/// As [`bind`] does.
pub async fn bind_observed(
    addr: SocketAddr,
    config: Config,
    observer: impl Observer,
) -> io::Result<Endpoint> {
    bind_now(addr, config, observer)
}

fn bind_now(addr: SocketAddr, config: Config, observer: impl Observer) -> io::Result<Endpoint> {
    let (endpoint, driver) = runtime::bind(Tokio, addr, config)?;
    tokio::spawn(driver.observed(observer).run());
    Ok(endpoint)
}

/// Tokio's way of waiting: for those who run the driver of an endpoint elsewhere than [`bind`] does.
///
/// Works within a tokio runtime that drives IO and time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Reactor for Tokio {
    type Watched = Watched;

    fn watch(&self, socket: UdpSocket) -> io::Result<Self::Watched> {
        Watched::new(socket)
    }

    async fn when<T: Send>(
        &self,
        socket: &Self::Watched,
        what: Readiness,
        attempt: impl FnMut() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        match what {
            Readiness::Read => socket.read(attempt).await,
            Readiness::Write => socket.write(attempt).await,
        }
    }

    async fn sleep_until(&self, at: Instant) {
        tokio::time::sleep_until(at.into()).await;
    }
}

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
