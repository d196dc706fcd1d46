//! A runtime of one's own: one thread that waits by mio. What to copy stands above `main`.
#![allow(clippy::disallowed_methods, reason = "only the core itself asks no clock")]

use std::io::{ErrorKind::Interrupted, ErrorKind::WouldBlock, Result};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::{future::poll_fn, mem, pin::pin, time::Instant};

use floe_core::api::{Certificate, Config, identity::Keypair};
use floe_core::runtime::{self, Reactor};
use futures::{AsyncReadExt, AsyncWriteExt, io::copy, join, try_join};
use mio::{Events, Interest, Registry, Token, net::UdpSocket};

/// Where sockets are registered, and who waits.
#[derive(Clone, Debug)]
struct Own(Arc<(Registry, Mutex<Waiting>)>);
/// Who waits for something, and until when at most.
type Waiting = (Vec<Waker>, Option<Instant>);

impl Reactor for Own {
    type Watched = UdpSocket;
    fn watch(&self, socket: std::net::UdpSocket) -> Result<UdpSocket> {
        let mut socket = UdpSocket::from_std(socket);
        self.0.0.register(&mut socket, Token(1), Interest::READABLE | Interest::WRITABLE)?;
        Ok(socket)
    }
    async fn read<T: Send>(
        &self,
        socket: &UdpSocket,
        mut attempt: impl FnMut() -> Result<T> + Send,
    ) -> Result<T> {
        self.wait(None, || socket.try_io(&mut attempt)).await
    }
    async fn write<T: Send>(
        &self,
        socket: &UdpSocket,
        mut attempt: impl FnMut() -> Result<T> + Send,
    ) -> Result<T> {
        self.wait(None, || socket.try_io(&mut attempt)).await
    }
    async fn sleep_until(&self, at: Instant) {
        let is_over = || if Instant::now() < at { Err(WouldBlock.into()) } else { Ok(()) };
        self.wait(Some(at), is_over).await.expect("time comes");
    }
}

impl Own {
    /// Tries until it is done; whatever happens on any socket, all who wait try again.
    async fn wait<T>(
        &self,
        until: Option<Instant>,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        poll_fn(|context| match attempt() {
            Err(error) if error.kind() == WouldBlock => {
                let (wakers, first) = &mut *self.0.1.lock().unwrap();
                wakers.push(context.waker().clone());
                *first = first.iter().copied().chain(until).min();
                Poll::Pending
            }
            done => Poll::Ready(done),
        })
        .await
    }
}

/// Ends the wait for events, from any thread.
struct Bell(mio::Waker);
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.wake().expect("mio can be woken");
    }
}

/// Runs a future: polls it, waits until something happens, wakes all who wait for something.
fn block_on<T>(run: impl AsyncFnOnce(Own) -> T) -> Result<T> {
    let (mut mio, mut events) = (mio::Poll::new()?, Events::with_capacity(64));
    let bell = Waker::from(Arc::new(Bell(mio::Waker::new(mio.registry(), Token(0))?)));
    let own = Own(Arc::new((mio.registry().try_clone()?, Mutex::default())));
    let mut future = pin!(run(own.clone()));
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&bell)) {
            return Ok(done);
        }
        let (wakers, until) = mem::take(&mut *own.0.1.lock().unwrap());
        let patience = until.map(|at| at.saturating_duration_since(Instant::now()));
        mio.poll(&mut events, patience)
            .or_else(|error| if error.kind() == Interrupted { Ok(()) } else { Err(error) })?;
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// One node says a mebibyte, the other sends it back.
fn main() -> Result<()> {
    let config = |seed| {
        let keypair = Keypair::ed25519_from_seed([seed; 32]);
        let certificate = Certificate::derive(&keypair);
        Config::new(keypair, certificate)
    };
    block_on(async |own| {
        let (listener, listens) =
            runtime::bind(own.clone(), ([127, 0, 0, 1], 0).into(), config(1))?;
        let (dialer, dials) = runtime::bind(own, ([127, 0, 0, 1], 0).into(), config(2))?;
        let address = listener.listen_addrs()[0];
        // As these end their handles go, and with them the drivers.
        let echo = async move {
            let connection = listener.accept().await.expect("the listener is open");
            let (reader, mut writer) = connection.accept().await.expect("it is open").split();
            copy(reader, &mut writer).await.and(writer.close().await)
        };
        let say = async move {
            let connection = dialer.dial(&address).await.expect("the listener answers");
            let (mut reader, mut writer) = connection.open().await.expect("it is open").split();
            let (said, mut heard) = (vec![7; 1 << 20], Vec::new());
            let write = async { writer.write_all(&said).await.and(writer.close().await) };
            try_join!(write, reader.read_to_end(&mut heard))?;
            assert!(heard == said, "what comes back is what was said");
            println!("{} bytes went there and back", heard.len());
            Ok(())
        };
        let (_, _, echoed, said) = join!(listens.run(), dials.run(), echo, say);
        echoed.and(said)
    })?
}
