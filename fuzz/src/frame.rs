//! The frame decoder against quick-protobuf, frame by frame.
//!
//! What floe reads, quick-protobuf must read alike; what floe refuses, it must refuse too, unless it
//! is for one of floe's own reasons, which are named here.

use floe_core::frame::{BODY_LEN_LIMIT, Flag, FrameError};
use quick_protobuf::{BytesReader, Writer};

use crate::heard::Heard;
use crate::input::Input;

/// Any bytes as a channel's, and as the body of one frame; then a body of fields in any order.
pub fn frame(data: &[u8]) {
    channel(data);
    whole(data);
    whole(&assembled(&mut Input::new(data)));
}

fn channel(data: &[u8]) {
    let mut all = Heard { between_frames: true, ..Heard::default() };
    let mut rest = data;
    while all.error.is_none() && !rest.is_empty() {
        let (frame, after) = match body_of(rest) {
            Some((body, after)) => {
                let frame = &rest[..rest.len() - after.len()];
                compare(body, &Heard::from([frame]));
                (frame, after)
            }
            None => (rest, &[][..]),
        };
        // Nothing is carried over from one frame to the next.
        all.append(Heard::from([frame]));
        rest = after;
    }
    assert_eq!(Heard::from([data]), all);
}

/// One frame with this body, which random bytes would seldom give the right length.
fn whole(body: &[u8]) {
    let mut frame = Vec::new();
    Writer::new(&mut frame).write_varint(body.len() as u64).expect("a Vec takes all");
    frame.extend_from_slice(body);
    if body.len() <= BODY_LEN_LIMIT {
        compare(body, &Heard::from([&frame[..]]));
    }
}

/// Known fields and others, well formed but for some of their bytes.
fn assembled(input: &mut Input<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    while !input.is_empty() {
        let (choice, value) = (input.byte(), input.byte());
        let number = if choice & 0x40 == 0 { 3 } else { 1 + u32::from(input.u16()) };
        let mut writer = Writer::new(&mut body);
        match choice & 7 {
            0 => writer.write_with_tag(0x08, |writer| writer.write_varint(u64::from(value) % 6)),
            1 | 2 => {
                let payload = input.take(usize::from(value));
                writer.write_with_tag(0x12, |writer| writer.write_bytes(payload))
            }
            3 => writer.write_with_tag(number << 3, |writer| writer.write_varint(value.into())),
            4 => {
                let skipped = input.take(usize::from(value));
                writer.write_with_tag(number << 3 | 2, |writer| writer.write_bytes(skipped))
            }
            5 => {
                writer.write_with_tag(number << 3 | 5, |writer| writer.write_fixed32(value.into()))
            }
            6 => {
                writer.write_with_tag(number << 3 | 1, |writer| writer.write_fixed64(value.into()))
            }
            _ => writer.write_u8(value),
        }
        .expect("a Vec takes all");
    }
    body
}

/// What both make of one frame.
fn compare(body: &[u8], ours: &Heard) {
    let theirs = read_body(body);
    match (ours.error, theirs) {
        (None, Ok(theirs)) => assert_eq!(*ours, theirs, "{body:02x?}"),
        (None, Err(error)) => panic!("only quick-protobuf refuses {body:02x?}: {error}"),
        (Some(_), Err(_)) => {}
        (Some(reason), Ok(_)) => {
            let is_ours = match reason {
                FrameError::Varint | FrameError::FieldNumber | FrameError::RepeatedPayload => true,
                // quick-protobuf cuts tags and lengths to 32 bits.
                FrameError::Overrun | FrameError::WireType(_) => {
                    body.windows(4).any(|bytes| bytes.iter().all(|byte| byte & 0x80 != 0))
                }
                _ => false,
            };
            assert!(is_ours, "only floe refuses {body:02x?}: {reason}");
        }
    }
}

/// The next frame's body and what follows it, if it is there as a whole.
fn body_of(wire: &[u8]) -> Option<(&[u8], &[u8])> {
    let last = wire.iter().position(|byte| byte & 0x80 == 0);
    // The prefix is no part of Protocol Buffers' message, so it is judged here.
    let Some(last) = last.filter(|last| *last < 10) else {
        let ours = Heard::from([wire]);
        let expected = if wire.len() < 10 { None } else { Some(FrameError::Varint) };
        assert_eq!((ours.error, ours.between_frames), (expected, false));
        return None;
    };
    let (prefix, rest) = wire.split_at(last + 1);
    let len = prefix.iter().rev().fold(0, |len, byte| len << 7 | u128::from(byte & 0x7f));
    let is_overlong = last > 0 && prefix[last] == 0;
    let expected = if is_overlong || len > u128::from(u64::MAX) {
        Some(FrameError::Varint)
    } else if len > BODY_LEN_LIMIT as u128 {
        Some(FrameError::TooLong { len: len as u64 })
    } else if len <= rest.len() as u128 {
        return Some(rest.split_at(len as usize));
    } else {
        None
    };
    let ours = Heard::from([wire]);
    assert!(expected.is_none() || ours.error == expected, "{wire:02x?}: {:?}", ours.error);
    assert!(!ours.between_frames, "half a frame is no frame: {wire:02x?}");
    None
}

/// Reads a whole body as quick-protobuf's generated code would.
fn read_body(body: &[u8]) -> quick_protobuf::Result<Heard> {
    let mut reader = BytesReader::from_bytes(body);
    let (mut flag, mut payload) = (None, &[][..]);
    while !reader.is_eof() {
        match reader.next_tag(body)? {
            0x08 => flag = Flag::from_wire(reader.read_uint64(body)?).or(flag),
            0x12 => payload = reader.read_bytes(body)?,
            tag => reader.read_unknown(body, tag)?,
        }
    }
    let flags = flag.into_iter().map(|flag| (payload.len(), flag)).collect();
    Ok(Heard { payload: payload.to_vec(), flags, error: None, between_frames: true })
}

impl Heard {
    /// What was heard after all this.
    fn append(&mut self, next: Self) {
        let before = self.payload.len();
        self.payload.extend_from_slice(&next.payload);
        self.flags.extend(next.flags.iter().map(|(at, flag)| (before + at, *flag)));
        self.error = next.error;
        self.between_frames = next.between_frames;
    }
}
