//! A connection whose peer has the keys: DTLS is behind it, SCTP too, and Noise if the input says so.
//!
//! What comes then is anything at all: datagrams, records, packets of SCTP, channels, frames; while the
//! application opens, writes, reads and gives up streams, and time passes. No panic; limits kept; nothing
//! said by whom nobody knows; no other connection harmed, of which there is one if the input says so.

mod stage;

use std::time::Duration;

use floe_core::rtc::Read;
use floe_tests::entropy;

use self::stage::{Setup, Stage};
use crate::hostile;
use crate::input::{Input, flip};

/// The first byte says who dialed whom, and how far they came; then steps until the bytes run out.
pub fn established(data: &[u8]) {
    let mut input = Input::new(data);
    let setup = Setup::from(input.byte());
    entropy::seeded(1, || play(setup, &mut input));
}

fn play(setup: Setup, input: &mut Input<'_>) {
    let mut stage = Stage::new(setup);
    let mut patience = STORMS_MAX;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        match op % 16 {
            0..=5 => {
                let packet = hostile::packet(input, &mut stage.peer.sctp);
                stage.say(&packet);
            }
            6 => storm(&mut stage, &mut patience, input),
            7..=10 => application(&mut stage, op, input),
            11 => {
                let (from, len) = (input.peer_addr(), usize::from(input.byte()));
                stage.put(from, input.take(len));
            }
            12 => {
                // A datagram of the peer's, once more: as it was or altered, perhaps from elsewhere.
                let (from, index) = (input.peer_addr(), input.byte());
                let from = if op & 0x10 == 0 { stage.peer_addr() } else { from };
                let Some(mut datagram) = stage.said(index.into()) else { continue };
                if op & 0x20 != 0 {
                    flip(&mut datagram, input.u16());
                }
                stage.put(from, &datagram);
            }
            13 if op == 0xfd => {
                stage.peer.hang_up();
                stage.carry();
            }
            13 => {
                // A check, which moves a listener's peer.
                let from = input.peer_addr();
                stage.check_from(if op & 0x10 == 0 { stage.peer_addr() } else { from });
            }
            _ => stage.wait(Duration::from_millis(1 << (op / 16))),
        }
        stage.settle();
    }
    stage.end();
}

/// Many packets that an input describes once: their numbers go on.
fn storm(stage: &mut Stage, patience: &mut u32, input: &mut Input<'_>) {
    let times = 1 + u32::from(input.byte());
    let mut after = input.clone();
    for _ in 0..times.min(*patience) {
        after = input.clone();
        let packet = hostile::packet(&mut after, &mut stage.peer.sctp);
        stage.say(&packet);
    }
    *patience = patience.saturating_sub(times);
    *input = after;
}

/// What floe's application does meanwhile.
fn application(stage: &mut Stage, op: u8, input: &mut Input<'_>) {
    let now = stage.node.now;
    if op == 0xfa {
        return stage.close();
    }
    if op & 0xe0 == 0 {
        return stage.open();
    }
    let index = input.byte();
    let Some(id) = stage.stream(index) else { return };
    if op & 0xe0 == 0x20 {
        stage.node.endpoint.forget_stream(now, id);
        return stage.forget(id);
    }
    let Some(mut stream) = stage.node.endpoint.stream(id) else { return };
    match op >> 5 {
        2 => _ = stream.write(&vec![op; usize::from(input.u16()) / 8]),
        3 => _ = stream.finish(),
        4 => stream.stop_reading(now),
        5 => stream.reset(now),
        _ => {
            let mut buffer = [0; 1_000];
            while let Read::Bytes(len) = stream.read(&mut buffer) {
                assert!((1..=buffer.len()).contains(&len), "{len}");
            }
        }
    }
}

const STEPS_MAX: usize = 100;
/// Packets: enough for every limit, and no more, as storms take all the time there is.
const STORMS_MAX: u32 = 600;
