//! The one place that knows which asynchronous runtimes there are.
//!
//! A runtime has an arm in each method here and a line in `Cargo.toml`; the rest of the program speaks
//! `futures` only.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use clap::ValueEnum;
use floe_core::driver::{Endpoint, Observer};
use floe_core::rtc::Config;
use futures::future::{Either, select};

/// Sockets of TCP, for the page of `floe listen`: smol's, because they speak `futures`, bring what they
/// wait with, and so work under every runtime.
pub(crate) use smol::net::{TcpListener, TcpStream};

/// A runtime that the program can run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runtime {
    #[default]
    Tokio,
    Smol,
    AsyncStd,
}

impl Runtime {
    /// Runs `main` to its end.
    pub(crate) fn block_on<T>(self, main: impl Future<Output = T>) -> io::Result<T> {
        match self {
            Self::Tokio => {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                Ok(runtime.block_on(main))
            }
            Self::Smol => Ok(smol::block_on(main)),
            Self::AsyncStd => Ok(async_std::task::block_on(main)),
        }
    }

    /// Binds an endpoint to `addr` that is watched by `observer`.
    pub(crate) async fn bind_observed(
        self,
        addr: SocketAddr,
        config: Config,
        observer: impl Observer,
    ) -> io::Result<Endpoint> {
        match self {
            Self::Tokio => floe_tokio::bind_observed(addr, config, observer).await,
            Self::Smol => floe_smol::bind_observed(addr, config, observer).await,
            Self::AsyncStd => floe_async_std::bind_observed(addr, config, observer).await,
        }
    }

    /// Runs `task` beside everything else.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Tokio => drop(tokio::spawn(task)),
            Self::Smol => smol::spawn(task).detach(),
            Self::AsyncStd => drop(async_std::task::spawn(task)),
        }
    }

    /// Waits.
    pub(crate) async fn sleep(self, duration: Duration) {
        match self {
            Self::Tokio => tokio::time::sleep(duration).await,
            Self::Smol => drop(smol::Timer::after(duration).await),
            Self::AsyncStd => async_std::task::sleep(duration).await,
        }
    }

    /// What comes of `future`, unless it takes longer than `limit`.
    pub(crate) async fn within<T>(
        self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        match select(pin!(future), pin!(self.sleep(limit))).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }
}
