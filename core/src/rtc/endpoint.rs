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
//!           │        └─ check of a client: verify, answer ─┬→ connection, by ufrag
//!           │                                              └→ admission; the first is returned
//!           └─ DTLS ─┬─ first of a half-open peer ─────────→ new connection
//!                    └─ by remote address ─────────────────→ connection(s)
//! ```

use core::fmt;
use core::net::SocketAddr;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::vec::Vec;

use tracing::{debug, trace};

use super::admission::{Admission, Check, HalfOpen};
use super::config::{Config, ConfigError};
use super::connection::Connection;
use super::engine::{DtlsContext, RingHmac};
use super::entropy::Entropy;
use super::epoch::Epoch;
use super::error::{ConnectionEnd, DialRefused, OpenError};
use super::outbox::Outbox;
use super::output::{ConnectionId, Datagram, Direction, Output, Port, StreamId};
use super::queue::Queue;
use super::routes::{Routes, UfragKey};
use super::shared::Shared;
use super::telemetry::{self, Tally};
use crate::demux::{Kind, classify, is_client_hello};
use crate::ice::stun::{Binding, Class, Role, SUCCESS_LEN_MAX, write_binding_success};
use crate::ice::{Credentials, Username};
use crate::time::{Deadline, Timestamp};

mod check;
mod stats;
mod stream;
mod target;

use self::check::Questions;

pub use stats::{Counters, Stats, StreamStats};
pub use stream::StreamMut;
pub use target::Target;

/// Every connection of one socket, dialed and accepted. See [the floor's docs](super) for the loop.
pub struct Endpoint {
    shared: Shared,
    admission: Admission,
    questions: Questions,
    routes: Routes,
    connections: HashMap<ConnectionId, Connection>,
    /// Connections that something happened to since they were last advanced.
    busy: Queue<ConnectionId>,
    deadlines: BTreeSet<(Deadline, ConnectionId)>,
    deadline_of: HashMap<ConnectionId, Deadline>,
    /// Accepted connections whose set-up is not done.
    handshaking: HashSet<ConnectionId>,
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
            connections: HashMap::new(),
            busy: Queue::new(),
            deadlines: BTreeSet::new(),
            deadline_of: HashMap::new(),
            handshaking: HashSet::new(),
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
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline.at <= now
        {
            self.set_deadline(id, None);
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
        let of_connections = self.deadlines.first().map(|&(deadline, _)| deadline);
        Output::Timeout(Deadline::earliest(of_connections, self.admission.deadline()))
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
        let deadline = connection.deadline(&self.shared);
        self.set_deadline(id, deadline);
        if is_open && self.handshaking.remove(&id) {
            self.replace_older(now, id);
        }
    }

    // ── datagrams ──

    fn handle_stun(&mut self, now: Timestamp, datagram: &Datagram<'_>) {
        let Ok(stun) = Binding::parse(datagram.payload) else {
            return self.discard(datagram, "malformed STUN");
        };
        // A server that we dial: it answers our checks, and some send checks of their own.
        for index in 0..self.routes.at(datagram.remote).len() {
            let id = self.routes.at(datagram.remote)[index];
            if let Some(connection) = self.connections.get_mut(&id)
                && connection.direction() == Direction::Outbound
                && connection.uses(datagram.port)
                && connection.handle_stun(now, datagram.remote, datagram.payload)
            {
                return self.make_busy(id);
            }
        }
        let checked = match (datagram.port, stun.class()) {
            (Port::Main, Class::Request) => self.handle_check(now, datagram, &stun),
            (Port::Main, Class::Success) => self.handle_answer(now, datagram.remote, &stun),
            _ => Err("nobody waits for this STUN message"),
        };
        if let Err(why) = checked {
            self.discard(datagram, why);
        }
    }

    /// A check of a client: verified and answered, or why not.
    fn handle_check(
        &mut self,
        now: Timestamp,
        datagram: &Datagram<'_>,
        stun: &Binding<'_>,
    ) -> Result<(), &'static str> {
        let Datagram { remote, local, .. } = *datagram;
        let username = stun.username().ok_or("a check without a USERNAME")?;
        let username = Username::parse(username).or(Err("a check with a malformed USERNAME"))?;
        let credentials = Credentials::infer(username).or(Err("a check of no version known"))?;
        let password = credentials.local.password.as_str().as_bytes();
        stun.verify_fingerprint().or(Err("a check with a wrong FINGERPRINT"))?;
        let verified = stun.verify_integrity(password, &RingHmac);
        verified.or(Err("a check with a wrong MESSAGE-INTEGRITY"))?;
        let key = UfragKey::of(username.server.as_str());
        let use_candidate = stun.use_candidate();
        let asks;
        if let Some(id) = self.routes.of_ufrag(key) {
            let connection = self.connections.get_mut(&id).ok_or("its connection is over")?;
            connection.on_check(now, local, remote, use_candidate);
            asks = connection.allowance_mut(remote).is_some_and(|it| !it.is_proven());
            self.routes.follow(id, &connection.addresses());
            self.make_busy(id);
        } else {
            let version = credentials.version;
            let check = Check { key, version, local, remote, use_candidate };
            if !self.shared.config.accept {
                return Err("no connections are accepted");
            }
            if matches!(stun.role(), Some(Role::Controlled { .. })) {
                // Of a dial that is over here: in v1 it looks like a client's, and would be returned.
                return Err("a check of a listener");
            }
            asks = self.admission.on_check(now, &check)?;
            self.finish_answers(now, remote);
        }
        let mut answer = [0; SUCCESS_LEN_MAX];
        let answer =
            write_binding_success(&mut answer, stun.transaction_id(), remote, password, &RingHmac);
        let answer = answer.expect("a binding success fits its buffer");
        let mut check = [0; check::LEN_MAX];
        let check = asks.then(|| self.questions.write(&mut check, now, &credentials, remote));
        let allowance = match self.routes.of_ufrag(key) {
            Some(id) => self.connections.get_mut(&id).and_then(|it| it.allowance_mut(remote)),
            None => self.admission.allowance_mut(key, remote),
        };
        let allowance = allowance.ok_or("its address is not kept")?;
        allowance.on_received(datagram.payload.len());
        for stun in [Some(answer), check].into_iter().flatten() {
            if allowance.spend(stun.len()) {
                self.shared.outbox.push(Port::Main, local, remote, stun);
            }
        }
        Ok(())
    }

    /// The answer to a check of ours: whoever sends it is where it comes from.
    fn handle_answer(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        stun: &Binding<'_>,
    ) -> Result<(), &'static str> {
        if !self.questions.is_answer(now, remote, stun.transaction_id()) {
            return Err("nobody waits for this STUN message");
        }
        if let Some(allowance) = self.admission.allowance_at(remote) {
            allowance.prove();
        }
        for index in 0..self.routes.at(remote).len() {
            let id = self.routes.at(remote)[index];
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.prove(remote);
                self.make_busy(id);
            }
        }
        Ok(())
    }

    fn handle_dtls(&mut self, now: Timestamp, datagram: &Datagram<'_>) {
        let Datagram { port, remote, local, payload } = *datagram;
        if self.shared.config.accept
            && port == Port::Main
            && is_client_hello(payload)
            && self.admission.knows(now, remote)
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
        for index in 0..self.routes.at(remote).len() {
            let id = self.routes.at(remote)[index];
            if let Some(connection) = self.connections.get_mut(&id)
                && connection.uses(port)
            {
                connection.handle_dtls(now, local, remote, payload);
                self.make_busy(id);
                is_dropped = false;
            }
        }
        if is_dropped {
            self.discard(datagram, "DTLS, and no connection for it");
        }
    }

    /// Whether there is room for one more handshake, from an address.
    fn may_begin(&mut self, now: Timestamp, remote: SocketAddr) -> bool {
        if self.routes.at(remote).len() >= 2 {
            return false;
        }
        let limits = &self.shared.config.limits;
        let limit = if self.handshaking.len() >= limits.handshaking {
            "handshaking"
        } else if self.connections.len() >= limits.connections {
            "connections"
        } else {
            return true;
        };
        if let Some(times) = self.refusals.count(now) {
            debug!(target: telemetry::ENDPOINT, limit, %remote, times, "a limit is reached");
        }
        limit == "handshaking" && self.make_way(now, remote)
    }

    /// Gives up a handshake for a new one, from an address: the oldest of those whose clients have not
    /// proven where they are, and then the oldest, which has had the most time. Who has not proven it does
    /// not displace who has, so forged packets only displace each other.
    fn make_way(&mut self, now: Timestamp, remote: SocketAddr) -> bool {
        let proven =
            |id: &ConnectionId| self.connections.get(id).is_some_and(Connection::is_proven);
        let Some((is_proven, id)) = self.handshaking.iter().map(|id| (proven(id), *id)).min()
        else {
            return false;
        };
        if is_proven && !self.admission.allowance_at(remote).is_some_and(|it| it.is_proven()) {
            return false;
        }
        if let Some(connection) = self.connections.get(&id) {
            connection.tell_given_up(now, "others want to begin, and this one had its time");
        }
        self.retire(id, true);
        true
    }

    fn accept(&mut self, now: Timestamp, peer: &HalfOpen) {
        let limits = &self.shared.config.limits;
        let cookie = self.handshaking.len() >= limits.handshaking / 2 && !peer.is_proven();
        let id = self.next_connection_id();
        let connection = Connection::accept(now, id, peer, cookie, &mut self.shared);
        self.routes.name(id, peer.key);
        self.routes.follow(id, &connection.addresses());
        self.connections.insert(id, connection);
        self.handshaking.insert(id);
        // Its deadline must run even if no datagram reaches it: where the limit on addresses is low, the
        // one that DTLS began from may not be among those that lead here.
        self.make_busy(id);
    }

    // ── helpers ──

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
        for &id in self.routes.at(target.remote) {
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

    /// A client that dials anew from the same socket has given its last dial up, if that is not done: DTLS
    /// has nothing to tell two handshakes between the same addresses apart, so they would spoil each
    /// other. Nothing is said to the peer, who would take it for a word about the new one.
    fn give_up_unfinished(&mut self, now: Timestamp, remote: SocketAddr) {
        for id in self.unfinished(remote) {
            if let Some(connection) = self.connections.get(&id) {
                connection.tell_given_up(now, "the client has begun anew from the same address");
            }
            self.retire(id, true);
        }
    }

    /// Handshakes with an address say what they have to say before a check of a new dial from there is
    /// answered: its client begins DTLS with our answer, and would take the words of the last handshake,
    /// which it has given up, for ours about the new one. For the same reason they say nothing later, unless
    /// it turns out that they are not given up.
    fn finish_answers(&mut self, now: Timestamp, remote: SocketAddr) {
        for id in self.unfinished(remote) {
            self.advance(now, id);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.hush();
            }
        }
    }

    /// Whether a ClientHello is the one that began a handshake with an address, and not of a new dial: whoever
    /// forges a check in a client's name does not make it give up.
    fn repeats_unfinished(&self, remote: SocketAddr, hello: &[u8]) -> bool {
        let began = |id| self.connections.get(id).is_some_and(|it| it.began_with(hello));
        self.unfinished(remote).iter().any(began)
    }

    /// Accepted connections whose set-up is not done and goes on with an address: it is not enough that a check
    /// came from there, which anybody may have sent.
    fn unfinished(&self, remote: SocketAddr) -> Vec<ConnectionId> {
        let goes_on = |id: &ConnectionId| {
            self.handshaking.contains(id)
                && self.connections.get(id).is_some_and(|it| it.goes_on_with(remote))
        };
        self.routes.at(remote).iter().copied().filter(goes_on).collect()
    }

    /// A peer that came back on the same address has replaced its old connection: the one that is there now,
    /// not one that has checked from there, or in whose name somebody else has.
    fn replace_older(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(remote) = self.connections.get(&id).map(Connection::remote) else { return };
        for index in 0..self.routes.at(remote).len() {
            let older = self.routes.at(remote)[index];
            if older < id
                && let Some(connection) = self.connections.get_mut(&older)
                && connection.direction() == Direction::Inbound
                && connection.remote() == remote
            {
                connection.end(now, ConnectionEnd::Replaced(id), &mut self.shared);
                self.make_busy(older);
            }
        }
    }

    /// Forgets the ways to a connection that is over, and the connection when nobody reads it any more.
    fn retire(&mut self, id: ConnectionId, finished: bool) {
        self.set_deadline(id, None);
        self.routes.forget(id);
        self.handshaking.remove(&id);
        if finished {
            self.connections.remove(&id);
        }
    }

    fn make_busy(&mut self, id: ConnectionId) {
        self.busy.push(id);
    }

    fn set_deadline(&mut self, id: ConnectionId, deadline: Option<Deadline>) {
        let old = match deadline {
            Some(deadline) => self.deadline_of.insert(id, deadline),
            None => self.deadline_of.remove(&id),
        };
        if old == deadline {
            return;
        }
        if let Some(old) = old {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, id));
        }
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
