use std::{format, string::ToString, vec::Vec};

use super::*;
use crate::fingerprint::FingerprintError;
use crate::testing::{Dice, bytes, text, vectors};

const PEER: &str = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
const HASH: &str = "uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";

fn encoded(address: &DirectAddr) -> Vec<u8> {
    let mut out = [0; DirectAddr::ENCODED_LEN_MAX];
    let bytes = address.encode(&mut out).unwrap().to_vec();
    for len in 0..bytes.len() {
        assert_eq!(address.encode(&mut out[..len]), Err(Overflow));
    }
    bytes
}

#[test]
fn the_vector_in_both_forms() {
    let vector = &vectors()["certhash"];
    let address: DirectAddr = text(&vector["multiaddr"]).parse().unwrap();
    assert_eq!(address.socket_addr().to_string(), "127.0.0.1:39901");
    let fingerprint = bytes(&vector["fingerprint"]);
    assert_eq!(address.certhash().unwrap().as_bytes()[..], fingerprint);
    assert_eq!(address.to_string(), text(&vector["multiaddr"]));
    assert_eq!(encoded(&address), bytes(&vector["multiaddr_bytes"]));
    assert_eq!(DirectAddr::from_bytes(&bytes(&vector["multiaddr_bytes"])), Ok(address));
    for (name, number) in [
        ("ip4", code::IP4),
        ("ip6", code::IP6),
        ("udp", code::UDP),
        ("p2p", code::P2P),
        ("webrtc_direct", code::WEBRTC_DIRECT),
        ("webrtc", code::WEBRTC),
        ("certhash", code::CERTHASH),
    ] {
        assert_eq!(Reader::new(&bytes(&vector["codes"][name])).varint(), Ok(number), "{name}");
    }
}

#[test]
fn every_shape_survives_both_forms() {
    for ip in ["/ip4/192.0.2.1", "/ip6/2001:db8::1"] {
        for hashes in 0..=DirectAddr::CERTHASHES_MAX {
            for peer in ["".into(), format!("/p2p/{PEER}")] {
                let hashes = format!("/certhash/{HASH}").repeat(hashes);
                let text = format!("{ip}/udp/65535/webrtc-direct{hashes}{peer}");
                let address: DirectAddr = text.parse().unwrap();
                assert_eq!(address.to_string(), text);
                assert_eq!(DirectAddr::from_bytes(&encoded(&address)), Ok(address));
            }
        }
    }
    let longest = PeerId::from_public_key(&[7; 42], |_| [0; 32]);
    let address: DirectAddr = format!(
        "/ip6/::1/udp/1/webrtc-direct{}",
        format!("/certhash/{HASH}").repeat(DirectAddr::CERTHASHES_MAX)
    )
    .parse()
    .unwrap();
    let address = address.with_peer(longest);
    assert_eq!(encoded(&address).len(), DirectAddr::ENCODED_LEN_MAX);
}

#[test]
fn the_first_certhash_comes_first() {
    let hashes: Vec<Fingerprint> = (1..=4).map(|n| Fingerprint::from_bytes([n; 32])).collect();
    let text =
        hashes.iter().fold("/ip4/192.0.2.1/udp/1/webrtc-direct".to_string(), |text, hash| {
            format!("{text}/certhash/{}", hash.certhash())
        });
    let address: DirectAddr = text.parse().unwrap();
    assert_eq!(address.certhash(), Some(hashes[0]));
    assert_eq!(address.certhashes().collect::<Vec<_>>(), hashes);
    let too_many = format!("{text}/certhash/{HASH}");
    assert_eq!(too_many.parse::<DirectAddr>(), Err(MultiaddrError::TooManyCerthashes));
}

#[test]
fn one_address_is_one_value_however_it_is_made() {
    const HASHES: [Fingerprint; 2] =
        [Fingerprint::from_bytes([1; 32]), Fingerprint::from_bytes([2; 32])];
    let socket = "192.0.2.1:1".parse().unwrap();
    let one = DirectAddr::new(socket).with_certhash(HASHES[0]);
    assert_eq!(DirectAddr::new(socket).try_add_certhash(HASHES[0]), Ok(one));
    let two = one.try_add_certhash(HASHES[1]).unwrap();
    assert_eq!(two.to_string().parse(), Ok(two));
    assert_eq!(two.with_certhash(HASHES[0]), one, "all others are gone");
    assert!(
        one < two && DirectAddr::new(socket) < one && one < one.with_peer(PEER.parse().unwrap())
    );
    assert_eq!(one.with_peer(PEER.parse().unwrap()).without_peer(), one);
    assert_eq!(format!("{one:?}"), format!("DirectAddr({one})"));
    let scoped = "[fe80::1%3]:1".parse().unwrap();
    assert_eq!(DirectAddr::new(scoped).to_string(), "/ip6/fe80::1/udp/1/webrtc-direct");
}

#[test]
fn errors_name_the_component() {
    use MultiaddrError::*;
    for (text, error) in [
        ("", NoSlash),
        ("ip4/192.0.2.1/udp/1/webrtc-direct", NoSlash),
        ("/", NotIp { at: 1 }),
        ("/tcp/1", NotIp { at: 1 }),
        ("/dns4/example.org/udp/1/webrtc-direct", Dns),
        ("/ip6zone/eth0/ip6/fe80::1/udp/1/webrtc-direct", Ip6Zone),
        ("/ip4", Ip { at: 4 }),
        ("/ip4/::1/udp/1/webrtc-direct", Ip { at: 5 }),
        ("/ip6/192.0.2.1/udp/1/webrtc-direct", Ip { at: 5 }),
        ("/ip6/fe80::1%eth0/udp/1/webrtc-direct", Ip { at: 5 }),
        ("/ip4/192.0.2.1", NotUdp { at: 14 }),
        ("/ip4/192.0.2.1/tcp/1", NotUdp { at: 15 }),
        ("/ip4/192.0.2.1/webrtc-direct", NotUdp { at: 15 }),
        ("/ip4/192.0.2.1/udp", Port { at: 18 }),
        ("/ip4/192.0.2.1/udp/65536/webrtc-direct", Port { at: 19 }),
        ("/ip4/192.0.2.1/udp/+1/webrtc-direct", Port { at: 19 }),
        ("/ip4/192.0.2.1/udp//webrtc-direct", Port { at: 19 }),
        ("/ip4/192.0.2.1/udp/1", NotWebrtcDirect { at: 20 }),
        ("/ip4/192.0.2.1/udp/1/quic-v1", NotWebrtcDirect { at: 21 }),
        ("/ip4/192.0.2.1/udp/1/quic-v1/webrtc-direct", NotWebrtcDirect { at: 21 }),
        ("/ip4/192.0.2.1/udp/1/webrtc", Private),
        ("/ip4/192.0.2.1/tcp/1/p2p/x/p2p-circuit/webrtc/p2p/y", Private),
        ("/dns4/relay.example/tcp/1/p2p/x/p2p-circuit/webrtc/p2p/y", Private),
        ("/webrtc", Private),
        ("/ip4/192.0.2.1/udp/1/webrtc-direct/", Trailing { at: 35 }),
        ("/ip4/192.0.2.1/udp/1/webrtc-direct/http", Trailing { at: 35 }),
        (
            "/ip4/192.0.2.1/udp/1/webrtc-direct/certhash/f1340",
            Certhash(FingerprintError::Hash(0x13)),
        ),
    ] {
        assert_eq!(text.parse::<DirectAddr>(), Err(error), "{text}");
        assert!(!error.to_string().is_empty());
    }
    let base = "/ip4/192.0.2.1/udp/1/webrtc-direct";
    for tail in [format!("/p2p/{PEER}/certhash/{HASH}"), format!("/p2p/{PEER}/p2p/{PEER}")] {
        let at = base.len() + "/p2p/".len() + PEER.len() + 1;
        assert_eq!(format!("{base}{tail}").parse::<DirectAddr>(), Err(Trailing { at }));
    }
    assert!(matches!(format!("{base}/certhash").parse::<DirectAddr>(), Err(Certhash(_))));
    assert!(matches!(format!("{base}/p2p").parse::<DirectAddr>(), Err(PeerId(_))));
}

#[test]
fn bytes_that_are_no_address_are_refused() {
    use MultiaddrError::*;
    let base = [4, 192, 0, 2, 1, 0x91, 2, 0, 1, 0x98, 2];
    assert!(DirectAddr::from_bytes(&base).is_ok());
    let with = |tail: &[u8]| DirectAddr::from_bytes(&[&base[..], tail].concat());
    assert_eq!(with(&[0x98, 2]), Err(Trailing { at: 11 }));
    // /p2p is last, and there is one.
    let peer: crate::peer_id::PeerId = PEER.parse().unwrap();
    let peer = [&[0xa5, 3, 38][..], peer.as_bytes()].concat();
    let hash = [&[0xd2, 3, 34][..], &Fingerprint::from_bytes([7; 32]).multihash()].concat();
    let at = base.len() + peer.len();
    assert!(with(&[&hash[..], &peer].concat()).is_ok());
    assert_eq!(with(&[&peer[..], &hash].concat()), Err(Trailing { at }));
    assert_eq!(with(&[&peer[..], &peer].concat()), Err(Trailing { at }));
    assert_eq!(with(&[0xd2, 3, 2, 0x12]), Err(Bytes));
    assert_eq!(with(&[0xd2, 3, 1, 0x12]), Err(Certhash(FingerprintError::Length)));
    assert_eq!(with(&[0x80]), Err(Bytes));
    assert_eq!(DirectAddr::from_bytes(&[6, 0, 1]), Err(NotIp { at: 0 }));
    assert_eq!(DirectAddr::from_bytes(&[54, 1, b'x']), Err(Dns));
    assert_eq!(DirectAddr::from_bytes(&[42, 1, b'x']), Err(Ip6Zone));
    assert_eq!(DirectAddr::from_bytes(&[4, 192, 0, 2, 1, 6, 0, 1]), Err(NotUdp { at: 5 }));
    assert_eq!(DirectAddr::from_bytes(&[4, 1, 1, 1, 1, 0x91, 2, 0, 1, 0x99, 2]), Err(Private));
    assert_eq!(
        DirectAddr::from_bytes(&[4, 1, 1, 1, 1, 0x91, 2, 0, 1, 0xcc, 3]),
        Err(NotWebrtcDirect { at: 9 })
    );
    for len in 0..base.len() {
        assert_eq!(DirectAddr::from_bytes(&base[..len]), Err(Bytes), "{len} bytes");
    }
    for seed in 0..5_000 {
        let mut dice = Dice(seed);
        let mut tail = [0; 60];
        dice.fill(&mut tail);
        tail[..2].copy_from_slice(if dice.below(2) == 0 { &[0xd2, 3] } else { &[0xa5, 3] });
        tail[2] %= 58;
        if let Ok(address) = with(&tail[..dice.below(60)]) {
            assert_eq!(DirectAddr::from_bytes(&encoded(&address)), Ok(address), "seed {seed}");
        }
    }
}
