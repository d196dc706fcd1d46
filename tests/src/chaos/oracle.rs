//! The judge: a model of what may come of what applications do.
//!
//! The oracle sees everything that every application asks for and is told, and knows what each stream
//! carries. It says at once if something happens that must not ([`Violation`]), and knows when something
//! that must happen has not.
//!
//! # What must not happen
//!
//! - a byte that is not the next one of that very stream: wrong, lost, doubled or another's;
//! - an end before the end, or an end that nobody asked for;
//! - a stream, or anything else, on a connection that is not up; anything after its end;
//! - a peer that is not who it says: not who was dialed, or nobody who has dialed;
//! - an acknowledged end of what then does not arrive;
//! - a broken stream or connection without a cause.

use std::collections::BTreeMap;
use std::fmt;

use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, StreamId};
use floe_core::time::Timestamp;

use super::peer::Ask;
use super::script::{Kind, Plan};
use super::sequence::{self, HEADER_LEN, Number, Way};

/// Something happened that must not, or did not that must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule is broken: what a script that is shrunk must still show.
    pub rule: String,
    /// What happened.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, what, at } = self;
        write!(f, "{rule}: {what} (at {:?})", at.since_epoch())
    }
}

/// Whether all is well.
pub(super) type Verdict<T = ()> = Result<T, Violation>;

/// One life of a node, from a start to the next restart; numbered over all nodes.
pub(super) type LifeId = usize;

#[derive(Debug)]
struct Life {
    node: usize,
    peer_id: PeerId,
    kind: Kind,
    is_over: bool,
}

#[derive(Debug)]
struct Dial {
    to: usize,
    /// Who was there then, by the address.
    expected: PeerId,
    is_pending: bool,
}

/// A connection, as one node knows it.
#[derive(Debug)]
struct Link {
    peer: PeerId,
    closing: bool,
    is_over: bool,
}

/// A stream, as one node knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    life: LifeId,
    stream: StreamId,
}

/// One end of a flow: what the application there did and saw.
#[derive(Debug, Default)]
struct End {
    at: Option<Place>,
    written: u64,
    finished: bool,
    acknowledged: bool,
    read: u64,
    stopped: bool,
    /// Reset, or let go of before its end.
    gone: bool,
}

/// What two applications do over one stream.
#[derive(Debug)]
struct Flow {
    opener: LifeId,
    /// The connection that it is opened on, as the opener knows it.
    on: ConnectionId,
    plan: Plan,
    ends: [End; 2],
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections that came up, each counted on both sides.
    pub connections: u64,
    /// Dials that failed.
    pub refusals: u64,
    /// Connections that ended, each counted on both sides, while scripts ran.
    pub closed: u64,
    /// Streams that the acceptor heard of, and whose header it read.
    pub streams: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Halves that were read to their end.
    pub finished: u64,
    /// Halves that ended in a reset.
    pub resets: u64,
    /// Halves whose end was acknowledged.
    pub acknowledged: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    /// Whether nodes may have heard nothing of each other for long.
    pub(super) silenced: bool,
    /// Whether what happens is printed.
    pub(super) aloud: bool,
    lives: Vec<Life>,
    dials: BTreeMap<(LifeId, Ask), Dial>,
    links: BTreeMap<(LifeId, ConnectionId), Link>,
    flows: Vec<Flow>,
}

impl Oracle {
    /// Prints what happens, if somebody wants to know.
    pub(super) fn tell(&self, life: LifeId, what: impl FnOnce() -> String) {
        if self.aloud {
            println!(
                "{:>12.6} {}: {}",
                self.now.since_epoch().as_secs_f64(),
                self.name(life),
                what()
            );
        }
    }

    // ── nodes ──

    pub(super) fn born(&mut self, node: usize, peer_id: PeerId, kind: Kind) -> LifeId {
        for life in self.lives.iter_mut().filter(|life| life.node == node) {
            life.is_over = true;
        }
        self.lives.push(Life { node, peer_id, kind, is_over: false });
        self.lives.len() - 1
    }

    /// Where an identity lives or lived last.
    pub(super) fn node_of(&self, peer: PeerId) -> Option<usize> {
        self.lives.iter().rev().find(|life| life.peer_id == peer).map(|life| life.node)
    }

    // ── connections ──

    pub(super) fn dials(&mut self, life: LifeId, ask: Ask, to: usize, expected: PeerId) {
        self.dials.insert((life, ask), Dial { to, expected, is_pending: true });
    }

    /// Whether every dial of a node was answered.
    pub(super) fn pending_dial(&self) -> Option<String> {
        let mut pending = self.dials.iter().filter(|((life, _), dial)| {
            let is_alive = !self.lives[*life].is_over;
            is_alive && dial.is_pending
        });
        pending.next().map(|((life, ask), dial)| {
            format!("{} was told nothing of its {ask:?} to node {}", self.name(*life), dial.to)
        })
    }

    pub(super) fn connected(
        &mut self,
        life: LifeId,
        ask: Option<Ask>,
        id: ConnectionId,
        peer: PeerId,
    ) -> Verdict {
        self.tally.connections += 1;
        match ask {
            Some(ask) => {
                let Some(dial) = self.dials.get_mut(&(life, ask)).filter(|dial| dial.is_pending)
                else {
                    return self.violation("dial", format!("{ask:?} was answered twice"));
                };
                dial.is_pending = false;
                let (to, expected) = (dial.to, dial.expected);
                if peer != expected {
                    let what = format!("node {to} was {expected} when it was dialed, not {peer}");
                    return self.violation("peer id", what);
                }
            }
            None => {
                let here = self.lives[life].node;
                let is_theirs = |(from, dial): (&(LifeId, Ask), &Dial)| {
                    self.lives[from.0].peer_id == peer && dial.to == here
                };
                if !self.dials.iter().any(is_theirs) {
                    let what = format!("{peer} has not dialed {}", self.name(life));
                    return self.violation("peer id", what);
                }
            }
        }
        let link = Link { peer, closing: false, is_over: false };
        if self.links.insert((life, id), link).is_some() {
            return self.violation("connection", format!("{id} came up twice"));
        }
        Ok(())
    }

    pub(super) fn refused(&mut self, life: LifeId, ask: Ask, why: &str) -> Verdict {
        self.tally.refusals += 1;
        let Some(dial) = self.dials.get_mut(&(life, ask)) else { return Ok(()) };
        if !dial.is_pending {
            return self.violation("dial", format!("{ask:?} was answered twice: {why}"));
        }
        dial.is_pending = false;
        Ok(())
    }

    pub(super) fn closes(&mut self, life: LifeId, id: ConnectionId) {
        if let Some(link) = self.links.get_mut(&(life, id)) {
            link.closing = true;
        }
    }

    pub(super) fn closed(&mut self, life: LifeId, id: ConnectionId, why: &str) -> Verdict {
        self.tally.closed += 1;
        let name = self.name(life);
        let Some(link) = self.links.get_mut(&(life, id)).filter(|link| !link.is_over) else {
            return self.violation("connection", format!("{name}'s {id} ends without being up"));
        };
        link.is_over = true;
        let (peer, closing) = (link.peer, link.closing);
        let has_cause = if why.starts_with("ClosedLocally") {
            closing
        } else if why.starts_with("ClosedByPeer") {
            self.peer_let_go(life, peer)
        } else if why.starts_with("IdleTimeout") {
            self.silenced || self.peer_let_go(life, peer)
        } else if why.starts_with("Replaced") {
            // The newer one may be told of later, behind a driver.
            let (here, there) = (self.lives[life].node, self.node_of(peer));
            let is_theirs = |from: LifeId| Some(self.lives[from].node) == there;
            let dials = self.dials.iter();
            let dials = dials.filter(|((from, _), dial)| is_theirs(*from) && dial.to == here);
            dials.count() > 1
        } else {
            false
        };
        if !has_cause {
            let what = format!("{name}'s {id} with {} ended: {why}", self.who(peer));
            return self.violation("connection ends without a cause", what);
        }
        Ok(())
    }

    /// Whether the other side of a connection is over, or never was up.
    fn peer_let_go(&self, life: LifeId, peer: PeerId) -> bool {
        let me = self.lives[life].peer_id;
        let of_peer = |of: &LifeId| self.lives[*of].peer_id == peer;
        let others = self.links.iter().filter(|((of, _), link)| of_peer(of) && link.peer == me);
        let (mut there, mut over) = (0, false);
        for ((of, _), link) in others {
            there += 1;
            over |= link.is_over || link.closing || self.lives[*of].is_over;
        }
        let mine = self.links.iter().filter(|((of, _), link)| *of == life && link.peer == peer);
        let is_new = self.lives.iter().any(|it| it.peer_id == peer && it.is_over);
        over || is_new || there < mine.count()
    }

    /// Connections that are up at one end only, or more at one than at the other.
    pub(super) fn one_sided(&self) -> Option<String> {
        let mut balance: BTreeMap<(LifeId, LifeId), i64> = BTreeMap::new();
        for ((life, _), link) in self.links.iter().filter(|(_, link)| !link.is_over) {
            if self.lives[*life].is_over {
                continue;
            }
            let there = self.lives.iter().position(|it| it.peer_id == link.peer && !it.is_over);
            let Some(there) = there else {
                return Some(format!("{} keeps a connection with nobody", self.name(*life)));
            };
            let (pair, count) =
                if *life < there { ((*life, there), 1) } else { ((there, *life), -1) };
            *balance.entry(pair).or_default() += count;
        }
        let uneven = balance.into_iter().find(|(_, count)| *count != 0);
        uneven.map(|((a, b), count)| {
            let (a, b) = (self.name(a), self.name(b));
            format!("{a} has {count} connections more with {b} than {b} with {a}")
        })
    }

    /// The connections of a node that are up.
    pub(super) fn links_of(&self, life: LifeId) -> Vec<(ConnectionId, PeerId)> {
        let links = self.links.iter().filter(|((of, _), link)| *of == life && !link.is_over);
        links.map(|((_, id), link)| (*id, link.peer)).collect()
    }

    // ── streams ──

    /// A stream that its node opened.
    pub(super) fn opens(&mut self, life: LifeId, stream: StreamId, plan: Plan) -> Verdict<Number> {
        // It may be told after the end, behind a driver; never before the beginning.
        if !self.links.contains_key(&(life, stream.connection())) {
            self.is_up(life, stream)?;
        }
        let opener = End { at: Some(Place { life, stream }), ..End::default() };
        self.flows.push(Flow {
            opener: life,
            on: stream.connection(),
            plan,
            ends: [opener, End::default()],
        });
        Ok(self.flows.len() - 1)
    }

    /// A stream that a peer opened; which, its header will say.
    pub(super) fn surfaces(&mut self, life: LifeId, stream: StreamId) -> Verdict {
        self.is_up(life, stream)
    }

    /// The header of a stream that a peer opened: which flow it is.
    pub(super) fn reads_header(
        &mut self,
        life: LifeId,
        stream: StreamId,
        header: &[u8],
    ) -> Verdict<(Number, Plan)> {
        let peer = self.links.get(&(life, stream.connection())).map(|link| link.peer);
        let name = self.name(life);
        let number = sequence::number_of(header).filter(|number| *number < self.flows.len());
        let Some(number) = number else {
            return self.violation("bytes", format!("{name} reads the header {header:?}"));
        };
        let flow = &self.flows[number];
        let written = flow.ends[0].written;
        if header != sequence::header(number, flow.opener, &flow.plan) || written < HEADER_LEN {
            return self.violation("bytes", format!("{name} reads the header {header:?}"));
        }
        if Some(self.lives[flow.opener].peer_id) != peer {
            let what = format!("flow {number} surfaces at {name}, from {peer:?}");
            return self.violation("stream", what);
        }
        if let Some(place) = flow.ends[1].at {
            let what = format!("flow {number} surfaces twice: {place:?} and {stream} of {name}");
            return self.violation("stream", what);
        }
        self.tally.streams += 1;
        self.tally.bytes += HEADER_LEN;
        let end = &mut self.flows[number].ends[1];
        end.at = Some(Place { life, stream });
        end.read = HEADER_LEN;
        Ok((number, self.flows[number].plan))
    }

    /// Bytes that an end is to write next, at most so many.
    pub(super) fn next_bytes(&self, number: Number, way: Way, max: u64) -> Vec<u8> {
        let flow = &self.flows[number];
        let written = flow.ends[way as usize].written;
        let len = max.min(self.planned(number, way).saturating_sub(written));
        self.bytes(number, way, written, len as usize)
    }

    /// Bytes that an end writes altogether.
    pub(super) fn planned(&self, number: Number, way: Way) -> u64 {
        let plan = &self.flows[number].plan;
        match way {
            Way::There => HEADER_LEN + plan.there,
            Way::Back => plan.back,
        }
    }

    pub(super) fn wrote(&mut self, number: Number, way: Way, len: usize) {
        self.flows[number].ends[way as usize].written += len as u64;
    }

    pub(super) fn written(&self, number: Number, way: Way) -> u64 {
        self.flows[number].ends[way as usize].written
    }

    pub(super) fn finishes(&mut self, number: Number, way: Way) {
        self.flows[number].ends[way as usize].finished = true;
    }

    pub(super) fn stops(&mut self, number: Number, way: Way) {
        self.flows[number].ends[way as usize].stopped = true;
    }

    /// An end is reset, or let go of before both its halves were at an end.
    pub(super) fn breaks_off(&mut self, number: Number, way: Way) {
        self.flows[number].ends[way as usize].gone = true;
    }

    /// An end cannot write any more.
    pub(super) fn broken(&mut self, number: Number, way: Way) -> Verdict {
        let end = &self.flows[number].ends[way as usize];
        let there = &self.flows[number].ends[way.opposite() as usize];
        if end.finished || end.gone || there.stopped || self.has_cause(number, way) {
            return Ok(());
        }
        let what = format!("{} cannot write on {}", self.name_of(number, way), self.story(number));
        self.violation("reset without a cause", what)
    }

    /// Bytes that an end has read.
    pub(super) fn reads(&mut self, number: Number, way: Way, bytes: &[u8]) -> Verdict {
        let from = way.opposite();
        let end = &self.flows[number].ends[way as usize];
        let read = end.read;
        let written = self.written(number, from);
        if bytes.len() as u64 > written - read {
            let what = format!(
                "{} reads {} bytes from {read} on, and {written} were written",
                self.name_of(number, way),
                bytes.len()
            );
            return self.violation("bytes", what);
        }
        let expected = self.bytes(number, from, read, bytes.len());
        if let Some(at) = (0..bytes.len()).find(|at| bytes[*at] != expected[*at]) {
            let what = format!(
                "{} reads what was not sent, {} bytes from {} on: {}",
                self.name_of(number, way),
                bytes.len() - at,
                read + at as u64,
                self.story(number)
            );
            return self.violation("bytes", what);
        }
        self.tally.bytes += bytes.len() as u64;
        self.flows[number].ends[way as usize].read += bytes.len() as u64;
        Ok(())
    }

    /// The end of what an end reads.
    pub(super) fn reads_end(&mut self, number: Number, way: Way) -> Verdict {
        let end = &self.flows[number].ends[way as usize];
        let there = &self.flows[number].ends[way.opposite() as usize];
        if end.stopped {
            return Ok(());
        }
        if !there.finished || end.read < there.written {
            let what = format!(
                "{} is told that this is all: {}",
                self.name_of(number, way),
                self.story(number)
            );
            return self.violation("early end", what);
        }
        self.tally.finished += 1;
        Ok(())
    }

    /// A reset in place of more to read.
    pub(super) fn reads_reset(&mut self, number: Number, way: Way) -> Verdict {
        self.tally.resets += 1;
        let end = &self.flows[number].ends[way as usize];
        let there = &self.flows[number].ends[way.opposite() as usize];
        let what = || format!("{} is reset: {}", self.name_of(number, way), self.story(number));
        if there.acknowledged && !end.gone {
            return self.violation("acknowledged and lost", what());
        }
        if end.gone || self.has_cause(number, way) {
            return Ok(());
        }
        self.violation("reset without a cause", what())
    }

    /// The end of a write half.
    pub(super) fn finished(&mut self, number: Number, way: Way, acknowledged: bool) -> Verdict {
        let end = &mut self.flows[number].ends[way as usize];
        if !acknowledged {
            return Ok(());
        }
        end.acknowledged = true;
        self.tally.acknowledged += 1;
        if !end.finished {
            let what = format!("{}'s end is acknowledged, which it is not", self.story(number));
            return self.violation("acknowledgement", what);
        }
        Ok(())
    }

    // ── helpers ──

    fn is_up(&self, life: LifeId, stream: StreamId) -> Verdict {
        match self.links.get(&(life, stream.connection())) {
            Some(link) if !link.is_over => Ok(()),
            Some(_) => self.violation("stream", format!("{stream} surfaces after the end")),
            None => self.violation("stream", format!("{stream} surfaces before the peer is known")),
        }
    }

    /// Whether one end of a flow may be broken off, for what the other end did or for the connection.
    fn has_cause(&self, number: Number, way: Way) -> bool {
        let flow = &self.flows[number];
        let here = flow.ends[way as usize].at.expect("an end acts after it began");
        let over = |place: Place| {
            let link = self.links.get(&(place.life, place.stream.connection()));
            self.lives[place.life].is_over || link.is_none_or(|link| link.is_over || link.closing)
        };
        if over(here) {
            return true;
        }
        let there = &flow.ends[way.opposite() as usize];
        if let Some(place) = there.at {
            return there.gone || over(place);
        }
        // The acceptor has not heard of it, or not read its header: whether the connection lives there is
        // not known.
        let Some(link) = self.links.get(&(flow.opener, flow.on)) else { return true };
        let peer = self.lives.iter().rev().find(|life| life.peer_id == link.peer);
        let is_full = peer.is_some_and(|life| life.kind == Kind::Small);
        is_full || there.gone || self.peer_let_go(flow.opener, link.peer)
    }

    fn bytes(&self, number: Number, way: Way, from: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let flow = &self.flows[number];
        let headed = if way == Way::There { HEADER_LEN.saturating_sub(from) } else { 0 };
        let headed = (headed as usize).min(len);
        if headed > 0 {
            let header = sequence::header(number, flow.opener, &flow.plan);
            bytes[..headed].copy_from_slice(&header[from as usize..][..headed]);
        }
        sequence::fill(number, way, from + headed as u64, &mut bytes[headed..]);
        bytes
    }

    fn name(&self, life: LifeId) -> String {
        let node = self.lives[life].node;
        let nth = self.lives[..life].iter().filter(|it| it.node == node).count();
        if nth == 0 { format!("node {node}") } else { format!("node {node} (life {nth})") }
    }

    fn name_of(&self, number: Number, way: Way) -> String {
        match self.flows[number].ends[way as usize].at {
            Some(place) => format!("{} at {}", self.name(place.life), place.stream),
            None => "nobody".into(),
        }
    }

    fn who(&self, peer: PeerId) -> String {
        let life = self.lives.iter().rposition(|life| life.peer_id == peer);
        life.map_or_else(|| peer.to_string(), |life| self.name(life))
    }

    fn story(&self, number: Number) -> String {
        let [there, back] = &self.flows[number].ends;
        format!("flow {number}, there {there:?}, back {back:?}")
    }

    pub(super) fn violation<T>(&self, rule: &str, what: String) -> Verdict<T> {
        Err(Violation { rule: rule.into(), what, at: self.now })
    }
}
