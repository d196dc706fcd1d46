//! A node behind the real driver loop, under a virtual clock.
//!
//! The driver knows of the world a socket and a clock, so here it has those of the simulation: a host that
//! the world fills with datagrams and empties of them, a [`Clock`] that the world moves, and tasks that a
//! seed orders. All else is what applications run: the loop, the handles, their futures and wakers. A
//! driver that spins panics, and says so.
//!
//! With the same seed and a kind [`Manner`] such a node sends what a bare endpoint sends, datagram for
//! datagram, as long as no streams are used: they go through pipes here.
//!
//! An application is either what a test [spawns](Driven::job), or the one that is asked through
//! [`Peer`](crate::chaos::peer::Peer), once it [moved in](Driven::with_application).

mod application;
mod clock;
mod host;
mod manner;
mod socket;
mod tasks;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use floe_core::driver::{self, Driver, Observed, Observer};
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{Config, Epoch, KeyLogLine};
use floe_core::time::Timestamp;

use self::application::Application;
use self::host::Host;
use self::socket::Socket;
use self::tasks::{TaskId, Tasks};
use crate::net::Packet;
use crate::node::Node;
use crate::start::Start;

pub use self::clock::Clock;
pub use self::manner::Manner;
pub use self::tasks::Job;

/// A node behind the driver's loop.
#[derive(Debug)]
pub struct Driven {
    addr: SocketAddr,
    address: DirectAddr,
    peer_id: PeerId,
    /// The application's handle of the endpoint; none once it is dropped.
    endpoint: Option<driver::Endpoint>,
    application: Option<Application>,
    tasks: Tasks,
    driver: TaskId,
    host: Host,
    clock: Clock,
    /// By how much its clock is ahead of the world's.
    ahead: Duration,
    /// When it was drained last, as the world has it.
    drained: Timestamp,
    seen: Arc<Mutex<Seen>>,
    keys: Vec<KeyLogLine>,
}

/// What an observer saw of the driver.
#[derive(Debug, Default)]
struct Seen {
    turns: u64,
    keys: Vec<KeyLogLine>,
}

impl Driven {
    /// A node with everything random drawn from `seed`, at `addr`, on a host with such a manner;
    /// `adjust` changes the defaults of its configuration. The endpoint is that of a
    /// [`Floe`](crate::floe::Floe) with the same seed.
    pub fn new(
        seed: u64,
        addr: SocketAddr,
        epoch: Epoch,
        manner: Manner,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        Self::begin(Start::new(seed, adjust), addr, epoch, manner)
    }

    /// The node that begins so.
    pub fn begin(start: Start, addr: SocketAddr, epoch: Epoch, manner: Manner) -> Self {
        let address = start.address(addr);
        let Start { config, seed, mut rng } = start;
        let peer_id = config.identity.peer_id();
        let host = Host::new(rng.next_u64(), manner);
        let clock = Clock::new(epoch, rng.next_u64(), manner.late);
        let mut tasks = Tasks::new(rng.next_u64());
        let socket = Socket::bind(host.clone(), addr);
        let (endpoint, driver) =
            Driver::new(config, socket, clock.clone(), seed).expect("it can work");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let driver = tasks.spawn(driver.observed(seen.clone()).run());
        let (endpoint, ahead, drained) = (Some(endpoint), Duration::ZERO, Timestamp::ZERO);
        let (application, keys) = (None, Vec::new());
        Self {
            addr,
            address,
            peer_id,
            endpoint,
            application,
            tasks,
            driver,
            host,
            clock,
            ahead,
            drained,
            seen,
            keys,
        }
    }

    /// The same node with an application that does what [`Peer`](crate::chaos::peer::Peer) asks; it
    /// accepts all connections and all streams.
    #[must_use]
    pub fn with_application(mut self) -> Self {
        let seed = u64::from(self.addr.port()) ^ u64::from_le_bytes(*b"app seed");
        self.application = Some(Application::new(seed, self.endpoint(), &mut self.tasks));
        self
    }

    /// The address to dial it at.
    pub const fn address(&self) -> DirectAddr {
        self.address
    }

    /// Who it is.
    pub const fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// A handle of its endpoint.
    ///
    /// # Panics
    /// If the node has dropped its own.
    pub fn endpoint(&self) -> driver::Endpoint {
        self.endpoint.clone().expect("its handle is not dropped")
    }

    /// Drops the node's own handle of its endpoint.
    pub fn drop_endpoint(&mut self) {
        self.endpoint = None;
        self.application = None;
    }

    /// Runs a future beside the driver, from when the node is drained next.
    pub fn job<T: 'static>(&mut self, future: impl Future<Output = T> + 'static) -> Job<T> {
        self.tasks.job(future)
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Its clock jumps.
    pub fn jump(&mut self, by: Duration) {
        self.ahead += by;
        self.clock.advance(self.drained + self.ahead);
    }

    /// How its host serves it.
    pub fn manner(&self) -> Manner {
        self.host.manner()
    }

    /// Serves it otherwise from now on. Buffers stay as they are, and timers as late.
    pub fn set_manner(&self, manner: Manner) {
        self.host.set_manner(manner);
    }

    /// Its send buffer is full for so long.
    pub fn fill_send_buffer(&self, duration: Duration) {
        self.host.fill_until(self.drained + duration);
    }

    /// The next receptions of its main socket fail with these errors.
    pub fn fail(&self, errors: impl IntoIterator<Item = ErrorKind>) {
        self.host.fail(self.addr, errors);
    }

    /// Its main socket is of no use from now on.
    pub fn break_socket(&self, error: ErrorKind) {
        self.host.break_for_good(self.addr, error);
    }

    /// What the socket of fallbacks is bound to, if it is there.
    pub fn sibling(&self) -> Option<SocketAddr> {
        self.host.sibling_of(self.addr)
    }

    /// The socket of fallbacks is of no use from now on.
    pub fn break_sibling(&self, error: ErrorKind) {
        self.sibling().into_iter().for_each(|addr| self.host.break_for_good(addr, error));
    }

    /// Drops the driver in the midst of whatever it does.
    pub fn drop_driver(&mut self) {
        self.tasks.give_up(self.driver);
    }

    /// How often the driver was polled; none if it is over.
    pub fn polls(&self) -> Option<u64> {
        self.tasks.polls(self.driver)
    }

    /// How many turns the driver has made: each ends with all done that was to be done.
    pub fn turns(&self) -> u64 {
        self.seen.lock().expect("it only counts").turns
    }

    fn run(&mut self) {
        let spurious = self.host.manner().spurious;
        loop {
            self.tasks.run(spurious);
            // What it hears gives it things to do.
            let Some(application) = &mut self.application else { return };
            if !application.hear(&mut self.tasks) {
                return;
            }
        }
    }
}

impl Node for Driven {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        self.host.is_bound(addr)
    }

    fn handle_packet(&mut self, _: Timestamp, packet: &Packet) {
        self.host.deliver(packet.clone());
    }

    fn handle_timeout(&mut self, _: Timestamp) {
        // Draining moves the clocks.
    }

    fn keys(&self) -> &[KeyLogLine] {
        &self.keys
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        if now > self.drained {
            self.tasks.time_went_on();
        }
        self.drained = now;
        self.clock.advance(now + self.ahead);
        self.host.advance(now);
        self.run();
        self.host.take_sent().into_iter().for_each(send);
        self.keys.append(&mut self.seen.lock().expect("it only counts").keys);
        let timer = self.clock.next().map(|at| at - self.ahead);
        let application = self.application.as_mut().and_then(|it| it.wakes_at(now));
        [timer, self.host.next(), application].into_iter().flatten().min()
    }
}

impl Observer for Seen {
    fn datagram(&mut self, _: Observed<'_>) {}

    fn key(&mut self, line: &KeyLogLine) {
        self.keys.push(*line);
    }

    fn drained(&mut self) {
        self.turns += 1;
    }
}
