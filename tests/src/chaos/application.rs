//! The application on a node: it does what scripts say, answers streams, and tells the oracle everything.

mod stream;
mod turn;

use std::collections::BTreeMap;

use floe_core::rtc::{ConnectionId, StreamId};
use floe_core::time::Timestamp;

use self::stream::Stream;
use super::oracle::{LifeId, Verdict};
use super::peer::{Ask, Happening};
use super::script::Plan;

pub(super) use self::turn::Turn;

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

    pub(super) fn open(&mut self, turn: &mut Turn<'_>, on: ConnectionId, plan: Plan) {
        let ask = turn.host.peer.open(turn.clock(), on);
        self.opening.insert(ask, (on, plan));
    }

    pub(super) fn finish(&mut self, turn: &mut Turn<'_>, nth: usize) {
        if let Some((_, stream)) = self.nth(nth) {
            stream.finish(turn);
        }
    }

    pub(super) fn stop_reading(&mut self, turn: &mut Turn<'_>, nth: usize) {
        if let Some((id, stream)) = self.nth(nth) {
            stream.stop_reading(id, turn);
        }
    }

    pub(super) fn reset(&mut self, turn: &mut Turn<'_>, nth: usize) {
        if let Some((id, stream)) = self.nth(nth) {
            stream.reset(id, turn);
        }
    }

    pub(super) fn forget(&mut self, turn: &mut Turn<'_>, nth: usize) {
        if let Some((id, stream)) = self.nth(nth)
            && stream.forget(id, turn)
        {
            self.streams.remove(&id);
        }
    }

    pub(super) fn pause(&mut self, until: Timestamp, nth: usize) {
        if let Some((_, stream)) = self.nth(nth) {
            stream.pause(until);
        }
    }

    fn nth(&mut self, nth: usize) -> Option<(StreamId, &mut Stream)> {
        let count = self.streams.len().max(1);
        self.streams.iter_mut().nth(nth % count).map(|(id, stream)| (*id, stream))
    }

    // ── what it does by itself ──

    /// Hears, writes and reads what there is; says when it wants to go on although nothing happens.
    pub(super) fn pump(&mut self, turn: &mut Turn<'_>) -> Verdict<Option<Timestamp>> {
        while let Some(happening) = turn.host.peer.happening() {
            self.hear(turn, happening)?;
        }
        let mut next: Option<Timestamp> = None;
        let mut over = Vec::new();
        for (id, stream) in &mut self.streams {
            let wake = stream.pump((self.life, *id), turn, self.hurries)?;
            next = [next, wake].into_iter().flatten().min();
            if stream.is_over() {
                over.push(*id);
            }
        }
        for id in over {
            self.streams.remove(&id);
            turn.host.peer.forget(turn.clock(), id);
        }
        Ok(next)
    }

    fn hear(&mut self, turn: &mut Turn<'_>, happening: Happening) -> Verdict {
        let oracle = &mut *turn.oracle;
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
                self.streams.insert(id, Stream::opened(number, plan, turn));
                Ok(())
            }
            Happening::Opened { ask: None, id } => {
                oracle.surfaces(self.life, id)?;
                self.streams.insert(id, Stream::accepted());
                Ok(())
            }
            Happening::Finished { id, acknowledged } => {
                let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
                stream.finished(turn, acknowledged)
            }
            Happening::Closed { id, why } => {
                let of = self.streams.iter_mut().filter(|(stream, _)| stream.connection() == id);
                of.for_each(|(_, stream)| stream.awaits_no_more());
                oracle.closed(self.life, id, &why)
            }
        }
    }
}
