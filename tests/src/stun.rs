//! Binding requests as any stranger can write them (RFC 8489, RFC 8445 §7.1), good ones and bad ones.

use std::net::SocketAddr;

use floe_core::time::Timestamp;
use ring::hmac;

use crate::net::Packet;
use crate::node::Node;

/// A binding request of a controlling agent: USERNAME, PRIORITY, ICE-CONTROLLING, MESSAGE-INTEGRITY
/// keyed with `password`, FINGERPRINT.
pub fn check(transaction: [u8; 12], username: &str, password: &str) -> Vec<u8> {
    let mut message = vec![0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend(transaction);
    attribute(&mut message, 0x0006, username.as_bytes());
    attribute(&mut message, 0x0024, &PRIORITY.to_be_bytes());
    attribute(&mut message, 0x802a, &TIE_BREAKER.to_be_bytes());
    seal(message, password)
}

/// MESSAGE-INTEGRITY and FINGERPRINT. Both cover a header whose length counts themselves.
fn seal(mut message: Vec<u8>, password: &str) -> Vec<u8> {
    set_len(&mut message, 4 + 20);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let integrity = hmac::sign(&key, &message);
    attribute(&mut message, 0x0008, integrity.as_ref());
    set_len(&mut message, 4 + 4);
    let fingerprint = crc32(&message) ^ 0x5354_554e;
    attribute(&mut message, 0x8028, &fingerprint.to_be_bytes());
    message
}

/// The answer to a binding request: XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY keyed with `password`, FINGERPRINT.
///
/// # Panics
/// If the request is no STUN message, or `mapped` no IPv4 address.
pub fn answer(request: &[u8], mapped: SocketAddr, password: &str) -> Vec<u8> {
    seal(self::mapped(request, mapped), password)
}

/// The answer of a STUN server to a binding request: XOR-MAPPED-ADDRESS.
///
/// # Panics
/// If the request is no STUN message, or `mapped` no IPv4 address.
pub fn mapped(request: &[u8], mapped: SocketAddr) -> Vec<u8> {
    let mut message = vec![0x01, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend(&request[8..20]);
    let SocketAddr::V4(mapped) = mapped else { panic!("{mapped} is no IPv4 address") };
    let mut value = vec![0, 1];
    value.extend((mapped.port() ^ 0x2112).to_be_bytes());
    value.extend((mapped.ip().to_bits() ^ 0x2112_a442).to_be_bytes());
    attribute(&mut message, 0x0020, &value);
    message
}

/// A STUN server: it tells everybody who asks where they come from.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    answers: Vec<(SocketAddr, Vec<u8>)>,
    /// How many requests it has answered.
    pub answered: usize,
}

impl Server {
    /// A server at an IPv4 address.
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, answers: Vec::new(), answered: 0 }
    }
}

impl Node for Server {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn handle_packet(&mut self, _: Timestamp, packet: &Packet) {
        let request = &packet.payload;
        if request.starts_with(&[0, 1]) && request.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42]) {
            // Nobody's password: whoever asks a server has none.
            self.answers.push((packet.source, answer(request, packet.source, "")));
            self.answered += 1;
        }
    }

    fn handle_timeout(&mut self, _: Timestamp) {}

    fn drain(&mut self, _: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        for (destination, payload) in self.answers.drain(..) {
            send(Packet { source: self.addr, destination, payload });
        }
        None
    }
}

/// The USERNAME in a datagram, if it is STUN and has one.
pub fn username(datagram: &[u8]) -> Option<&[u8]> {
    if *datagram.first()? > 3 || datagram.get(4..8)? != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    let mut rest = datagram.get(20..)?;
    loop {
        let [k0, k1, l0, l1] = *rest.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        if [k0, k1] == [0x00, 0x06] {
            return rest.get(4..4 + len);
        }
        rest = rest.get(4 + len.next_multiple_of(4)..)?;
    }
}

/// Whether a datagram is DTLS, by its first byte (RFC 7983).
pub fn is_dtls(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (20..=63).contains(first))
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
    set_len(message, 0);
}

fn set_len(message: &mut [u8], more: usize) {
    let len = (message.len() - 20 + more) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

const PRIORITY: u32 = 1_853_824_767;
const TIE_BREAKER: u64 = 0x0011_2233_4455_6677;

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector computed with Python and accepted by aioice.
    #[test]
    fn a_check_is_what_others_make_of_it() {
        let transaction = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let server = "libp2p+webrtc+v2/clientPassword1234567890";
        let made = check(transaction, &format!("{server}:wxYZ"), server);
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "000100682112a442000102030405060708090a0b0006002e6c69627032702b7765627274632b76322f63\
             6c69656e7450617373776f7264313233343536373839303a7778595a0000002400046e7f1eff802a0008\
             00112233445566770008001497ce76a3646f31c83d414a244953513d52607fc3802800042dc3bdf4"
        );
        assert_eq!(username(&made), Some(format!("{server}:wxYZ").as_bytes()));
    }
}
