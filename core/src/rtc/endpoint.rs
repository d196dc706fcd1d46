//! Every connection of one socket: the only file that sees them all.
//!
//! It routes what comes in and drains what goes out; what a datagram means to a connection is decided
//! below. STUN checks of peers that dial us are answered here, from nothing but the datagram itself,
//! because webrtc-direct puts the server's password into the USERNAME: no state is needed to verify a
//! check, and none that costs anything is made before DTLS begins. All of that is on the main port; at
//! the fallback port there is nobody but the servers that we dialed from it.
//!
//! ```text
//! datagram ─┬─ STUN ─┬─ of a server we dial ───────────────→ connection
//!           │        ├─ of a private connection, by ufrag ─→ connection
//!           │        └─ check of a client: verify, answer ─┬→ connection, by ufrag
//!           │                                              └→ admission; the first is returned
//!           └─ DTLS ─┬─ first of a half-open peer ─────────→ new connection
//!                    └─ by remote address ─────────────────→ connection(s)
//! ```

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use tracing::trace;

use super::admission::Admission;
use super::config::{Config, ConfigError};
use super::connection::Connection;
use super::engine::DtlsContext;
use super::entropy::Entropy;
use super::epoch::Epoch;
use super::error::{ConnectionEnd, DialRefused, OpenError};
use super::outbox::Outbox;
use super::output::{ConnectionId, Datagram, Direction, Output, Port, StreamId};
use super::queue::Queue;
use super::routes::Routes;
use super::shared::Shared;
use super::telemetry::{self, Tally};
use crate::demux::{Kind, classify, is_client_hello};
use crate::time::{Deadline, Timestamp};

mod calendar;
mod check;
mod clients;
mod private;
mod stats;
mod stream;
mod stun;
mod target;
mod whereabouts;

use self::calendar::Calendar;
use self::check::Questions;
use self::whereabouts::Whereabouts;

pub use stats::{Counters, Stats, StreamStats};
pub use stream::StreamMut;
pub use target::Target;

/// Every connection of one socket, dialed and accepted. See [the floor's docs](super) for the loop.
pub struct Endpoint {
    shared: Shared,
    admission: Admission,
    questions: Questions,
    routes: Routes,
    connections: FxHashMap<ConnectionId, Connection>,
    /// Connections that something happened to since they were last advanced.
    busy: Queue<ConnectionId>,
    calendar: Calendar,
    /// Accepted connections whose set-up is not done.
    handshaking: FxHashSet<ConnectionId>,
    /// Private connections whose set-up is not done.
    meetings: FxHashSet<ConnectionId>,
    whereabouts: Whereabouts,
    next_id: u64,
    counters: Counters,
    /// Of handshakes that a limit left no room for.
    refusals: Tally,
}

impl Endpoint {
    /// An endpoint without connections.
    ///
    /// `epoch` says what the caller's [`Timestamp::ZERO`] is; `seed` is all the randomness there will
    /// be: 32 bytes from the operating system, or of a test's choice.
    ///
    /// # Errors
    /// [`ConfigError`] if nothing could ever happen with this configuration.
    pub fn new(config: Arc<Config>, epoch: Epoch, seed: [u8; 32]) -> Result<Self, ConfigError> {
        config.validate()?;
        let admission = Admission::new(&config.limits, config.handshake_timeout);
        let dtls = DtlsContext::new(&config.certificate, config.dtls, config.log_keys).into();
        let mut entropy = Entropy::new(seed);
        let questions = Questions::new(entropy.next_block());
        let shared = Shared {
            config,
            epoch,
            entropy,
            dtls,
            outbox: Outbox::default(),
            events: VecDeque::new(),
        };
        Ok(Self {
            shared,
            admission,
            questions,
            routes: Routes::default(),
            connections: FxHashMap::default(),
            busy: Queue::new(),
            calendar: Calendar::default(),
            handshaking: FxHashSet::default(),
            meetings: FxHashSet::default(),
            whereabouts: Whereabouts::default(),
            next_id: 0,
            counters: Counters::default(),
            refusals: Tally::default(),
        })
    }

    // ── in: the network and the clock ──

    /// Takes a datagram. Nothing that is in it can be the caller's fault, so nothing is returned:
    /// what cannot be used is dropped and [counted](Self::counters).
    pub fn handle_datagram(&mut self, now: Timestamp, datagram: Datagram<'_>) {
        self.counters.datagrams_received += 1;
        match classify(datagram.payload) {
            Kind::Stun => self.handle_stun(now, &datagram),
            Kind::Dtls => self.handle_dtls(now, &datagram),
            Kind::Other => self.discard(&datagram, "neither STUN nor DTLS"),
        }
    }

    /// Does what is due. To be called when the deadline of [`Output::Timeout`] has come; calling it
    /// earlier or later is harmless.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.admission.expire(now);
        self.whereabouts.handle_timeout(now);
        while let Some(id) = self.calendar.pop_due(now) {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.handle_timeout(now, &mut self.shared);
                self.make_busy(id);
            }
        }
    }

    // ── in: the application ──

    /// Starts a dial. [`Event::Connected`](super::Event::Connected) or
    /// [`Event::Closed`](super::Event::Closed) follows.
    ///
    /// # Errors
    /// [`DialRefused`], if the target cannot be dialed from this endpoint.
    pub fn dial(&mut self, now: Timestamp, target: Target) -> Result<ConnectionId, DialRefused> {
        if !target.is_dialable() {
            return Err(DialRefused::BadAddress);
        }
        // A connection that died while the clock jumped is not in the way of its successor.
        self.handle_timeout(now);
        let port = self.port_for(&target)?;
        if self.connections.len() >= self.shared.config.limits.connections {
            return Err(DialRefused::TooManyConnections);
        }
        let id = self.next_connection_id();
        let remote = target.remote;
        self.routes.lead(id, remote);
        self.connections.insert(id, Connection::dial(now, id, target, port, &mut self.shared));
        self.make_busy(id);
        Ok(id)
    }

    /// Opens a stream. It can be written to at once, and the peer hears of it at once, before anything
    /// is written.
    ///
    /// # Errors
    /// [`OpenError`], if the connection is not there, not authenticated, or has too many streams.
    pub fn open_stream(&mut self, on: ConnectionId) -> Result<StreamId, OpenError> {
        let connection = self.connections.get_mut(&on).ok_or(OpenError::Closed)?;
        let id = connection.open_stream()?;
        self.make_busy(on);
        Ok(id)
    }

    /// A stream, until its handle is given up with [`forget_stream`](Self::forget_stream).
    pub fn stream(&mut self, id: StreamId) -> Option<StreamMut<'_>> {
        let connection = self.connections.get(&id.connection)?;
        connection.streams.contains(id).then(|| StreamMut::new(self, id))
    }

    /// Gives up the handle of a stream.
    ///
    /// A write half that was [finished](StreamMut::finish) is still delivered; otherwise the stream is
    /// reset. What was not read is dropped.
    pub fn forget_stream(&mut self, now: Timestamp, id: StreamId) {
        let Some(connection) = self.connections.get_mut(&id.connection) else { return };
        connection.streams.forget(now, id, &mut self.shared.events);
        self.make_busy(id.connection);
    }

    /// Closes a connection and tells the peer. [`Event::Closed`](super::Event::Closed) follows.
    ///
    /// What was written but not acknowledged may be lost: to be sure of it, finish the streams and wait
    /// for [`Event::Finished`](super::Event::Finished) first.
    pub fn close(&mut self, now: Timestamp, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.end(now, ConnectionEnd::ClosedLocally, &mut self.shared);
            self.make_busy(id);
        }
    }

    /// Numbers of a connection, while it lives.
    pub fn stats(&self, id: ConnectionId) -> Option<Stats> {
        self.connections.get(&id).filter(|connection| !connection.is_over()).map(Connection::stats)
    }

    /// Numbers of the endpoint.
    pub fn counters(&self) -> Counters {
        Counters {
            connections: self.connections.len(),
            half_open: self.admission.len(),
            handshaking: self.handshaking.len(),
            ..self.counters
        }
    }

    /// Changes whether connections that peers dial are accepted.
    ///
    /// Those that exist stay.
    pub fn set_accept(&mut self, accept: bool) {
        Arc::make_mut(&mut self.shared.config).accept = accept;
    }

    // ── out ──

    /// What to do next. To be called until it says [`Output::Timeout`].
    pub fn poll(&mut self, now: Timestamp) -> Output<'_> {
        if self.whereabouts.run(&mut self.shared.outbox) {
            self.tell_reflexive();
        }
        loop {
            if !self.shared.outbox.is_empty() {
                let transmit = self.shared.outbox.pop().expect("the outbox is not empty");
                self.counters.datagrams_sent += transmit.datagrams().len() as u64;
                return Output::Transmit(transmit);
            }
            if let Some(event) = self.shared.events.pop_front() {
                return Output::Event(event);
            }
            let Some(id) = self.busy.pop() else { break };
            self.advance(now, id);
        }
        let deadline = Deadline::earliest(self.calendar.next(), self.admission.deadline());
        Output::Timeout(Deadline::earliest(deadline, self.whereabouts.deadline()))
    }

    fn advance(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.advance(now, &mut self.shared);
        let (is_open, is_over) = (connection.is_open(), connection.is_over());
        if is_over {
            let finished = connection.streams.is_empty();
            self.retire(id, finished);
            return;
        }
        let has_more = connection.has_more();
        let deadline = connection.deadline(&self.shared);
        self.calendar.set(id, deadline);
        if has_more {
            self.make_busy(id);
        }
        if is_open && self.handshaking.remove(&id) {
            self.replace_older(now, id);
        }
        if is_open {
            self.meetings.remove(&id);
        }
    }

    // ── datagrams ──

    fn handle_dtls(&mut self, now: Timestamp, datagram: &Datagram<'_>) {
        let Datagram { port, remote, local, payload } = *datagram;
        if self.shared.config.accept
            && port == Port::Main
            && is_client_hello(payload)
            && self.admission.knows(now, remote)
            // Whoever has forged a check in its name would have it answered twice.
            && !self.awaits_private_hello(remote)
            && !self.repeats_unfinished(remote, payload)
        {
            self.give_up_unfinished(now, remote);
            if self.may_begin(now, remote)
                && let Some(peer) = self.admission.take(now, remote)
            {
                self.accept(now, &peer);
            }
        }
        let mut is_dropped = true;
        let receivers = self.routes.at(remote);
        for &id in receivers.iter().chain(self.routes.privately_at(remote)) {
            if let Some(connection) = self.connections.get_mut(&id)
                && connection.uses(port)
            {
                // What came may be answered once, not by each who takes it for his.
                if let Some(allowance) = connection.allowance_mut(remote) {
                    allowance.on_received(payload.len() / receivers.len().max(1));
                }
                connection.handle_dtls(now, local, remote, payload, &mut self.shared);
                self.busy.push(id);
                is_dropped = false;
            }
        }
        if is_dropped {
            self.discard(datagram, "DTLS, and no connection for it");
        }
    }

    // ── what the doors share ──

    fn discard(&mut self, datagram: &Datagram<'_>, why: &'static str) {
        self.counters.datagrams_dropped += 1;
        let Datagram { port, remote, payload, .. } = datagram;
        trace!(target: telemetry::ENDPOINT, %remote, ?port, len = payload.len(), why, "dropped");
    }

    /// The port that a dial begins at.
    ///
    /// A connection to the same address is in its way, unless its peer showed a certificate that the target
    /// does not take: then another server is to be there now, mostly since the first has crashed. Should
    /// the first be there all the same, it is not disturbed where the dial leaves from another port.
    fn port_for(&self, target: &Target) -> Result<Port, DialRefused> {
        let mut port = Port::Main;
        let private = self.routes.privately_at(target.remote).iter().filter(|id| {
            // Where else a private connection's peer may be is nobody's business.
            self.connections.get(id).is_some_and(|it| it.goes_on_with(target.remote))
        });
        for id in self.routes.at(target.remote).iter().chain(private).copied() {
            let Some(connection) = self.connections.get(&id) else { continue };
            if connection.direction() == Direction::Inbound || connection.is_over() {
                continue;
            }
            // Of two handshakes DTLS could not tell which is meant; of open connections only one has the keys.
            if !connection.is_open() || connection.has_shown_one_of(&target.certhashes) {
                return Err(DialRefused::AlreadyConnected(id));
            }
            if connection.uses(Port::Main) {
                port = Port::Fallback;
            }
        }
        Ok(port)
    }

    /// Forgets the ways to a connection that is over, and the connection when nobody reads it any more.
    fn retire(&mut self, id: ConnectionId, finished: bool) {
        self.calendar.set(id, None);
        self.routes.forget(id);
        self.handshaking.remove(&id);
        self.meetings.remove(&id);
        if finished {
            self.connections.remove(&id);
        }
    }

    fn make_busy(&mut self, id: ConnectionId) {
        self.busy.push(id);
    }

    fn next_connection_id(&mut self) -> ConnectionId {
        self.next_id += 1;
        ConnectionId(self.next_id)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
