use std::{vec, vec::Vec};

use quick_protobuf::BytesReader;

use super::*;
use crate::frame::{FRAME_LEN_MAX, Message, PAYLOAD_LEN_MAX};
use crate::testing::{Dice, bytes, hex, vectors};

/// What a channel says, free of how it was cut: payload between flags, joined.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
struct Heard {
    payload: Vec<u8>,
    /// Each flag, with the length of the payload before it.
    flags: Vec<(usize, Flag)>,
    error: Option<FrameError>,
    between_frames: bool,
}

fn hear<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Heard {
    let mut decoder = Decoder::default();
    let mut heard = Heard::default();
    'pieces: for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(None) => break,
                Ok(Some(Item::Payload(bytes))) => {
                    assert!(!bytes.is_empty());
                    heard.payload.extend_from_slice(bytes);
                }
                Ok(Some(Item::Flag(flag))) => heard.flags.push((heard.payload.len(), flag)),
                Err(error) => {
                    assert_eq!(decoder.decode(&mut piece), Err(error), "an error must stick");
                    heard.error = Some(error);
                    break 'pieces;
                }
            }
        }
        assert!(piece.is_empty(), "None means that the input is used up");
    }
    heard.between_frames = decoder.is_between_frames();
    heard
}

fn heard(payload: &[u8], flags: &[(usize, Flag)]) -> Heard {
    Heard { payload: payload.to_vec(), flags: flags.to_vec(), error: None, between_frames: true }
}

#[test]
fn frames_of_known_peers() {
    let frames = &vectors()["frames"];
    let frame = |name: &str| hear([&bytes(&frames[name])[..]]);
    assert_eq!(frame("FIN"), heard(b"", &[(0, Flag::Fin)]));
    assert_eq!(frame("STOP_SENDING"), heard(b"", &[(0, Flag::StopSending)]));
    assert_eq!(frame("RESET_STREAM"), heard(b"", &[(0, Flag::Reset)]));
    assert_eq!(frame("FIN_ACK"), heard(b"", &[(0, Flag::FinAck)]));
    // go adds a field 3 with an error code.
    assert_eq!(frame("RESET_go_errorcode0"), heard(b"", &[(0, Flag::Reset)]));
    assert_eq!(frame("STOP_SENDING_go_errorcode0"), heard(b"", &[(0, Flag::StopSending)]));
    assert_eq!(frame("RESET_go_errorcode_0x1001"), heard(b"", &[(0, Flag::Reset)]));
    assert_eq!(frame("data_hello"), heard(b"hello", &[]));
    assert_eq!(frame("FIN_with_payload_hello"), heard(b"hello", &[(5, Flag::Fin)]));
    assert_eq!(frame("FIN_smoldot_empty_message"), heard(b"", &[(0, Flag::Fin)]));
    assert_eq!(frame("empty_frame"), heard(b"", &[]));
    // go with a full accept queue writes a big-endian length: three empty frames and a reset.
    assert_eq!(frame("go_busy_reset_msgio"), heard(b"", &[(0, Flag::Reset)]));
    assert_eq!(frame("two_frames_in_one_message"), heard(b"abcd", &[]));

    let split: Vec<Vec<u8>> =
        frames["FIN_split_messages"].as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(hear(split.iter().map(|m| &m[..])), heard(b"", &[(0, Flag::Fin)]));
}

#[test]
fn noise_frames_of_the_vectors() {
    let noise = &vectors()["noise"];
    for number in 1..=3 {
        let frame = bytes(&noise[&*std::format!("frame{number}_on_channel0")]);
        let record = ["msg1_B_to_A", "msg2_A_to_B", "msg3_B_to_A"][number - 1];
        let record = bytes(&noise[record]);
        let expected = [&(record.len() as u16).to_be_bytes()[..], &record].concat();
        assert_eq!(hear([&frame[..]]), heard(&expected, &[]));
        let mut out = vec![0; 300];
        assert_eq!(Message { flag: None, payload: &expected }.encode(&mut out).unwrap(), frame);
    }
}

#[test]
fn payload_comes_before_the_flag_of_its_frame() {
    // The flag is first, last, and on both sides of the payload; the last one counts.
    for frame in ["06080212026869", "06120268690802", "080800120268690802"] {
        let frame = hex(frame);
        assert_eq!(hear([&frame[..]]), heard(b"hi", &[(2, Flag::Reset)]));
    }
}

#[test]
fn payload_is_handed_on_without_a_copy() {
    let frame = hex("07120568656c6c6f");
    let mut input = &frame[..];
    let Some(Item::Payload(payload)) = Decoder::default().decode(&mut input).unwrap() else {
        panic!("no payload");
    };
    assert!(core::ptr::eq(payload, &frame[3..]));
}

#[test]
fn unknown_fields_and_flags_are_skipped() {
    // Fields 3 to 6 of wire types 0, 1, 2 and 5, then the payload.
    let body = hex(concat!(
        "18ffffffffffffffffff01",
        "210102030405060708",
        "2a03616263",
        "3501020304",
        "12026869"
    ));
    let frame = [&[body.len() as u8][..], &body].concat();
    assert_eq!(hear([&frame[..]]), heard(b"hi", &[]));
    // An unknown flag says nothing, nor does it take back a known one (proto2 enums are closed).
    assert_eq!(hear([&hex("06080412026869")[..]]), heard(b"hi", &[]));
    assert_eq!(hear([&hex("0408010809")[..]]), heard(b"", &[(0, Flag::StopSending)]));
    assert_eq!(hear([&hex("06088080808010")[..]]), heard(b"", &[]));
    // Fields 1 and 2 with other wire types are unknown fields too.
    assert_eq!(hear([&hex("070a010810010802")[..]]), heard(b"", &[(0, Flag::Reset)]));
}

#[test]
fn malformed_frames_are_refused_and_stay_refused() {
    for (frame, error) in [
        ("8000", FrameError::Varint),
        ("ffffffffffffffffffff", FrameError::Varint),
        ("80808001", FrameError::TooLong { len: 1 << 21 }),
        ("ffffffffffffffffff01", FrameError::TooLong { len: u64::MAX }),
        ("038800", FrameError::Varint),
        ("0108", FrameError::Overrun),
        ("020880", FrameError::Overrun),
        ("021201", FrameError::Overrun),
        ("03120568", FrameError::Overrun),
        ("0412ffffffff", FrameError::Overrun),
        ("0421010203", FrameError::Overrun),
        ("033d0102", FrameError::Overrun),
        ("020000", FrameError::FieldNumber),
        ("06f8ffffff7f00", FrameError::FieldNumber),
        ("011b", FrameError::WireType(3)),
        ("011c", FrameError::WireType(4)),
        ("011e", FrameError::WireType(6)),
        ("06120161120162", FrameError::RepeatedPayload),
        ("0412001200", FrameError::RepeatedPayload),
    ] {
        let mut frame = hex(frame);
        frame.extend_from_slice(&[0; 12]);
        assert_eq!(hear([&frame[..]]).error, Some(error), "{frame:02x?}");
    }
}

#[test]
fn a_body_that_ends_within_a_number_is_refused_without_waiting_for_more() {
    // In a tag (found by the fuzz target `frame`), a flag, a length, and numbers to be skipped.
    for frame in ["02dada", "0108", "020880", "0112", "021280", "0118", "021880", "012a", "022a80"]
    {
        let frame = hex(frame);
        assert_eq!(hear([&frame[..]]).error, Some(FrameError::Overrun), "{frame:02x?}");
    }
}

#[test]
fn the_limit_is_the_body_length() {
    let decode = |limit: usize, body_len: u64| {
        let mut prefix = Vec::new();
        varint(&mut prefix, body_len);
        Decoder::new(limit).decode(&mut &prefix[..]).map(|item| assert_eq!(item, None))
    };
    for (limit, effective) in
        [(0, 16388), (16388, 16388), (20_000, 20_000), (BODY_LEN_LIMIT, 263_168)]
    {
        assert_eq!(decode(limit, effective), Ok(()));
        let len = effective + 1;
        assert_eq!(decode(limit, len), Err(FrameError::TooLong { len }));
    }
    // The oversized frames of litep2p pass at the lowest limit.
    let mut out = vec![0; 17_000];
    let frame = Message { flag: None, payload: &[7; 16384] }.encode(&mut out).unwrap();
    assert_eq!(frame.len(), 16391);
    let item = Decoder::new(BODY_LEN_LIMIT_MIN).decode(&mut &frame[..]).unwrap();
    assert_eq!(item, Some(Item::Payload(&[7; 16384])));
    // The longest frame that floe sends.
    let frame = Message { flag: None, payload: &[7; PAYLOAD_LEN_MAX] }.encode(&mut out).unwrap();
    assert_eq!(frame.len(), FRAME_LEN_MAX);
}

/// Random frames, mostly well formed, and what an independent parser makes of them.
#[test]
fn random_frames_decode_as_the_oracle_says_however_they_are_cut() {
    let mut judged = 0;
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut wire = Vec::new();
        for _ in 0..dice.below(6) {
            wire.extend(random_frame(&mut dice));
        }
        if dice.below(4) == 0 && !wire.is_empty() {
            let at = dice.below(wire.len());
            wire[at] ^= 1 << dice.below(8);
        }
        let whole = hear([&wire[..]]);
        if let Some(expected) = oracle(&wire) {
            judged += 1;
            assert_eq!(whole, expected, "seed {seed}, wire {wire:02x?}");
        }
        let bytewise = hear(wire.chunks(1));
        assert_eq!(bytewise, whole, "seed {seed}, byte by byte, wire {wire:02x?}");
        let mut cuts = Vec::new();
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(1 + dice.below(rest.len()));
            cuts.push(piece);
            rest = after;
        }
        assert_eq!(hear(cuts), whole, "seed {seed}, cut at random, wire {wire:02x?}");
    }
    assert!(judged > 1_500, "the oracle judged only {judged} of 2000 cases");
}

/// Any bytes at all: no panic, and every cut is heard alike.
#[test]
fn random_bytes_decode_alike_however_they_are_cut() {
    for seed in 0..5_000 {
        let mut dice = Dice(seed);
        let mut wire = vec![0; dice.below(40)];
        dice.fill(&mut wire);
        if let Some(first) = wire.first_mut() {
            *first %= 40;
        }
        assert_eq!(hear(wire.chunks(1)), hear([&wire[..]]), "seed {seed}, wire {wire:02x?}");
    }
}

fn random_frame(dice: &mut Dice) -> Vec<u8> {
    let mut body = Vec::new();
    let mut payload_left = 1;
    for _ in 0..dice.below(5) {
        match dice.below(8) {
            0..=2 => body.extend([8, dice.below(4) as u8]),
            3 | 4 if payload_left > 0 => {
                payload_left = 0;
                let len = dice.below(200);
                body.push(0x12);
                varint(&mut body, len as u64);
                body.extend((0..len).map(|n| n as u8));
            }
            5 => {
                body.push(0x18);
                let shift = dice.below(64);
                varint(&mut body, dice.roll() >> shift);
            }
            6 => {
                let len = dice.below(9);
                body.extend([0x2a, len as u8]);
                body.extend((0..len).map(|_| 0xff));
            }
            _ => body.extend(if dice.below(2) == 0 {
                &[0x21, 1, 2, 3, 4, 5, 6, 7, 8][..]
            } else {
                &[0x35, 1, 2, 3, 4]
            }),
        }
    }
    let mut frame = Vec::new();
    varint(&mut frame, body.len() as u64);
    frame.extend(body);
    frame
}

fn varint(out: &mut Vec<u8>, value: u64) {
    out.extend(unsigned_varint::encode::u64(value, &mut unsigned_varint::encode::u64_buffer()));
}

/// What quick-protobuf reads from whole frames; `None` where it is more lenient by design (overlong
/// varints, repeated `message`, cut-off input) or refuses.
fn oracle(mut wire: &[u8]) -> Option<Heard> {
    let mut heard = heard(b"", &[]);
    while !wire.is_empty() {
        let (len, rest) = unsigned_varint::decode::u64(wire).ok()?;
        let (body, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        wire = rest;
        let mut reader = BytesReader::from_bytes(body);
        let (mut flag, mut payload) = (None, None);
        while !reader.is_eof() {
            match reader.next_tag(body).ok()? {
                8 => flag = Flag::from_wire(reader.read_uint64(body).ok()?).or(flag),
                0x12 if payload.is_some() => return None,
                0x12 => payload = Some(reader.read_bytes(body).ok()?),
                // Groups and field number zero are refused by floe and skipped or refused by others.
                tag if matches!(tag & 7, 3 | 4) || tag >> 3 == 0 => return None,
                tag => reader.read_unknown(body, tag).ok()?,
            }
        }
        if !minimal(body) {
            return None;
        }
        heard.payload.extend_from_slice(payload.unwrap_or_default());
        heard.flags.extend(flag.map(|flag| (heard.payload.len(), flag)));
    }
    Some(heard)
}

/// Whether a well-formed body holds shortest varints only.
fn minimal(body: &[u8]) -> bool {
    let mut reader = crate::wire::Reader::new(body);
    while !reader.is_empty() {
        let read = reader.varint().and_then(|tag| reader.skip_field(tag));
        if read.is_err() {
            return false;
        }
    }
    true
}
