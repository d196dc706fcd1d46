//! Messages of attributes in any order, known and unknown, of right and wrong lengths: what is read of them is
//! what a plain walk over the same attributes finds, and what is refused has its reason.

use std::net::SocketAddr;

use floe_core::ice::stun::{Binding, Class, Role, StunError};

use super::reads;
use crate::input::Input;
use crate::says_why;

/// An attribute, before it is written.
struct Attribute<'a> {
    kind: u16,
    value: &'a [u8],
}

const MAPPED_ADDRESS: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

/// Each with the length that it should have, if there is one.
const KINDS: &[(u16, Option<usize>)] = &[
    (USERNAME, None),
    (MESSAGE_INTEGRITY, Some(20)),
    (XOR_MAPPED_ADDRESS, Some(8)),
    (XOR_MAPPED_ADDRESS, Some(20)),
    (PRIORITY, Some(4)),
    (USE_CANDIDATE, Some(0)),
    (FINGERPRINT, Some(4)),
    (ICE_CONTROLLED, Some(8)),
    (ICE_CONTROLLING, Some(8)),
    // SOFTWARE; Chromium's GOOG-NETWORK-INFO; none.
    (0x8022, None),
    (0xc057, Some(4)),
    (0x7fff, None),
    (MAPPED_ADDRESS, Some(8)),
    (ERROR_CODE, Some(4)),
];

pub(super) fn assembled(input: &mut Input<'_>) {
    let class = input.pick(&[0x0001, 0x0101, 0x0111, 0x0011, 0x0003]);
    let mut attributes = Vec::new();
    while !input.is_empty() && attributes.len() < 16 {
        let (choice, len) = (input.byte(), input.byte());
        let (kind, usual) = KINDS[usize::from(choice) % KINDS.len()];
        let len = usual.filter(|_| choice < 0xe0).unwrap_or(usize::from(len));
        attributes.push(Attribute { kind, value: input.take(len) });
    }
    let message = written(class, &attributes);
    let parsed = Binding::parse(&message);
    match parsed {
        Ok(binding) => {
            assert_eq!(refused(class, &attributes), None);
            is_said(&binding, &attributes);
            reads(&binding);
        }
        Err(error) => {
            says_why(&error);
            assert_eq!(Some(error), refused(class, &attributes));
        }
    }
}

fn written(class: u16, attributes: &[Attribute<'_>]) -> Vec<u8> {
    let mut out = [&class.to_be_bytes()[..], &[0, 0, 0x21, 0x12, 0xa4, 0x42], &[7; 12]].concat();
    for Attribute { kind, value } in attributes {
        out.extend(kind.to_be_bytes());
        out.extend((value.len() as u16).to_be_bytes());
        out.extend_from_slice(value);
        out.resize(out.len().next_multiple_of(4), 0xff);
    }
    let len = out.len() as u16 - 20;
    out[2..4].copy_from_slice(&len.to_be_bytes());
    out
}

/// Why a message of these attributes should be refused (RFC 8489 §14).
fn refused(class: u16, attributes: &[Attribute<'_>]) -> Option<StunError> {
    if class == 0x0003 {
        return Some(StunError::Method);
    }
    let (mut after_integrity, mut after_fingerprint) = (false, false);
    for Attribute { kind, value } in attributes {
        if after_fingerprint {
            return Some(StunError::AfterFingerprint);
        }
        let fits = match *kind {
            FINGERPRINT => value.len() == 4,
            // Nobody vouches for what stands behind MESSAGE-INTEGRITY, and nobody reads it.
            _ if after_integrity => true,
            MESSAGE_INTEGRITY => value.len() == 20,
            PRIORITY => value.len() == 4,
            ICE_CONTROLLED | ICE_CONTROLLING => value.len() == 8,
            XOR_MAPPED_ADDRESS => {
                matches!((value.get(1), value.len()), (Some(1), 8) | (Some(2), 20))
            }
            _ => true,
        };
        if !fits {
            return Some(StunError::Attribute { kind: *kind });
        }
        after_integrity |= *kind == MESSAGE_INTEGRITY;
        after_fingerprint = *kind == FINGERPRINT;
    }
    None
}

/// The first of a kind counts, up to MESSAGE-INTEGRITY.
fn is_said(binding: &Binding<'_>, attributes: &[Attribute<'_>]) {
    let vouched = attributes.iter().take_while(|attribute| attribute.kind != MESSAGE_INTEGRITY);
    let vouched: Vec<_> = vouched.collect();
    let first = |kinds: &[u16]| {
        vouched
            .iter()
            .find(|attribute| kinds.contains(&attribute.kind))
            .map(|it| (it.kind, it.value))
    };
    assert_eq!(binding.username(), first(&[USERNAME]).map(|(_, value)| value));
    let number = |value: &[u8]| value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let priority = first(&[PRIORITY]).map(|(_, value)| number(value));
    assert_eq!(binding.priority().map(u64::from), priority);
    let role = first(&[ICE_CONTROLLED, ICE_CONTROLLING]).map(|(kind, value)| match kind {
        ICE_CONTROLLED => Role::Controlled { tie_breaker: number(value) },
        _ => Role::Controlling { tie_breaker: number(value) },
    });
    assert_eq!(binding.role(), role);
    assert_eq!(binding.use_candidate(), first(&[USE_CANDIDATE]).is_some());
    assert_eq!(binding.mapped().is_some(), first(&[XOR_MAPPED_ADDRESS]).is_some());
    // What only bare answers have is never a reason to refuse; the first that can be read counts.
    let mut codes = vouched.iter().filter_map(|it| match (it.kind, it.value) {
        (ERROR_CODE, [_, _, class, number @ 0..100, ..]) if matches!(class & 7, 3..=6) => {
            Some(u16::from(class & 7) * 100 + u16::from(*number))
        }
        _ => None,
    });
    assert_eq!(binding.error_code(), codes.next());
    let mut plain = vouched.iter().filter_map(|it| match (it.kind, it.value) {
        (MAPPED_ADDRESS, [_, 1, high, low, ip @ ..]) => {
            let ip: [u8; 4] = ip.try_into().ok()?;
            Some(SocketAddr::from((ip, u16::from_be_bytes([*high, *low]))))
        }
        (MAPPED_ADDRESS, [_, 2, high, low, ip @ ..]) => {
            let ip: [u8; 16] = ip.try_into().ok()?;
            Some(SocketAddr::from((ip, u16::from_be_bytes([*high, *low]))))
        }
        _ => None,
    });
    assert_eq!(binding.mapped_plainly(), plain.next());
    assert!(binding.class() != Class::Request || binding.transaction_id().0 == [7; 12]);
}
