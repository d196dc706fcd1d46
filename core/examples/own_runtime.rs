//! A runtime of one's own: the executor of `futures`, and a thread that waits for sockets and time by mio.
#![allow(clippy::disallowed_methods, reason = "only the core itself asks no clock")]

use std::io::{ErrorKind::WouldBlock, Result};
use std::sync::{Arc, Mutex};
use std::{future::poll_fn, mem, net, task::Poll, task::Waker, thread, time::Instant};

use floe_core::api::{Certificate, Config, identity::Keypair};
use floe_core::runtime::{self, Reactor, Readiness};
use futures::{AsyncReadExt, AsyncWriteExt, executor::block_on, join};
use mio::{Events, Interest, Registry, Token, net::UdpSocket};

/// Where sockets are registered, what ends a wait of the thread, and who waits for it, until when.
#[derive(Clone, Debug)]
struct Own(Arc<(Registry, mio::Waker, Mutex<Waiting>)>);
type Waiting = (Vec<Waker>, Option<Instant>);

impl Own {
    fn start() -> Result<Self> {
        let mut mio = mio::Poll::new()?;
        let bell = mio::Waker::new(mio.registry(), Token(0))?;
        let own = Own(Arc::new((mio.registry().try_clone()?, bell, Mutex::default())));
        let shared = own.clone();
        thread::spawn(move || {
            loop {
                let until = shared.0.2.lock().unwrap().1;
                let patience = until.map(|at| at.saturating_duration_since(Instant::now()));
                // An interrupted wait is as good as one that was not.
                let _ = mio.poll(&mut Events::with_capacity(64), patience);
                let (wakers, _) = mem::take(&mut *shared.0.2.lock().unwrap());
                wakers.into_iter().for_each(Waker::wake);
            }
        });
        Ok(own)
    }

    /// Tries until it is done: whatever happens on any socket, all who wait try again.
    async fn wait<T>(&self, at: Option<Instant>, mut go: impl FnMut() -> Result<T>) -> Result<T> {
        poll_fn(|context| {
            // Within the lock, so that the thread cannot wake all between the attempt and the entry.
            let (wakers, first) = &mut *self.0.2.lock().unwrap();
            match go() {
                Err(error) if error.kind() == WouldBlock => wakers.push(context.waker().clone()),
                done => return Poll::Ready(done),
            }
            if at.is_some_and(|at| first.is_none_or(|first| at < first)) {
                *first = at;
                self.0.1.wake()?;
            }
            Poll::Pending
        })
        .await
    }
}

impl Reactor for Own {
    type Watched = UdpSocket;
    fn watch(&self, socket: net::UdpSocket) -> Result<UdpSocket> {
        let mut socket = UdpSocket::from_std(socket);
        self.0.0.register(&mut socket, Token(1), Interest::READABLE | Interest::WRITABLE)?;
        Ok(socket)
    }
    async fn when<T: Send>(
        &self,
        socket: &UdpSocket,
        _: Readiness,
        mut go: impl FnMut() -> Result<T> + Send,
    ) -> Result<T> {
        self.wait(None, || socket.try_io(&mut go)).await
    }
    async fn sleep_until(&self, at: Instant) {
        let go = || if Instant::now() < at { Err(WouldBlock.into()) } else { Ok(()) };
        self.wait(Some(at), go).await.expect("time comes");
    }
}

/// One node dials the other and says a mebibyte.
fn main() -> Result<()> {
    let own = Own::start()?;
    let bind = |seed| {
        let keypair = Keypair::ed25519_from_seed([seed; 32]);
        let config = Config::new(keypair.clone(), Certificate::derive(&keypair));
        let (endpoint, driver) = runtime::bind(own.clone(), ([127, 0, 0, 1], 0).into(), config)?;
        thread::spawn(|| block_on(driver.run()));
        Result::Ok(endpoint)
    };
    let (listener, dialer) = (bind(1)?, bind(2)?);
    let (address, said, mut heard) = (listener.listen_addrs()[0], vec![7; 1 << 20], Vec::new());
    let (connection, accepted) =
        block_on(async { join!(dialer.dial(&address), listener.accept()) });
    let (connection, accepted) = (connection.expect("it listens"), accepted.expect("it is open"));
    let mut stream = block_on(connection.open()).expect("the connection is open");
    let say = async { stream.write_all(&said).await.and(stream.close().await) };
    let hear = async { accepted.accept().await.expect("it is open").read_to_end(&mut heard).await };
    let (saying, hearing) = block_on(async { join!(say, hear) });
    assert!(heard == said, "what is heard is what was said");
    saying.and(hearing.map(|bytes| println!("{bytes} bytes were said and heard")))
}
