//! A NAT: hosts behind one public address, whose datagrams come from ports that it chooses and forgets.
//!
//! Both of its habits have names in RFC 4787: whether a socket keeps its public port whomever it sends to
//! (mapping), and who may answer there (filtering). Datagrams are translated as they leave the hosts, and,
//! on their way back, as they arrive: a mapping that is forgotten in between loses them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use floe_core::time::Timestamp;

use super::packet::Packet;
use super::path::Host;

/// What a mapping or a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// Not at who is outside.
    Independent,
    /// At the address outside.
    Address,
    /// At address and port outside.
    AddressAndPort,
}

/// A NAT's habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What has to be the same outside for a socket to keep its public port.
    pub mapping: Dependence,
    /// What has to be the same outside as somewhere that the socket has sent to, to get in.
    pub filtering: Dependence,
}

impl Kind {
    /// Anybody may send to a mapped port.
    pub const FULL_CONE: Self =
        Self { mapping: Dependence::Independent, filtering: Dependence::Independent };

    /// Hosts that were sent to.
    pub const RESTRICTED: Self = Self { filtering: Dependence::Address, ..Self::FULL_CONE };

    /// Sockets that were sent to.
    pub const PORT_RESTRICTED: Self =
        Self { filtering: Dependence::AddressAndPort, ..Self::FULL_CONE };

    /// Another public port for each socket that is sent to, and only that one may answer.
    pub const SYMMETRIC: Self =
        Self { mapping: Dependence::AddressAndPort, filtering: Dependence::AddressAndPort };
}

/// A NAT.
#[derive(Debug)]
pub struct Nat {
    public: IpAddr,
    inside: Vec<IpAddr>,
    kind: Kind,
    timeout: Duration,
    mappings: Vec<Mapping>,
    next_port: u16,
}

#[derive(Debug)]
struct Mapping {
    private: SocketAddr,
    public: SocketAddr,
    /// Where it was first sent to.
    toward: SocketAddr,
    /// Everywhere that it was sent to.
    sent_to: BTreeSet<SocketAddr>,
    /// When it was sent to last; never for those that were made by hand, which do not expire.
    used: Option<Timestamp>,
}

impl Nat {
    /// A NAT between the hosts `inside` and everybody else, with one address outside: port-restricted,
    /// and it forgets nothing by itself.
    pub fn new(public: IpAddr, inside: impl IntoIterator<Item = impl Into<Host>>) -> Self {
        Self {
            public,
            inside: inside.into_iter().map(|host| host.into().0).collect(),
            kind: Kind::PORT_RESTRICTED,
            timeout: Duration::MAX,
            mappings: Vec::new(),
            next_port: PORT_MIN,
        }
    }

    /// The same, with these habits.
    #[must_use]
    pub fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The same, forgetting mappings that nothing was sent through, from the inside, for so long.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Forgets all mappings, as when it is switched off and on: whoever sends gets a new port, and
    /// until then nothing gets in.
    pub fn forget(&mut self) {
        self.mappings.clear();
    }

    /// Gets another address outside, and forgets all mappings.
    pub fn move_to(&mut self, public: IpAddr) {
        self.public = public;
        self.forget();
    }

    /// Maps a socket to a port outside for good, for whoever sends there, as by hand or UPnP.
    pub fn forward(&mut self, private: SocketAddr, port: u16) {
        let public = SocketAddr::new(self.public, port);
        self.mappings.retain(|mapping| mapping.private != private && mapping.public != public);
        let sent_to = BTreeSet::new();
        self.mappings.push(Mapping { private, public, toward: private, sent_to, used: None });
    }

    /// What a socket inside is called outside, newest first.
    pub fn public_of(&self, private: SocketAddr) -> impl Iterator<Item = SocketAddr> {
        let mappings = self.mappings.iter().rev();
        mappings.filter(move |mapping| mapping.private == private).map(|mapping| mapping.public)
    }

    /// Whether a host is behind it.
    pub(super) fn hides(&self, host: IpAddr) -> bool {
        self.inside.contains(&host)
    }

    /// Whether it is the one with this address outside.
    pub(super) fn is_at(&self, host: IpAddr) -> bool {
        self.public == host
    }

    /// Whether it cannot be beside another one.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.is_at(other.public) || other.inside.iter().any(|host| self.hides(*host))
    }

    /// Who has an address outside now.
    pub(super) fn owner(&self, public: SocketAddr) -> Option<IpAddr> {
        self.mappings.iter().find(|it| it.public == public).map(|it| it.private.ip())
    }

    /// Gives a datagram from the inside its public source.
    pub(super) fn outward(&mut self, now: Timestamp, packet: &mut Packet) {
        let Packet { source, destination, .. } = *packet;
        if !self.hides(source.ip()) || self.hides(destination.ip()) {
            return;
        }
        self.expire(now);
        let mapping = self.kind.mapping;
        let mut known = self.mappings.iter_mut().filter(|it| it.private == source);
        let known = known.find(|it| it.used.is_none() || mapping.agrees(it.toward, destination));
        if let Some(known) = known {
            known.used = known.used.map(|_| now);
            known.sent_to.insert(destination);
            packet.source = known.public;
            return;
        }
        let public = self.free();
        packet.source = public;
        let sent_to = BTreeSet::from([destination]);
        let toward = destination;
        self.mappings.push(Mapping { private: source, public, toward, sent_to, used: Some(now) });
    }

    /// Gives a datagram to its public address its private destination; false if it does not get in.
    pub(super) fn inward(&mut self, now: Timestamp, packet: &mut Packet) -> bool {
        let Packet { source, destination, .. } = *packet;
        if self.hides(destination.ip()) {
            return self.hides(source.ip());
        }
        if destination.ip() != self.public {
            return true;
        }
        self.expire(now);
        let filtering = self.kind.filtering;
        let mapping = self.mappings.iter().find(|it| {
            let may_enter = it.sent_to.iter().any(|to| filtering.agrees(*to, source));
            it.public == destination && (it.used.is_none() || may_enter)
        });
        mapping.is_some_and(|mapping| {
            packet.destination = mapping.private;
            true
        })
    }

    fn expire(&mut self, now: Timestamp) {
        let timeout = self.timeout;
        self.mappings.retain(|it| it.used.is_none_or(|at| now.saturating_since(at) < timeout));
    }

    /// A port that nobody has. It is never one that was given out lately, so whoever had it and lost it
    /// is not taken for its successor.
    fn free(&mut self) -> SocketAddr {
        loop {
            let public = SocketAddr::new(self.public, self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(PORT_MIN);
            if self.mappings.iter().all(|mapping| mapping.public != public) {
                return public;
            }
        }
    }
}

impl Dependence {
    fn agrees(self, one: SocketAddr, other: SocketAddr) -> bool {
        match self {
            Self::Independent => true,
            Self::Address => one.ip() == other.ip(),
            Self::AddressAndPort => one == other,
        }
    }
}

/// The first port that a NAT gives out.
const PORT_MIN: u16 = 20_000;

#[cfg(test)]
mod tests;
