//! floe on smol: libp2p's WebRTC transports, bound to a UDP socket and a clock.
//!
//! Everything that happens on a connection happens in [`floe_core`]; this crate waits for the socket and
//! the timer, and spawns the one future that drives an endpoint. What it re-exports is all that most
//! users need.
//!
//! # What it needs
//!
//! Nothing: smol's global executor and `async-io`'s thread start by themselves, and it makes no difference
//! whose `block_on` the application runs in. But that executor has **one thread** unless the environment
//! says otherwise (`SMOL_THREADS=4`). An endpoint is one task, so one is enough for a node; two busy
//! endpoints of one process share it: a transfer between them has half to two thirds of the rate that it
//! has with two threads. Who wants more threads without the environment runs the driver on an executor of
//! their own, with [`runtime::bind`] and [`AsyncIo`].
//!
//! Streams speak the traits of `futures`, which are smol's.
//!
//! Two nodes that nobody can dial meet over a relayed stream: [`Endpoint::dial_private`] and
//! [`Endpoint::accept_private`].
//!
//! ```
//! use floe_smol::identity::Keypair;
//! use floe_smol::{Certificate, Config};
//! use futures::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { smol::block_on(async {
//! // A node is an identity and a certificate; derived from the key, its address survives restarts.
//! let node = |seed| {
//!     let keypair = Keypair::ed25519_from_seed(seed);
//!     let certificate = Certificate::derive(&keypair);
//!     Config::new(keypair, certificate)
//! };
//! let listener = floe_smol::bind("127.0.0.1:0".parse()?, node([1; 32])).await?;
//! let address = listener.listen_addrs()[0]; // /ip4/127.0.0.1/udp/…/webrtc-direct/certhash/…/p2p/…
//!
//! let serve = smol::spawn(async move {
//!     while let Some(connection) = listener.accept().await {
//!         while let Some(mut stream) = connection.accept().await {
//!             stream.write_all(b"hello").await.expect("the dialer reads");
//!             stream.close().await.expect("the dialer acknowledges");
//!         }
//!     }
//! });
//!
//! let dialer = floe_smol::bind("127.0.0.1:0".parse()?, node([2; 32])).await?;
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
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use async_io::{Async, Timer};
use floe_core::runtime::{self, Reactor, Readiness};

pub use floe_core;
#[doc(inline)]
pub use floe_core::api::*;

/// Binds a UDP socket and runs an endpoint on it, as a task of smol's global executor.
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
    smol::spawn(driver.observed(observer).run()).detach();
    Ok(endpoint)
}

/// The way of waiting of `async-io`, which smol stands on: for those who run the driver of an endpoint
/// elsewhere than [`bind`] does.
///
/// Works anywhere: `async-io` has a thread of its own. Waiting costs more system calls than on tokio, and that
/// thread wakes up beside a busy executor: two nodes on a single executor thread have moved up to a tenth
/// less than on tokio's single thread. With two threads no difference was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncIo;

impl Reactor for AsyncIo {
    type Watched = Async<UdpSocket>;

    fn watch(&self, socket: UdpSocket) -> io::Result<Self::Watched> {
        Async::new_nonblocking(socket)
    }

    async fn when<T: Send>(
        &self,
        socket: &Self::Watched,
        what: Readiness,
        mut attempt: impl FnMut() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        match what {
            Readiness::Read => socket.read_with(|_| attempt()).await,
            Readiness::Write => socket.write_with(|_| attempt()).await,
        }
    }

    async fn sleep_until(&self, at: Instant) {
        Timer::at(at).await;
    }
}
