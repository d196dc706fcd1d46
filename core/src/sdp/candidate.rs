//! ICE candidates as text: where a peer may be reached (RFC 8839 §5.1).
//!
//! A candidate is a stranger's word on where to send packets. Nothing is resolved or sent here; whoever does
//! must limit how many and how often. What is of no use to anybody (generations, costs, networks) is dropped.

mod error;
mod parse;

use core::fmt;
use core::net::{IpAddr, SocketAddr};

pub use error::CandidateError;

use crate::ice::Ufrag;

/// One candidate.
///
/// ```
/// use floe_core::sdp::{Address, Candidate};
///
/// let line = "candidate:3390363830 1 udp 2113937151 f358ccc2-ae0e-4164-90d1-71b49ac820b9.local 54138 \
///     typ host generation 0 ufrag bfqL network-cost 999";
/// let candidate = Candidate::parse(line)?;
/// assert!(matches!(candidate.address, Address::Name(name) if name.is_mdns()));
/// assert_eq!((candidate.port, candidate.ufrag.unwrap().as_str()), (54138, "bfqL"));
/// # Ok::<(), floe_core::sdp::CandidateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// Candidates alike in kind, base and server have it in common (RFC 8445 §5.1.1.3).
    pub foundation: Foundation<'a>,
    /// 1 to 256. Data channels have only the first; others are of no use.
    pub component: u16,
    /// How it is reached.
    pub transport: Transport,
    /// The higher, the sooner it is tried.
    pub priority: u32,
    /// Where it is.
    pub address: Address<'a>,
    /// Not zero.
    pub port: u16,
    /// How the peer came by it.
    pub kind: CandidateKind,
    /// Address and port behind a candidate that is no host. Browsers hide it: `0.0.0.0`, 0 or 9.
    pub related: Option<(IpAddr, u16)>,
    /// The user name fragment that it belongs to, if the peer says so. A candidate of another one than the
    /// description's is of an earlier or a later attempt.
    pub ufrag: Option<Ufrag<'a>>,
}

impl<'a> Candidate<'a> {
    /// The longest line that is read, in bytes. A name of 255 and a fragment of 256 fit, and all else is short.
    pub const LEN_MAX: usize = 1024;

    /// A UDP candidate of the first component.
    pub const fn new(
        foundation: Foundation<'a>,
        priority: u32,
        addr: SocketAddr,
        kind: CandidateKind,
    ) -> Self {
        Self {
            foundation,
            component: 1,
            transport: Transport::Udp,
            priority,
            address: Address::Ip(addr.ip()),
            port: addr.port(),
            kind,
            related: None,
            ufrag: None,
        }
    }

    /// Where to send, if the candidate is one of data channels over UDP and its address is no name.
    pub const fn udp_addr(&self) -> Option<SocketAddr> {
        match (self.transport, self.component, self.address) {
            (Transport::Udp, 1, Address::Ip(ip)) => Some(SocketAddr::new(ip, self.port)),
            _ => None,
        }
    }
}

/// `candidate:…`, as JSON carries it; in an SDP `a=` stands before it.
impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { foundation, component, transport, priority, address, port, kind, .. } = self;
        let transport_name = match transport {
            Transport::Udp => "udp",
            Transport::Tcp(_) => "tcp",
        };
        write!(f, "candidate:{} {component} {transport_name} ", foundation.as_str())?;
        write!(f, "{priority} {address} {port} typ {}", kind.as_str())?;
        if let Some((ip, port)) = self.related {
            write!(f, " raddr {ip} rport {port}")?;
        }
        if let Transport::Tcp(tcp_type) = transport {
            write!(f, " tcptype {}", tcp_type.as_str())?;
        }
        if let Some(ufrag) = self.ufrag {
            write!(f, " ufrag {}", ufrag.as_str())?;
        }
        Ok(())
    }
}

/// What candidates have in common that can be tried as one: 1 to 32 ice-chars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foundation<'a>(&'a str);

impl<'a> Foundation<'a> {
    /// Longest text in bytes (RFC 8839 §5.1).
    pub const LEN_MAX: usize = 32;

    /// Checks `text`; `None` if it is too long, empty, or has other characters than `A-Z a-z 0-9 + /`.
    pub fn new(text: &'a str) -> Option<Self> {
        let is_ice_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        (fits && text.bytes().all(is_ice_char)).then_some(Self(text))
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// How a candidate is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP (RFC 6544), which floe does not speak.
    Tcp(TcpType),
}

/// Who opens a TCP candidate's connection (RFC 6544 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TcpType {
    /// The candidate's side.
    Active,
    /// The other side.
    Passive,
    /// Both at once.
    SimultaneousOpen,
}

impl TcpType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::SimultaneousOpen => "so",
        }
    }
}

/// How a peer came by a candidate (RFC 8445 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateKind {
    /// An address of its own.
    Host,
    /// What a STUN server saw.
    ServerReflexive,
    /// What another peer saw.
    PeerReflexive,
    /// An address at a TURN server.
    Relayed,
}

impl CandidateKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }
}

/// Where a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address<'a> {
    /// At this address.
    Ip(IpAddr),
    /// Where this name leads. Browsers hide their own addresses behind names in mDNS.
    Name(HostName<'a>),
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name.as_str()),
        }
    }
}

/// A name in DNS or mDNS: 1 to 253 letters, digits, `-`, `_` and `.`, and no number at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName<'a>(&'a str);

impl<'a> HostName<'a> {
    /// Longest name in bytes, as text (RFC 1035 §2.3.4 without length bytes).
    pub const LEN_MAX: usize = 253;

    /// Checks `text`; `None` if it is no name.
    pub fn new(text: &'a str) -> Option<Self> {
        let is_label = |label: &str| {
            let is_label_char = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            (1..=63).contains(&label.len()) && label.bytes().all(is_label_char)
        };
        // A last label of digits alone would be an address that is none (RFC 3696 §2).
        let last = text.rsplit('.').next()?;
        let is_name = text.len() <= Self::LEN_MAX
            && text.split('.').all(is_label)
            && !last.bytes().all(|byte| byte.is_ascii_digit());
        is_name.then_some(Self(text))
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether the name is to be asked for in the local network (RFC 6762 §3).
    pub fn is_mdns(self) -> bool {
        self.0.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("local"))
    }
}

#[cfg(test)]
mod tests;
