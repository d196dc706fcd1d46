use core::net::SocketAddr;
use std::{string::String, vec, vec::Vec};

use ring::hmac;
use serde_json::Value;

use super::*;
use crate::ice::{Credentials, Ufrag, Username};
use crate::testing::{Dice, bytes, text, vectors};
use crate::wire::Overflow;

struct Ring;

impl HmacSha1 for Ring {
    fn hmac_sha1(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let mut context = hmac::Context::with_key(&key);
        parts.iter().for_each(|part| context.update(part));
        context.sign().as_ref().try_into().expect("SHA-1 has 20 bytes")
    }
}

/// Both versions of the vectors, with the numbers that they have in common.
struct Vector {
    values: Value,
    common: Value,
}

impl Vector {
    fn both() -> [Self; 2] {
        let vectors = vectors();
        ["stun_v1", "stun_v2"].map(|name| Self {
            values: vectors[name].clone(),
            common: vectors["stun_common"].clone(),
        })
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        bytes(&self.values[name])
    }

    fn ufrag(&self, side: &str) -> Ufrag<'_> {
        let text = text(&self.values[&*std::format!("{side}_ufrag")]);
        Ufrag::new(text.as_bytes()).unwrap()
    }

    fn password(&self, side: &str) -> &[u8] {
        text(&self.values[&*std::format!("{side}_pwd")]).as_bytes()
    }

    fn tie_breaker(&self) -> u64 {
        u64::from_str_radix(text(&self.common["tie_breaker"]), 16).unwrap()
    }

    fn mapped(&self) -> SocketAddr {
        text(&self.common["mapped"]).parse().unwrap()
    }

    fn priority(&self) -> u32 {
        self.common["priority"].as_u64().unwrap() as u32
    }
}

#[test]
fn requests_of_the_vectors() {
    for vector in Vector::both() {
        let tie_breaker = vector.tie_breaker();
        for (name, receiver, sender, role, use_candidate) in [
            ("check_A_to_B", "server", "client", Role::Controlling { tie_breaker }, false),
            (
                "check_A_to_B_use_candidate",
                "server",
                "client",
                Role::Controlling { tie_breaker },
                true,
            ),
            ("triggered_check_B_to_A", "client", "server", Role::Controlled { tie_breaker }, false),
        ] {
            let expected = vector.bytes(name);
            let binding = Binding::parse(&expected).unwrap();
            let key = vector.password(receiver);
            assert_eq!(binding.class(), Class::Request);
            assert_eq!(binding.role(), Some(role));
            assert_eq!(binding.priority(), Some(vector.priority()));
            assert_eq!(binding.use_candidate(), use_candidate);
            assert_eq!(binding.verify_fingerprint(), Ok(()));
            assert_eq!(binding.verify_integrity(key, &Ring), Ok(()));
            assert_eq!(binding.verify_integrity(b"wrong", &Ring), Err(VerifyError::Mismatch));
            let code = bytes(&vector.values[&*std::format!("{name}_mi")]);
            assert_eq!(expected[expected.len() - 28..][..20], code);

            let request = Request {
                transaction_id: binding.transaction_id(),
                receiver: vector.ufrag(receiver),
                sender: vector.ufrag(sender),
                priority: vector.priority(),
                role,
                use_candidate,
            };
            let mut out = [0xee; REQUEST_LEN_MAX];
            let written = write_binding_request(&mut out, &request, key, &Ring).unwrap();
            assert_eq!(written, expected, "{name}");
            for len in 0..expected.len() {
                let out = &mut out[..len];
                assert_eq!(write_binding_request(out, &request, key, &Ring), Err(Overflow));
            }
        }
    }
}

#[test]
fn successes_of_the_vectors() {
    for vector in Vector::both() {
        for (name, answerer) in [("success_B_to_A", "server"), ("success_A_to_B", "client")] {
            let expected = vector.bytes(name);
            let binding = Binding::parse(&expected).unwrap();
            let key = vector.password(answerer);
            assert_eq!(binding.class(), Class::Success);
            assert_eq!(binding.mapped(), Some(vector.mapped()));
            assert_eq!(binding.username(), None);
            assert_eq!(binding.verify_fingerprint(), Ok(()));
            assert_eq!(binding.verify_integrity(key, &Ring), Ok(()));
            let id = binding.transaction_id();
            let mut out = [0xee; SUCCESS_LEN_MAX];
            let written = write_binding_success(&mut out, id, vector.mapped(), key, &Ring);
            assert_eq!(written.unwrap(), expected, "{name}");
            let short = &mut out[..expected.len() - 1];
            assert_eq!(
                write_binding_success(short, id, vector.mapped(), key, &Ring),
                Err(Overflow)
            );
        }
    }
}

/// Everything that real peers were recorded to send is read, and verifies.
#[test]
fn recorded_messages_verify() {
    let captures = include_str!("../../../tests/vectors/stun.json");
    let captures: Value = serde_json::from_str(captures).unwrap();
    let mut seen = 0;
    for capture in captures.as_array().unwrap() {
        let name = text(&capture["capture"]);
        let messages: Vec<(bool, Vec<u8>)> = capture["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| (text(&message["from"]) == "dialer", bytes(&message["hex"])))
            .collect();
        let (from_dialer, first) = &messages[0];
        assert!(from_dialer, "{name}: the dialer speaks first");
        let username = Binding::parse(first).unwrap().username().unwrap();
        let credentials = Credentials::infer(Username::parse(username).unwrap()).unwrap();
        assert_eq!(std::format!("{}", credentials.version), text(&capture["version"]));
        if capture.get("remote_pwd").is_some() {
            // The dialer's view: what is remote to it is local to the listener.
            assert_eq!(credentials.local.ufrag.as_str(), text(&capture["remote_ufrag"]));
            assert_eq!(credentials.local.password.as_str(), text(&capture["remote_pwd"]));
            assert_eq!(credentials.remote.ufrag.as_str(), text(&capture["local_ufrag"]));
            assert_eq!(credentials.remote.password.as_str(), text(&capture["local_pwd"]));
        }
        for (from_dialer, message) in &messages {
            let binding = Binding::parse(message).unwrap();
            let request = binding.class() == Class::Request;
            // The key is the password of whoever received the request.
            let receiver_is_listener = *from_dialer == request;
            let key = if receiver_is_listener { credentials.local } else { credentials.remote };
            assert_eq!(binding.verify_fingerprint(), Ok(()), "{name}");
            let verified = binding.verify_integrity(key.password.as_str().as_bytes(), &Ring);
            assert_eq!(verified, Ok(()), "{name}");
            assert_eq!(binding.username().is_some(), request, "{name}");
            assert_eq!(binding.mapped().is_some(), !request, "{name}");
            assert_eq!(binding.priority().is_some(), request, "{name}");
            if request {
                let controlling = matches!(binding.role(), Some(Role::Controlling { .. }));
                assert_eq!(controlling, *from_dialer, "{name}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 101);
}

/// A message of `class` with these attributes, and a right length.
fn message(class: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = vec![0; 20];
    for (kind, value) in attributes {
        message.extend(kind.to_be_bytes());
        message.extend((value.len() as u16).to_be_bytes());
        message.extend(*value);
        message.resize(message.len().next_multiple_of(4), 0xaa);
    }
    let len = (message.len() - 20) as u16;
    message[..2].copy_from_slice(&class.to_be_bytes());
    message[2..4].copy_from_slice(&len.to_be_bytes());
    message[4..8].copy_from_slice(&crate::demux::STUN_MAGIC_COOKIE);
    message
}

#[test]
fn attributes_come_in_any_order_and_the_first_counts() {
    let filler = [7; 1001];
    let message = message(
        1,
        &[
            (0xc057, &filler),
            (0x7fff, b"unknown"),
            (kind::USERNAME, b"first:user"),
            (kind::USERNAME, b"second:user"),
            (kind::PRIORITY, &[0, 0, 0, 1]),
            (kind::PRIORITY, &[0, 0, 0, 2]),
            (kind::MESSAGE_INTEGRITY, &[0; 20]),
            (kind::USE_CANDIDATE, b""),
            (kind::ICE_CONTROLLED, &[0; 8]),
            (kind::MESSAGE_INTEGRITY, &[1; 20]),
            (kind::FINGERPRINT, &[0; 4]),
        ],
    );
    assert!(message.len() > 1000 && message.len() < 1500);
    let binding = Binding::parse(&message).unwrap();
    assert_eq!(binding.username(), Some(&b"first:user"[..]));
    assert_eq!(binding.priority(), Some(1));
    assert!(!binding.use_candidate(), "it stands behind MESSAGE-INTEGRITY");
    assert_eq!(binding.role(), None, "it stands behind MESSAGE-INTEGRITY");
    assert_eq!(binding.verify_fingerprint(), Err(VerifyError::Mismatch));
    assert_eq!(binding.verify_integrity(b"", &Ring), Err(VerifyError::Mismatch));
}

#[test]
fn classes_and_bare_messages() {
    for (number, class) in [
        (1, Class::Request),
        (0x11, Class::Indication),
        (0x101, Class::Success),
        (0x111, Class::Error),
    ] {
        let message = message(number, &[]);
        let binding = Binding::parse(&message).unwrap();
        assert_eq!(binding.class(), class);
        assert_eq!(binding.username(), None);
        assert_eq!(binding.verify_fingerprint(), Err(VerifyError::Missing));
        assert_eq!(binding.verify_integrity(b"", &Ring), Err(VerifyError::Missing));
    }
}

#[test]
fn malformed_messages_are_refused() {
    use StunError::*;
    let attribute = |kind, value: &[u8]| message(1, &[(kind, value)]);
    let mut cut = message(1, &[(kind::USERNAME, b"abcdefgh")]);
    cut[23] = 9;
    let mut one_more = message(1, &[]);
    one_more.push(0);
    let mut no_cookie = message(1, &[]);
    no_cookie[4] ^= 1;
    let mut unaligned = message(1, &[(kind::USERNAME, b"abcd")]);
    unaligned.truncate(27);
    unaligned[3] = 7;
    for (message, error) in [
        (vec![], NotStun),
        (vec![0; 20], NotStun),
        (no_cookie, NotStun),
        (message(1, &[])[..19].to_vec(), NotStun),
        (message(3, &[]), Method),
        (message(0x201, &[]), Method),
        (one_more, Length),
        (message(1, &[(kind::USERNAME, b"abcd")])[..24].to_vec(), Length),
        (unaligned, Length),
        (cut, Attribute { kind: kind::USERNAME }),
        (attribute(kind::PRIORITY, &[0; 3]), Attribute { kind: kind::PRIORITY }),
        (attribute(kind::ICE_CONTROLLING, &[0; 4]), Attribute { kind: kind::ICE_CONTROLLING }),
        (attribute(kind::ICE_CONTROLLED, &[0; 9]), Attribute { kind: kind::ICE_CONTROLLED }),
        (attribute(kind::MESSAGE_INTEGRITY, &[0; 32]), Attribute { kind: kind::MESSAGE_INTEGRITY }),
        (attribute(kind::FINGERPRINT, &[0; 8]), Attribute { kind: kind::FINGERPRINT }),
        (
            attribute(kind::XOR_MAPPED_ADDRESS, &[0, 1, 0, 0, 0]),
            Attribute { kind: kind::XOR_MAPPED_ADDRESS },
        ),
        (
            attribute(kind::XOR_MAPPED_ADDRESS, &[0, 3, 0, 0, 0, 0, 0, 0]),
            Attribute { kind: kind::XOR_MAPPED_ADDRESS },
        ),
        (message(1, &[(kind::FINGERPRINT, &[0; 4]), (kind::USERNAME, b"a")]), AfterFingerprint),
    ] {
        assert_eq!(Binding::parse(&message).map(|_| ()), Err(error), "{message:02x?}");
    }
}

#[test]
fn addresses_of_both_families_return() {
    let id = TransactionId(*b"twelve bytes");
    for (address, seen) in [
        ("192.0.2.1:1", "192.0.2.1:1"),
        ("[2001:db8::1]:65535", "[2001:db8::1]:65535"),
        // What a socket for both families shows is IPv4 to its peer.
        ("[::ffff:192.0.2.1]:4242", "192.0.2.1:4242"),
    ] {
        let mut out = [0; SUCCESS_LEN_MAX];
        let message = write_binding_success(&mut out, id, address.parse().unwrap(), b"key", &Ring);
        let binding = Binding::parse(message.unwrap()).unwrap();
        assert_eq!(binding.mapped(), Some(seen.parse().unwrap()));
        assert_eq!(binding.transaction_id(), id);
    }
}

#[test]
fn answers_of_the_rfc() {
    for (message, seen) in crate::testing::rfc_5769_answers() {
        let binding = Binding::parse(&message).unwrap();
        assert_eq!(binding.class(), Class::Success);
        assert_eq!(binding.mapped(), Some(seen));
        assert_eq!(binding.mapped_plainly(), None);
        assert_eq!(binding.verify_fingerprint(), Ok(()));
        assert_eq!(binding.verify_integrity(b"VOkJxbRl1RmTxUk/WvJxBt", &Ring), Ok(()));
    }
}

#[test]
fn what_only_bare_answers_say() {
    let success = message(
        0x101,
        &[
            (kind::MAPPED_ADDRESS, &[0, 9, 0, 7, 192, 0, 2, 9]),
            (kind::MAPPED_ADDRESS, &[0, 1, 0, 7, 192, 0, 2, 1]),
            (kind::XOR_MAPPED_ADDRESS, &[0, 1, 0x21, 0x12 ^ 8, 0x21, 0x12, 0xa4, 0x43]),
        ],
    );
    let binding = Binding::parse(&success).unwrap();
    assert_eq!(binding.mapped_plainly(), Some("192.0.2.1:7".parse().unwrap()));
    assert_eq!(binding.mapped(), Some("0.0.0.1:8".parse().unwrap()));
    assert_eq!(binding.error_code(), None);
    for (value, code) in [
        (&[0, 0, 4, 20, b'U'][..], Some(420)),
        (&[0xff, 0xff, 0xf8 | 3, 0], Some(300)),
        (&[0, 0, 6, 99], Some(699)),
        (&[0, 0, 6, 100], None),
        (&[0, 0, 2, 99], None),
        (&[0, 0, 7, 0], None),
        (&[0, 0, 4], None),
        (&[], None),
    ] {
        let error = message(0x111, &[(kind::ERROR_CODE, value)]);
        assert_eq!(Binding::parse(&error).unwrap().error_code(), code, "{value:02x?}");
    }
}

#[test]
fn a_bare_request_is_a_header() {
    let id = TransactionId(*b"twelve bytes");
    let request = write_bare_binding_request(id);
    let binding = Binding::parse(&request).unwrap();
    assert_eq!((binding.class(), binding.transaction_id()), (Class::Request, id));
    assert_eq!(request[..8], [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
}

#[test]
fn the_longest_request_has_the_promised_length() {
    let ufrag = String::from_utf8(vec![b'a'; Ufrag::LEN_MAX]).unwrap();
    let request = Request {
        transaction_id: TransactionId([0; 12]),
        receiver: Ufrag::new(ufrag.as_bytes()).unwrap(),
        sender: Ufrag::new(ufrag.as_bytes()).unwrap(),
        priority: 0,
        role: Role::Controlled { tie_breaker: 0 },
        use_candidate: true,
    };
    let mut out = [0; REQUEST_LEN_MAX];
    let len = write_binding_request(&mut out, &request, b"", &Ring).unwrap().len();
    assert_eq!(len, REQUEST_LEN_MAX);
    assert_eq!(Binding::parse(&out).unwrap().username().unwrap().len(), Username::LEN_MAX);
}

/// Any change of a good message is noticed, and nothing panics.
#[test]
fn altered_messages_do_not_verify() {
    let good = Vector::both()[1].bytes("check_A_to_B");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let verified = Binding::parse(&bad).is_ok_and(|b| b.verify_fingerprint().is_ok());
            assert!(!verified, "byte {at}, bit {bit}");
        }
    }
    for seed in 0..5_000 {
        let mut dice = Dice(seed);
        let mut bad = good.clone();
        for _ in 0..=dice.below(6) {
            let at = dice.below(bad.len());
            bad[at] = dice.roll() as u8;
        }
        bad.truncate(dice.below(bad.len() + 1));
        if bad.len() >= 20 {
            let len = (bad.len() - 20) as u16;
            bad[2..4].copy_from_slice(&len.to_be_bytes());
        }
        if let Ok(binding) = Binding::parse(&bad) {
            let _ = binding.username().map(Username::parse);
            let _ = binding.verify_integrity(b"key", &Ring);
        }
    }
}
