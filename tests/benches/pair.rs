//! Two endpoints on one thread, with nothing between them: no loss, no delay, no system call.
//!
//! Time is virtual and moves only when neither has anything to say, so what is measured is what the
//! endpoints themselves cost.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use floe_core::rtc::{ConnectionId, Datagram, Endpoint, Epoch, Event, Output, Target};
use floe_core::time::Timestamp;
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
    /// Time spent in calls to the endpoint.
    pub(crate) spent: Duration,
    deadline: Option<Timestamp>,
    /// Sent to this side and not taken.
    inbox: VecDeque<Vec<u8>>,
}

impl Pair {
    pub(crate) fn new(seed: u64) -> Self {
        let epoch = Epoch::new(Instant::now());
        let side = |number: u8| {
            let addr = SocketAddr::from(([192, 0, 2, number], 4242));
            let floe = Floe::new(seed + u64::from(number), addr, epoch, |_| {});
            let (events, inbox) = (VecDeque::new(), VecDeque::new());
            Side { floe, events, spent: Duration::ZERO, deadline: None, inbox }
        };
        Self { now: Timestamp::ZERO, sides: [side(1), side(2)] }
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
        let start = Instant::now();
        let result = call(&mut self.floe.endpoint);
        self.spent += start.elapsed();
        result
    }

    fn take(&mut self, now: Timestamp, remote: SocketAddr) {
        let start = Instant::now();
        if self.deadline.is_some_and(|at| at <= now) {
            self.floe.endpoint.handle_timeout(now);
        }
        for payload in &self.inbox {
            let datagram = Datagram::new(remote, payload);
            self.floe.endpoint.handle_datagram(now, datagram);
        }
        self.spent += start.elapsed();
        self.inbox.clear();
    }

    /// Whether anything was sent.
    fn drain(&mut self, now: Timestamp, peer: &mut VecDeque<Vec<u8>>) -> bool {
        let mut has_sent = false;
        loop {
            let start = Instant::now();
            let output = self.floe.endpoint.poll(now);
            self.spent += start.elapsed();
            match output {
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

const ROUNDS_MAX: usize = 10_000;
