//! Frames cut anywhere are heard alike; frames that floe writes are heard as written.

use floe_core::frame::{Flag, Header, Message};

use crate::heard::Heard;
use crate::input::Input;

/// The first byte says how many cuts there are, the next ones where; the rest is the wire. Then the
/// same bytes as payload and flags of frames.
pub fn chunks(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = usize::from(input.byte() % 16);
    let lens: Vec<usize> = (0..cuts).map(|_| usize::from(input.byte())).collect();
    let wire = input.rest();
    cut_anywhere(wire, &lens);
    written(&mut input, &lens);
}

fn cut_anywhere(wire: &[u8], lens: &[usize]) {
    let whole = Heard::from([wire]);
    assert_eq!(Heard::from(wire.chunks(1)), whole, "byte by byte");
    let mut rest = wire;
    let mut pieces = Vec::new();
    for len in lens {
        let (piece, after) = rest.split_at((*len).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    assert_eq!(Heard::from(pieces), whole, "cut at {lens:?}");
}

fn written(input: &mut Input<'_>, lens: &[usize]) {
    let mut wire = Vec::new();
    let mut expected = Heard { between_frames: true, ..Heard::default() };
    while !input.is_empty() {
        let choice = input.byte();
        let flag = Flag::from_wire(u64::from(choice % 8));
        // Sometimes long, for lengths of two and three bytes.
        let repeat = if choice & 0x80 == 0 { 1 } else { 1 + usize::from(choice & 0x70) };
        let len = usize::from(input.byte());
        let payload = input.take(len).repeat(repeat);
        let message = Message { flag, payload: &payload };
        let mut out = vec![0; message.encoded_len()];
        let frame = message.encode(&mut out).expect("the length is that of the frame");
        if let Some(flag) = flag.filter(|_| payload.is_empty()) {
            assert_eq!(Message::from(flag), message);
        }
        assert_eq!(frame.len(), message.encoded_len());
        assert!(frame.starts_with(Header::new(flag, payload.len()).as_bytes()));
        assert!(frame.ends_with(&payload));
        wire.extend_from_slice(frame);
        expected.payload.extend_from_slice(&payload);
        expected.flags.extend(flag.map(|flag| (expected.payload.len(), flag)));
    }
    assert_eq!(Heard::from([&wire[..]]), expected, "as written");
    cut_anywhere(&wire, lens);
}
