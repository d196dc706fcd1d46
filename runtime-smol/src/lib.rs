//! floe on smol: libp2p's WebRTC transports, bound to a UDP socket and a clock.
//!
//! Everything that happens on a connection happens in [`floe_core`]; this crate owns the socket and the
//! timer, and spawns the one future that drives an endpoint. What it re-exports is all that most users
//! need.
//!
//! ```
//! use floe_smol::identity::{Identity, Keypair};
//! use floe_smol::{Certificate, Config};
//! use futures::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { smol::block_on(async {
//! // A node is an identity and a certificate; derived from the key, its address survives restarts.
//! let node = |seed| {
//!     let keypair = Keypair::ed25519_from_seed(seed);
//!     let certificate = Certificate::derive(&keypair.raw());
//!     Config::new(Identity::from(keypair), certificate)
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

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use async_io::{Async, Timer};
use floe_core::driver::{self, Batch, Driver};
use floe_core::rtc::Epoch;
use floe_core::time::Timestamp;
use floe_core::udp::{self, Udp};
use quinn_udp::UdpSockRef;

pub use floe_core::driver::{Connection, DialError, Endpoint, Stream, os_seed};
pub use floe_core::multiaddr::DirectAddr;
pub use floe_core::peer_id::PeerId;
pub use floe_core::rtc::{Certificate, Config, Limits, Target, Transmit, error, identity, output};

/// Binds a UDP socket and runs an endpoint on it, as a task of smol's global executor.
///
/// Port 0 lets the kernel choose. `0.0.0.0` and `::` listen on all interfaces of their family; `::` takes
/// no IPv4, so that both can share a port. The endpoint closes, telling its peers, when its last handle
/// is dropped.
///
/// # Errors
///
/// What the kernel says of the socket.
pub async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
    let (endpoint, driver) = Driver::new(config, Socket::bind(addr)?, Clock::start(), os_seed()?)?;
    smol::spawn(driver.run()).detach();
    Ok(endpoint)
}

/// A UDP socket of the reactor that smol runs on; for those who run the [`Driver`] elsewhere than
/// [`bind`] does.
#[derive(Debug)]
pub struct Socket {
    io: Async<UdpSocket>,
    udp: Udp,
}

impl Socket {
    /// Binds a socket.
    ///
    /// # Errors
    ///
    /// What the kernel says of it.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let (socket, udp) = udp::open(addr)?;
        Ok(Self { io: Async::new_nonblocking(socket)?, udp })
    }
}

impl driver::Socket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.udp.local_addr())
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.udp.addresses()
    }

    fn sibling(&self) -> io::Result<Self> {
        let mut addr = self.udp.local_addr();
        addr.set_port(0);
        Self::bind(addr)
    }

    fn batch(&self) -> Batch {
        self.udp.batch()
    }

    async fn recv(&self, batch: &mut Batch) -> io::Result<()> {
        self.io.read_with(|io| self.udp.try_recv(UdpSockRef::from(io), batch)).await
    }

    async fn send(&self, mut transmit: Transmit<'_>) -> io::Result<()> {
        while !transmit.payload.is_empty() {
            let send = |io: &UdpSocket| self.udp.try_send(UdpSockRef::from(io), transmit);
            let sent = self.io.write_with(send).await?;
            transmit.payload = &transmit.payload[sent..];
        }
        Ok(())
    }
}

/// The clock of the reactor that smol runs on.
#[derive(Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }
}

impl driver::Clock for Clock {
    fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch)
    }

    fn now(&self) -> Timestamp {
        self.epoch().timestamp(Instant::now())
    }

    async fn sleep_until(&self, at: Timestamp) {
        Timer::at(self.epoch().instant(at)).await;
    }
}
