//! One stream of an application: what it writes and reads there, a piece and a sip at a time.

use std::time::Duration;

use floe_core::rtc::{Read, StreamId};
use floe_core::time::Timestamp;

use super::Turn;
use crate::chaos::oracle::{LifeId, Verdict};
use crate::chaos::peer::Broken;
use crate::chaos::script::Plan;
use crate::chaos::sequence::{HEADER_LEN, Number, Way};

/// A stream of an application.
#[derive(Debug)]
pub(super) struct Stream {
    /// Which flow it is; not known to its acceptor before the header is read.
    number: Option<Number>,
    way: Way,
    header: Vec<u8>,
    /// Bytes that it writes altogether.
    goal: u64,
    piece: usize,
    sip: usize,
    paused_until: Timestamp,
    has_written: bool,
    has_read: bool,
    /// Waits for the acknowledgement of its end before it lets go.
    awaits: bool,
}

impl Stream {
    fn new(way: Way) -> Self {
        Self {
            number: None,
            way,
            header: Vec::new(),
            goal: 0,
            piece: 0,
            sip: 0,
            paused_until: Timestamp::ZERO,
            has_written: false,
            has_read: false,
            awaits: false,
        }
    }

    /// One that the application opened.
    pub(super) fn opened(number: Number, plan: Plan, turn: &Turn<'_>) -> Self {
        let mut stream = Self::new(Way::There);
        stream.begin(number, plan, turn);
        stream
    }

    /// One that the peer opened; which, its header will say.
    pub(super) fn accepted() -> Self {
        Self::new(Way::Back)
    }

    /// The flow is known.
    fn begin(&mut self, number: Number, plan: Plan, turn: &Turn<'_>) {
        self.number = Some(number);
        self.goal = turn.oracle.planned(number, self.way);
        (self.piece, self.sip) = (plan.piece.max(1), plan.sip.max(1));
        // Some wait for the acknowledgement, some let go at once.
        self.awaits = turn.host.peer.tells_ends() && !number.is_multiple_of(3);
    }

    /// Whether nothing is left to do on it.
    pub(super) fn is_over(&self) -> bool {
        self.has_read && self.has_written && !self.awaits
    }

    // ── what scripts want: nothing of a stream whose flow is not known ──

    /// Writes no more than it has.
    pub(super) fn finish(&mut self, turn: &Turn<'_>) {
        if let Some(number) = self.number {
            let least = if self.way == Way::There { HEADER_LEN } else { 0 };
            self.goal = turn.oracle.written(number, self.way).max(least).min(self.goal);
        }
    }

    pub(super) fn stop_reading(&mut self, id: StreamId, turn: &mut Turn<'_>) {
        if let Some(number) = self.number
            && !self.has_read
        {
            self.has_read = true;
            turn.oracle.stops(number, self.way);
            turn.host.peer.stop_reading(turn.clock(), id);
        }
    }

    pub(super) fn reset(&mut self, id: StreamId, turn: &mut Turn<'_>) {
        if let Some(number) = self.number {
            turn.oracle.breaks_off(number, self.way);
            self.awaits = false;
            turn.host.peer.reset(turn.clock(), id);
        }
    }

    /// Lets go of it; says whether it did.
    pub(super) fn forget(&mut self, id: StreamId, turn: &mut Turn<'_>) -> bool {
        let Some(number) = self.number else { return false };
        // What was finished is still delivered.
        match self.has_written {
            true => turn.oracle.stops(number, self.way),
            false => turn.oracle.breaks_off(number, self.way),
        }
        turn.host.peer.forget(turn.clock(), id);
        true
    }

    pub(super) fn pause(&mut self, until: Timestamp) {
        self.paused_until = until;
    }

    // ── what it is told ──

    /// Its write half has come to its end.
    pub(super) fn finished(&mut self, turn: &mut Turn<'_>, acknowledged: bool) -> Verdict {
        let Some(number) = self.number else { return Ok(()) };
        self.awaits = false;
        turn.oracle.finished(number, self.way, acknowledged)
    }

    /// What was not acknowledged never will be.
    pub(super) fn awaits_no_more(&mut self) {
        self.awaits = false;
    }

    // ── what it does by itself ──

    /// Writes and reads what there is; says when it wants to go on although nothing happens.
    pub(super) fn pump(
        &mut self,
        (life, id): (LifeId, StreamId),
        turn: &mut Turn<'_>,
        hurries: bool,
    ) -> Verdict<Option<Timestamp>> {
        if hurries {
            (self.piece, self.sip) = (self.piece.max(HURRY), self.sip.max(HURRY));
            self.paused_until = Timestamp::ZERO;
        }
        if self.number.is_none() {
            self.read_header(life, id, turn)?;
        }
        let Some(number) = self.number else { return Ok(None) };
        let mut goes_on = false;
        if !self.has_written {
            goes_on |= self.write(number, id, turn)?;
        }
        if !self.has_read && self.paused_until <= turn.now {
            goes_on |= self.read(number, id, turn)?;
        }
        let pause_ends = (self.paused_until > turn.now).then_some(self.paused_until);
        Ok([goes_on.then(|| turn.now + TICK), pause_ends].into_iter().flatten().min())
    }

    fn read_header(&mut self, life: LifeId, id: StreamId, turn: &mut Turn<'_>) -> Verdict {
        let mut buffer = [0; HEADER_LEN as usize];
        while self.header.len() < buffer.len() {
            let room = buffer.len() - self.header.len();
            match turn.host.peer.read(turn.clock(), id, &mut buffer[..room]) {
                Read::Bytes(len) => self.header.extend_from_slice(&buffer[..len]),
                Read::Empty => return Ok(()),
                Read::Finished => {
                    return turn
                        .oracle
                        .violation("early end", format!("{id} ends before its header"));
                }
                // Whose it was, and so whether it had a cause, nobody knows.
                Read::Reset => {
                    (self.has_read, self.has_written, self.awaits) = (true, true, false);
                    return Ok(());
                }
            }
        }
        let (number, plan) = turn.oracle.reads_header(life, id, &self.header)?;
        self.begin(number, plan, turn);
        Ok(())
    }

    /// Writes pieces; says whether it would go on although nothing happens.
    fn write(&mut self, number: Number, id: StreamId, turn: &mut Turn<'_>) -> Verdict<bool> {
        let clock = turn.clock();
        loop {
            let left = self.goal.saturating_sub(turn.oracle.written(number, self.way));
            if left == 0 {
                self.has_written = true;
                return match turn.host.peer.finish(clock, id) {
                    Ok(()) => {
                        turn.oracle.finishes(number, self.way);
                        Ok(false)
                    }
                    Err(Broken) => self.break_writing(number, turn),
                };
            }
            let piece = turn.oracle.next_bytes(number, self.way, left.min(self.piece as u64));
            match turn.host.peer.write(clock, id, &piece) {
                Ok(len) => {
                    turn.oracle.wrote(number, self.way, len);
                    if len < piece.len() {
                        return Ok(false);
                    }
                }
                Err(Broken) => {
                    self.has_written = true;
                    return self.break_writing(number, turn);
                }
            }
            if self.piece < SLOW {
                return Ok(true);
            }
        }
    }

    fn break_writing(&mut self, number: Number, turn: &mut Turn<'_>) -> Verdict<bool> {
        self.awaits = false;
        turn.oracle.broken(number, self.way)?;
        Ok(false)
    }

    /// Reads sips; says whether it would go on although nothing happens.
    fn read(&mut self, number: Number, id: StreamId, turn: &mut Turn<'_>) -> Verdict<bool> {
        let mut buffer = vec![0; self.sip.min(HURRY)];
        loop {
            match turn.host.peer.read(turn.clock(), id, &mut buffer) {
                Read::Bytes(len) => turn.oracle.reads(number, self.way, &buffer[..len])?,
                Read::Empty => return Ok(false),
                Read::Finished => {
                    self.has_read = true;
                    turn.oracle.reads_end(number, self.way)?;
                    return Ok(false);
                }
                Read::Reset => {
                    self.has_read = true;
                    self.awaits = false;
                    turn.oracle.reads_reset(number, self.way)?;
                    return Ok(false);
                }
            }
            if self.sip < SLOW {
                return Ok(true);
            }
        }
    }
}

/// How often an application goes on that does little at a time.
const TICK: Duration = Duration::from_millis(20);
/// Pieces and sips below this are one at a time.
const SLOW: usize = 2_000;
/// Pieces and sips of who hurries.
const HURRY: usize = 65_536;
