//! What a probe's findings mean, in sentences that an operator can act upon.

use std::net::{IpAddr, Ipv6Addr};

use floe_core::fingerprint::Fingerprint;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::{ConnectionEnd, Step};

use super::attempt::{Attempt, Outcome};
use super::port::Port;

/// All that a probe found out.
#[derive(Debug)]
pub(super) struct Findings {
    /// The address as it was given; without certhash, perhaps.
    pub(super) addr: DirectAddr,
    pub(super) v2: Attempt,
    pub(super) v1: Attempt,
    pub(super) port: Port,
    /// A dial that took the certificate which the node really has, if it was not the promised one.
    pub(super) again: Option<Attempt>,
}

impl Findings {
    /// The attempt that came further; v2 if both came as far.
    pub(super) fn best(&self) -> &Attempt {
        if self.v1.steps() > self.v2.steps() { &self.v1 } else { &self.v2 }
    }

    /// Whether the node can be dialed at this address.
    pub(super) fn dialable(&self) -> bool {
        self.best().connected()
    }

    /// What is wrong, or that nothing is.
    pub(super) fn diagnosis(&self) -> String {
        let best = self.best();
        match &best.outcome {
            Outcome::Connected(peer) => self.connected(*peer),
            Outcome::Unanswered | Outcome::Ended(ConnectionEnd::HandshakeTimeout(Step::Stun)) => {
                self.silence()
            }
            Outcome::Ended(ConnectionEnd::WrongCerthash { actual, .. }) => {
                self.wrong_certhash(*actual)
            }
            Outcome::Ended(ConnectionEnd::WrongPeer { expected, actual }) => format!(
                "Another node answers at this address: {actual}, not {expected}. Either the node has a \
                 new identity key, or another node has its IP address and port now. The address of the \
                 node that answers is {}",
                self.addr.with_peer(*actual)
            ),
            Outcome::Ended(end) => {
                let step = best.failed_step().unwrap_or(Step::Stun);
                let cause = match end {
                    ConnectionEnd::HandshakeTimeout(_) => "it was not done in time".to_owned(),
                    ConnectionEnd::Failed { cause, .. } => cause.to_string(),
                    other => other.to_string(),
                };
                broken(step, &cause)
            }
        }
    }

    fn connected(&self, peer: PeerId) -> String {
        let mut text = match (&self.v2, &self.v1) {
            (v2, v1) if v2.connected() && v1.connected() => {
                "The node can be dialed, with v2 and with v1.".to_owned()
            }
            (v2, v1) if v2.connected() => format!(
                "The node can be dialed with v2 only: with v1 {}. Dialers that know v1 only, and those \
                 are still many, cannot reach it.",
                fell_short(v1)
            ),
            (v2, _) => format!(
                "The node can be dialed with v1 only: with v2 {}. Browsers that do not let pages choose \
                 ICE credentials can dial v2 only and cannot reach it; a newer release of its libp2p \
                 may know v2.",
                fell_short(v2)
            ),
        };
        if self.addr.peer().is_none() {
            let whole = self.addr.with_peer(peer);
            text += &format!(" Its address with its peer id is {whole}");
        }
        text
    }

    fn silence(&self) -> String {
        let (ip, port) = (self.addr.ip(), self.addr.port());
        match &self.port {
            Port::NoRoute(error) => format!(
                "This machine cannot send to {ip}: {error}. It has no route there{}.",
                if ip.is_ipv6() {
                    ", as a machine without IPv6 has to no IPv6 address"
                } else {
                    ""
                }
            ),
            Port::Refused => format!(
                "The host {ip} is up and says that nobody listens on UDP port {port}: the node is not \
                 running, or listens on another port. Compare with the addresses that it prints when it \
                 starts."
            ),
            Port::Unknown => format!(
                "Nothing at all answers at {ip} on UDP port {port}. Either the address is wrong, or the \
                 node is not running, or UDP is dropped on the way there or back: look at the node's \
                 firewall and at port forwarding (UDP, not TCP), and try from the node's own network.{}",
                unreachable_from_afar(ip)
            ),
        }
    }

    fn wrong_certhash(&self, actual: Fingerprint) -> String {
        let certhash = actual.certhash();
        let mut current = self.addr.with_certhash(actual);
        let what = if self.addr.certhash().is_some() {
            format!(
                "The node has another certificate than the address promises: its certhash is {certhash}."
            )
        } else {
            format!("The address has no certhash, so nobody can dial it: the node's is {certhash}.")
        };
        let who = match self.again.as_ref().map(|again| &again.outcome) {
            Some(Outcome::Connected(peer)) => {
                current = current.with_peer(*peer);
                match (self.addr.peer(), self.addr.certhash()) {
                    (Some(_), _) => format!(
                        "It is the same node, by its peer id. Nodes that keep no certificate make a new \
                         one at each start. Its address is now {current}"
                    ),
                    (None, Some(_)) => {
                        format!("If {peer} is the node that is meant, its address is now {current}")
                    }
                    (None, None) => format!("Its address is {current}"),
                }
            }
            Some(Outcome::Ended(ConnectionEnd::WrongPeer { actual, .. })) => {
                format!("And it is another node: its peer id is {actual}.")
            }
            Some(Outcome::Ended(end)) => {
                format!("With that certhash the dial goes on, but fails later: {end}.")
            }
            Some(Outcome::Unanswered) | None => {
                format!("The address to try is {current}")
            }
        };
        format!("{what} {who}")
    }
}

/// What became of a version that did not lead to a connection, while the other did.
fn fell_short(attempt: &Attempt) -> String {
    match attempt.failed_step() {
        Some(Step::Stun) | None => "it does not answer".to_owned(),
        Some(step) => format!("it fails at {step}"),
    }
}

fn broken(step: Step, cause: &str) -> String {
    let meaning = match step {
        Step::Stun => {
            "Something is there, but the check of the path failed. A node that speaks neither v1 nor v2 \
             does so, or something else that listens on this port"
        }
        Step::Dtls => {
            "The node answers STUN, so address and port are right, but DTLS does not come about. Its \
             datagrams are larger than those of STUN: something on the way may drop them (MTU, VPN, a \
             firewall that knows STUN only). Or the node is overloaded, or its DTLS is not compatible"
        }
        Step::Certhash => "DTLS works, but the certificate could not be compared with the certhash",
        Step::Sctp => {
            "DTLS works and the certificate is the right one, but SCTP inside it does not come about: \
             the node's libp2p broke off after DTLS, or large datagrams are dropped on the way"
        }
        Step::Noise => {
            "Data flows, but the Noise handshake failed. If the node is a libp2p node at all, either \
             something between takes DTLS apart and puts it together again, or the node's libp2p is not \
             compatible"
        }
        Step::PeerId => "The node proved an identity, but it could not be compared",
        _ => "A step of the set-up failed that this program does not know",
    };
    format!("{meaning} ({step}: {cause}).")
}

/// A word on addresses that only work nearby.
fn unreachable_from_afar(ip: IpAddr) -> String {
    let kind = match ip {
        ip if ip.is_loopback() => "the machine itself",
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => "a private network",
        IpAddr::V6(ip) if is_unique_local(ip) => "a private network",
        _ => return String::new(),
    };
    format!(" And {ip} means something within {kind} only.")
}

/// fc00::/7 (RFC 4193) and fe80::/10 (RFC 4291).
fn is_unique_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xfe00 == 0xfc00 || ip.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use floe_core::ice::Version;

    use super::*;

    const PEER: &str = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    const OTHER: &str = "12D3KooWCd3eX8r5ihRvzK7P1yPq5aakaBJhG5GNj18YTztPhoCa";

    fn peer(text: &str) -> PeerId {
        text.parse().unwrap()
    }

    fn attempt(version: Version, outcome: Outcome) -> Attempt {
        Attempt { outcome, ..Attempt::unanswered(version, Duration::from_secs(1)) }
    }

    fn findings(v2: Outcome, v1: Outcome) -> Findings {
        let addr = DirectAddr::new("192.168.0.1:4001".parse().unwrap());
        Findings {
            addr: addr.with_certhash(Fingerprint::from_bytes([1; 32])).with_peer(peer(PEER)),
            v2: attempt(Version::V2, v2),
            v1: attempt(Version::V1, v1),
            port: Port::Unknown,
            again: None,
        }
    }

    fn connected() -> Outcome {
        Outcome::Connected(peer(PEER))
    }

    fn failed(step: Step) -> Outcome {
        Outcome::Ended(ConnectionEnd::Failed { step, cause: "because".into() })
    }

    fn wrong_certhash() -> Outcome {
        Outcome::Ended(ConnectionEnd::WrongCerthash {
            expected: Fingerprint::from_bytes([1; 32]),
            actual: Fingerprint::from_bytes([2; 32]),
        })
    }

    fn says(findings: &Findings, parts: &[&str]) {
        let diagnosis = findings.diagnosis();
        for part in parts {
            assert!(diagnosis.contains(part), "'{part}' is not in: {diagnosis}");
        }
    }

    #[test]
    fn a_node_that_can_be_dialed() {
        let both = findings(connected(), connected());
        assert!(both.dialable());
        says(&both, &["with v2 and with v1"]);
        assert!(!both.diagnosis().contains("/p2p/"));
        let mut anonymous = findings(connected(), connected());
        anonymous.addr = anonymous.addr.without_peer();
        says(&anonymous, &["/p2p/", PEER]);
        let v1 = findings(Outcome::Unanswered, connected());
        assert!(v1.dialable());
        says(&v1, &["v1 only", "with v2 it does not answer"]);
        let v2 = findings(connected(), failed(Step::Sctp));
        assert!(v2.dialable());
        says(&v2, &["v2 only", "with v1 it fails at sctp"]);
    }

    #[test]
    fn silence_and_what_the_host_says_of_it() {
        let timeout = || Outcome::Ended(ConnectionEnd::HandshakeTimeout(Step::Stun));
        let mut silent = findings(timeout(), timeout());
        assert!(!silent.dialable());
        says(&silent, &["Nothing at all answers", "4001", "private network"]);
        silent.port = Port::Refused;
        says(&silent, &["nobody listens on UDP port 4001"]);
        silent.port = Port::NoRoute("Network is unreachable".into());
        says(&silent, &["no route", "Network is unreachable"]);
        silent.port = Port::Unknown;
        silent.addr = silent.addr.with_socket_addr("203.0.113.1:4001".parse().unwrap());
        assert!(!silent.diagnosis().contains("private network"));
    }

    #[test]
    fn the_wrong_certificate() {
        let mut changed = findings(wrong_certhash(), failed(Step::Dtls));
        assert!(!changed.dialable());
        let actual = Fingerprint::from_bytes([2; 32]).certhash().to_string();
        says(&changed, &[&actual, "The address to try"]);
        changed.again = Some(attempt(Version::V2, connected()));
        says(&changed, &["same node", &format!("/certhash/{actual}/p2p/{PEER}")]);
        let other = ConnectionEnd::WrongPeer { expected: peer(PEER), actual: peer(OTHER) };
        changed.again = Some(attempt(Version::V2, Outcome::Ended(other)));
        says(&changed, &["another node", OTHER]);
        changed.again = Some(attempt(Version::V2, failed(Step::Noise)));
        says(&changed, &["fails later", "because"]);

        let mut incomplete = findings(wrong_certhash(), wrong_certhash());
        incomplete.addr = DirectAddr::new(incomplete.addr.socket_addr());
        incomplete.again = Some(attempt(Version::V2, connected()));
        says(&incomplete, &["has no certhash", &format!("Its address is {}", incomplete.addr)]);
        says(&incomplete, &[&format!("/certhash/{actual}/p2p/{PEER}")]);
    }

    #[test]
    fn every_step_can_fail_with_its_own_words() {
        for &step in Step::DIRECT {
            let findings = findings(failed(step), Outcome::Unanswered);
            says(&findings, &[step.name(), "because"]);
        }
        let other = ConnectionEnd::WrongPeer { expected: peer(PEER), actual: peer(OTHER) };
        says(&findings(Outcome::Ended(other), Outcome::Unanswered), &["Another node", OTHER]);
        let hung_up = findings(Outcome::Ended(ConnectionEnd::ClosedByPeer), Outcome::Unanswered);
        says(&hung_up, &["closed by the peer"]);
    }
}
