//! ICE, as far as one connection is concerned: which of the peer's addresses to send to.
//!
//! A webrtc-direct listener is [`Lite`] and decides by rules of its own. A dialer is a [`FullAgent`],
//! around the library's agent, which checks the one address it was given, nominates it, answers the
//! listener's own checks (many listeners are not as lite as they say), and goes on checking: consent to
//! send, and what keeps the listener's timers fresh. Either side of a private connection is a [`TrickleAgent`],
//! around the same, whose peer may be at many addresses.
//!
//! Obeys: RFC 8445 (ICE), RFC 7675 (consent), libp2p webrtc-direct §Connection Establishment.

mod trickle;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::boxed::Box;

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceCreds, Protocol, Sha1HmacProvider};
use ring::hmac;

pub(crate) use self::trickle::{Families, TrickleAgent};
use super::lite::Lite;
use crate::ice::stun::HmacSha1;
use crate::ice::{Credentials, Secrets};
use crate::rtc::allowance::Allowance;
use crate::rtc::epoch::Epoch;
use crate::rtc::outbox::Outbox;
use crate::rtc::output::Port;
use crate::time::{Deadline, Timestamp};

/// One side of ICE.
#[derive(Debug)]
pub(crate) enum Ice {
    /// A listener: the peer checks, we look on.
    Lite(Lite),
    /// A dialer: we check. Boxed, as it is far larger than what listeners have thousands of.
    Full(Box<FullAgent>),
    /// Either side of a private connection: both check.
    Trickle(Box<TrickleAgent>),
}

impl Ice {
    /// Where to send, and from which local address if that matters.
    pub(super) fn destination(&self) -> Option<(Option<IpAddr>, SocketAddr)> {
        match self {
            Self::Lite(lite) => lite.destination(),
            Self::Full(agent) => agent.destination().map(|remote| (None, remote)),
            Self::Trickle(agent) => agent.destination().map(|remote| (None, remote)),
        }
    }

    /// What may be sent to the destination. An address that was dialed has answered a check before anything
    /// else goes there.
    pub(super) fn allowance(&self) -> Allowance {
        match self {
            Self::Lite(lite) => lite.allowance(),
            Self::Full(_) | Self::Trickle(_) => Allowance::UNLIMITED,
        }
    }

    /// Notes what was sent to the destination.
    pub(super) fn set_allowance(&mut self, allowance: Allowance) {
        if let Self::Lite(lite) = self
            && let Some((_, remote)) = lite.destination()
            && let Some(old) = lite.allowance_mut(remote)
        {
            *old = allowance;
        }
    }

    /// The port that the peer reaches us at: whoever dials us does so at the main one.
    pub(super) fn port(&self) -> Port {
        match self {
            Self::Lite(_) | Self::Trickle(_) => Port::Main,
            Self::Full(agent) => agent.port,
        }
    }

    /// Whether `remote` is an address of the peer.
    pub(super) fn knows(&self, remote: SocketAddr) -> bool {
        match self {
            Self::Lite(lite) => lite.knows(remote),
            Self::Full(agent) => agent.remote == remote,
            Self::Trickle(agent) => agent.knows(remote),
        }
    }

    /// Takes a STUN datagram, if we check; says whether it was authentic. A lite agent's are the endpoint's.
    pub(super) fn handle_stun(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        match self {
            Self::Lite(_) => false,
            Self::Full(agent) => agent.handle_stun(now, remote, datagram),
            Self::Trickle(agent) => agent.handle_stun(now, remote, datagram),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        match self {
            Self::Lite(_) => {}
            Self::Full(agent) => agent.handle_timeout(now),
            Self::Trickle(agent) => agent.handle_timeout(now),
        }
    }

    /// When `handle_timeout` is due.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Lite(_) => None,
            Self::Full(agent) => agent.deadline(),
            Self::Trickle(agent) => agent.deadline(),
        }
    }

    /// Queues the checks and answers that are to be sent.
    pub(super) fn poll_transmit(&mut self, out: &mut Outbox) {
        match self {
            Self::Lite(_) => {}
            Self::Full(agent) => agent.poll_transmit(out),
            Self::Trickle(agent) => agent.poll_transmit(out),
        }
    }
}

/// An agent that checks one address of one peer and controls the nomination.
#[derive(Debug)]
pub(crate) struct FullAgent {
    agent: IceAgent,
    epoch: Epoch,
    port: Port,
    remote: SocketAddr,
    nominated: Option<SocketAddr>,
    deadline: Option<Timestamp>,
}

impl FullAgent {
    /// An agent that begins to check `remote` from `port` at once; its first check is there to be polled.
    pub(crate) fn new(
        now: Timestamp,
        epoch: Epoch,
        credentials: &Credentials<'_>,
        port: Port,
        remote: SocketAddr,
    ) -> Self {
        let mut agent = IceAgent::with_hmac(creds(&credentials.local), &RingHmac);
        agent.set_remote_credentials(creds(&credentials.remote));
        agent.set_controlling(true);
        // A dialer of webrtc-direct controls, whatever the other side claims.
        agent.set_control_tie_breaker(u64::MAX);
        pace(&mut agent, CHECK_RTO);
        agent.add_local_candidate(host(placeholder(remote)));
        if let Ok(candidate) = Candidate::host(remote, Protocol::Udp) {
            agent.add_remote_candidate(candidate);
        }
        let mut this = Self { agent, epoch, port, remote, nominated: None, deadline: None };
        this.handle_timeout(now);
        this
    }

    /// Takes a STUN datagram from `remote`; says whether it was for this agent and authentic.
    pub(crate) fn handle_stun(
        &mut self,
        now: Timestamp,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        // Another address would become a candidate of its own; a server has the one it was dialed at.
        if remote != self.remote {
            return false;
        }
        let Ok(message) = StunMessage::parse(datagram) else { return false };
        let accepted = self.agent.handle_packet(self.epoch.instant(now), packet(remote, message));
        if accepted {
            // The library nominates only when it is told the time.
            self.handle_timeout(now);
        }
        accepted
    }

    /// Takes the time.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        self.agent.handle_timeout(self.epoch.instant(now));
        while let Some(event) = self.agent.poll_event() {
            if let IceAgentEvent::NominatedSend { destination, .. } = event {
                self.nominated = Some(destination);
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
            out.push(self.port, None, transmit.destination, &transmit.contents);
        }
        self.note_deadline();
    }

    /// The port that it checks from.
    pub(crate) fn port(&self) -> Port {
        self.port
    }

    /// The address that we nominated: the peer's, once it has answered a check.
    pub(crate) fn nominated(&self) -> Option<SocketAddr> {
        self.nominated
    }

    /// Whether a check was answered: the peer is there, and speaks our version.
    pub(crate) fn answered(&self) -> bool {
        self.agent.stats().bind_success_recv > 0
    }

    /// The round trip of the last check that was answered.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.agent.nominated_pair_rtt()
    }

    /// The library wants to be asked mutably, and soon again while it has something to send.
    fn note_deadline(&mut self) {
        self.deadline = self.agent.poll_timeout().map(|at| self.epoch.timestamp(at));
    }

    fn destination(&self) -> Option<SocketAddr> {
        // One address was dialed: as soon as it answers it is the destination.
        self.nominated.or_else(|| self.answered().then_some(self.remote))
    }
}

/// HMAC-SHA1 by `ring`, for the library and for floor 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingHmac;

impl HmacSha1 for RingHmac {
    fn hmac_sha1(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(part);
        }
        context.sign().as_ref().try_into().expect("HMAC-SHA1 is 20 bytes long")
    }
}

impl Sha1HmacProvider for RingHmac {
    fn sha1_hmac(&self, key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
        self.hmac_sha1(key, payloads)
    }
}

fn creds(secrets: &Secrets<'_>) -> IceCreds {
    IceCreds { ufrag: secrets.ufrag.as_str().into(), pass: secrets.password.as_str().into() }
}

/// How often an agent checks, first and at last, and when it gives a pair up.
fn pace(agent: &mut IceAgent, first: Duration) {
    agent.set_initial_stun_rto(first);
    agent.set_max_stun_rto(CONSENT_INTERVAL);
    agent.set_max_stun_retransmits(CHECKS_MAX);
    agent.set_timing_advance(TIMING_ADVANCE);
}

/// A message as it came from `remote`.
fn packet(remote: SocketAddr, message: StunMessage<'_>) -> StunPacket<'_> {
    let destination = placeholder(remote);
    StunPacket { proto: Protocol::Udp, source: remote, destination, message }
}

/// The agent's local address: the same for each datagram, whatever the socket is bound to, as the
/// library drops what is for an address it does not know. It never leaves this file.
fn placeholder(remote: SocketAddr) -> SocketAddr {
    let ip = match remote {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    };
    SocketAddr::new(ip, 9)
}

fn host(addr: SocketAddr) -> Candidate {
    Candidate::host(addr, Protocol::Udp).expect("the placeholder is a host's address")
}

/// First interval between checks; it doubles. RFC 8445 §14.3 allows no less than 500 ms for a check list
/// of unknown length, to spare the network; this list has one pair, and a lost first check would
/// otherwise be the longest wait of the whole set-up, and some listeners (webrtc-rs, libjuice) never
/// answer the first: they only make a session of it. Browsers check as often.
const CHECK_RTO: Duration = Duration::from_millis(50);
/// Consent is asked for so often: below the 5 s that listeners count on (RFC 7675 §5.1 has 5 s).
const CONSENT_INTERVAL: Duration = Duration::from_secs(3);
/// Unanswered checks until the library forgets the pair: some 30 s, the expiry of consent (RFC 7675).
const CHECKS_MAX: usize = 15;
/// The shortest time between two calls. The library's default, 50 ms, is for lists of many pairs.
const TIMING_ADVANCE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use std::time::Instant;
    use std::vec::Vec;

    use super::*;
    use crate::ice::stun::{
        Binding, Class, REQUEST_LEN_MAX, Request, Role, SUCCESS_LEN_MAX, TransactionId,
        write_binding_request, write_binding_success,
    };
    use crate::ice::{DialSecrets, Username, Version};

    const VERSIONS: [Version; 2] = [Version::V1, Version::V2];

    fn server() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 4001))
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn secrets(version: Version) -> DialSecrets {
        DialSecrets::new(version, &[5; DialSecrets::RANDOM_LEN])
    }

    fn dial(version: Version) -> FullAgent {
        let epoch = Epoch::new(Instant::now());
        FullAgent::new(at(0), epoch, &secrets(version).credentials(), Port::Fallback, server())
    }

    fn sent(agent: &mut FullAgent) -> Vec<Vec<u8>> {
        let (mut outbox, mut datagrams) = (Outbox::default(), Vec::new());
        agent.poll_transmit(&mut outbox);
        while let Some(transmit) = outbox.pop() {
            assert_eq!((transmit.port, transmit.remote), (Port::Fallback, server()));
            datagrams.extend(transmit.datagrams().map(<[u8]>::to_vec));
        }
        datagrams
    }

    /// Answers a check as a stateless listener does; says whether it nominates.
    fn answer(agent: &mut FullAgent, now: Timestamp, check: &[u8]) -> bool {
        let binding = Binding::parse(check).unwrap();
        assert_eq!(binding.class(), Class::Request);
        let username = Username::parse(binding.username().unwrap()).unwrap();
        let key = Credentials::infer(username).unwrap().local.password.as_str();
        binding.verify_integrity(key.as_bytes(), &RingHmac).unwrap();
        let mapped = SocketAddr::from(([127, 0, 0, 1], 9999));
        let mut out = [0; SUCCESS_LEN_MAX];
        let id = binding.transaction_id();
        let answer = write_binding_success(&mut out, id, mapped, key.as_bytes(), &RingHmac)
            .unwrap()
            .to_vec();
        let mut forged = answer.clone();
        forged[30] ^= 1;
        assert!(!agent.handle_stun(now, server(), &forged));
        assert!(!agent.handle_stun(now, SocketAddr::from(([127, 0, 0, 2], 1)), &answer));
        assert!(agent.handle_stun(now, server(), &answer));
        binding.use_candidate()
    }

    #[test]
    fn one_answer_is_enough_and_the_nomination_follows_at_once() {
        for version in VERSIONS {
            let mut agent = dial(version);
            let checks = sent(&mut agent);
            assert_eq!(checks.len(), 1);
            assert!(!agent.answered() && agent.nominated().is_none());
            assert!(agent.deadline().unwrap().at <= at(125));
            assert!(!answer(&mut agent, at(20), &checks[0]));
            assert!(agent.answered());
            assert_eq!(agent.nominated(), Some(server()));
            assert_eq!(agent.rtt(), Some(Duration::from_millis(20)));
            let nominations = sent(&mut agent);
            assert_eq!(nominations.len(), 1, "nomination does not wait for a timer");
            assert!(answer(&mut agent, at(40), &nominations[0]));
            assert!(!agent.agent.state().is_disconnected());
        }
    }

    #[test]
    fn a_lost_check_is_repeated_soon_and_consent_at_least_every_five_seconds() {
        let mut agent = dial(Version::V2);
        let (mut times, mut answers) = (Vec::new(), 0);
        let mut now = at(0);
        while now < at(60_000) {
            for check in sent(&mut agent) {
                times.push(now);
                // The first two are lost.
                if times.len() > 2 {
                    answer(&mut agent, now, &check);
                    answers += 1;
                }
            }
            now = agent.deadline().unwrap().at.max(now + Duration::from_millis(1));
            agent.handle_timeout(now);
        }
        assert!(times[1] <= at(125) && times[2] <= at(350), "{times:?}");
        let gaps = times.windows(2).map(|pair| pair[1].saturating_since(pair[0]));
        assert!(gaps.max().unwrap() <= Duration::from_secs(5), "{times:?}");
        assert!(answers >= 12 && !agent.agent.state().is_disconnected());
    }

    #[test]
    fn silence_is_noticed_but_not_too_soon() {
        let mut agent = dial(Version::V1);
        let check = sent(&mut agent).remove(0);
        answer(&mut agent, at(1), &check);
        let mut now = at(1);
        while !agent.agent.state().is_disconnected() {
            sent(&mut agent);
            now = agent.deadline().unwrap().at.max(now + Duration::from_millis(1));
            agent.handle_timeout(now);
        }
        assert!((at(25_000)..at(40_000)).contains(&now), "{now:?}");
    }

    #[test]
    fn checks_of_the_listener_are_answered_whatever_role_it_claims() {
        for (version, claims_control) in
            [(VERSIONS[0], false), (VERSIONS[1], false), (VERSIONS[1], true)]
        {
            let mut agent = dial(version);
            let secrets = secrets(version);
            let client = secrets.credentials();
            let tie_breaker = 7;
            let request = Request {
                transaction_id: TransactionId([3; 12]),
                receiver: client.local.ufrag,
                sender: client.remote.ufrag,
                priority: 1,
                role: match claims_control {
                    true => Role::Controlling { tie_breaker },
                    false => Role::Controlled { tie_breaker },
                },
                use_candidate: false,
            };
            let mut out = [0; REQUEST_LEN_MAX];
            let key = client.local.password.as_str().as_bytes();
            let check = write_binding_request(&mut out, &request, key, &RingHmac).unwrap().to_vec();
            sent(&mut agent);
            assert!(agent.handle_stun(at(5), server(), &check));
            let classes: Vec<_> = sent(&mut agent)
                .iter()
                .map(|datagram| Binding::parse(datagram).unwrap().class())
                .collect();
            let expected = if claims_control { Class::Error } else { Class::Success };
            assert!(classes.contains(&expected), "{classes:?}");
        }
    }
}
