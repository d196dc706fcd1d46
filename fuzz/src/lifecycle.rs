//! Two lifecycles on one channel: whatever both applications do, they agree, and both end.
//!
//! The channel delivers in order, as SCTP does, and with any delay. Applications wish what they like,
//! at any time; after that both finish, everything is delivered and time passes. Step by step each side does
//! what a second telling of the rules, the model, does.

mod model;

use std::collections::VecDeque;
use std::time::Duration;

use floe_core::frame::Flag;
use floe_core::stream::{Cause, LAST_WORD_TIMEOUT, Lifecycle, ReadHalf, Reply, Wish, WriteHalf};
use floe_core::time::Timestamp;

use self::model::Model;
use crate::input::Input;
use crate::says_why;

/// Each byte is one step: of which side in its highest bit, then what.
pub fn lifecycle(data: &[u8]) {
    let mut pair = Pair::default();
    let mut input = Input::new(data);
    while !input.is_empty() {
        let op = input.byte();
        let side = usize::from(op >> 7);
        match op & 0x0f {
            0..=2 => pair.write(side),
            3..=7 => pair.deliver(side),
            8 => pair.wish(side, Wish::Finish),
            9 => pair.wish(side, Wish::StopReading),
            10 => pair.wish(side, Wish::Reset),
            11 | 12 => pair.now = pair.now + Duration::from_millis(u64::from(op >> 4 & 7) * 1_500),
            13 => pair.wake(side),
            14 => pair.nonsense(side, op >> 4 & 7),
            _ => {}
        }
        pair.check();
    }
    pair.end();
}

#[derive(Debug, Default)]
struct Pair {
    now: Timestamp,
    sides: [Side; 2],
    /// Somebody broke off, lost patience, or spoke nonsense: orderly ends are not owed any more.
    is_disorderly: bool,
    /// A side heard what its peer did not say: the two cannot agree, and only a reset ends them.
    is_forged: bool,
}

#[derive(Debug, Default)]
struct Side {
    life: Lifecycle,
    model: Model,
    /// On the way to the peer.
    under_way: VecDeque<Frame>,
    written: u32,
    received: u32,
    /// Payload was dropped on arrival, or after it.
    discarded: bool,
    /// What the peer had written when it said FIN.
    finished_at: Option<u32>,
    fins: u32,
    fin_acks: u32,
    is_closed: bool,
    had_stopped: bool,
}

#[derive(Clone, Copy, Debug)]
enum Frame {
    Payload,
    Flag { flag: Flag, written: u32 },
    Close,
}

impl Pair {
    /// One byte of payload.
    fn write(&mut self, side: usize) {
        let side = &mut self.sides[side];
        if side.life.write_half() == WriteHalf::Open {
            assert!(!side.is_closed);
            side.written += 1;
            side.under_way.push_back(Frame::Payload);
        }
    }

    /// The next of what is under way to `side`.
    fn deliver(&mut self, side: usize) {
        let Some(frame) = self.sides[1 - side].under_way.pop_front() else { return };
        let read_half = self.sides[side].life.read_half();
        match frame {
            Frame::Payload if read_half == ReadHalf::Open => self.sides[side].received += 1,
            Frame::Payload => {
                let is_behind_fin = read_half == ReadHalf::Finished && !self.is_forged;
                assert!(!is_behind_fin, "payload behind FIN: {self:?}");
                self.sides[side].discarded = true;
            }
            Frame::Flag { flag, written } => {
                if flag == Flag::Fin {
                    self.sides[side].finished_at = Some(written);
                }
                self.on(side, Cause::Peer(flag));
            }
            Frame::Close => self.on(side, Cause::ChannelClosed),
        }
    }

    fn wish(&mut self, side: usize, wish: Wish) {
        self.is_disorderly |= wish == Wish::Reset;
        let refused =
            wish == Wish::Finish && self.sides[side].life.write_half() == WriteHalf::Reset;
        if refused {
            self.sides[side].refuses(self.now, Cause::App(wish));
        } else {
            self.on(side, Cause::App(wish));
        }
    }

    /// The deadline, if it has come.
    fn wake(&mut self, side: usize) {
        let due = self.sides[side].life.deadline().is_some_and(|due| due.at <= self.now);
        if due {
            self.is_disorderly = true;
            self.on(side, Cause::Expired);
        } else {
            self.sides[side].refuses(self.now, Cause::Expired);
        }
    }

    /// A flag that the peer had no reason to send, or the end of the connection.
    fn nonsense(&mut self, side: usize, choice: u8) {
        (self.is_disorderly, self.is_forged) = (true, true);
        match Flag::from_wire(u64::from(choice)) {
            Some(flag) => self.on(side, Cause::Peer(flag)),
            None if choice == 7 => {
                for side in [0, 1] {
                    self.sides[0].under_way.clear();
                    self.sides[1].under_way.clear();
                    self.on(side, Cause::ConnectionLost);
                    self.sides[side].is_closed = true;
                }
            }
            None => self.on(side, Cause::ChannelClosed),
        }
    }

    /// A step that cannot be refused, and what must hold of any.
    fn on(&mut self, at: usize, cause: Cause) {
        let side = &mut self.sides[at];
        let before = side.life;
        let reply = side.life.on(self.now, cause);
        side.model.follow(self.now, cause, &side.life, reply);
        let reply = reply.expect("only misplaced wishes are refused");
        if before.is_over() {
            assert_eq!(side.life, before, "{cause:?} changes nothing after the end");
            let mut expected = Reply::default();
            expected.discard_inbound = matches!(cause, Cause::App(Wish::StopReading | Wish::Reset));
            assert_eq!(reply, expected, "{cause:?} after the end");
        }
        side.discarded |= reply.discard_inbound;
        side.had_stopped |= side.life.read_half() == ReadHalf::Stopped;
        if let Some(flag) = reply.send {
            assert!(!side.is_closed, "{flag:?} after the channel was closed");
            match flag {
                Flag::Fin => side.fins += 1,
                Flag::FinAck => {
                    assert_eq!(cause, Cause::Peer(Flag::Fin), "FIN_ACK is never sent unasked");
                    side.fin_acks += 1;
                }
                _ => {}
            }
            side.under_way.push_back(Frame::Flag { flag, written: side.written });
        }
        if reply.close_channel {
            assert!(
                side.life.is_over() && !side.is_closed,
                "the channel is closed once, at the end"
            );
            side.is_closed = true;
            side.under_way.push_back(Frame::Close);
        }
        if cause == Cause::Peer(Flag::FinAck)
            && before.write_half() == WriteHalf::FinSent
            && !self.is_disorderly
        {
            let peer = &self.sides[1 - at];
            assert_eq!(peer.life.read_half(), ReadHalf::Finished, "the peer acknowledged FIN");
            assert!(peer.discarded || peer.received == self.sides[at].written);
        }
    }

    /// What holds at any time.
    fn check(&self) {
        for (at, side) in self.sides.iter().enumerate() {
            let peer = &self.sides[1 - at];
            assert!(
                side.fins <= 1 && side.fin_acks <= 1,
                "FIN and FIN_ACK are sent once: {self:?}"
            );
            assert_eq!(side.life.is_over(), side.is_closed, "over and open, or the reverse");
            assert!(
                !side.life.is_over() || side.life.deadline().is_none(),
                "a timer after the end"
            );
            if let Some(deadline) = side.life.deadline() {
                assert!(
                    deadline.at <= self.now + LAST_WORD_TIMEOUT,
                    "too long a wait: {deadline:?}"
                );
            }
            assert!(side.received <= peer.written, "payload out of nothing");
            if self.is_disorderly {
                continue;
            }
            assert_ne!(side.life.write_half(), WriteHalf::Reset, "nobody broke off: {self:?}");
            match side.life.read_half() {
                ReadHalf::Finished => {
                    assert_eq!(side.finished_at, Some(peer.written));
                    assert!(side.discarded || side.received == peer.written, "lost: {self:?}");
                }
                ReadHalf::Reset => assert!(side.had_stopped, "nobody broke off: {self:?}"),
                _ => {}
            }
        }
    }

    /// Both applications finish, all is delivered, and time passes: both must end, and agree.
    fn end(&mut self) {
        for side in [0, 1] {
            self.wish(side, Wish::Finish);
            if self.is_forged {
                self.wish(side, Wish::Reset);
            }
        }
        let started = self.now;
        loop {
            while self.sides.iter().any(|side| !side.under_way.is_empty()) {
                self.deliver(0);
                self.deliver(1);
                self.check();
            }
            let deadlines = self.sides.iter().filter_map(|side| side.life.deadline());
            let Some(next) = deadlines.min() else { break };
            self.now = self.now.max(next.at);
            for side in [0, 1] {
                if self.sides[side].life.deadline().is_some_and(|due| due.at <= self.now) {
                    self.wake(side);
                }
            }
            self.check();
        }
        assert!(self.sides.iter().all(|side| side.life.is_over()), "never over: {self:?}");
        // At worst: FIN_ACK does not come, then FIN does not.
        assert!(self.now.saturating_since(started) <= 2 * LAST_WORD_TIMEOUT, "late: {self:?}");
    }
}

impl Side {
    /// A step that does not fit, and changes nothing.
    fn refuses(&mut self, now: Timestamp, cause: Cause) {
        let before = self.life;
        let refused = self.life.on(now, cause);
        self.model.follow(now, cause, &self.life, refused);
        says_why(&refused.expect_err("the step does not fit"));
        assert_eq!(self.life, before);
    }
}
