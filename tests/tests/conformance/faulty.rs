//! A socket that fails when it is told to, around the socket of any runtime.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use floe_core::driver::{Batch, Socket};
use floe_core::rtc::Transmit;
use futures::task::AtomicWaker;

/// What is wrong with a socket; all clones are about the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    /// Whoever waits for datagrams and is to hear of an error instead.
    receiver: AtomicWaker,
}

#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    recv: Fault,
    send: Fault,
}

/// How calls fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// As many as that, one after the other.
    Next(u32, ErrorKind),
    /// All from now on.
    Every(ErrorKind),
}

impl Faults {
    pub(crate) fn on_recv(&self, fault: Fault) {
        self.shared.plan.lock().unwrap().recv = fault;
        self.shared.receiver.wake();
    }

    pub(crate) fn on_send(&self, fault: Fault) {
        self.shared.plan.lock().unwrap().send = fault;
    }

    /// Whether everything that was to fail has failed.
    pub(crate) fn are_over(&self) -> bool {
        let plan = *self.shared.plan.lock().unwrap();
        plan.recv == Fault::None && plan.send == Fault::None
    }

    fn strike(&self, which: impl FnOnce(&mut Plan) -> &mut Fault) -> io::Result<()> {
        let mut plan = self.shared.plan.lock().unwrap();
        let fault = which(&mut plan);
        match *fault {
            Fault::None => Ok(()),
            Fault::Next(n, kind) => {
                *fault = if n > 1 { Fault::Next(n - 1, kind) } else { Fault::None };
                Err(kind.into())
            }
            Fault::Every(kind) => Err(kind.into()),
        }
    }
}

/// The socket.
#[derive(Debug)]
pub(crate) struct Faulty<S> {
    sound: S,
    faults: Faults,
}

impl<S> Faulty<S> {
    pub(crate) const fn new(sound: S, faults: Faults) -> Self {
        Self { sound, faults }
    }
}

impl<S: Socket> Socket for Faulty<S> {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sound.local_addr()
    }

    fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.sound.local_addrs()
    }

    /// Nothing is wrong with the sibling.
    fn sibling(&self) -> io::Result<Self> {
        Ok(Self::new(self.sound.sibling()?, Faults::default()))
    }

    fn batch(&self) -> Batch {
        self.sound.batch()
    }

    async fn recv(&self, batch: &mut Batch) -> io::Result<()> {
        let mut recv = pin!(self.sound.recv(batch));
        poll_fn(|context| {
            self.faults.shared.receiver.register(context.waker());
            match self.faults.strike(|plan| &mut plan.recv) {
                Ok(()) => recv.as_mut().poll(context),
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }

    async fn send(&self, transmit: Transmit<'_>) -> io::Result<()> {
        self.faults.strike(|plan| &mut plan.send)?;
        self.sound.send(transmit).await
    }
}
