//! Addresses of both transports: text and bytes say the same, and are read back as written.

use std::net::{IpAddr, SocketAddr};

use floe_core::fingerprint::Fingerprint;
use floe_core::multiaddr::{DirectAddr, PrivateAddr};
use floe_core::peer_id::PeerId;

use crate::input::Input;
use crate::says_why;

/// Any bytes as binary and as text; then an address of choices from the same bytes.
pub fn multiaddr(data: &[u8]) {
    match DirectAddr::from_bytes(data) {
        Ok(address) => {
            reads_alike(&address);
            let mut out = [0; DirectAddr::ENCODED_LEN_MAX];
            let bytes = address.encode(&mut out).expect("the length suffices");
            assert_eq!(bytes, data, "an address has one binary form");
        }
        Err(error) => says_why(&error),
    }
    if let Ok(text) = core::str::from_utf8(data) {
        text_reads_alike(text);
    }
    let mut input = Input::new(data);
    reads_alike(&made(&mut input));
    // A valid end lets random text get further.
    let relay: String = input.rest().iter().map(|byte| char::from(byte & 0x7f)).collect();
    let target = PeerId::from_public_key(data.get(..36).unwrap_or(data), |_| [0; 32]);
    text_reads_alike(&format!("/{relay}/p2p-circuit/webrtc/p2p/{target}"));
}

fn text_reads_alike(text: &str) {
    match text.parse::<DirectAddr>() {
        Ok(address) => reads_alike(&address),
        Err(error) => says_why(&error),
    }
    match PrivateAddr::parse(text) {
        Ok(address) => {
            assert!(text.starts_with(address.relay()) && !address.relay().is_empty());
            let shown = address.to_string();
            assert_eq!(PrivateAddr::parse(&shown), Ok(address), "{text}");
            assert_eq!(address.signaling_addr().to_string().len(), shown.len() - "/webrtc".len());
        }
        Err(error) => says_why(&error),
    }
}

fn reads_alike(address: &DirectAddr) {
    assert_eq!(address.to_string().parse().as_ref(), Ok(address), "{address}");
    let mut out = [0; DirectAddr::ENCODED_LEN_MAX];
    let bytes = address.encode(&mut out).expect("the length suffices");
    assert_eq!(DirectAddr::from_bytes(bytes).as_ref(), Ok(address), "{address}");
    let len = bytes.len();
    assert!(address.encode(&mut vec![0; len - 1]).is_err(), "a slice too short is an error");
    assert_eq!(address.socket_addr(), SocketAddr::new(address.ip(), address.port()));
}

fn made(input: &mut Input<'_>) -> DirectAddr {
    let choice = input.byte();
    let ip = if choice & 1 == 0 {
        IpAddr::from(input.array::<4>())
    } else {
        IpAddr::from(input.array::<16>())
    };
    let mut address = DirectAddr::new(SocketAddr::new(ip, input.u16()));
    let certhashes = usize::from(choice >> 1 & 7).min(DirectAddr::CERTHASHES_MAX);
    for _ in 0..certhashes {
        let certhash = Fingerprint::from_bytes(input.array());
        address = address.try_add_certhash(certhash).expect("there is room for so many");
    }
    let is_full = address.certhashes().count() == DirectAddr::CERTHASHES_MAX;
    let one_more = address.try_add_certhash(Fingerprint::from_bytes([0; 32]));
    assert_eq!(one_more.is_err(), is_full);
    if choice & 0x10 != 0 {
        let len = usize::from(input.byte());
        address = address.with_peer(PeerId::from_public_key(input.take(len), |_| input.array()));
    }
    address
}
