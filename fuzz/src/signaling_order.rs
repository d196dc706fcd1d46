//! Two nodes that signal to each other: in any order, what was said is told, and whoever is connected ends well.

use std::collections::VecDeque;
use std::time::Duration;

use floe_core::rtc::signaling::{Event, StreamAction};
use floe_core::time::Timestamp;

use crate::attempt::{Attempt, candidate};
use crate::input::Input;

/// Each byte is one step: of which side in its highest bit, then what.
pub fn signaling_order(data: &[u8]) {
    let mut pair = Pair::new();
    let mut input = Input::new(data);
    while !input.is_empty() {
        let op = input.byte();
        let side = usize::from(op >> 7);
        let number = op >> 4 & 7;
        match op & 0x0f {
            0..=2 => pair.deliver(side, usize::MAX),
            3 => pair.deliver(side, 1 + usize::from(number)),
            4..=6 => pair.find(side),
            7 => pair.end_candidates(side),
            8 => pair.connect(side),
            9 => pair.close_init(side),
            10 => pair.wait(Duration::from_millis(u64::from(number) * 500)),
            11 => pair.disturb(side, |attempt| attempt.machine.abandon()),
            12 => pair.disturb(side, |attempt| attempt.machine.handle_reset()),
            13 => pair.disturb(side, |attempt| attempt.machine.handle_end()),
            14 => pair.say(side, NONSENSE[usize::from(number)]),
            _ => pair.disturb(side, |attempt| attempt.machine.handle_connected(Timestamp::ZERO)),
        }
    }
    pair.end();
}

#[derive(Debug)]
struct Pair {
    now: Timestamp,
    nodes: [Node; 2],
    /// Something happened that does not happen between two of our own.
    is_disturbed: bool,
}

#[derive(Debug)]
struct Node {
    attempt: Attempt,
    /// On the way here: bytes, and whether the end is behind them.
    bytes: VecDeque<u8>,
    end_comes: bool,
    /// Of the candidates that were found.
    ports: Vec<u16>,
    is_connected: bool,
    is_init_closed: bool,
}

impl Pair {
    fn new() -> Self {
        let nodes = [true, false].map(|is_offerer| Node {
            attempt: Attempt::new(is_offerer, LIMIT),
            bytes: VecDeque::new(),
            end_comes: false,
            ports: Vec::new(),
            is_connected: false,
            is_init_closed: false,
        });
        let mut pair = Self { now: Timestamp::ZERO, nodes, is_disturbed: false };
        let offer = pair.nodes[0].attempt.actions.clone();
        pair.carry(0, offer);
        pair
    }

    fn step(&mut self, side: usize, step: impl FnOnce(&mut Attempt)) {
        step(&mut self.nodes[side].attempt);
        let actions = self.nodes[side].attempt.drain();
        self.carry(side, actions);
        if !self.is_disturbed {
            assert_eq!(self.nodes[side].attempt.failure, None, "nobody is to blame: {self:?}");
        }
    }

    fn carry(&mut self, from: usize, actions: Vec<StreamAction>) {
        for action in actions {
            let to = &mut self.nodes[1 - from];
            match action {
                StreamAction::Write(bytes) => to.bytes.extend(bytes),
                StreamAction::Close => to.end_comes = true,
                StreamAction::Reset => to.attempt.machine.handle_reset(),
            }
        }
        self.nodes[1 - from].attempt.drain();
    }

    /// Some of what is on the way, or the end.
    fn deliver(&mut self, side: usize, len: usize) {
        let node = &mut self.nodes[side];
        let piece: Vec<u8> = node.bytes.drain(..len.min(node.bytes.len())).collect();
        if !piece.is_empty() {
            self.step(side, |attempt| attempt.machine.handle_bytes(&piece));
        } else if std::mem::take(&mut node.end_comes) {
            self.step(side, |attempt| attempt.machine.handle_end());
        }
    }

    fn find(&mut self, side: usize) {
        let node = &mut self.nodes[side];
        let port = 1 + node.ports.len() as u16;
        node.ports.push(port);
        self.step(side, |attempt| attempt.machine.add_candidate(&candidate(port)));
    }

    fn end_candidates(&mut self, side: usize) {
        self.step(side, |attempt| attempt.machine.end_candidates());
    }

    /// ICE needs both descriptions, and a candidate of either side.
    fn connect(&mut self, side: usize) {
        let may = self.nodes.iter().all(|node| node.attempt.is_described())
            && self.nodes.iter().any(|node| !node.told().is_empty());
        if may {
            let now = self.now;
            self.nodes[side].is_connected = true;
            self.step(side, |attempt| attempt.machine.handle_connected(now));
        }
    }

    fn close_init(&mut self, side: usize) {
        if self.nodes.iter().all(|node| node.is_connected) {
            self.nodes[side].is_init_closed = true;
            self.step(side, |attempt| attempt.machine.handle_init_closed());
        }
    }

    fn disturb(&mut self, side: usize, step: impl FnOnce(&mut Attempt)) {
        self.is_disturbed = true;
        self.step(side, step);
    }

    /// A stranger's words between those of the peer.
    fn say(&mut self, side: usize, bytes: &[u8]) {
        self.is_disturbed = true;
        self.nodes[side].bytes.extend(bytes);
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        for side in [0, 1] {
            let now = self.now;
            let is_due =
                |attempt: &Attempt| attempt.machine.deadline().is_some_and(|due| due.at <= now);
            self.is_disturbed |= is_due(&self.nodes[side].attempt);
            self.step(side, |attempt| attempt.machine.handle_timeout(now));
            assert!(!is_due(&self.nodes[side].attempt), "a timer that spins");
        }
    }

    /// All is delivered, both connect if they can, and time passes.
    fn end(&mut self) {
        for _ in 0..3 {
            for side in [0, 1] {
                self.find(side);
                self.deliver(side, usize::MAX);
                self.connect(side);
                self.close_init(side);
                self.deliver(side, usize::MAX);
            }
        }
        let may_connect = self.nodes.iter().any(|node| !node.ports.is_empty());
        if !self.is_disturbed && may_connect {
            for (side, node) in self.nodes.iter().enumerate() {
                assert!(node.attempt.machine.is_over(), "never over: {self:?}");
                let said = &self.nodes[1 - side].ports;
                let told = node.told();
                assert_eq!(told, said[..told.len()], "in order, and none twice");
            }
        }
        self.wait(Duration::from_secs(10));
        self.wait(Duration::from_secs(10));
        assert!(self.nodes.iter().all(|node| node.attempt.machine.is_over()), "{self:?}");
    }
}

impl Node {
    fn told(&self) -> Vec<u16> {
        let port = |event: &Event| match event {
            Event::Candidate(candidate) => Some(candidate.as_sdp().port),
            _ => None,
        };
        self.attempt.events.iter().filter_map(port).collect()
    }
}

const LIMIT: usize = 8;

/// An unknown kind, ICE_DONE, two ends of candidates, an answer and an offer of nothing, no message, and half a one.
const NONSENSE: [&[u8]; 8] = [
    b"\x02\x08\x63",
    b"\x02\x08\x03",
    b"\x08\x08\x02\x12\x04null",
    b"\x06\x08\x02\x12\x02\"\"",
    b"\x02\x08\x01",
    b"\x00",
    b"\x01\x1b",
    b"\x09",
];
