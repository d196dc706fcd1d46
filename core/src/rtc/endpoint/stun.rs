//! What STUN means to an endpoint: checks of clients, answers to our own, and what servers that we dial say.
//!
//! A check of a client is verified and answered from nothing but the datagram; only one that holds reaches a
//! connection or [`Admission`](super::Admission).
//!
//! Obeys: RFC 8445 §7.3, RFC 8489 §9.1; libp2p webrtc-direct §Connection Establishment.

use core::net::SocketAddr;

use super::Endpoint;
use super::check;
use crate::ice::stun::{Binding, Class, Role, SUCCESS_LEN_MAX, write_binding_success};
use crate::ice::{Credentials, Username};
use crate::rtc::admission::Check;
use crate::rtc::engine::RingHmac;
use crate::rtc::output::{Datagram, Direction, Port};
use crate::rtc::routes::UfragKey;
use crate::time::Timestamp;

impl Endpoint {
    pub(super) fn handle_stun(&mut self, now: Timestamp, datagram: &Datagram<'_>) {
        let Ok(stun) = Binding::parse(datagram.payload) else {
            return self.discard(datagram, "malformed STUN");
        };
        // A server that we dial: it answers our checks, and some send checks of their own.
        for index in 0..self.routes.at(datagram.remote).len() {
            let id = self.routes.at(datagram.remote)[index];
            if let Some(connection) = self.connections.get_mut(&id)
                && (connection.direction() == Direction::Outbound || connection.private().is_some())
                && connection.uses(datagram.port)
                && connection.handle_stun(now, datagram.remote, datagram.payload)
            {
                self.follow_privately(id);
                return self.make_busy(id);
            }
        }
        if self.handle_private_stun(now, datagram, &stun) {
            return;
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
}
