//! SCTP as an input chooses it: chunks of every type, with numbers that are right or near to it.
//!
//! Random bytes die at the checksum, at the tag or at the numbers, so those are right in most packets, and an
//! input says what is wrong with the others.

mod content;

use floe_tests::rude_peer::{Chunk, PPID_BINARY, Sctp};

use crate::hostile::content::{content, ppid};
use crate::input::{Input, flip};

pub(crate) use self::content::dcep_open;

/// A packet: up to eight chunks, or anything at all.
pub(crate) fn packet(input: &mut Input<'_>, sctp: &mut Sctp) -> Vec<u8> {
    let form = input.byte();
    if form % 32 == 1 {
        let len = usize::from(input.byte());
        return input.take(len).to_vec();
    }
    let tag = sctp.peer_tag;
    match form % 32 {
        2 => sctp.peer_tag = 0,
        3 => sctp.peer_tag ^= 1 << (input.byte() % 32),
        _ => {}
    }
    let mut chunks = Vec::new();
    for _ in 0..=form >> 5 {
        chunks.extend(chunk(input, sctp));
    }
    let mut packet = sctp.packet(&chunks);
    sctp.peer_tag = tag;
    match form % 32 {
        4 => flip(&mut packet, input.u16()),
        5 => packet.truncate(usize::from(input.u16()) % (packet.len() + 1)),
        _ => {}
    }
    packet
}

/// One chunk; none if the input asks for something else.
pub(crate) fn chunk(input: &mut Input<'_>, sctp: &mut Sctp) -> Option<Chunk> {
    let op = input.byte();
    Some(match op % 24 {
        0..=2 => {
            let (stream, flags, ppid) = (stream(input), fragment(op), ppid(input));
            let content = content(input);
            sctp.data(stream, ppid, flags, &content)
        }
        3 => {
            let (tsn, stream, ssn) = (near(input, sctp.next_tsn), stream(input), input.byte());
            let (flags, ppid) = (input.byte(), ppid(input));
            Sctp::data_at(tsn, stream, ssn.into(), ppid, flags, &content(input))
        }
        4 => sctp.open(stream(input)),
        5 => {
            let (stream, frames) = (stream(input), content::frames(input));
            sctp.data(stream, PPID_BINARY, fragment(op), &frames)
        }
        6 => sctp.sack(near(input, sctp.received()), &[]),
        7 => {
            let tsn = near(input, sctp.received());
            // Each as it is read, or one of them hundreds of times.
            let count = usize::from(input.byte());
            let gaps = match count {
                0..0x80 => (0..count % 16).map(|_| (input.byte().into(), input.u16())).collect(),
                _ => vec![(input.byte().into(), input.u16()); count],
            };
            sctp.sack(tsn, &gaps)
        }
        8 => {
            let request = sctp.next_request;
            sctp.next_request = request.wrapping_add(1);
            let streams: Vec<_> = (0..op / 24).map(|_| stream(input)).collect();
            sctp.reset(request, &streams)
        }
        9 => {
            let request = near(input, sctp.next_request);
            let streams: Vec<_> = (0..op / 24).map(|_| stream(input)).collect();
            sctp.reset(request, &streams)
        }
        10 => {
            // The answer to floe's own reset: performed, in progress, or anything else.
            let request = near(input, sctp.request.unwrap_or_default());
            Chunk::new(RECONFIG, 0, &response(request, u32::from(input.byte() % 8)))
        }
        11 => Chunk::new(RECONFIG, 0, &parameter(input, sctp)),
        12 => Chunk::new(FORWARD_TSN, 0, &forward(input, sctp)),
        13 => {
            let len = usize::from(input.byte());
            Chunk::new(HEARTBEAT + (op / 24 & 1), 0, &with_header(1, input.take(len)))
        }
        14 => Chunk::new(INIT + (op / 24 & 1), 0, &introduction(input, sctp)),
        15 => {
            let len = usize::from(input.byte());
            Chunk::new(COOKIE_ECHO + (op / 24 & 1), 0, input.take(len))
        }
        16 => Chunk::new(ABORT, op / 24 & 1, &[0, 12, 0, 4]),
        17 => match op / 24 % 3 {
            0 => Chunk::new(SHUTDOWN, 0, &near(input, sctp.received()).to_be_bytes()),
            1 => Chunk::new(SHUTDOWN_ACK, 0, &[]),
            _ => Chunk::new(SHUTDOWN_COMPLETE, input.byte() & 1, &[]),
        },
        18 => {
            let (cause, len) = (u16::from(input.byte() % 14), usize::from(input.byte()));
            Chunk::new(ERROR, 0, &with_header(cause, input.take(len)))
        }
        19 => Chunk::new(I_DATA, fragment(op), &interleaved(input, sctp)),
        20 => {
            let (kind, flags, len) = (input.byte(), input.byte(), usize::from(input.byte()));
            Chunk::new(kind, flags, input.take(len))
        }
        21 => {
            // A length that lies.
            let len = input.u16();
            let mut lying =
                if op / 24 < 4 { sctp.open(stream(input)) } else { chunk(input, sctp)? };
            lying.0[2..4].copy_from_slice(&len.to_be_bytes());
            lying
        }
        22 => {
            sctp.window = u32::from(input.u16());
            return None;
        }
        _ => {
            sctp.acknowledges = op / 24 & 1 == 0;
            return None;
        }
    })
}

/// Mostly one of sixteen, so that several choices meet at one.
pub(crate) fn stream(input: &mut Input<'_>) -> u16 {
    match input.byte() {
        0xff => input.u16(),
        choice => u16::from(choice % 16),
    }
}

/// Begins and ends here, or only one of both; the last bit asks for an acknowledgement at once.
fn fragment(op: u8) -> u8 {
    match op / 24 % 8 {
        0..=4 => 3,
        5 => 2,
        6 => 1,
        _ => 0,
    }
}

/// A number near to another, or at the edge of what comes after it.
fn near(input: &mut Input<'_>, number: u32) -> u32 {
    match input.byte() as i8 {
        i8::MIN => number.wrapping_add(1 << 31),
        i8::MAX => number.wrapping_add((1 << 31) - 1),
        126 => number.wrapping_add(u32::from(input.u16())),
        offset => number.wrapping_add_signed(offset.into()),
    }
}

/// INIT or INIT-ACK: of the same tag and number as before, or of others.
fn introduction(input: &mut Input<'_>, sctp: &Sctp) -> Vec<u8> {
    let choice = input.byte();
    let tag = if choice & 1 == 0 { sctp.own_tag } else { u32::from(input.byte()) };
    let streams = if choice & 2 == 0 { [0xff; 4] } else { input.array() };
    let mut value = tag.to_be_bytes().to_vec();
    value.extend(if choice & 4 == 0 { sctp.window } else { 0 }.to_be_bytes());
    value.extend(streams);
    value.extend(near(input, sctp.next_tsn).to_be_bytes());
    let len = usize::from(input.byte());
    value.extend(match choice & 8 {
        // Its extensions, as well-behaved peers have them.
        0 => [0x80, 8, 0, 7, RECONFIG, FORWARD_TSN, I_DATA, 0].to_vec(),
        _ => with_header(u16::from_be_bytes(input.array()), input.take(len)),
    });
    value
}

/// A parameter of RE-CONFIG, RFC 6525 §4: each that there is, and what is none.
fn parameter(input: &mut Input<'_>, sctp: &Sctp) -> Vec<u8> {
    let (kind, request) = (input.byte(), near(input, sctp.next_request));
    let mut value = request.to_be_bytes().to_vec();
    let len = usize::from(input.byte());
    value.extend(input.take(len));
    with_header(RECONFIG_PARAMETER + u16::from(kind % 8), &value)
}

fn response(request: u32, result: u32) -> Vec<u8> {
    with_header(RECONFIG_RESPONSE, &[request.to_be_bytes(), result.to_be_bytes()].concat())
}

/// FORWARD-TSN, RFC 3758 §3.2.
fn forward(input: &mut Input<'_>, sctp: &mut Sctp) -> Vec<u8> {
    let tsn = near(input, sctp.next_tsn);
    let choice = input.byte();
    if choice & 0x80 != 0 {
        sctp.next_tsn = tsn.wrapping_add(1);
    }
    let mut value = tsn.to_be_bytes().to_vec();
    for _ in 0..choice % 4 {
        value.extend(stream(input).to_be_bytes());
        value.extend(u16::from(input.byte()).to_be_bytes());
    }
    value
}

/// I-DATA, RFC 8260 §2.1.
fn interleaved(input: &mut Input<'_>, sctp: &mut Sctp) -> Vec<u8> {
    let mut value = near(input, sctp.next_tsn).to_be_bytes().to_vec();
    value.extend(stream(input).to_be_bytes());
    value.extend([0; 2]);
    value.extend(u32::from(input.byte()).to_be_bytes());
    value.extend(ppid(input).to_be_bytes());
    value.extend(content(input));
    value
}

/// `u16 kind ‖ u16 length ‖ value`, as parameters and causes of errors have it.
fn with_header(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = 4 + value.len() as u16;
    [&kind.to_be_bytes(), &len.to_be_bytes(), value].concat()
}

const INIT: u8 = 1;
const HEARTBEAT: u8 = 4;
const ABORT: u8 = 6;
const SHUTDOWN: u8 = 7;
const SHUTDOWN_ACK: u8 = 8;
const ERROR: u8 = 9;
const COOKIE_ECHO: u8 = 10;
const SHUTDOWN_COMPLETE: u8 = 14;
const I_DATA: u8 = 64;
const RECONFIG: u8 = 130;
const FORWARD_TSN: u8 = 192;
/// The first of the parameters of RE-CONFIG, and the one that answers.
const RECONFIG_PARAMETER: u16 = 13;
const RECONFIG_RESPONSE: u16 = 16;
