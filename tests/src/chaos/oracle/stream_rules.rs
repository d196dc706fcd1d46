//! The rules of streams: each byte in its place, and no end without its cause.

use floe_core::rtc::StreamId;

use super::flows::Place;
use super::{LifeId, Oracle, Verdict};
use crate::chaos::script::{Kind, Plan};
use crate::chaos::sequence::{HEADER_LEN, Number, Way};

impl Oracle {
    // ── their beginning ──

    /// A stream that its node opened.
    pub(in crate::chaos) fn opens(
        &mut self,
        life: LifeId,
        stream: StreamId,
        plan: Plan,
    ) -> Verdict<Number> {
        // It may be told after the end, behind a driver; never before the beginning.
        if self.connections.link(life, stream.connection()).is_none() {
            self.is_up(life, stream)?;
        }
        Ok(self.flows.begin(Place { life, stream }, plan))
    }

    /// A stream that a peer opened; which, its header will say.
    pub(in crate::chaos) fn surfaces(&mut self, life: LifeId, stream: StreamId) -> Verdict {
        self.is_up(life, stream)
    }

    /// The header of a stream that a peer opened: which flow it is.
    pub(in crate::chaos) fn reads_header(
        &mut self,
        life: LifeId,
        stream: StreamId,
        header: &[u8],
    ) -> Verdict<(Number, Plan)> {
        let peer = self.connections.link(life, stream.connection()).map(|link| link.peer);
        let name = self.lives.name(life);
        let Some(number) = self.flows.named_by(header) else {
            return self.violation("bytes", format!("{name} reads the header {header:?}"));
        };
        let flow = &self.flows[number];
        let (opener, plan) = (flow.opener, flow.plan);
        let written = flow.end(Way::There).written;
        if header != self.flows.header(number) || written < HEADER_LEN {
            return self.violation("bytes", format!("{name} reads the header {header:?}"));
        }
        if Some(self.lives[opener].peer_id) != peer {
            let what = format!("flow {number} surfaces at {name}, from {peer:?}");
            return self.violation("stream", what);
        }
        if let Some(place) = flow.end(Way::Back).at {
            let what = format!("flow {number} surfaces twice: {place:?} and {stream} of {name}");
            return self.violation("stream", what);
        }
        self.tally.streams += 1;
        self.tally.bytes += HEADER_LEN;
        let end = self.flows.end_mut(number, Way::Back);
        end.at = Some(Place { life, stream });
        end.read = HEADER_LEN;
        Ok((number, plan))
    }

    // ── what applications do ──

    /// Bytes that an end is to write next, at most so many.
    pub(in crate::chaos) fn next_bytes(&self, number: Number, way: Way, max: u64) -> Vec<u8> {
        let written = self.written(number, way);
        let len = max.min(self.planned(number, way).saturating_sub(written));
        self.flows.bytes(number, way, written, len as usize)
    }

    /// Bytes that an end writes altogether.
    pub(in crate::chaos) fn planned(&self, number: Number, way: Way) -> u64 {
        self.flows[number].planned(way)
    }

    pub(in crate::chaos) fn wrote(&mut self, number: Number, way: Way, len: usize) {
        self.flows.end_mut(number, way).written += len as u64;
    }

    pub(in crate::chaos) fn written(&self, number: Number, way: Way) -> u64 {
        self.flows[number].end(way).written
    }

    pub(in crate::chaos) fn finishes(&mut self, number: Number, way: Way) {
        self.flows.end_mut(number, way).finished = true;
    }

    pub(in crate::chaos) fn stops(&mut self, number: Number, way: Way) {
        self.flows.end_mut(number, way).stopped = true;
    }

    /// An end is reset, or let go of before both its halves were at an end.
    pub(in crate::chaos) fn breaks_off(&mut self, number: Number, way: Way) {
        self.flows.end_mut(number, way).gone = true;
    }

    // ── what they are told ──

    /// An end cannot write any more.
    pub(in crate::chaos) fn broken(&mut self, number: Number, way: Way) -> Verdict {
        let end = self.flows[number].end(way);
        let there = self.flows[number].end(way.opposite());
        if end.finished || end.gone || there.stopped || self.has_cause(number, way) {
            return Ok(());
        }
        let (name, story) = (self.name_of(number, way), self.flows.story(number));
        self.violation("reset without a cause", format!("{name} cannot write on {story}"))
    }

    /// Bytes that an end has read.
    pub(in crate::chaos) fn reads(&mut self, number: Number, way: Way, bytes: &[u8]) -> Verdict {
        let from = way.opposite();
        let read = self.flows[number].end(way).read;
        let written = self.written(number, from);
        let len = bytes.len();
        if len as u64 > written - read {
            let name = self.name_of(number, way);
            let what =
                format!("{name} reads {len} bytes from {read} on, and {written} were written");
            return self.violation("bytes", what);
        }
        let expected = self.flows.bytes(number, from, read, len);
        if let Some(at) = (0..len).find(|at| bytes[*at] != expected[*at]) {
            let what = format!(
                "{} reads what was not sent, {} bytes from {} on: {}",
                self.name_of(number, way),
                len - at,
                read + at as u64,
                self.flows.story(number)
            );
            return self.violation("bytes", what);
        }
        self.tally.bytes += len as u64;
        self.flows.end_mut(number, way).read += len as u64;
        Ok(())
    }

    /// The end of what an end reads.
    pub(in crate::chaos) fn reads_end(&mut self, number: Number, way: Way) -> Verdict {
        let end = self.flows[number].end(way);
        let there = self.flows[number].end(way.opposite());
        if end.stopped {
            return Ok(());
        }
        if !there.finished || end.read < there.written {
            let (name, story) = (self.name_of(number, way), self.flows.story(number));
            return self
                .violation("early end", format!("{name} is told that this is all: {story}"));
        }
        self.tally.finished += 1;
        Ok(())
    }

    /// A reset in place of more to read.
    pub(in crate::chaos) fn reads_reset(&mut self, number: Number, way: Way) -> Verdict {
        self.tally.resets += 1;
        let end = self.flows[number].end(way);
        let there = self.flows[number].end(way.opposite());
        let what =
            || format!("{} is reset: {}", self.name_of(number, way), self.flows.story(number));
        if there.acknowledged && !end.gone {
            return self.violation("acknowledged and lost", what());
        }
        if end.gone || self.has_cause(number, way) {
            return Ok(());
        }
        self.violation("reset without a cause", what())
    }

    /// The end of a write half.
    pub(in crate::chaos) fn finished(
        &mut self,
        number: Number,
        way: Way,
        acknowledged: bool,
    ) -> Verdict {
        if !acknowledged {
            return Ok(());
        }
        let end = self.flows.end_mut(number, way);
        end.acknowledged = true;
        self.tally.acknowledged += 1;
        if !end.finished {
            let story = self.flows.story(number);
            let what = format!("{story}'s end is acknowledged, which it is not");
            return self.violation("acknowledgement", what);
        }
        Ok(())
    }

    // ── what they are judged by ──

    fn is_up(&self, life: LifeId, stream: StreamId) -> Verdict {
        match self.connections.link(life, stream.connection()) {
            Some(link) if !link.is_over => Ok(()),
            Some(_) => self.violation("stream", format!("{stream} surfaces after the end")),
            None => self.violation("stream", format!("{stream} surfaces before the peer is known")),
        }
    }

    /// Whether one end of a flow may be broken off, for what the other end did or for the connection.
    fn has_cause(&self, number: Number, way: Way) -> bool {
        let flow = &self.flows[number];
        let here = flow.end(way).at.expect("an end acts after it began");
        let over = |place: Place| {
            let link = self.connections.link(place.life, place.stream.connection());
            self.lives[place.life].is_over || link.is_none_or(|link| link.is_over || link.closing)
        };
        if over(here) {
            return true;
        }
        let there = flow.end(way.opposite());
        if let Some(place) = there.at {
            return there.gone || over(place);
        }
        // The acceptor has not heard of it, or not read its header: whether the connection lives there is
        // not known.
        let Some(link) = self.connections.link(flow.opener, flow.on) else { return true };
        let is_full = self.lives.last_of(link.peer).is_some_and(|life| life.kind == Kind::Small);
        is_full || there.gone || self.connections.peer_let_go(&self.lives, flow.opener, link.peer)
    }

    /// Who is at an end of a flow.
    fn name_of(&self, number: Number, way: Way) -> String {
        match self.flows[number].end(way).at {
            Some(place) => format!("{} at {}", self.lives.name(place.life), place.stream),
            None => "nobody".into(),
        }
    }
}
