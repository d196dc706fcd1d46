//! Our own candidates: where we tell the peer that we are.
//!
//! Host addresses come from whoever has the socket, server-reflexive ones from STUN servers. All of them mean the one
//! socket, so they differ in their address only. Addresses that lead nowhere from another host are not told, unless
//! there are no others.
//!
//! Obeys: RFC 8445 §5.1.1 and §5.1.2.

use core::net::{IpAddr, SocketAddr};
use std::boxed::Box;
use std::vec::Vec;

use crate::ice::Ufrag;
use crate::rtc::signaling::Signaling;
use crate::sdp::{Candidate, CandidateKind, Foundation};

/// What was told of ourselves on one connection.
#[derive(Debug)]
pub(in crate::rtc) struct Candidates {
    ufrag: Box<str>,
    told: Vec<SocketAddr>,
}

impl Candidates {
    /// None yet; what is told belongs to our credentials with this fragment.
    pub(in crate::rtc) const fn new(ufrag: Box<str>) -> Self {
        Self { ufrag, told: Vec::new() }
    }

    /// Our fragment.
    pub(in crate::rtc) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Tells those of these addresses that were not told yet.
    pub(in crate::rtc) fn tell_hosts(&mut self, hosts: &[SocketAddr], signaling: &mut Signaling) {
        for (index, &host) in useful(hosts).iter().enumerate() {
            // Each its own local preference, the first the highest (RFC 8445 §5.1.2.2).
            let preference = u16::MAX - u16::try_from(index).unwrap_or(u16::MAX);
            self.tell(host, CandidateKind::Host, preference, None, signaling);
        }
    }

    /// Tells where a STUN server sees us.
    pub(in crate::rtc) fn tell_reflexive(&mut self, mapped: SocketAddr, signaling: &mut Signaling) {
        // Browsers hide the related address like this, and for the same reason.
        let hidden = match mapped.ip() {
            IpAddr::V4(_) => IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(core::net::Ipv6Addr::UNSPECIFIED),
        };
        let kind = CandidateKind::ServerReflexive;
        self.tell(mapped, kind, u16::MAX, Some((hidden, 0)), signaling);
    }

    fn tell(
        &mut self,
        addr: SocketAddr,
        kind: CandidateKind,
        preference: u16,
        related: Option<(IpAddr, u16)>,
        signaling: &mut Signaling,
    ) {
        if self.told.contains(&addr) {
            return;
        }
        self.told.push(addr);
        let (foundation, type_preference) = match (kind, addr.is_ipv4()) {
            (CandidateKind::Host, true) => ("1", 126),
            (CandidateKind::Host, false) => ("2", 126),
            (_, true) => ("3", 100),
            (_, false) => ("4", 100),
        };
        let foundation = Foundation::new(foundation).expect("a digit is an ice-char");
        let priority = type_preference << 24 | u32::from(preference) << 8 | (256 - 1);
        let mut candidate = Candidate::new(foundation, priority, addr, kind);
        candidate.related = related;
        candidate.ufrag = Ufrag::new(self.ufrag.as_bytes()).ok();
        signaling.add_candidate(&candidate);
    }
}

/// Those of a host's addresses that a peer can make something of, IPv6 first (RFC 8421 §4).
///
/// Loopback addresses and those of one link only are told where there is nothing else: two nodes of one host find
/// each other by any address of it.
fn useful(hosts: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_usable = |host: &&SocketAddr| {
        host.port() != 0 && !host.ip().is_unspecified() && !is_link_local(host.ip())
    };
    let mut useful: Vec<_> = hosts.iter().filter(is_usable).copied().collect();
    if useful.iter().any(|host| !host.ip().is_loopback()) {
        useful.retain(|host| !host.ip().is_loopback());
    }
    useful.sort_by_key(SocketAddr::is_ipv4);
    useful
}

/// Such an address means nothing without an interface, which candidates cannot name.
const fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addrs(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_leads_nowhere_is_not_told() {
        let hosts = addrs(&["127.0.0.1:1", "192.0.2.1:1", "[fe80::1]:1", "[2001:db8::1]:1"]);
        assert_eq!(useful(&hosts), addrs(&["[2001:db8::1]:1", "192.0.2.1:1"]));
        let alone = addrs(&["127.0.0.1:1", "169.254.0.1:1", "0.0.0.0:1"]);
        assert_eq!(useful(&alone), addrs(&["127.0.0.1:1"]));
        assert_eq!(useful(&[]), []);
    }
}
