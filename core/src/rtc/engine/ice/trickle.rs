//! ICE with a peer whose candidates come one by one: both sides check all of them, and one nominates.
//!
//! Private `/webrtc` has it: neither side knows which of the other's addresses lead anywhere, so each is tried from
//! our one socket, by which all local candidates have the same base. Sending from one address or another of the host
//! is the kernel's choice, so a pair is as good as named by the peer's address.
//!
//! The peer is where the first check was answered, and then where the nominated pair leads. When nothing comes from
//! there any more, it is wherever something comes from that DTLS has authenticated: so it is followed when a NAT gives
//! it another address, without a restart. Either way nothing but checks is sent to an address that has not answered
//! one: whoever sends in another's name, as a peer may who has the keys, does not have us send to that other.
//!
//! How many addresses a peer may name or check from is limited: each costs checks, which go wherever it says.
//!
//! Obeys: RFC 8445 (ICE), RFC 8838 (trickle), RFC 7675 (consent).

mod questions;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::string::ToString;
use std::vec::Vec;

use is::stun::StunMessage;
use is::{Candidate, IceAgent, IceAgentEvent};

use self::questions::Questions;
use super::{RingHmac, creds, host, pace, packet, placeholder};
use crate::ice::Secrets;
use crate::rtc::epoch::Epoch;
use crate::rtc::one_host::is_one_host;
use crate::rtc::outbox::Outbox;
use crate::rtc::output::Port;
use crate::sdp;
use crate::time::{Deadline, Timestamp};

/// The IP versions of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Families {
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
}

impl Families {
    /// Those of a host with these addresses; both if nothing is known of it.
    pub(crate) fn of(hosts: &[SocketAddr]) -> Self {
        let has = |is: fn(&SocketAddr) -> bool| hosts.is_empty() || hosts.iter().any(is);
        Self { ipv4: has(SocketAddr::is_ipv4), ipv6: has(SocketAddr::is_ipv6) }
    }
}

/// An agent that knows no address of its peer yet, and learns of more and more.
#[derive(Debug)]
pub(crate) struct TrickleAgent {
    agent: IceAgent,
    epoch: Epoch,
    /// The peer was described: it may be checked.
    is_described: bool,
    /// Checks that came before that, which the library keeps.
    early: usize,
    /// What the peer has named or checked from, each once.
    known: Vec<SocketAddr>,
    /// Where it may send from: something came from there that only it can have written.
    proven: Vec<SocketAddr>,
    /// Where it has received something: a check that went there was answered from there.
    answered: Vec<SocketAddr>,
    questions: Questions,
    /// How many it may name or check from.
    limit: usize,
    current: Option<SocketAddr>,
    /// When DTLS has last authenticated something from there.
    heard: Timestamp,
    deadline: Option<Timestamp>,
}

impl TrickleAgent {
    /// An agent with these credentials of ours, that nominates if it controls, and keeps `limit` addresses of the
    /// peer. Those of other IP versions than our socket's are of no use.
    pub(crate) fn new(
        epoch: Epoch,
        local: &Secrets<'_>,
        is_controlling: bool,
        tie_breaker: u64,
        limit: usize,
        families: Families,
    ) -> Self {
        let mut agent = IceAgent::with_hmac(creds(local), &RingHmac);
        agent.set_controlling(is_controlling);
        agent.set_control_tie_breaker(tie_breaker);
        pace(&mut agent, CHECK_RTO);
        agent.set_max_candidate_pairs(PAIRS_MAX);
        let Families { ipv4, ipv6 } = families;
        let some = ipv4.then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        for ip in some.into_iter().chain(ipv6.then_some(IpAddr::V6(Ipv6Addr::UNSPECIFIED))) {
            agent.add_local_candidate(host(placeholder(SocketAddr::new(ip, 0))));
        }
        Self {
            agent,
            epoch,
            is_described: false,
            early: 0,
            known: Vec::new(),
            proven: Vec::new(),
            answered: Vec::new(),
            questions: Questions::default(),
            limit,
            current: None,
            heard: Timestamp::ZERO,
            deadline: None,
        }
    }

    /// The peer has described itself: its checks and ours can be verified.
    pub(crate) fn describe(&mut self, now: Timestamp, remote: &Secrets<'_>, is_lite: bool) {
        self.agent.set_remote_credentials(creds(remote));
        if is_lite {
            // Who only answers cannot nominate, whoever has offered.
            self.agent.set_controlling(true);
        }
        self.is_described = true;
        // The library answers one early check each time that it is told the time.
        for _ in 0..=self.early {
            self.handle_timeout(now);
        }
    }

    /// The peer may be reached at a candidate's address.
    pub(crate) fn add_candidate(&mut self, now: Timestamp, candidate: &sdp::Candidate<'_>) {
        let Some(remote) = candidate.udp_addr() else { return };
        // Our socket knows an IPv4 address by no other name.
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let mut candidate = *candidate;
        candidate.address = sdp::Address::Ip(remote.ip());
        if remote.port() != 0
            && is_one_host(remote.ip())
            && self.learn(remote)
            && let Ok(candidate) = Candidate::from_sdp_string(&candidate.to_string())
        {
            self.agent.add_remote_candidate(candidate);
            self.handle_timeout(now);
        }
    }

    /// Takes a STUN datagram from `remote`; says whether it was for this agent and authentic.
    pub(crate) fn handle_stun(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        let Ok(message) = StunMessage::parse(datagram) else { return false };
        // The library keeps a candidate for each address that something authentic comes from.
        if !self.agent.accepts_message(&message) || !self.learn(remote) {
            return false;
        }
        // An answerer checks at once, and its checks overtake its description. They are as authentic as any: our
        // password is in them, which only the peer was told.
        if !self.is_described {
            if self.early == EARLY_MAX {
                return false;
            }
            self.early += 1;
        }
        let is_success = message.is_successful_binding_response();
        if !message.is_binding_request() {
            // RFC 8445 §7.2.5.2.1, and each answer once: the library would learn something of it each time.
            let id = datagram.get(8..20).and_then(|id| id.first_chunk().copied());
            if !id.is_some_and(|id| self.questions.take(id, remote)) {
                return false;
            }
        }
        if is_success && !self.questions.may_be_seen_at(message.mapped_address()) {
            return false;
        }
        let accepted = self.agent.handle_packet(self.epoch.instant(now), packet(remote, message));
        if accepted {
            if !self.proven.contains(&remote) {
                self.proven.push(remote);
            }
            // RFC 8445 §12.1.1: what is valid may be used before anything is nominated, which takes a round trip.
            if is_success {
                if !self.answered.contains(&remote) {
                    self.answered.push(remote);
                }
                self.current.get_or_insert(remote);
            }
            // The library nominates only when it is told the time.
            self.handle_timeout(now);
        }
        accepted
    }

    /// DTLS has authenticated something from `remote`: a peer that is silent elsewhere is followed there.
    ///
    /// Not at once, as the other side follows us by the same rule, and what is under way on either path would have both
    /// change to and fro.
    pub(crate) fn on_authentic(&mut self, now: Timestamp, remote: SocketAddr) {
        if self.current != Some(remote) {
            let is_silent = now.saturating_since(self.heard) >= SILENCE;
            if !is_silent || !self.answers(remote) {
                return;
            }
            self.current = Some(remote);
        }
        self.heard = now;
    }

    /// Takes the time.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        if !self.is_described {
            return;
        }
        self.agent.handle_timeout(self.epoch.instant(now));
        while let Some(event) = self.agent.poll_event() {
            if let IceAgentEvent::NominatedSend { destination, .. } = event
                && self.answers(destination)
            {
                self.current = Some(destination);
                self.heard = now;
            }
        }
        self.note_deadline();
    }

    /// When `handle_timeout` is due.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline.map(|at| Deadline { at, why: "ICE check" })
    }

    /// Queues the checks and answers that are to be sent.
    pub(crate) fn poll_transmit(&mut self, out: &mut Outbox) {
        while let Some(transmit) = self.agent.poll_transmit() {
            self.questions.note(&transmit.contents, transmit.destination);
            out.push(Port::Main, None, transmit.destination, &transmit.contents);
        }
        if self.is_described {
            self.note_deadline();
        }
    }

    /// Where to send: where a nominated pair leads, or the peer was heard last.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        self.current
    }

    /// Whether the peer has answered a check at `remote`: what is sent there is sent to it.
    pub(crate) fn answers(&self, remote: SocketAddr) -> bool {
        self.answered.contains(&remote)
    }

    /// Whether the peer may be sending from `remote`.
    pub(crate) fn knows(&self, remote: SocketAddr) -> bool {
        self.proven.contains(&remote)
    }

    /// Every address that the peer may be sending from.
    pub(crate) fn proven(&self) -> &[SocketAddr] {
        &self.proven
    }

    /// Every address where the peer may be: it has named it, or checked from there.
    pub(crate) fn known(&self) -> &[SocketAddr] {
        &self.known
    }

    /// The round trip of the last check that was answered.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.agent.nominated_pair_rtt()
    }

    /// Notes an address; false if there are too many.
    fn learn(&mut self, remote: SocketAddr) -> bool {
        let is_known = self.known.contains(&remote);
        if !is_known && self.known.len() < self.limit {
            self.known.push(remote);
            return true;
        }
        is_known
    }

    /// The library wants to be asked mutably, and soon again while it has something to send.
    fn note_deadline(&mut self) {
        self.deadline = self.agent.poll_timeout().map(|at| self.epoch.timestamp(at));
    }
}

/// A peer that has said nothing for so long on the path in use, while it does on another one, has left.
const SILENCE: Duration = Duration::from_secs(1);
/// First interval between checks of a pair; it doubles. Below the 500 ms of RFC 8445 §14.3: the first checks of either
/// side open NATs and are mostly lost, so what is waited for is the second.
const CHECK_RTO: Duration = Duration::from_millis(250);
/// Checks that are kept until the peer is described; it repeats those that are not answered.
const EARLY_MAX: usize = 16;
/// Pairs that are checked, RFC 8445 §6.1.2.5. With one base there is one for each address of the peer.
const PAIRS_MAX: usize = 100;

#[cfg(test)]
mod tests;
