//! The machine that a peer runs on: it can stall, its clock can jump, it can begin anew.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use floe_core::rtc::KeyLogLine;
use floe_core::time::Timestamp;

use super::peer::Peer;
use super::trouble::Sky;
use crate::net::Packet;
use crate::node::Node;

/// A peer on its machine, at the end of its paths.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) peer: Box<dyn Peer>,
    sky: Rc<RefCell<Sky>>,
    /// Datagrams on their way here.
    coming: BTreeMap<(Timestamp, u64), Packet>,
    put: u64,
    stalled_until: Timestamp,
    /// How far its clock is ahead.
    ahead: Duration,
    /// When the peer wants to be called, by its own clock.
    wake_at: Option<Timestamp>,
    keys: Vec<KeyLogLine>,
    /// How many of them the present peer has said.
    said: usize,
}

impl Host {
    pub(super) fn new(peer: Box<dyn Peer>, sky: Rc<RefCell<Sky>>) -> Self {
        Self {
            peer,
            sky,
            coming: BTreeMap::new(),
            put: 0,
            stalled_until: Timestamp::ZERO,
            ahead: Duration::ZERO,
            wake_at: None,
            keys: Vec::new(),
            said: 0,
        }
    }

    /// What its clock shows.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        now + self.ahead
    }

    pub(super) fn is_stalled(&self, now: Timestamp) -> bool {
        now < self.stalled_until
    }

    pub(super) fn stall(&mut self, until: Timestamp) {
        self.stalled_until = self.stalled_until.max(until);
    }

    /// The trouble is over.
    pub(super) fn go_on(&mut self) {
        self.stalled_until = Timestamp::ZERO;
        self.peer.calm();
    }

    pub(super) fn jump(&mut self, ahead: Duration) {
        self.ahead += ahead;
    }

    /// The peer goes without a word; another takes its place.
    pub(super) fn restart(&mut self, peer: Box<dyn Peer>) {
        self.peer = peer;
        self.wake_at = None;
        self.said = 0;
        self.stalled_until = Timestamp::ZERO;
    }

    /// Gives the peer what has come: no more at once than a socket's buffer holds.
    fn deliver(&mut self, now: Timestamp) {
        let mut room = SOCKET_DATAGRAMS;
        while let Some(entry) = self.coming.first_entry()
            && entry.key().0 <= now
        {
            let packet = entry.remove();
            if room > 0 && self.peer.is_at(packet.destination) {
                room -= 1;
                self.peer.handle_packet(self.clock(now), &packet);
            }
        }
    }
}

impl Node for Host {
    fn addr(&self) -> SocketAddr {
        self.peer.addr()
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        self.peer.is_at(addr)
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        for (at, packet) in self.sky.borrow_mut().carry(now, packet) {
            // Numbers keep the order of datagrams that arrive at the same time.
            self.put += 1;
            self.coming.insert((at, self.put), packet);
        }
    }

    /// Nothing here: what is due is done before draining, whatever it is due for.
    fn handle_timeout(&mut self, _: Timestamp) {}

    fn keys(&self) -> &[KeyLogLine] {
        &self.keys
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        if self.is_stalled(now) {
            return Some(self.stalled_until);
        }
        self.deliver(now);
        let clock = self.clock(now);
        if self.wake_at.is_some_and(|at| at <= clock) {
            self.peer.handle_timeout(clock);
        }
        self.wake_at = self.peer.drain(clock, send);
        self.keys.extend_from_slice(&self.peer.keys()[self.said..]);
        self.said = self.peer.keys().len();
        let arrival = self.coming.keys().next().map(|(at, _)| *at);
        [self.wake_at.map(|at| at - self.ahead), arrival].into_iter().flatten().min()
    }
}

/// What waits for a node that stalls; more is lost.
const SOCKET_DATAGRAMS: usize = 256;
