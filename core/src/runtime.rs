//! What every runtime crate is made of: a UDP socket and a clock over a reactor of its choice.
//!
//! A runtime differs from the others in two ways of waiting: until a socket is ready, and until a moment
//! has come. It says them once, as a [`Reactor`]; everything else that a socket and a clock need is the
//! operating system's, so it is written once, here. A runtime crate is then a reactor, [`bind`], and a task
//! that runs the driver:
//!
//! ```ignore
//! pub async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
//!     let (endpoint, driver) = runtime::bind(AsyncIo, addr, config)?;
//!     smol::spawn(driver.run()).detach();
//!     Ok(endpoint)
//! }
//! ```
//!
//! This is the only room in `core` that opens sockets and reads the clock, and nothing in `core` stands
//! on it.

pub mod udp;

use core::fmt;
use core::future::Future;
use core::net::SocketAddr;
use std::io;
use std::net::UdpSocket;
use std::time::Instant;
use std::vec::Vec;

use self::udp::Udp;
use crate::driver::{self, Batch, Driver, Endpoint, os_seed};
use crate::rtc::{Config, Epoch, Transmit};
use crate::time::Timestamp;

/// How a runtime waits.
///
/// Futures from here must be cancel-safe: the driver drops them and asks again.
pub trait Reactor: Clone + fmt::Debug + Send + Sync + 'static {
    /// A socket that the runtime watches.
    type Watched: fmt::Debug + Send + Sync + 'static;

    /// Begins to watch a socket that does not block; dropping what is returned ends it. The socket is a
    /// handle of one that others read and write.
    ///
    /// # Errors
    ///
    /// What the runtime or the kernel says.
    fn watch(&self, socket: UdpSocket) -> io::Result<Self::Watched>;

    /// Calls `attempt` whenever the socket may be ready for `what`, until it says something else than
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), and gives that.
    fn when<T: Send>(
        &self,
        socket: &Self::Watched,
        what: Readiness,
        attempt: impl FnMut() -> io::Result<T> + Send,
    ) -> impl Future<Output = io::Result<T>> + Send;

    /// Waits until `at`, or a little longer; never less.
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send;
}

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// There is something to be received.
    Read,
    /// There is room for something to be sent.
    Write,
}

/// The driver of an endpoint on a socket of the operating system.
pub type SystemDriver<R> = Driver<Socket<R>, Clock<R>>;

/// An endpoint on a new socket, and its driver, to be run where `reactor` works.
///
/// Port 0 lets the kernel choose. `0.0.0.0` and `::` listen on all interfaces of their family; `::` takes
/// no IPv4, so that both can share a port.
///
/// # Errors
///
/// What the kernel says of the socket, or that it has no entropy; as
/// [`Driver::new`](crate::driver::Driver::new).
pub fn bind<R: Reactor>(
    reactor: R,
    addr: SocketAddr,
    config: Config,
) -> io::Result<(Endpoint, SystemDriver<R>)> {
    let socket = Socket::bind(reactor.clone(), addr)?;
    Driver::new(config, socket, Clock::start(reactor), os_seed()?)
}

/// A UDP socket of the operating system, waited for by a reactor.
#[derive(Debug)]
pub struct Socket<R: Reactor> {
    reactor: R,
    /// Before `udp`, so that nobody watches a socket that is closed.
    watched: R::Watched,
    udp: Udp,
}

impl<R: Reactor> Socket<R> {
    /// Binds a socket.
    ///
    /// # Errors
    ///
    /// What the kernel says of it.
    pub fn bind(reactor: R, addr: SocketAddr) -> io::Result<Self> {
        let udp = Udp::open(addr)?;
        let watched = reactor.watch(udp.handle()?)?;
        Ok(Self { reactor, watched, udp })
    }
}

impl<R: Reactor> driver::Socket for Socket<R> {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.udp.local_addr())
    }

    fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.udp.local_addrs()
    }

    fn sibling(&self) -> io::Result<Self> {
        let mut addr = self.udp.local_addr();
        addr.set_port(0);
        Self::bind(self.reactor.clone(), addr)
    }

    fn batch(&self) -> Batch {
        self.udp.batch()
    }

    async fn recv(&self, batch: &mut Batch) -> io::Result<()> {
        self.reactor.when(&self.watched, Readiness::Read, || self.udp.try_recv(batch)).await
    }

    async fn send(&self, mut transmit: Transmit<'_>) -> io::Result<()> {
        while !transmit.payload.is_empty() {
            let send = || self.udp.try_send(transmit);
            let sent = self.reactor.when(&self.watched, Readiness::Write, send).await?;
            transmit.payload = &transmit.payload[sent..];
        }
        Ok(())
    }
}

/// The operating system's clock, with the timers of a reactor.
#[derive(Debug)]
pub struct Clock<R> {
    reactor: R,
    epoch: Instant,
}

impl<R: Reactor> Clock<R> {
    /// A clock that starts now.
    pub fn start(reactor: R) -> Self {
        Self { reactor, epoch: the_time() }
    }
}

impl<R: Reactor> driver::Clock for Clock<R> {
    fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch)
    }

    fn now(&self) -> Timestamp {
        self.epoch().timestamp(the_time())
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.reactor.sleep_until(self.epoch().instant(at)).await;
    }
}

/// Elsewhere in `core` time comes in by argument; this is where it comes from.
#[allow(clippy::disallowed_methods)]
fn the_time() -> Instant {
    Instant::now()
}
