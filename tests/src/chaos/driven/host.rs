//! What a node's operating system does for its sockets: buffers, errors, ports.
//!
//! The world puts datagrams in and takes datagrams out; the [socket](super::socket) of the driver asks for
//! them. How kindly it is served is said by a [`Manner`].

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use floe_core::driver::{Batch, Received};
use floe_core::rtc::Transmit;
use floe_core::time::Timestamp;

use crate::net::Packet;
use crate::rng::Rng;

/// How an operating system serves its sockets. Chances are of a million.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Buffers of a batch, and the length of each. A datagram that is longer is cut off.
    pub buffers: (usize, usize),
    /// Datagrams of equal length from one peer that are put together into one buffer (GRO).
    pub joined: u64,
    /// Datagrams that fit into the receive buffer; what comes when it is full is lost.
    pub inbox: usize,
    /// Receptions that give nothing though there is something.
    pub nothing: u64,
    /// Receptions that fail with an error that passes.
    pub recv_errors: u64,
    /// Sends that take a part of the segments only.
    pub partial: u64,
    /// Sends that fail.
    pub send_errors: u64,
    /// Sends that find the send buffer full, for up to [`full_for`](Self::full_for).
    pub full: u64,
    /// How long a send buffer is full at most.
    pub full_for: Duration,
    /// Whether no second socket can be opened.
    pub no_sibling: bool,
    /// How late timers are at most.
    pub late: Duration,
    /// Times at which a task is polled that nobody woke.
    pub spurious: u64,
}

impl Manner {
    /// Kind: takes and gives all at once, on time.
    pub const KIND: Self = Self {
        buffers: (64, 65_535),
        joined: 0,
        inbox: 4096,
        nothing: 0,
        recv_errors: 0,
        partial: 0,
        send_errors: 0,
        full: 0,
        full_for: Duration::ZERO,
        no_sibling: false,
        late: Duration::ZERO,
        spurious: 0,
    };

    /// Rough: small batches, errors that pass, send buffers that are full for a while, late timers.
    pub const ROUGH: Self = Self {
        buffers: (3, 4096),
        joined: 500_000,
        inbox: 256,
        nothing: 20_000,
        recv_errors: 5_000,
        partial: 200_000,
        send_errors: 2_000,
        full: 5_000,
        full_for: Duration::from_millis(30),
        no_sibling: false,
        late: Duration::from_millis(1),
        spurious: 50_000,
    };

    /// Anything between the two, by `seed`.
    pub fn any(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        if rng.chance(250_000) {
            return Self::KIND;
        }
        let lengths = [2048, 4096, 16_384, 65_535];
        let mut some = |most: u64| rng.below(most + 1);
        Self {
            buffers: (1 + some(7) as usize, lengths[some(3) as usize]),
            joined: some(1_000_000),
            inbox: 64 + some(1000) as usize,
            nothing: some(50_000),
            recv_errors: some(20_000),
            partial: some(500_000),
            send_errors: some(5_000),
            full: some(10_000),
            full_for: Duration::from_millis(some(60)),
            no_sibling: false,
            late: Duration::from_micros(some(2_000)),
            spurious: some(200_000),
        }
    }
}

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

#[derive(Debug, Default)]
struct Inbox {
    datagrams: VecDeque<Packet>,
    /// Errors that are given before anything else.
    errors: VecDeque<ErrorKind>,
    /// An error that stays.
    broken: Option<ErrorKind>,
    receiver: Option<Waker>,
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

impl Inbox {
    /// Fills a buffer with the next datagram, and with those that can be joined to it.
    fn fill(&mut self, buffer: &mut [u8], rng: &mut Rng, manner: &Manner) -> Option<Received> {
        let first = self.datagrams.pop_front()?;
        let stride = first.payload.len().min(buffer.len());
        buffer[..stride].copy_from_slice(&first.payload[..stride]);
        let mut len = stride;
        let mut last = stride;
        while last == stride
            && let Some(next) = self.datagrams.front()
            && (next.source, next.destination) == (first.source, first.destination)
            && (1..=stride).contains(&next.payload.len())
            && len + next.payload.len() <= buffer.len()
            && rng.chance(manner.joined)
        {
            last = next.payload.len();
            buffer[len..len + last].copy_from_slice(&next.payload);
            len += last;
            self.datagrams.pop_front();
        }
        let received = Received::new(first.source, len).with_stride(stride);
        Some(received.with_local(Some(first.destination.ip())))
    }
}

/// News about other datagrams than those that are to be received.
const PASSING: [ErrorKind; 4] = [
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::HostUnreachable,
    ErrorKind::Interrupted,
];

/// How far a node's second port number is above its first; as that of a bare endpoint is.
const FALLBACK_ABOVE: u16 = 10_000;
