//! The application on a node: it does what scripts say, answers streams, and tells the oracle everything.

use std::collections::BTreeMap;
use std::time::Duration;

use floe_core::rtc::{ConnectionId, Read, StreamId};
use floe_core::time::Timestamp;

use super::host::Host;
use super::oracle::{LifeId, Oracle, Verdict};
use super::peer::{Ask, Broken, Happening};
use super::script::Plan;
use super::sequence::{HEADER_LEN, Number, Way};

/// The application on a node.
#[derive(Debug)]
pub(super) struct Application {
    /// The life of its node.
    pub(super) life: LifeId,
    /// Streams that it has asked for.
    opening: BTreeMap<Ask, (ConnectionId, Plan)>,
    streams: BTreeMap<StreamId, Stream>,
    /// No pauses and no sips any more: the trouble is over.
    pub(super) hurries: bool,
}

/// A stream of an application.
#[derive(Debug)]
struct Stream {
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

impl Application {
    pub(super) fn new(life: LifeId) -> Self {
        let (opening, streams) = (BTreeMap::new(), BTreeMap::new());
        Self { life, opening, streams, hurries: false }
    }

    /// Whether nothing is left to do on any stream.
    pub(super) fn is_idle(&self) -> bool {
        self.streams.is_empty() && self.opening.is_empty()
    }

    /// What is left to do.
    pub(super) fn left(&self) -> String {
        format!("{:?} {:?}", self.streams, self.opening)
    }

    // ── what scripts want ──

    pub(super) fn open(&mut self, host: &mut Host, now: Timestamp, on: ConnectionId, plan: Plan) {
        let ask = host.peer.open(host.clock(now), on);
        self.opening.insert(ask, (on, plan));
    }

    pub(super) fn finish(&mut self, nth: usize, oracle: &Oracle) {
        if let Some((_, stream)) = self.nth(nth)
            && let Some(number) = stream.number
        {
            let least = if stream.way == Way::There { HEADER_LEN } else { 0 };
            stream.goal = oracle.written(number, stream.way).max(least).min(stream.goal);
        }
    }

    pub(super) fn stop_reading(
        &mut self,
        host: &mut Host,
        now: Timestamp,
        nth: usize,
        oracle: &mut Oracle,
    ) {
        if let Some((id, stream)) = self.nth(nth)
            && let Some(number) = stream.number
            && !stream.has_read
        {
            stream.has_read = true;
            oracle.stops(number, stream.way);
            host.peer.stop_reading(host.clock(now), id);
        }
    }

    pub(super) fn reset(
        &mut self,
        host: &mut Host,
        now: Timestamp,
        nth: usize,
        oracle: &mut Oracle,
    ) {
        if let Some((id, stream)) = self.nth(nth)
            && let Some(number) = stream.number
        {
            oracle.breaks_off(number, stream.way);
            stream.awaits = false;
            host.peer.reset(host.clock(now), id);
        }
    }

    pub(super) fn forget(
        &mut self,
        host: &mut Host,
        now: Timestamp,
        nth: usize,
        oracle: &mut Oracle,
    ) {
        if let Some((id, stream)) = self.nth(nth)
            && let Some(number) = stream.number
        {
            // What was finished is still delivered.
            match stream.has_written {
                true => oracle.stops(number, stream.way),
                false => oracle.breaks_off(number, stream.way),
            }
            host.peer.forget(host.clock(now), id);
            self.streams.remove(&id);
        }
    }

    pub(super) fn pause(&mut self, nth: usize, until: Timestamp) {
        if let Some((_, stream)) = self.nth(nth) {
            stream.paused_until = until;
        }
    }

    fn nth(&mut self, nth: usize) -> Option<(StreamId, &mut Stream)> {
        let count = self.streams.len().max(1);
        self.streams.iter_mut().nth(nth % count).map(|(id, stream)| (*id, stream))
    }

    // ── what it does by itself ──

    /// Hears, writes and reads what there is; says when it wants to go on although nothing happens.
    pub(super) fn pump(
        &mut self,
        host: &mut Host,
        now: Timestamp,
        oracle: &mut Oracle,
    ) -> Verdict<Option<Timestamp>> {
        while let Some(happening) = host.peer.happening() {
            self.hear(host, oracle, happening)?;
        }
        let mut next: Option<Timestamp> = None;
        let mut over = Vec::new();
        for (id, stream) in &mut self.streams {
            let wake = stream.pump((self.life, *id), host, now, oracle, self.hurries)?;
            next = [next, wake].into_iter().flatten().min();
            if stream.has_read && stream.has_written && !stream.awaits {
                over.push(*id);
            }
        }
        for id in over {
            self.streams.remove(&id);
            host.peer.forget(host.clock(now), id);
        }
        Ok(next)
    }

    fn hear(&mut self, host: &Host, oracle: &mut Oracle, happening: Happening) -> Verdict {
        oracle.tell(self.life, || format!("{happening:?}"));
        match happening {
            Happening::Connected { ask, id, peer } => oracle.connected(self.life, ask, id, peer),
            Happening::Refused { ask, why } => {
                if self.opening.remove(&ask).is_none() {
                    oracle.refused(self.life, ask, &why)?;
                }
                Ok(())
            }
            Happening::Opened { ask: Some(ask), id } => {
                let Some((on, plan)) = self.opening.remove(&ask) else {
                    return oracle.violation("stream", format!("{id} was not asked for"));
                };
                if on != id.connection() {
                    return oracle.violation("stream", format!("{id} was to be on {on}"));
                }
                let number = oracle.opens(self.life, id, plan)?;
                let mut stream = Stream::new(Way::There);
                stream.begin(number, plan, host, oracle);
                self.streams.insert(id, stream);
                Ok(())
            }
            Happening::Opened { ask: None, id } => {
                oracle.surfaces(self.life, id)?;
                self.streams.insert(id, Stream::new(Way::Back));
                Ok(())
            }
            Happening::Finished { id, acknowledged } => {
                let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
                let Some(number) = stream.number else { return Ok(()) };
                stream.awaits = false;
                oracle.finished(number, stream.way, acknowledged)
            }
            Happening::Closed { id, why } => {
                // What was not acknowledged never will be.
                let of = self.streams.iter_mut().filter(|(stream, _)| stream.connection() == id);
                of.for_each(|(_, stream)| stream.awaits = false);
                oracle.closed(self.life, id, &why)
            }
        }
    }
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

    /// The flow is known.
    fn begin(&mut self, number: Number, plan: Plan, host: &Host, oracle: &Oracle) {
        self.number = Some(number);
        self.goal = oracle.planned(number, self.way);
        (self.piece, self.sip) = (plan.piece.max(1), plan.sip.max(1));
        // Some wait for the acknowledgement, some let go at once.
        self.awaits = host.peer.tells_ends() && !number.is_multiple_of(3);
    }

    fn pump(
        &mut self,
        (life, id): (LifeId, StreamId),
        host: &mut Host,
        now: Timestamp,
        oracle: &mut Oracle,
        hurries: bool,
    ) -> Verdict<Option<Timestamp>> {
        if hurries {
            (self.piece, self.sip) = (self.piece.max(HURRY), self.sip.max(HURRY));
            self.paused_until = Timestamp::ZERO;
        }
        if self.number.is_none() {
            self.read_header(life, id, host, now, oracle)?;
        }
        let Some(number) = self.number else { return Ok(None) };
        let mut goes_on = false;
        if !self.has_written {
            goes_on |= self.write(number, id, host, now, oracle)?;
        }
        if !self.has_read && self.paused_until <= now {
            goes_on |= self.read(number, id, host, now, oracle)?;
        }
        let pause_ends = (self.paused_until > now).then_some(self.paused_until);
        Ok([goes_on.then(|| now + TICK), pause_ends].into_iter().flatten().min())
    }

    fn read_header(
        &mut self,
        life: LifeId,
        id: StreamId,
        host: &mut Host,
        now: Timestamp,
        oracle: &mut Oracle,
    ) -> Verdict {
        let mut buffer = [0; HEADER_LEN as usize];
        while self.header.len() < buffer.len() {
            let room = buffer.len() - self.header.len();
            match host.peer.read(host.clock(now), id, &mut buffer[..room]) {
                Read::Bytes(len) => self.header.extend_from_slice(&buffer[..len]),
                Read::Empty => return Ok(()),
                Read::Finished => {
                    return oracle.violation("early end", format!("{id} ends before its header"));
                }
                // Whose it was, and so whether it had a cause, nobody knows.
                Read::Reset => {
                    (self.has_read, self.has_written, self.awaits) = (true, true, false);
                    return Ok(());
                }
            }
        }
        let (number, plan) = oracle.reads_header(life, id, &self.header)?;
        self.begin(number, plan, host, oracle);
        Ok(())
    }

    /// Writes pieces; says whether it would go on although nothing happens.
    fn write(
        &mut self,
        number: Number,
        id: StreamId,
        host: &mut Host,
        now: Timestamp,
        oracle: &mut Oracle,
    ) -> Verdict<bool> {
        let clock = host.clock(now);
        loop {
            let left = self.goal.saturating_sub(oracle.written(number, self.way));
            if left == 0 {
                self.has_written = true;
                return match host.peer.finish(clock, id) {
                    Ok(()) => {
                        oracle.finishes(number, self.way);
                        Ok(false)
                    }
                    Err(Broken) => self.break_writing(number, oracle),
                };
            }
            let piece = oracle.next_bytes(number, self.way, left.min(self.piece as u64));
            match host.peer.write(clock, id, &piece) {
                Ok(len) => {
                    oracle.wrote(number, self.way, len);
                    if len < piece.len() {
                        return Ok(false);
                    }
                }
                Err(Broken) => {
                    self.has_written = true;
                    return self.break_writing(number, oracle);
                }
            }
            if self.piece < SLOW {
                return Ok(true);
            }
        }
    }

    fn break_writing(&mut self, number: Number, oracle: &mut Oracle) -> Verdict<bool> {
        self.awaits = false;
        oracle.broken(number, self.way)?;
        Ok(false)
    }

    /// Reads sips; says whether it would go on although nothing happens.
    fn read(
        &mut self,
        number: Number,
        id: StreamId,
        host: &mut Host,
        now: Timestamp,
        oracle: &mut Oracle,
    ) -> Verdict<bool> {
        let mut buffer = vec![0; self.sip.min(HURRY)];
        loop {
            match host.peer.read(host.clock(now), id, &mut buffer) {
                Read::Bytes(len) => oracle.reads(number, self.way, &buffer[..len])?,
                Read::Empty => return Ok(false),
                Read::Finished => {
                    self.has_read = true;
                    oracle.reads_end(number, self.way)?;
                    return Ok(false);
                }
                Read::Reset => {
                    self.has_read = true;
                    self.awaits = false;
                    oracle.reads_reset(number, self.way)?;
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
