//! Addresses and peer ids, from rust-libp2p's types and to them, by their bytes.

use core::net::SocketAddr;

use libp2p_core::Multiaddr;
use libp2p_core::transport::TransportError;
use libp2p_identity as identity;

use super::error::Error;
use crate::multiaddr::{DirectAddr, MultiaddrError};
use crate::peer_id::PeerId;
use crate::rtc::Config;

/// What a transport of webrtc-direct is asked to dial.
pub(super) fn to_dial(addr: Multiaddr) -> Result<DirectAddr, TransportError<Error>> {
    match DirectAddr::from_bytes(addr.as_ref()) {
        Ok(direct) => Ok(direct),
        // It is one of webrtc-direct, but not as it should be: no other transport would take it.
        Err(
            error @ (MultiaddrError::Certhash(_)
            | MultiaddrError::TooManyCerthashes
            | MultiaddrError::PeerId(_)),
        ) => Err(TransportError::Other(Error::Address(error))),
        Err(_) => Err(TransportError::MultiaddrNotSupported(addr)),
    }
}

/// What it is asked to listen on. Certhash and peer id are not needed, but must be ours if they are there.
pub(super) fn to_listen(
    addr: Multiaddr,
    config: &Config,
) -> Result<SocketAddr, TransportError<Error>> {
    let direct = to_dial(addr)?;
    let certhash = config.certificate.fingerprint();
    let is_ours = direct.certhashes().all(|other| other == certhash)
        && direct.peer().is_none_or(|other| other == config.identity.peer_id());
    if is_ours { Ok(direct.socket_addr()) } else { Err(TransportError::Other(Error::NotOurs)) }
}

pub(super) fn multiaddr(addr: DirectAddr) -> Multiaddr {
    let mut bytes = [0; DirectAddr::ENCODED_LEN_MAX];
    let bytes = addr.encode(&mut bytes).expect("the buffer holds the longest address");
    Multiaddr::try_from(bytes.to_vec()).expect("what floe writes is a multiaddr")
}

/// The peer at a socket of which no certificate is known.
pub(super) fn of_peer(remote: SocketAddr) -> Multiaddr {
    multiaddr(DirectAddr::new(remote))
}

pub(super) fn peer_id(peer: PeerId) -> identity::PeerId {
    identity::PeerId::from_bytes(peer.as_bytes()).expect("a peer id of floe's is one of libp2p's")
}

pub(super) fn to_floe(peer: identity::PeerId) -> PeerId {
    PeerId::from_bytes(&peer.to_bytes()).expect("a peer id of libp2p's is one of floe's")
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};

    use super::*;
    use crate::rtc::Certificate;
    use crate::rtc::identity::Keypair;

    const CERTHASH: &str = "/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
    const PEER: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";

    fn parse(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_go_there_and_back() {
        for text in [
            String::from("/ip4/192.0.2.1/udp/4001/webrtc-direct"),
            format!("/ip6/2001:db8::1/udp/1/webrtc-direct{CERTHASH}"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc-direct{CERTHASH}{CERTHASH}{PEER}"),
        ] {
            let direct = to_dial(parse(&text)).unwrap();
            assert_eq!(direct.to_string(), text);
            assert_eq!(multiaddr(direct), parse(&text));
        }
        let direct = to_dial(parse(&format!("/ip4/1.2.3.4/udp/5/webrtc-direct{PEER}"))).unwrap();
        assert_eq!(format!("/p2p/{}", peer_id(direct.peer().unwrap())), PEER);
    }

    #[test]
    fn what_is_for_others_is_not_supported() {
        for text in [
            String::from("/ip4/192.0.2.1/udp/4001/quic-v1"),
            String::from("/ip4/192.0.2.1/tcp/4001"),
            String::from("/ip4/192.0.2.1/udp/4001"),
            String::from("/memory/7"),
            format!("/dns4/example.org/udp/4001/webrtc-direct{CERTHASH}"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc-direct{CERTHASH}{PEER}/p2p-circuit{PEER}"),
            format!(
                "/ip4/192.0.2.1/udp/4001/webrtc-direct{CERTHASH}{PEER}/p2p-circuit/webrtc{PEER}"
            ),
        ] {
            match to_dial(parse(&text)) {
                Err(TransportError::MultiaddrNotSupported(addr)) => assert_eq!(addr, parse(&text)),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_address_of_ours_that_is_wrong_says_why() {
        // The multihash of sha3-256, which no certificate has here.
        let wrong = "/ip4/192.0.2.1/udp/4001/webrtc-direct\
             /certhash/uFiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
        let error = to_dial(parse(wrong)).unwrap_err();
        assert!(matches!(error, TransportError::Other(Error::Address(_))), "{error:?}");
    }

    #[test]
    fn what_was_told_can_be_listened_on_again_and_what_others_told_cannot() {
        let keypair = Keypair::ed25519_from_seed([1; 32]);
        let config = Config::new(keypair.clone(), Certificate::derive(&keypair));
        let bare = DirectAddr::new(([192, 0, 2, 1], 4001).into());
        let told = bare.with_certhash(config.certificate.fingerprint());
        for ours in [bare, told, told.with_peer(keypair.peer_id())] {
            assert_eq!(to_listen(multiaddr(ours), &config).unwrap(), bare.socket_addr());
        }
        let at = "/ip4/192.0.2.1/udp/4001/webrtc-direct";
        for other in [format!("{at}{CERTHASH}"), format!("{at}{PEER}")] {
            let error = to_listen(parse(&other), &config).unwrap_err();
            assert!(matches!(error, TransportError::Other(Error::NotOurs)), "{error:?}");
        }
    }
}
