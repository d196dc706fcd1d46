//! Addresses as users type them: parsed by the core, refused in words that say what to type instead.

use floe_core::multiaddr::{DirectAddr, MultiaddrError};

use crate::failure::chain;

/// Reads an address to listen on: no certhash, no peer id.
pub(crate) fn parse_listen(text: &str) -> Result<DirectAddr, String> {
    let addr = parse(text)?;
    if addr.certhash().is_some() || addr.peer().is_some() {
        return Err(
            "an address to listen on ends with /webrtc-direct: the certhash and the peer id \
                    come from the key (--key)"
                .into(),
        );
    }
    Ok(addr)
}

/// Reads an address to dial: it must have a certhash.
pub(crate) fn parse_dial(text: &str) -> Result<DirectAddr, String> {
    let addr = parse_probe(text)?;
    if addr.certhash().is_none() {
        return Err("the address has no /certhash/…, without which nobody can tell the node from an \
                    impostor. Nodes print it as part of their listen addresses (`floe listen` does); \
                    `floe probe` finds out which one a node presents"
            .into());
    }
    Ok(addr)
}

/// Reads an address to probe: it may lack the certhash.
pub(crate) fn parse_probe(text: &str) -> Result<DirectAddr, String> {
    let addr = parse(text)?;
    let socket = addr.socket_addr();
    if socket.port() == 0 {
        return Err(
            "UDP port 0 cannot be dialed: it stands for any free port when listening".into()
        );
    }
    if socket.ip().is_unspecified() {
        return Err(format!(
            "{} stands for all addresses of a machine when listening; dial one of them, for instance \
             {} on the same machine",
            socket.ip(),
            if socket.is_ipv4() { "127.0.0.1" } else { "::1" }
        ));
    }
    if socket.ip().is_multicast() {
        return Err(format!("{} is a multicast address, not that of a node", socket.ip()));
    }
    Ok(addr)
}

fn parse(text: &str) -> Result<DirectAddr, String> {
    let text = text.trim();
    text.parse().map_err(|error| advice(text, error).unwrap_or_else(|| chain(&error)))
}

/// What to type instead, where more can be said than where the parser stopped.
fn advice(text: &str, error: MultiaddrError) -> Option<String> {
    let advice = match error {
        MultiaddrError::NoSlash => {
            "a multiaddr starts with a slash, for instance \
             /ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/uEi…"
        }
        MultiaddrError::Private => {
            "/webrtc and /p2p-circuit lead through a relay, to peers that cannot be reached directly. Here \
             the node's own address is needed, which has /webrtc-direct in it"
        }
        MultiaddrError::Dns => {
            "names are not resolved: write the IP address, /ip4/… or /ip6/…, in place of the name"
        }
        MultiaddrError::NotUdp { .. } | MultiaddrError::NotWebrtcDirect { .. }
            if !text.contains("/webrtc-direct") =>
        {
            "this is not a webrtc-direct address, which is /ip4/… or /ip6/…, then /udp/…, then \
             /webrtc-direct. Nodes that speak WebRTC announce one beside those of their other transports"
        }
        MultiaddrError::Ip { .. } if text.contains('%') => ZONE,
        MultiaddrError::Ip6Zone => ZONE,
        _ => return None,
    };
    Some(advice.to_owned())
}

const ZONE: &str = "IPv6 zones are not supported, so link-local addresses cannot be used: use a global, \
                    unique local or loopback address";

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECT: &str = "/ip4/192.0.2.1/udp/4001/webrtc-direct";
    const CERTHASH: &str = "/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
    const PEER: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";

    #[test]
    fn each_use_takes_the_addresses_that_suit_it() {
        let whole = format!("{DIRECT}{CERTHASH}{PEER}");
        assert_eq!(parse_dial(&whole).unwrap().to_string(), whole);
        assert!(parse_dial(&format!(" {DIRECT}{CERTHASH}\n")).is_ok());
        assert!(parse_probe(DIRECT).is_ok());
        assert!(parse_listen("/ip6/::/udp/0/webrtc-direct").is_ok());
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (text, says) in [
            ("192.0.2.1:4001", "starts with a slash"),
            ("", "starts with a slash"),
            ("/ip4/192.0.2.1/udp/4001/webrtc", "through a relay"),
            ("/dns4/example.com/udp/4001/webrtc-direct", "names are not resolved"),
            ("/ip6zone/eth0/ip6/fe80::1/udp/4001/webrtc-direct", "zones"),
            ("/ip6/fe80::1%eth0/udp/4001/webrtc-direct", "zones"),
            ("/ip4/192.0.2.1/udp/4001/quic-v1", "not a webrtc-direct address"),
            ("/ip4/192.0.2.1/tcp/4001/webrtc-direct", "UDP"),
            ("/ip4/192.0.2.1/udp/0/webrtc-direct", "port 0"),
            ("/ip4/0.0.0.0/udp/4001/webrtc-direct", "127.0.0.1"),
            ("/ip6/ff02::1/udp/4001/webrtc-direct", "multicast"),
            (DIRECT, "floe probe"),
            ("/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/uEi!", "does not decode"),
        ] {
            let refusal = parse_dial(text).unwrap_err();
            assert!(refusal.contains(says), "{text}: {refusal}");
        }
        assert!(parse_listen(&format!("{DIRECT}{CERTHASH}")).unwrap_err().contains("--key"));
        assert!(parse_probe("/ip4/1.2.3/udp/4001/webrtc-direct").is_err());
    }
}
