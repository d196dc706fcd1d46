//! Runtimes, as the stories see them.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use floe_core::driver::{Connection, Driver, Endpoint, os_seed};
use floe_core::rtc::Config;
use floe_core::runtime::{self, Reactor};
use floe_smol::AsyncIo;
use futures::channel::oneshot;

use crate::faulty::{Faults, Faulty};
use crate::{node, private};

/// A runtime.
pub(crate) trait Stage: Sized + 'static {
    /// Runs a story to its end, which must come.
    fn run(story: impl Future<Output = ()>);

    /// Binds an endpoint with the runtime's own crate.
    fn bind(addr: SocketAddr, config: Config) -> impl Future<Output = io::Result<Endpoint>>;

    /// Connects two endpoints.
    fn connect(
        dialer: &Endpoint,
        listener: &Endpoint,
    ) -> impl Future<Output = (Connection, Connection)> {
        node::connect(dialer, listener)
    }

    /// Binds an endpoint in a runtime of its own, and shuts that runtime down when the returned guard is
    /// dropped.
    fn bind_apart(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)>;

    /// Binds an endpoint, in the runtime, on a socket that fails when it is told to.
    fn bind_faulty(
        addr: SocketAddr,
        config: Config,
        faults: Faults,
    ) -> impl Future<Output = io::Result<Endpoint>>;
}

pub(crate) struct Tokio;

impl Tokio {
    fn runtime() -> tokio::runtime::Runtime {
        // Two threads: the driver really runs beside the story.
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("a runtime starts")
    }
}

impl Stage for Tokio {
    fn run(story: impl Future<Output = ()>) {
        let ended = Self::runtime().block_on(async { tokio::time::timeout(PATIENCE, story).await });
        ended.expect("the story hangs");
    }

    async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
        floe_tokio::bind(addr, config).await
    }

    fn bind_apart(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)> {
        let runtime = Self::runtime();
        let endpoint = runtime.block_on(floe_tokio::bind(addr, config))?;
        // A runtime must not be dropped where it could block another one's thread.
        Ok((endpoint, Apart(Some(runtime))))
    }

    async fn bind_faulty(addr: SocketAddr, config: Config, faults: Faults) -> io::Result<Endpoint> {
        let (endpoint, driver) = faulty(floe_tokio::Tokio, addr, config, faults)?;
        tokio::spawn(driver);
        Ok(endpoint)
    }
}

struct Apart(Option<tokio::runtime::Runtime>);

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct Smol;

impl Stage for Smol {
    fn run(story: impl Future<Output = ()>) {
        smol::block_on(patiently(story));
    }

    async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
        floe_smol::bind(addr, config).await
    }

    fn bind_apart(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)> {
        bind_beside_the_executor(addr, config)
    }

    async fn bind_faulty(addr: SocketAddr, config: Config, faults: Faults) -> io::Result<Endpoint> {
        let (endpoint, driver) = faulty(AsyncIo, addr, config, faults)?;
        smol::spawn(driver).detach();
        Ok(endpoint)
    }
}

pub(crate) struct AsyncStd;

impl Stage for AsyncStd {
    fn run(story: impl Future<Output = ()>) {
        async_std::task::block_on(patiently(story));
    }

    async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
        floe_async_std::bind(addr, config).await
    }

    fn bind_apart(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)> {
        bind_beside_the_executor(addr, config)
    }

    async fn bind_faulty(addr: SocketAddr, config: Config, faults: Faults) -> io::Result<Endpoint> {
        let (endpoint, driver) = faulty(AsyncIo, addr, config, faults)?;
        async_std::task::spawn(driver);
        Ok(endpoint)
    }
}

/// A runtime on which nodes are connected privately.
pub(crate) struct Privately<S>(PhantomData<S>);

pub(crate) type TokioPrivately = Privately<Tokio>;
pub(crate) type SmolPrivately = Privately<Smol>;
pub(crate) type AsyncStdPrivately = Privately<AsyncStd>;

impl<S: Stage> Stage for Privately<S> {
    fn run(story: impl Future<Output = ()>) {
        S::run(story);
    }

    async fn bind(addr: SocketAddr, config: Config) -> io::Result<Endpoint> {
        S::bind(addr, config).await
    }

    async fn connect(dialer: &Endpoint, listener: &Endpoint) -> (Connection, Connection) {
        private::connect::<S>(dialer, listener).await
    }

    fn bind_apart(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)> {
        S::bind_apart(addr, config)
    }

    async fn bind_faulty(addr: SocketAddr, config: Config, faults: Faults) -> io::Result<Endpoint> {
        S::bind_faulty(addr, config, faults).await
    }
}

async fn patiently(story: impl Future<Output = ()>) {
    let patience = async {
        smol::Timer::after(PATIENCE).await;
        panic!("the story hangs");
    };
    smol::future::or(story, patience).await;
}

/// The executors of smol and async-std are global and never shut down; a thread of our own is.
fn bind_beside_the_executor(addr: SocketAddr, config: Config) -> io::Result<(Endpoint, impl Send)> {
    let (endpoint, driver) = runtime::bind(AsyncIo, addr, config)?;
    let (guard, dropped) = oneshot::channel::<()>();
    let stop = async {
        let _ = dropped.await;
    };
    std::thread::spawn(move || smol::block_on(smol::future::or(stop, driver.run())));
    Ok((endpoint, guard))
}

/// An endpoint on a faulty socket, and the future that drives it.
fn faulty(
    reactor: impl Reactor,
    addr: SocketAddr,
    config: Config,
    faults: Faults,
) -> io::Result<(Endpoint, impl Future<Output = ()> + Send + 'static)> {
    let socket = Faulty::new(runtime::Socket::bind(reactor.clone(), addr)?, faults);
    let clock = runtime::Clock::start(reactor);
    let (endpoint, driver) = Driver::new(config, socket, clock, os_seed()?)?;
    Ok((endpoint, driver.run()))
}

/// Far longer than any story takes: only one that would never end meets it.
const PATIENCE: Duration = Duration::from_secs(120);
