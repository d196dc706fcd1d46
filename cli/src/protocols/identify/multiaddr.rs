//! Binary multiaddrs, as identify carries them: written for what this program listens on, and shown for
//! whatever a peer says.
//!
//! Showing knows the components that nodes announce today. From the first one that it does not know it
//! falls back to hex, because without knowing a component nobody can tell where it ends.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use floe_core::fingerprint::Fingerprint;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;

/// `/ip4|ip6/…/udp/…`: where a peer is seen.
pub(crate) fn udp(addr: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::new();
    match addr.ip() {
        IpAddr::V4(ip) => {
            component(&mut bytes, IP4);
            bytes.extend(ip.octets());
        }
        IpAddr::V6(ip) => {
            component(&mut bytes, IP6);
            bytes.extend(ip.octets());
        }
    }
    component(&mut bytes, UDP);
    bytes.extend(addr.port().to_be_bytes());
    bytes
}

/// `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…`: where a node listens.
pub(crate) fn direct(addr: &DirectAddr) -> Vec<u8> {
    let mut bytes = [0; DirectAddr::ENCODED_LEN_MAX];
    // The message says whose addresses these are.
    let addr = addr.without_peer();
    addr.encode(&mut bytes).expect("the buffer holds the longest address").to_vec()
}

/// The text form, as far as it is known.
pub(crate) fn display(bytes: &[u8]) -> String {
    let (mut text, mut rest) = (String::new(), bytes);
    while !rest.is_empty() {
        match first_component(rest) {
            Some((component, after)) => {
                text.push_str(&component);
                rest = after;
            }
            None => {
                text.push_str("/0x");
                for byte in rest {
                    write!(text, "{byte:02x}").expect("writing to a String cannot fail");
                }
                break;
            }
        }
    }
    text
}

fn component(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(unsigned_varint::encode::u64(number, &mut unsigned_varint::encode::u64_buffer()));
}

fn first_component(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (code, rest) = unsigned_varint::decode::u64(bytes).ok()?;
    let &(_, name, value) = COMPONENTS.iter().find(|(known, ..)| *known == code)?;
    let (len, rest) = match value {
        Value::None => (0, rest),
        Value::Port => (2, rest),
        Value::Ip4 => (4, rest),
        Value::Ip6 => (16, rest),
        Value::Text | Value::Peer | Value::Certhash => unsigned_varint::decode::usize(rest).ok()?,
    };
    let (bytes, rest) = rest.split_at_checked(len)?;
    let value = match value {
        Value::None => return Some((format!("/{name}"), rest)),
        Value::Port => u16::from_be_bytes(bytes.try_into().ok()?).to_string(),
        Value::Ip4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(),
        Value::Ip6 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(),
        // What a terminal would take for a command, or an address for its own, is shown as hex.
        Value::Text => std::str::from_utf8(bytes)
            .ok()
            .filter(|text| text.chars().all(|c| !c.is_control() && c != '/'))?
            .to_owned(),
        Value::Peer => PeerId::from_bytes(bytes).ok()?.to_string(),
        Value::Certhash => Fingerprint::from_multihash(bytes).ok()?.certhash().to_string(),
    };
    Some((format!("/{name}/{value}"), rest))
}

#[derive(Clone, Copy)]
enum Value {
    None,
    Port,
    Ip4,
    Ip6,
    Text,
    Peer,
    Certhash,
}

const IP4: u64 = 4;
const IP6: u64 = 41;
const UDP: u64 = 273;

/// multicodec: the codes of multiaddr components.
const COMPONENTS: [(u64, &str, Value); 20] = [
    (IP4, "ip4", Value::Ip4),
    (6, "tcp", Value::Port),
    (IP6, "ip6", Value::Ip6),
    (42, "ip6zone", Value::Text),
    (53, "dns", Value::Text),
    (54, "dns4", Value::Text),
    (55, "dns6", Value::Text),
    (56, "dnsaddr", Value::Text),
    (UDP, "udp", Value::Port),
    (280, "webrtc-direct", Value::None),
    (281, "webrtc", Value::None),
    (290, "p2p-circuit", Value::None),
    (421, "p2p", Value::Peer),
    (448, "tls", Value::None),
    (460, "quic", Value::None),
    (461, "quic-v1", Value::None),
    (465, "webtransport", Value::None),
    (466, "certhash", Value::Certhash),
    (477, "ws", Value::None),
    (478, "wss", Value::None),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn the_address_of_the_vectors_is_written_and_shown() {
        const TEXT: &str = "/ip4/127.0.0.1/udp/39901/webrtc-direct\
                            /certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
        const PEER: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
        let bytes = direct(&format!("{TEXT}{PEER}").parse().unwrap());
        assert_eq!(
            bytes,
            hex("047f00000191029bdd9802d203221220\
                 e2929e4a5548242ed6b512350df8829b1e4f9d50183c5732a07f99d7c4b2b8eb")
        );
        assert_eq!(display(&bytes), TEXT);
        assert_eq!(display(&udp("[::1]:4001".parse().unwrap())), "/ip6/::1/udp/4001");
    }

    #[test]
    fn what_is_not_known_is_shown_as_hex() {
        assert_eq!(display(&[]), "");
        assert_eq!(display(&[4, 1, 2, 3, 4, 0x7f, 9]), "/ip4/1.2.3.4/0x7f09");
        assert_eq!(display(&[4, 1, 2]), "/0x040102"); // cut off
        assert_eq!(display(b"\x36\x03a\x1bb"), "/0x3603611b62"); // an escape sequence
        assert_eq!(display(b"\x36\x01a\x06\x00\x50\xdd\x03"), "/dns4/a/tcp/80/ws");
    }
}
