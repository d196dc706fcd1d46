//! Payloads: made of choices, and read by quick-protobuf.

use std::sync::LazyLock;

use floe_core::fuzz::{claim, proven};
use floe_core::rtc::Identity;
use floe_core::rtc::identity::{KeyType, Keypair, PayloadError, PublicKey};
use quick_protobuf::{BytesReader, Writer};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::stranger::static_public_key;
use crate::input::{Input, flip};
use crate::says_why;

pub(super) static FLOE: LazyLock<Identity> = LazyLock::new(|| identity(1));
pub(super) static STRANGER: LazyLock<Identity> = LazyLock::new(|| identity(2));
/// Whom the stranger would like to be. Once it signed another static key, and the stranger has seen it.
pub(super) static VICTIM: LazyLock<Identity> = LazyLock::new(|| identity(3));

fn identity(seed: u8) -> Identity {
    Keypair::ed25519_from_seed([seed; 32]).into()
}

/// A payload of this kind, and whether an honest stranger might send it.
pub(super) fn material(kind: u8, at: u16, input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let key = |identity: &Identity| field(1, &identity.public_key().to_protobuf());
    let sign = |message: &[u8]| field(2, &STRANGER.sign(message).expect("a key in memory signs"));
    let signature = sign(&signed(&static_public_key()));
    match kind {
        0 => (input.rest().to_vec(), false),
        1 => ([claim(&STRANGER, &static_public_key()), unknown_fields(input)].concat(), true),
        2 => {
            let mut claim = claim(&STRANGER, &static_public_key());
            flip(&mut claim, at);
            (claim, false)
        }
        3 => ([key(&VICTIM), signature].concat(), false),
        4 => (claim(&VICTIM, &[9; 32]), false),
        5 => ([key(&STRANGER), field(2, input.rest())].concat(), false),
        // The last of each counts.
        6 => ([signature, key(&VICTIM), unknown_fields(input), key(&STRANGER)].concat(), true),
        _ => ([key(&STRANGER), sign(input.rest())].concat(), false),
    }
}

/// Well-formed fields that mean nothing, extensions among them.
fn unknown_fields(input: &mut Input<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    // More would make the record too long.
    while !input.is_empty() && out.len() < 3000 {
        let (choice, number) = (input.byte(), u64::from_le_bytes(input.array()));
        let tag = (3 + u32::from(choice >> 2)) << 3;
        let mut writer = Writer::new(&mut out);
        match choice & 3 {
            0 => writer.write_with_tag(tag, |writer| writer.write_varint(number)),
            1 => writer.write_with_tag(tag | 1, |writer| writer.write_fixed64(number)),
            2 => {
                let value = input.take(number as usize & 0xff);
                writer.write_with_tag(tag | 2, |writer| writer.write_bytes(value))
            }
            _ => writer.write_with_tag(tag | 5, |writer| writer.write_fixed32(number as u32)),
        }
        .expect("a Vec takes all");
    }
    out
}

fn field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out)
        .write_with_tag(number << 3 | 2, |writer| writer.write_bytes(value))
        .expect("a Vec takes all");
    out
}

/// libp2p noise, "Static Key Authentication".
fn signed(static_key: &[u8; 32]) -> Vec<u8> {
    [b"noise-libp2p-static-key:", &static_key[..]].concat()
}

/// What floe says of a payload follows from what quick-protobuf reads in it.
pub(super) fn reads_alike(payload: &[u8], static_key: &[u8; 32]) {
    let ours = proven(payload, static_key);
    if let Err(error) = &ours {
        says_why(error);
    }
    let theirs = match plainly_read(payload) {
        Plain::Read(Some(key), Some(signature)) => match PublicKey::from_protobuf(key) {
            Err(error) => Err(PayloadError::IdentityKey(error)),
            Ok(key) if is_signed(&key, static_key, signature) => Ok(key),
            Ok(_) => Err(PayloadError::BadSignature),
        },
        Plain::Read(..) => Err(PayloadError::Incomplete),
        Plain::Malformed => Err(PayloadError::Malformed),
        Plain::Cut => return,
    };
    assert_eq!(ours, theirs, "{payload:02x?}");
}

enum Plain<'a> {
    /// Identity key and signature.
    Read(Option<&'a [u8]>, Option<&'a [u8]>),
    Malformed,
    /// quick-protobuf cuts a tag or a length to 32 bits here, so it cannot tell.
    Cut,
}

/// Reads a payload as quick-protobuf's generated code would, but for what floe promises beyond: no field
/// number is zero, and key and signature are bytes.
fn plainly_read(payload: &[u8]) -> Plain<'_> {
    let mut reader = BytesReader::from_bytes(payload);
    let (mut key, mut signature) = (None, None);
    let is_long = |reader: &BytesReader| {
        let varint = payload[payload.len() - reader.len()..].iter().take(4);
        varint.filter(|byte| **byte & 0x80 != 0).count() == 4
    };
    while !reader.is_eof() {
        if is_long(&reader) {
            return Plain::Cut;
        }
        let Ok(tag) = reader.next_tag(payload) else { return Plain::Malformed };
        if tag & 7 == 2 && is_long(&reader) {
            return Plain::Cut;
        }
        let read = match tag {
            0x0a => reader.read_bytes(payload).map(|bytes| key = Some(bytes)),
            0x12 => reader.read_bytes(payload).map(|bytes| signature = Some(bytes)),
            0..0x18 => return Plain::Malformed,
            tag => reader.read_unknown(payload, tag),
        };
        if read.is_err() {
            return Plain::Malformed;
        }
    }
    Plain::Read(key, signature)
}

/// By ring itself where it can: floe's own answer is another target's business.
fn is_signed(key: &PublicKey, static_key: &[u8; 32], signature: &[u8]) -> bool {
    let message = signed(static_key);
    match key.key_type() {
        KeyType::Ed25519 => {
            UnparsedPublicKey::new(&ED25519, key.data()).verify(&message, signature).is_ok()
        }
        _ => key.verify(&message, signature).is_ok(),
    }
}
