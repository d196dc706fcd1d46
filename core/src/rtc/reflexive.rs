//! Server-reflexive addresses: where we are, as STUN servers out there see us.
//!
//! A node behind a NAT does not know the address under which its peers may reach it. A [`Reflexive`] asks servers for
//! it from one socket, with binding requests that say nothing of us, until each has answered or been silent for long
//! enough. What a server says is a hint and no proof: whoever can read the request can forge the answer, and a wrong
//! one costs a candidate that leads nowhere. It must know nothing of ICE, resolve no names, and take nothing that it
//! did not ask for: everything else on the socket is somebody else's.
//!
//! With [refreshing](Reflexive::with_refresh) it asks again and again, which keeps the NAT's binding, and tells when
//! an address has changed.
//!
//! Obeys: RFC 8489 §6 (requests and answers), §6.2.1 (when they are sent again), §14.1 and §14.2 (addresses);
//! RFC 8445 §14 (how fast they are sent).

mod transaction;

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::vec::Vec;

use self::transaction::{Step, Transaction};
use super::entropy::Entropy;
use super::one_host::is_one_host;
use crate::ice::stun::{
    BARE_REQUEST_LEN, Binding, Class, TransactionId, VerifyError, write_bare_binding_request,
};
use crate::time::{Deadline, Timestamp};

/// A client of some STUN servers, for one socket.
///
/// ```
/// use floe_core::rtc::reflexive::{Event, Reflexive};
/// use floe_core::time::Timestamp;
///
/// let server = "192.0.2.3:3478".parse()?;
/// let seed = [7; 32]; // elsewhere: the operating system's entropy
/// let mut reflexive = Reflexive::new(Timestamp::ZERO, [server], seed);
/// let request = reflexive.poll_transmit().expect("the first request is there at once");
/// assert_eq!(request.server, server);
///
/// // The server saw it come from 198.51.100.7, port 4001.
/// let mut answer = vec![1, 1, 0, 12];
/// answer.extend(&request.datagram[4..20]);
/// answer.extend([0, 0x20, 0, 8, 0, 1, 0x0f ^ 0x21, 0xa1 ^ 0x12]);
/// answer.extend([198 ^ 0x21, 51 ^ 0x12, 100 ^ 0xa4, 7 ^ 0x42]);
/// let now = Timestamp::from_millis(30);
/// assert!(reflexive.handle_datagram(now, server, &answer));
/// let address = "198.51.100.7:4001".parse()?;
/// assert_eq!(reflexive.poll_event(), Some(Event::Mapped { server, address }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reflexive {
    servers: Vec<Server>,
    entropy: Entropy,
    refresh: Option<Duration>,
    events: VecDeque<Event>,
}

/// A server, and what it has said last.
#[derive(Debug)]
struct Server {
    addr: SocketAddr,
    /// Under way, or over and kept for answers that come twice.
    transaction: Transaction,
    is_request_due: bool,
    mapped: Option<SocketAddr>,
    /// It has answered, or not, since it was asked first.
    is_settled: bool,
}

/// A request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Where to.
    pub server: SocketAddr,
    /// The datagram.
    pub datagram: [u8; BARE_REQUEST_LEN],
}

/// What has become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// We are seen at an address at which no other server sees us. [`Reflexive::mapped`] has what each of them sees:
    /// where they differ, the NAT is a symmetric one.
    Mapped {
        /// Who sees us.
        server: SocketAddr,
        /// Where.
        address: SocketAddr,
    },
    /// A server sees us at another address than before.
    Changed {
        /// Who sees us.
        server: SocketAddr,
        /// Where it saw us before.
        from: SocketAddr,
        /// Where it sees us now.
        to: SocketAddr,
    },
    /// A server is of no use. It is asked again only by who refreshes.
    Failed {
        /// Which.
        server: SocketAddr,
        /// Why.
        failure: Failure,
    },
    /// The last server has failed, and none sees us anywhere. Told again only after one has seen us.
    Unknown,
}

/// Why a server does not tell where it sees us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It has answered none of our requests.
    Silent,
    /// It answered with an error: this code (RFC 8489 §14.8), if it says one.
    Refused(Option<u16>),
    /// It answered without an address, or with one that nobody can have.
    NoAddress,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("the STUN server does not answer"),
            Self::Refused(Some(code)) => write!(f, "the STUN server answers with error {code}"),
            Self::Refused(None) => f.write_str("the STUN server answers with an error"),
            Self::NoAddress => f.write_str("the STUN server tells no address"),
        }
    }
}

impl Error for Failure {}

impl Reflexive {
    /// The most servers that are asked. Browsers warn at five, as each costs time and tells no more than the others.
    pub const SERVERS_MAX: usize = 8;

    /// A client that begins at once, of each server once and of the first [`SERVERS_MAX`](Self::SERVERS_MAX) only.
    /// They must be of the socket's IP version. The transaction ids, by which answers are known, are made of `seed`.
    /// Without any server, that [nothing is known](Event::Unknown) is known at once.
    pub fn new(
        now: Timestamp,
        servers: impl IntoIterator<Item = SocketAddr>,
        seed: [u8; 32],
    ) -> Self {
        let entropy = Entropy::new(seed);
        let mut this =
            Self { servers: Vec::new(), entropy, refresh: None, events: VecDeque::new() };
        for server in servers {
            this.add(now, server);
        }
        if this.is_unknown() {
            this.events.push_back(Event::Unknown);
        }
        this.handle_timeout(now);
        this
    }

    /// The same, asking each server again so long after it has answered, or failed to. 25 s keep the bindings of
    /// NATs that forget after 30 s, as some do (RFC 4787 §4.3 wants 2 minutes).
    #[must_use]
    pub fn with_refresh(mut self, interval: Duration) -> Self {
        self.refresh = Some(interval.max(REFRESH_MIN));
        self
    }

    /// Takes a datagram that came from `remote`; says whether it was for this client. What was not is unchanged, and
    /// may be for ICE or for whoever else shares the socket.
    pub fn handle_datagram(&mut self, now: Timestamp, remote: SocketAddr, datagram: &[u8]) -> bool {
        let Some(at) = self.servers.iter().position(|it| it.addr == remote) else { return false };
        let Ok(binding) = Binding::parse(datagram) else { return false };
        let is_answer = matches!(binding.class(), Class::Success | Class::Error);
        let is_whole = binding.verify_fingerprint() != Err(VerifyError::Mismatch);
        let transaction = &mut self.servers[at].transaction;
        if !is_answer || !is_whole || binding.transaction_id() != transaction.id() {
            return false;
        }
        // The second answer, where a request was sent twice, tells nothing new.
        if transaction.finish() {
            // RFC 8489 §14.1: MAPPED-ADDRESS is there for servers that know nothing better.
            let mapped = binding
                .mapped()
                .or(binding.mapped_plainly())
                .filter(|it| it.port() != 0 && is_one_host(it.ip()));
            let said = match binding.class() {
                Class::Error => Err(Failure::Refused(binding.error_code())),
                _ => mapped.ok_or(Failure::NoAddress),
            };
            self.on_said(now, at, said);
        }
        true
    }

    /// Takes the time.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        for at in 0..self.servers.len() {
            let server = &mut self.servers[at];
            match server.transaction.handle_timeout(now) {
                Some(Step::Send) => server.is_request_due = true,
                Some(Step::GiveUp) => self.on_said(now, at, Err(Failure::Silent)),
                Some(Step::Begin) => {
                    let id = transaction_id(&mut self.entropy);
                    server.transaction = Transaction::new(id, now);
                    server.is_request_due = server.transaction.handle_timeout(now).is_some();
                }
                None => {}
            }
        }
    }

    /// When `handle_timeout` is due.
    pub fn deadline(&self) -> Option<Deadline> {
        let due = self.servers.iter().filter_map(|server| server.transaction.deadline());
        due.min().map(|at| Deadline::new(at, "STUN servers"))
    }

    /// The next request to send.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Request> {
        let server = self.servers.iter_mut().find(|server| server.is_request_due)?;
        server.is_request_due = false;
        let datagram = write_bare_binding_request(server.transaction.id());
        Some(Request { server: server.addr, datagram })
    }

    /// What has become known.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Each server, and where it has seen us last.
    pub fn mapped(&self) -> impl Iterator<Item = (SocketAddr, Option<SocketAddr>)> {
        self.servers.iter().map(|server| (server.addr, server.mapped))
    }

    fn add(&mut self, now: Timestamp, addr: SocketAddr) {
        let count = self.servers.len();
        if count == Self::SERVERS_MAX || self.servers.iter().any(|it| it.addr == addr) {
            return;
        }
        let id = transaction_id(&mut self.entropy);
        self.servers.push(Server {
            addr,
            transaction: Transaction::new(id, now + PACE * count as u32),
            is_request_due: false,
            mapped: None,
            is_settled: false,
        });
    }

    /// A transaction came to its end.
    fn on_said(&mut self, now: Timestamp, at: usize, said: Result<SocketAddr, Failure>) {
        let is_known = |it: SocketAddr| self.servers.iter().any(|other| other.mapped == Some(it));
        let is_new = said.is_ok_and(|address| !is_known(address));
        let was_unknown = self.is_unknown();
        let server = &mut self.servers[at];
        let (addr, before) = (server.addr, server.mapped);
        server.is_request_due = false;
        server.is_settled = true;
        server.mapped = said.ok();
        if let Some(refresh) = self.refresh {
            server.transaction.begin_again(now + refresh);
        }
        self.events.extend(match (said, before) {
            (Ok(to), Some(from)) if from != to => Some(Event::Changed { server: addr, from, to }),
            (Ok(address), None) if is_new => Some(Event::Mapped { server: addr, address }),
            (Ok(_), _) => None,
            (Err(failure), _) => Some(Event::Failed { server: addr, failure }),
        });
        if self.is_unknown() && !was_unknown {
            self.events.push_back(Event::Unknown);
        }
    }

    /// Every server has had its time, and none sees us.
    fn is_unknown(&self) -> bool {
        self.servers.iter().all(|it| it.is_settled && it.mapped.is_none())
    }
}

fn transaction_id(entropy: &mut Entropy) -> TransactionId {
    let mut id = [0; 12];
    entropy.fill(&mut id);
    TransactionId(id)
}

/// Between the first requests to two servers (RFC 8445 §14.2, Ta): a burst is what cheap NATs drop.
const PACE: Duration = Duration::from_millis(50);
/// Against: a typing error that floods a server that serves the public. Well below what any NAT needs.
const REFRESH_MIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
