//! What is in a chunk of data: channels being opened, frames, and what is neither.

use floe_core::frame::{Flag, Message};

use crate::input::Input;

/// The identifiers of RFC 8831 §8, the deprecated ones among them, and others.
pub(super) fn ppid(input: &mut Input<'_>) -> u32 {
    match input.byte() {
        choice @ 0..=0xdf => [53, 50, 53, 51, 56, 57, 52, 54][usize::from(choice % 8)],
        choice => choice.into(),
    }
}

/// What any message may be.
pub(super) fn content(input: &mut Input<'_>) -> Vec<u8> {
    let choice = input.byte();
    match choice % 8 {
        0 => dcep_open(input),
        1 => vec![0x02],
        2 | 3 => frames(input),
        4 => {
            let len = usize::from(input.byte());
            input.take(len).to_vec()
        }
        5 => vec![input.byte(); usize::from(input.u16()) % LEN_MAX],
        6 => Vec::new(),
        _ => {
            // The beginning of a frame that says it is long.
            let mut frame = vec![0x80 | choice, 0x80 | input.byte(), input.byte() & 0x7f];
            frame.extend([0x12, 0xff, 0xff, input.byte()]);
            frame
        }
    }
}

/// DATA_CHANNEL_OPEN, RFC 8832 §5.1: of any type, with a label and a protocol, and lengths that may lie.
pub(crate) fn dcep_open(input: &mut Input<'_>) -> Vec<u8> {
    let (choice, [kind, priority, reliability]) = (input.byte(), input.array());
    let (label, protocol) = (input.byte(), input.byte());
    let mut open = vec![0x03, kind, 0, priority, 0, 0, 0, reliability];
    open.extend(u16::from(label).to_be_bytes());
    open.extend(u16::from(protocol).to_be_bytes());
    open.resize(open.len() + usize::from(label) + usize::from(protocol), b'x');
    match choice % 8 {
        0 => open.truncate(open.len() - usize::from(choice / 8).min(open.len())),
        1 => open.resize(open.len() + usize::from(choice / 8), 0),
        2 => open[usize::from(choice / 8) % 12] ^= 1 << (choice % 7),
        _ => {}
    }
    open
}

/// Up to four frames of the protocol, each with any flag, with payload or without.
pub(super) fn frames(input: &mut Input<'_>) -> Vec<u8> {
    let choice = input.byte();
    let mut wire = Vec::new();
    for _ in 0..=choice % 4 {
        let [flag, len] = input.array();
        let payload = vec![flag; usize::from(len)];
        let message = Message { flag: Flag::from_wire(u64::from(flag % 8)), payload: &payload };
        let mut out = vec![0; message.encoded_len()];
        wire.extend_from_slice(message.encode(&mut out).expect("the length is that of the frame"));
    }
    // Some are cut short, so that the rest is awaited.
    wire.truncate(wire.len() - usize::from(choice / 32).min(wire.len()));
    wire
}

/// What fits in a packet.
const LEN_MAX: usize = 1_100;
