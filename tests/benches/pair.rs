//! Two endpoints on one thread, with nothing between them: no loss, no delay, no system call.
//!
//! Time is virtual and moves only when neither has anything to say, so what is measured is what the
//! endpoints themselves cost: in time, and in allocations if the program counts them. A profiler knows the two
//! sides by the functions [`as_dialer`] and [`as_listener`].

#![allow(dead_code, reason = "each benchmark uses what it needs of it")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use floe_core::rtc::{ConnectionId, Datagram, Endpoint, Epoch, Event, Output, Target};
use floe_core::time::Timestamp;
use floe_tests::counted;
use floe_tests::floe::Floe;

/// A dialer and a listener.
pub(crate) struct Pair {
    pub(crate) now: Timestamp,
    /// The dialer, then the listener.
    pub(crate) sides: [Side; 2],
}

/// One of them, and what it has cost.
pub(crate) struct Side {
    pub(crate) floe: Floe,
    pub(crate) events: VecDeque<Event>,
    spent: Spent,
    deadline: Option<Timestamp>,
    /// Sent to this side and not taken.
    inbox: VecDeque<Vec<u8>>,
}

/// What calls to an endpoint took.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    is_dialer: bool,
    is_ignored: bool,
    time: Duration,
    allocations: i64,
}

impl Pair {
    pub(crate) fn new(seed: u64) -> Self {
        let epoch = Epoch::new(Instant::now());
        let side = |number: u8| {
            let addr = SocketAddr::from(([192, 0, 2, number], 4242));
            let floe = Floe::new(seed + u64::from(number), addr, epoch, |_| {});
            let (events, inbox) = (VecDeque::new(), VecDeque::new());
            let spent = Spent { is_dialer: number == 1, ..Spent::default() };
            Side { floe, events, spent, deadline: None, inbox }
        };
        Self { now: Timestamp::ZERO, sides: [side(1), side(2)] }
    }

    /// Does something that is on nobody's account.
    pub(crate) fn ignoring<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.sides.iter_mut().for_each(|side| side.spent.is_ignored = true);
        let done = work(self);
        self.sides.iter_mut().for_each(|side| side.spent.is_ignored = false);
        done
    }

    /// What each side has spent in its endpoint so far.
    pub(crate) fn spent(&self) -> [Duration; 2] {
        self.sides.each_ref().map(|side| side.spent.time)
    }

    /// How often each side's endpoint has asked for memory so far, if the program counts that.
    pub(crate) fn allocations(&self) -> [i64; 2] {
        self.sides.each_ref().map(|side| side.spent.allocations)
    }

    /// Dials, and goes on until both sides say that they are connected.
    pub(crate) fn connect(&mut self) -> [ConnectionId; 2] {
        let target =
            Target::new(&self.sides[1].floe.address()).expect("the address has a certhash");
        let now = self.now;
        let dialed = self.sides[0].call(|endpoint| endpoint.dial(now, target));
        dialed.expect("the address can be dialed");
        let mut ids = [None, None];
        for _ in 0..ROUNDS_MAX {
            self.round();
            for (id, side) in ids.iter_mut().zip(&mut self.sides) {
                for event in side.events.drain(..) {
                    match event {
                        Event::Connected { id: connected, .. } => *id = Some(connected),
                        event => panic!("{event:?} while connecting"),
                    }
                }
            }
            if let [Some(dialer), Some(listener)] = ids {
                return [dialer, listener];
            }
        }
        panic!("not connected after {ROUNDS_MAX} rounds");
    }

    /// Each takes what was sent to it and says what it has to; time passes if neither has anything.
    pub(crate) fn round(&mut self) {
        let now = self.now;
        let mut was_idle = true;
        for at in [0, 1] {
            let [dialer, listener] = &mut self.sides;
            let (side, peer) = if at == 0 { (dialer, listener) } else { (listener, dialer) };
            was_idle &= side.inbox.is_empty();
            side.take(now, peer.floe.addr);
            was_idle &= !side.drain(now, &mut peer.inbox);
        }
        if was_idle && self.sides.iter().all(|side| side.events.is_empty()) {
            let next = self.sides.iter().filter_map(|side| side.deadline).min();
            self.now = next.expect("a connection has a deadline").max(now);
        }
    }
}

impl Side {
    /// A call to the endpoint, on its account.
    pub(crate) fn call<T>(&mut self, call: impl FnOnce(&mut Endpoint) -> T) -> T {
        self.spent.on(|| call(&mut self.floe.endpoint))
    }

    fn take(&mut self, now: Timestamp, remote: SocketAddr) {
        let Self { floe, spent, deadline, inbox, .. } = self;
        spent.on(|| {
            if deadline.is_some_and(|at| at <= now) {
                floe.endpoint.handle_timeout(now);
            }
            for payload in &*inbox {
                floe.endpoint.handle_datagram(now, Datagram::new(remote, payload));
            }
        });
        inbox.clear();
    }

    /// Whether anything was sent.
    fn drain(&mut self, now: Timestamp, peer: &mut VecDeque<Vec<u8>>) -> bool {
        let mut has_sent = false;
        loop {
            match self.spent.on(|| self.floe.endpoint.poll(now)) {
                Output::Transmit(transmit) => {
                    has_sent = true;
                    peer.extend(transmit.datagrams().map(<[u8]>::to_vec));
                }
                Output::Event(event) => self.events.push_back(event),
                Output::Timeout(deadline) => {
                    self.deadline = deadline.map(|deadline| deadline.at);
                    return has_sent;
                }
            }
        }
    }
}

impl Spent {
    fn on<T>(&mut self, work: impl FnOnce() -> T) -> T {
        if self.is_ignored {
            return work();
        }
        let (start, before) = (Instant::now(), counted::count().allocations);
        let done = if self.is_dialer { as_dialer(work) } else { as_listener(work) };
        self.allocations += counted::count().allocations - before;
        self.time += start.elapsed();
        done
    }
}

// What they hide from the compiler keeps the two from being made one.

#[inline(never)]
fn as_dialer<T>(work: impl FnOnce() -> T) -> T {
    black_box("dialer");
    work()
}

#[inline(never)]
fn as_listener<T>(work: impl FnOnce() -> T) -> T {
    black_box("listener");
    work()
}

const ROUNDS_MAX: usize = 10_000;
