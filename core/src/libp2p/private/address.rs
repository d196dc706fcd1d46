//! The addresses of private connections, as swarms have them.
//!
//! ```text
//!   <relay>/p2p-circuit[/p2p/<peer>]           of a relayed connection: the relay client's
//!   <relay>/p2p-circuit/webrtc[/p2p/<peer>]    of a private one: ours
//! ```
//!
//! Only the end of an address is looked at. What stands before `/p2p-circuit` is for whoever dials the relay.

use core::net::{IpAddr, SocketAddr};

use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol;
use libp2p_identity::PeerId;

/// Where a relay makes circuits: an address that ends with `/p2p-circuit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Circuit(Multiaddr);

/// What an address through a relay leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A relayed connection.
    Relayed(Circuit),
    /// A private connection, and with whom, if that is said.
    Private(Circuit, Option<PeerId>),
}

impl Way {
    /// Reads an address from its end; `None` if no relay is part of it.
    pub(super) fn of(addr: &Multiaddr) -> Option<Self> {
        let mut rest = addr.clone();
        let mut last = rest.pop()?;
        let mut peer = None;
        if let Protocol::P2p(id) = last {
            peer = Some(id);
            last = rest.pop()?;
        }
        let is_private = last == Protocol::WebRTC;
        if is_private {
            last = rest.pop()?;
        }
        // Without a relay before it, it says nothing about where to go.
        if last != Protocol::P2pCircuit || rest.is_empty() {
            return None;
        }
        let circuit = Circuit(rest.with(Protocol::P2pCircuit));
        Some(if is_private { Self::Private(circuit, peer) } else { Self::Relayed(circuit) })
    }
}

impl Circuit {
    /// Who the relay is, if that is said.
    pub(super) fn relay(&self) -> Option<PeerId> {
        let mut relay = self.0.clone();
        relay.pop();
        match relay.pop()? {
            Protocol::P2p(relay) => Some(relay),
            _ => None,
        }
    }

    /// The address by which the relay's client listens.
    pub(super) fn as_multiaddr(&self) -> &Multiaddr {
        &self.0
    }

    /// The address of a relayed connection with a peer.
    pub(super) fn to(&self, peer: PeerId) -> Multiaddr {
        self.0.clone().with(Protocol::P2p(peer))
    }

    /// The address of a private connection with a peer.
    pub(super) fn private_to(&self, peer: PeerId) -> Multiaddr {
        self.0.clone().with(Protocol::WebRTC).with(Protocol::P2p(peer))
    }
}

/// The near end of a private connection: our socket, as the connection is direct. Were it the relay's address,
/// behaviours that ask whether a connection is relayed would be told so, and DCUtR would begin to punch holes.
pub(super) fn near(socket: SocketAddr) -> Multiaddr {
    let ip = match socket.ip() {
        IpAddr::V4(ip) => Protocol::Ip4(ip),
        IpAddr::V6(ip) => Protocol::Ip6(ip),
    };
    Multiaddr::empty().with(ip).with(Protocol::Udp(socket.port())).with(Protocol::WebRTC)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};

    use super::*;

    const RELAY: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    const PEER: &str = "/p2p/12D3KooWCd3eX8r5ihRvzK7P1yPq5aakaBJhG5GNj18YTztPhoCa";

    fn way(text: &str) -> Option<Way> {
        Way::of(&text.parse().unwrap())
    }

    #[test]
    fn an_address_says_where_it_leads() {
        for relay in [
            format!("/ip4/192.0.2.1/tcp/4001{RELAY}"),
            format!("/dns4/relay.example/tcp/443/tls/ws{RELAY}"),
            String::from("/memory/7"),
        ] {
            let circuit = Circuit(format!("{relay}/p2p-circuit").parse().unwrap());
            let peer = PEER.trim_start_matches("/p2p/").parse::<PeerId>().unwrap();
            let (relayed, private) = (circuit.to(peer), circuit.private_to(peer));
            assert_eq!(relayed.to_string(), format!("{relay}/p2p-circuit{PEER}"));
            assert_eq!(private.to_string(), format!("{relay}/p2p-circuit/webrtc{PEER}"));

            assert_eq!(Way::of(&relayed), Some(Way::Relayed(circuit.clone())));
            assert_eq!(Way::of(circuit.as_multiaddr()), Some(Way::Relayed(circuit.clone())));
            assert_eq!(Way::of(&private), Some(Way::Private(circuit.clone(), Some(peer))));
            let without = way(&format!("{relay}/p2p-circuit/webrtc"));
            assert_eq!(without, Some(Way::Private(circuit.clone(), None)));
            let named = circuit.relay().map(|relay| format!("/p2p/{relay}"));
            assert_eq!(named.as_deref(), relay.ends_with(RELAY).then_some(RELAY));
        }
    }

    #[test]
    fn what_no_relay_is_part_of_is_for_others() {
        for text in [
            String::from("/ip4/192.0.2.1/udp/4001/quic-v1"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc-direct{PEER}"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc{PEER}"),
            format!("/p2p-circuit/webrtc{PEER}"),
            String::from("/p2p-circuit"),
            format!("/webrtc{PEER}"),
            String::from(PEER),
            // Behind a circuit there is more than we know of.
            format!("/ip4/192.0.2.1/tcp/4001{RELAY}/p2p-circuit/ip4/192.0.2.2/tcp/4001{PEER}"),
            format!("/ip4/192.0.2.1/tcp/4001{RELAY}/p2p-circuit/webrtc/webrtc{PEER}"),
        ] {
            assert_eq!(way(&text), None, "{text}");
        }
        assert_eq!(Way::of(&Multiaddr::empty()), None);
    }

    #[test]
    fn the_near_end_is_not_relayed() {
        assert_eq!(near(([192, 0, 2, 1], 7).into()).to_string(), "/ip4/192.0.2.1/udp/7/webrtc");
        assert_eq!(near("[::1]:7".parse().unwrap()).to_string(), "/ip6/::1/udp/7/webrtc");
    }
}
