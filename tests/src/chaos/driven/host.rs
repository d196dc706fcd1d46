//! What a node's operating system does for its sockets: buffers, errors, ports.
//!
//! The world puts datagrams in and takes datagrams out; the [socket](super::socket) of the driver asks for
//! them. How kindly it is served is said by a [`Manner`].

mod inbox;

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use floe_core::driver::Batch;
use floe_core::rtc::Transmit;
use floe_core::time::Timestamp;

use self::inbox::Inbox;
use super::manner::Manner;
use crate::net::Packet;
use crate::node::FALLBACK_ABOVE;
use crate::rng::Rng;

/// An operating system; all clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Host(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rng: Rng,
    manner: Manner,
    /// Time as the world has it: no clock of a node moves the kernel's.
    now: Timestamp,
    bound: BTreeMap<SocketAddr, Inbox>,
    siblings: u16,
    outbox: VecDeque<Packet>,
    full_until: Timestamp,
    sender: Option<Waker>,
}

/// The world's side.
impl Host {
    pub(super) fn new(seed: u64, manner: Manner) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: Rng::new(seed),
            manner,
            now: Timestamp::ZERO,
            bound: BTreeMap::new(),
            siblings: 0,
            outbox: VecDeque::new(),
            full_until: Timestamp::ZERO,
            sender: None,
        })))
    }

    pub(super) fn manner(&self) -> Manner {
        self.lock().manner
    }

    pub(super) fn set_manner(&self, manner: Manner) {
        self.lock().manner = manner;
    }

    pub(super) fn is_bound(&self, addr: SocketAddr) -> bool {
        self.lock().bound.contains_key(&addr)
    }

    /// What is bound besides `main`.
    pub(super) fn sibling_of(&self, main: SocketAddr) -> Option<SocketAddr> {
        self.lock().bound.keys().copied().find(|addr| *addr != main)
    }

    pub(super) fn deliver(&self, packet: Packet) {
        let receiver = {
            let mut state = self.lock();
            let room = state.manner.inbox;
            let Some(inbox) = state.bound.get_mut(&packet.destination) else { return };
            if inbox.datagrams.len() >= room {
                return;
            }
            inbox.datagrams.push_back(packet);
            inbox.receiver.take()
        };
        receiver.into_iter().for_each(Waker::wake);
    }

    /// The next `errors` receptions at `addr` fail with these.
    pub(super) fn fail(&self, addr: SocketAddr, errors: impl IntoIterator<Item = ErrorKind>) {
        self.at(addr, |inbox| inbox.errors.extend(errors));
    }

    /// All receptions at `addr` fail from now on.
    pub(super) fn break_for_good(&self, addr: SocketAddr, error: ErrorKind) {
        self.at(addr, |inbox| inbox.broken = Some(error));
    }

    fn at(&self, addr: SocketAddr, change: impl FnOnce(&mut Inbox)) {
        let receiver = self.lock().bound.get_mut(&addr).and_then(|inbox| {
            change(inbox);
            inbox.receiver.take()
        });
        receiver.into_iter().for_each(Waker::wake);
    }

    /// The send buffer is full until then, or until later if it was.
    pub(super) fn fill_until(&self, until: Timestamp) {
        let mut state = self.lock();
        state.full_until = state.full_until.max(until);
    }

    pub(super) fn advance(&self, now: Timestamp) {
        let sender = {
            let mut state = self.lock();
            state.now = now;
            if state.full_until <= now { state.sender.take() } else { None }
        };
        sender.into_iter().for_each(Waker::wake);
    }

    /// When somebody is to be woken next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let state = self.lock();
        state.sender.as_ref().map(|_| state.full_until)
    }

    pub(super) fn take_sent(&self) -> VecDeque<Packet> {
        std::mem::take(&mut self.lock().outbox)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with the host in hand")
    }
}

/// The sockets' side.
impl Host {
    pub(super) fn bind(&self, addr: SocketAddr) {
        self.lock().bound.insert(addr, Inbox::default());
    }

    /// Binds another port, as the kernel chooses.
    pub(super) fn bind_sibling(&self, main: SocketAddr) -> io::Result<SocketAddr> {
        let mut state = self.lock();
        if state.manner.no_sibling {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let port = main.port() + FALLBACK_ABOVE + state.siblings;
        state.siblings += 1;
        let addr = SocketAddr::new(main.ip(), port);
        state.bound.insert(addr, Inbox::default());
        Ok(addr)
    }

    pub(super) fn release(&self, addr: SocketAddr) {
        let inbox = self.lock().bound.remove(&addr);
        drop(inbox);
    }

    pub(super) fn batch(&self) -> Batch {
        let (buffers, len) = self.lock().manner.buffers;
        Batch::new(buffers, len)
    }

    pub(super) fn poll_recv(
        &self,
        addr: SocketAddr,
        batch: &mut Batch,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let State { rng, manner, bound, .. } = &mut *state;
        let inbox = bound.get_mut(&addr).expect("a socket is bound as long as it lives");
        if let Some(error) = inbox.errors.pop_front().or(inbox.broken) {
            return Poll::Ready(Err(error.into()));
        }
        if inbox.datagrams.is_empty() {
            inbox.receiver = Some(context.waker().clone());
            return Poll::Pending;
        }
        if rng.chance(manner.recv_errors) {
            let kind = PASSING[rng.below(PASSING.len() as u64) as usize];
            return Poll::Ready(Err(kind.into()));
        }
        if !rng.chance(manner.nothing) {
            let received: Vec<_> =
                batch.buffers().map_while(|buffer| inbox.fill(buffer, rng, manner)).collect();
            received.into_iter().for_each(|received| batch.push(received));
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the first bytes of what is to be sent, whole segments; says how many.
    pub(super) fn poll_send(
        &self,
        from: SocketAddr,
        transmit: Transmit<'_>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let State { rng, manner, now, full_until, outbox, .. } = &mut *state;
        if *full_until <= *now && rng.chance(manner.full) {
            let longest = manner.full_for.as_nanos() as u64;
            *full_until = *now + Duration::from_nanos(rng.below(longest + 1));
        }
        if *full_until > *now {
            state.sender = Some(context.waker().clone());
            return Poll::Pending;
        }
        if rng.chance(manner.send_errors) {
            return Poll::Ready(Err(ErrorKind::ConnectionRefused.into()));
        }
        let all = transmit.datagrams().len();
        let taken =
            if rng.chance(manner.partial) { 1 + rng.below(all as u64) as usize } else { all };
        let source = SocketAddr::new(transmit.local.unwrap_or(from.ip()), from.port());
        let destination = transmit.remote;
        let packet = |payload: &[u8]| Packet { source, destination, payload: payload.to_vec() };
        outbox.extend(transmit.datagrams().take(taken).map(packet));
        Poll::Ready(Ok(transmit.datagrams().take(taken).map(<[u8]>::len).sum()))
    }
}

/// News about other datagrams than those that are to be received.
const PASSING: [ErrorKind; 4] = [
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::HostUnreachable,
    ErrorKind::Interrupted,
];
