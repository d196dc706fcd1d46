//! Private connections of an endpoint: who may meet whom, where we are, and what comes for them.
//!
//! Obeys: libp2p webrtc, "WebRTC" (browser-to-browser); [`settle`] says what is done when both sides offer.

use core::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use tracing::debug;

use super::Endpoint;
use crate::ice::stun::{Binding, Class};
use crate::peer_id::PeerId;
use crate::rtc::connection::Connection;
use crate::rtc::error::{ConnectionEnd, DialRefused};
use crate::rtc::output::{ConnectionId, Datagram, Port};
use crate::rtc::private::{Heard, Meeting, Side};
use crate::rtc::signaling::{OwnAttempt, RemoteCandidate, StreamAction, Verdict, settle};
use crate::rtc::telemetry;
use crate::sdp::Address;
use crate::time::Timestamp;

impl Endpoint {
    /// Begins a private connection: see [`private`](crate::rtc::private). [`Event::Connected`](super::super::Event)
    /// or `Closed` follows; `Signaling` says each time that there is something to be done to the stream.
    ///
    /// Who offers a connection to a peer whose own offer is being answered is refused. Who answers a peer that we have
    /// offered a connection ourselves has one at the end, not two: either our own attempt ends as
    /// [`Replaced`](ConnectionEnd::Replaced), or this one is refused.
    ///
    /// # Errors
    /// [`DialRefused`], if there are too many, or if our own offer has come to a connection already.
    pub fn meet(&mut self, now: Timestamp, meeting: Meeting) -> Result<ConnectionId, DialRefused> {
        self.handle_timeout(now);
        let limits = &self.shared.config.limits;
        let own = match meeting.side {
            Side::Offerer => match self.attempt_of(meeting.peer) {
                Some(theirs) => return Err(DialRefused::AlreadyConnected(theirs)),
                None => None,
            },
            Side::Answerer => self.own_attempt(meeting.peer),
        };
        let mut withdrawn = None;
        if let Some((own, attempt)) = own {
            match settle(&self.shared.config.identity.peer_id(), &meeting.peer, attempt) {
                Verdict::Answer => {}
                Verdict::Yield => withdrawn = Some(own),
                Verdict::Refuse => return Err(DialRefused::AlreadyConnected(own)),
            }
        }
        if self.meetings.len() - usize::from(withdrawn.is_some()) >= limits.meetings
            || (meeting.side == Side::Answerer && !self.may_answer(meeting.peer))
        {
            return Err(DialRefused::TooManyMeetings);
        }
        if self.connections.len() >= limits.connections {
            return Err(DialRefused::TooManyConnections);
        }
        let id = self.next_connection_id();
        if let Some(own) = withdrawn
            && let Some(connection) = self.connections.get_mut(&own)
        {
            connection.end(now, ConnectionEnd::Replaced(id), &mut self.shared);
            self.make_busy(own);
        }
        let hosts = &self.whereabouts.hosts;
        let connection = Connection::meet(now, id, &meeting, hosts, &mut self.shared);
        if let Some(private) = connection.private() {
            self.routes.name_privately(id, private.candidates.ufrag());
        }
        let servers = &self.shared.config.stun_servers;
        let seed = &mut self.shared.entropy;
        self.whereabouts.ask(now, servers, || seed.next_block());
        self.connections.insert(id, connection);
        self.meetings.insert(id);
        self.tell_reflexive();
        self.make_busy(id);
        Ok(id)
    }

    /// Something came on the signaling stream of a meeting.
    pub fn handle_signaling(&mut self, now: Timestamp, id: ConnectionId, heard: Heard<'_>) {
        let other = match heard {
            Heard::Reset => self.standing(id),
            Heard::Bytes(_) | Heard::End => None,
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.handle_signaling(heard);
            if let Some(other) = other {
                connection.end(now, ConnectionEnd::Replaced(other), &mut self.shared);
            }
            // What is to be known of the peer must not pile up while bytes come.
            connection.run(now, &mut self.shared);
            self.follow_privately(id);
            self.make_busy(id);
        }
    }

    /// What is to be done to the signaling stream next, until there is nothing more.
    pub fn poll_signaling(&mut self, id: ConnectionId) -> Option<StreamAction> {
        let action = self.connections.get_mut(&id)?.poll_signaling()?;
        self.make_busy(id);
        Some(action)
    }

    /// Whether the signaling stream is still of use. If not it may be dropped; if the connection is over, it is to be
    /// reset.
    pub fn is_signaling(&self, id: ConnectionId) -> bool {
        let connection = self.connections.get(&id).filter(|connection| !connection.is_over());
        connection.and_then(Connection::private).is_some_and(|private| !private.is_over())
    }

    /// The addresses of the host with the port of its main socket: our host candidates, on all meetings that are under
    /// way or will be. To be told again when they change.
    pub fn set_host_addrs(&mut self, now: Timestamp, addrs: &[SocketAddr]) {
        if self.whereabouts.hosts == addrs {
            return;
        }
        self.whereabouts.move_to(addrs);
        // The NAT may be another one, too.
        let servers = &self.shared.config.stun_servers;
        let seed = &mut self.shared.entropy;
        if !self.meetings.is_empty() {
            self.whereabouts.ask_anew(now, servers, || seed.next_block());
        }
        for &id in &self.meetings {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.tell_hosts(addrs);
                self.busy.push(id);
            }
        }
    }

    /// A candidate's name leads to an address: see [`Event::Hidden`](crate::rtc::Event::Hidden).
    pub fn resolved(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        candidate: &RemoteCandidate,
        ip: IpAddr,
    ) {
        if let Some(connection) = self.connections.get_mut(&id) {
            let mut candidate = candidate.as_sdp();
            candidate.address = Address::Ip(ip);
            connection.add_candidate(now, &candidate);
            self.follow_privately(id);
            self.make_busy(id);
        }
    }

    /// STUN of a private connection, or of a STUN server; false if it is nothing of the kind.
    pub(super) fn handle_private_stun(
        &mut self,
        now: Timestamp,
        datagram: &Datagram<'_>,
        stun: &Binding<'_>,
    ) -> bool {
        let Datagram { port, remote, payload, .. } = *datagram;
        if port != Port::Main {
            return false;
        }
        if stun.class() == Class::Request {
            let local = stun.username().and_then(local_ufrag);
            let Some(id) = local.and_then(|ufrag| self.routes.of_local_ufrag(ufrag)) else {
                return false;
            };
            return self.offer_stun(now, id, remote, payload);
        }
        for index in 0..self.routes.privately_at(remote).len() {
            let id = self.routes.privately_at(remote)[index];
            if self.offer_stun(now, id, remote, payload) {
                return true;
            }
        }
        for index in 0..self.routes.named_at(remote).len() {
            let id = self.routes.named_at(remote)[index];
            if self.offer_stun(now, id, remote, payload) {
                return true;
            }
        }
        let is_server = self.whereabouts.handle_datagram(now, remote, payload);
        if is_server {
            self.tell_reflexive();
        }
        is_server
    }

    /// Keeps the ways to a private connection up to date.
    pub(super) fn follow_privately(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id)
            && connection.private().is_some()
            && !connection.is_over()
        {
            let [proven, named] = connection.proven_and_named();
            self.routes.follow_privately(id, proven, named);
        }
    }

    /// What STUN servers have said becomes candidates.
    pub(super) fn tell_reflexive(&mut self) {
        let whereabouts = &self.whereabouts;
        for &id in &self.meetings {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            for mapped in whereabouts.mapped() {
                connection.tell_reflexive(mapped);
            }
            if whereabouts.is_settled() && !whereabouts.hosts.is_empty() {
                connection.end_candidates();
            }
            self.busy.push(id);
        }
    }

    fn offer_stun(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        remote: SocketAddr,
        stun: &[u8],
    ) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let is_taken = connection.handle_stun(now, remote, stun);
        if is_taken {
            self.follow_privately(id);
            self.make_busy(id);
        }
        is_taken
    }

    /// Whether one more offer of a peer is answered: no peer gets all the room there is, nor do all of them
    /// together, or we could make no offer ourselves.
    fn may_answer(&self, peer: PeerId) -> bool {
        let answered = self.meetings.iter().filter_map(|id| self.connections.get(id)?.private());
        let answered: Vec<_> = answered.filter(|it| it.side == Side::Answerer).collect();
        let of_peer = answered.iter().filter(|it| it.peer == peer).count();
        let room = self.shared.config.limits.meetings.div_ceil(4) * 3;
        of_peer < ANSWERS_PER_PEER && answered.len() < room
    }

    /// Our own offer to the peer of a connection that we are answering, if that is not up: who withdraws an attempt
    /// has answered ours.
    fn standing(&self, id: ConnectionId) -> Option<ConnectionId> {
        let connection = self.connections.get(&id).filter(|it| !it.is_open() && !it.is_over())?;
        let private = connection.private().filter(|it| it.side == Side::Answerer)?;
        self.own_attempt(private.peer).map(|(own, _)| own)
    }

    /// Whether a private connection waits for the first words of DTLS from an address.
    pub(super) fn awaits_private_hello(&self, remote: SocketAddr) -> bool {
        let private = self.routes.privately_at(remote).iter();
        private.filter_map(|id| self.connections.get(id)).any(Connection::awaits_hello)
    }

    /// An attempt of a peer to reach us that we have answered, while it is under way.
    fn attempt_of(&self, peer: PeerId) -> Option<ConnectionId> {
        let is_theirs = |id: &&ConnectionId| {
            let connection = self.connections.get(id).filter(|it| !it.is_over() && !it.is_open());
            let private = connection.and_then(Connection::private);
            private.is_some_and(|it| it.side == Side::Answerer && it.peer == peer)
        };
        self.meetings.iter().find(is_theirs).copied()
    }

    /// Our own attempt to reach a peer, while its signaling is not over.
    fn own_attempt(&self, peer: PeerId) -> Option<(ConnectionId, OwnAttempt)> {
        let own = self.connections.iter().filter(|(_, connection)| {
            let private = connection.private().filter(|it| it.side == Side::Offerer);
            !connection.is_over() && private.is_some_and(|it| it.peer == peer && !it.is_over())
        });
        // The newest, should there be several.
        let (&id, connection) = own.max_by_key(|(id, _)| **id)?;
        let attempt = match connection.is_open() {
            true => OwnAttempt::Connected,
            false => OwnAttempt::UnderWay,
        };
        debug!(target: telemetry::ENDPOINT, %peer, ?id, ?attempt, "both sides offer");
        Some((id, attempt))
    }
}

/// Meetings that are answered at once for one peer. There is no reason for more than one, but that an earlier one is
/// given up without a word.
const ANSWERS_PER_PEER: usize = 4;

/// Of the USERNAME of a check, the receiver's fragment (RFC 8445 §7.2.2).
fn local_ufrag(username: &[u8]) -> Option<&str> {
    let end = username.iter().position(|&byte| byte == b':')?;
    core::str::from_utf8(&username[..end]).ok()
}
