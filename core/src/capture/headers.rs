//! IP and UDP headers around a datagram, as it would have looked on the wire.
//!
//! A socket never shows the headers, so they are made up from the addresses: no options, no fragments,
//! checksums that hold. What a real packet had besides (its TTL, its traffic class) is not known.
//!
//! Obeys: RFC 791 §3.1, RFC 8200 §3 and §8.1, RFC 768, RFC 1071.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::vec::Vec;

/// Appends an IP packet with a UDP datagram, of IPv4 if both addresses are.
///
/// A payload that is longer than UDP can carry is cut off; no socket takes or gives such.
pub(super) fn write_packet(
    out: &mut Vec<u8>,
    source: SocketAddr,
    destination: SocketAddr,
    payload: &[u8],
) {
    let payload = &payload[..payload.len().min(PAYLOAD_LEN_MAX)];
    let udp_len = u16::try_from(UDP_LEN + payload.len()).expect("it was cut to fit");
    let start = out.len();
    let sum = match (source.ip(), destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let len = udp_len + IPV4_LEN as u16;
            // Version 4 and a header of five words; "don't fragment".
            out.extend([0x45, 0]);
            out.extend(len.to_be_bytes());
            out.extend([0, 0, 0x40, 0, HOPS, UDP, 0, 0]);
            out.extend(source.octets());
            out.extend(destination.octets());
            let checksum = !folded(sum_of(&out[start..]));
            out[start + 10..start + 12].copy_from_slice(&checksum.to_be_bytes());
            sum_of(&source.octets()) + sum_of(&destination.octets())
        }
        (source, destination) => {
            let (source, destination) = (wide(source), wide(destination));
            out.extend([0x60, 0, 0, 0]);
            out.extend(udp_len.to_be_bytes());
            out.extend([UDP, HOPS]);
            out.extend(source.octets());
            out.extend(destination.octets());
            sum_of(&source.octets()) + sum_of(&destination.octets())
        }
    };
    let udp = out.len();
    out.extend(source.port().to_be_bytes());
    out.extend(destination.port().to_be_bytes());
    out.extend(udp_len.to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    // The pseudo header: addresses, protocol and length.
    let sum = sum + u64::from(UDP) + u64::from(udp_len) + sum_of(&out[udp..]);
    let checksum = match !folded(sum) {
        0 => 0xffff, // Zero would mean that there is none.
        checksum => checksum,
    };
    out[udp + 6..udp + 8].copy_from_slice(&checksum.to_be_bytes());
}

/// An IPv4 address among IPv6 ones.
fn wide(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// The sum of 16-bit words; an odd byte at the end is followed by zero.
fn sum_of(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2);
    words.map(|word| u64::from(word[0]) << 8 | word.get(1).map_or(0, |&low| u64::from(low))).sum()
}

/// The one's complement sum.
fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

const IPV4_LEN: usize = 20;
const UDP_LEN: usize = 8;
/// The protocol's number.
const UDP: u8 = 17;
const HOPS: u8 = 64;
/// What is left of 65 535 bytes of IPv4.
const PAYLOAD_LEN_MAX: usize = 65_535 - IPV4_LEN - UDP_LEN;

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn packet(source: &str, destination: &str, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_packet(&mut out, addr(source), addr(destination), payload);
        out
    }

    #[test]
    fn ipv4_is_as_on_the_wire() {
        let packet = packet("192.0.2.1:4001", "192.0.2.2:5002", b"abc");
        let expected = [
            0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17, 0xb6, 0xca, 192, 0, 2, 1, 192, 0, 2,
            2, // IP
            0x0f, 0xa1, 0x13, 0x8a, 0, 11, 0x94, 0x46, b'a', b'b', b'c', // UDP
        ];
        assert_eq!(packet, expected);
    }

    #[test]
    fn checksums_hold() {
        for payload in [&b""[..], b"a", b"ab", &[0xff; 1199]] {
            let four = packet("192.0.2.1:4001", "192.0.2.2:5002", payload);
            assert_eq!(folded(sum_of(&four[..20])), 0xffff);
            // The pseudo header is the addresses, which are followed by the datagram, and two numbers.
            let extra = 17 + four.len() as u64 - 20;
            assert_eq!(folded(sum_of(&four[12..]) + extra), 0xffff, "{}", payload.len());
            let six = packet("[2001:db8::1]:4001", "[2001:db8::2]:5002", payload);
            let extra = 17 + six.len() as u64 - 40;
            assert_eq!(folded(sum_of(&six[8..]) + extra), 0xffff, "{}", payload.len());
            assert_eq!(usize::from(u16::from_be_bytes([six[4], six[5]])), six.len() - 40);
        }
    }

    #[test]
    fn what_does_not_fit_is_made_to() {
        assert_eq!(packet("192.0.2.1:1", "192.0.2.2:2", &vec![7; 70_000]).len(), 65_535);
        let mixed = packet("0.0.0.0:1", "[2001:db8::2]:2", b"a");
        assert_eq!((mixed[0], mixed[18..20] == [0xff; 2]), (0x60, true));
    }
}
