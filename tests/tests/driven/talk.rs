//! An application on any [`Peer`]: streams that each follow a plan, which the opener tells in the first
//! bytes, and a record of what came of them.
//!
//! What is heard is compared with what the plan says at every step, so a wrong byte ends the test where it
//! comes.

use std::collections::BTreeMap;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::{ConnectionId, Read, StreamId};
use floe_core::time::Timestamp;
use floe_tests::chaos::peer::{Ask, Happening, Peer};
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};

use crate::two::pattern;

/// What becomes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// The accepter sends back what comes; both finish.
    Echo,
    /// The opener finishes after the plan; the accepter speaks and finishes.
    Answer,
    /// The opener resets when all is written.
    OpenerResets,
    /// The accepter resets when it knows the plan; the opener writes until it cannot.
    AccepterResets,
    /// The accepter stops reading when it knows the plan, and speaks; the opener writes until it cannot.
    AccepterStops,
    /// The opener finishes and forgets the stream at once.
    OpenerForgets,
    /// The opener forgets the stream without having finished it.
    OpenerDrops,
}

/// The plan of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) way: Way,
    pub(crate) seed: u32,
    pub(crate) len: u32,
}

impl Way {
    pub(crate) const ALL: [Self; 7] = [
        Self::Echo,
        Self::Answer,
        Self::OpenerResets,
        Self::AccepterResets,
        Self::AccepterStops,
        Self::OpenerForgets,
        Self::OpenerDrops,
    ];
}

impl Plan {
    fn write(self) -> Vec<u8> {
        let way = Way::ALL.iter().position(|way| *way == self.way).expect("all are there") as u8;
        [&[way][..], &self.seed.to_le_bytes(), &self.len.to_le_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (seed, len) = (number(1)?, number(5)?);
        Some(Self { way: Way::ALL[usize::from(bytes[0])], seed, len })
    }

    /// What the opener says after the plan.
    fn said(self) -> Vec<u8> {
        match self.way {
            Way::Answer => Vec::new(),
            _ => pattern(self.seed.into(), self.len as usize),
        }
    }

    /// What the accepter says.
    fn answer(self) -> Vec<u8> {
        match self.way {
            Way::Echo => self.said(),
            Way::Answer | Way::AccepterStops => pattern(!u64::from(self.seed), self.len as usize),
            _ => Vec::new(),
        }
    }

    fn never_finishes(self, opener: bool) -> bool {
        let way = self.way;
        let neither = matches!(way, Way::OpenerResets | Way::OpenerDrops | Way::AccepterResets);
        neither || opener && way == Way::AccepterStops
    }
}

#[derive(Debug)]
struct Lane {
    opener: bool,
    plan: Option<Plan>,
    /// What is to be said, and how much of it is.
    out: Vec<u8>,
    said: usize,
    finished: bool,
    broken: bool,
    heard: Vec<u8>,
    /// How much of it was compared with what is expected, once that is known.
    checked: usize,
    expected: Option<Vec<u8>>,
    end: Option<Read>,
    stopped: bool,
    gone: bool,
}

/// The applications of all nodes of a world.
pub(crate) struct Talk<P> {
    pub(crate) nodes: Vec<Handle<P>>,
    lanes: BTreeMap<(usize, StreamId), Lane>,
    /// Wishes for streams that are not fulfilled.
    wishes: BTreeMap<(usize, Ask), Plan>,
    /// Connections that are up.
    pub(crate) connections: Vec<(usize, ConnectionId)>,
    /// What came of streams, by seed and side.
    pub(crate) outcomes: BTreeMap<(u32, bool), String>,
    /// What became of dials and connections, at each node.
    pub(crate) ends: Vec<(usize, String)>,
    rng: Rng,
}

impl<P: Peer> Talk<P> {
    pub(crate) fn new(seed: u64, nodes: Vec<Handle<P>>) -> Self {
        Self {
            nodes,
            lanes: BTreeMap::new(),
            wishes: BTreeMap::new(),
            connections: Vec::new(),
            outcomes: BTreeMap::new(),
            ends: Vec::new(),
            rng: Rng::new(seed),
        }
    }

    pub(crate) fn dial(
        &self,
        world: &mut World,
        from: usize,
        to: &DirectAddr,
        version: Option<Version>,
    ) {
        let now = world.now;
        world[self.nodes[from]].dial(now, to, version);
    }

    pub(crate) fn open(&mut self, world: &mut World, node: usize, on: ConnectionId, plan: Plan) {
        let now = world.now;
        let ask = world[self.nodes[node]].open(now, on);
        self.wishes.insert((node, ask), plan);
    }

    pub(crate) fn close(&self, world: &mut World, node: usize, connection: ConnectionId) {
        let now = world.now;
        world[self.nodes[node]].close(now, connection);
    }

    /// A node is gone, with all that it had.
    pub(crate) fn is_gone(&mut self, gone: usize) {
        self.lanes.retain(|(node, _), _| *node != gone);
        self.wishes.retain(|(node, _), _| *node != gone);
        self.connections.retain(|(node, _)| *node != gone);
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.wishes.is_empty()
    }

    /// What is under way.
    pub(crate) fn under_way(&self) -> String {
        let mut text = format!("{:?}", self.wishes);
        for ((node, id), lane) in &self.lanes {
            let Lane { opener, plan, said, finished, broken, heard, end, .. } = lane;
            text += &format!(
                "\nnode {node}, {id:?}, opener {opener}, {plan:?}: said {said}, finished {finished}, \
                 broken {broken}, heard {}, {end:?}",
                heard.len()
            );
        }
        text
    }

    /// Does what can be done at this moment.
    pub(crate) fn turn(&mut self, world: &mut World) {
        let now = world.now;
        for (node, handle) in self.nodes.clone().into_iter().enumerate() {
            while let Some(happening) = world[handle].happening() {
                self.on_happening(node, happening);
            }
            let ids: Vec<_> =
                self.lanes.keys().filter(|(at, _)| *at == node).map(|(_, id)| *id).collect();
            for id in ids {
                let lane = self.lanes.get_mut(&(node, id)).expect("it is there");
                lane.advance(&mut world[handle], now, id, &mut self.rng);
                if let Some(outcome) = lane.outcome() {
                    if !lane.gone {
                        world[handle].forget(now, id);
                    }
                    let lane = self.lanes.remove(&(node, id)).expect("it is there");
                    // Of a stream that its opener gives up, the accepter may hear anything, or nothing.
                    let given_up = |plan: &Plan| {
                        !lane.opener && matches!(plan.way, Way::OpenerResets | Way::OpenerDrops)
                    };
                    if let Some(plan) = lane.plan.filter(|plan| !given_up(plan)) {
                        self.outcomes.insert((plan.seed, lane.opener), outcome);
                    }
                }
            }
        }
    }

    fn on_happening(&mut self, node: usize, happening: Happening) {
        match happening {
            Happening::Connected { ask, id, peer } => {
                self.connections.push((node, id));
                self.ends.push((node, format!("connected with {peer}, dialed {}", ask.is_some())));
            }
            Happening::Refused { ask, why } => {
                self.wishes.remove(&(node, ask));
                self.ends.push((node, format!("refused: {why}")));
            }
            Happening::Opened { ask, id } => {
                let plan = ask.and_then(|ask| self.wishes.remove(&(node, ask)));
                assert_eq!(plan.is_some(), ask.is_some(), "a wish is fulfilled once");
                let lane = Lane::new(plan);
                assert!(self.lanes.insert((node, id), lane).is_none(), "a stream opens once");
            }
            // Only bare endpoints tell.
            Happening::Finished { .. } => {}
            Happening::Closed { id, why } => {
                self.connections.retain(|it| *it != (node, id));
                self.ends.push((node, format!("closed: {why}")));
            }
        }
    }
}

impl Lane {
    fn new(plan: Option<Plan>) -> Self {
        let out = plan.map(|plan| [plan.write(), plan.said()].concat());
        Self {
            opener: plan.is_some(),
            plan,
            out: out.unwrap_or_default(),
            said: 0,
            finished: false,
            broken: false,
            heard: Vec::new(),
            checked: 0,
            expected: None,
            end: None,
            stopped: false,
            gone: false,
        }
    }

    fn advance(&mut self, peer: &mut impl Peer, now: Timestamp, id: StreamId, rng: &mut Rng) {
        self.hear(peer, now, id, rng);
        if !self.opener && self.plan.is_none() {
            let Some(plan) = Plan::read(&self.heard) else { return };
            self.plan = Some(plan);
            match plan.way {
                Way::AccepterResets => {
                    peer.reset(now, id);
                    self.gone = true;
                    peer.forget(now, id);
                    return;
                }
                Way::AccepterStops => {
                    peer.stop_reading(now, id);
                    self.stopped = true;
                }
                _ => {}
            }
            if plan.way != Way::Echo {
                self.out = plan.answer();
            }
        }
        self.check();
        self.say(peer, now, id, rng);
    }

    fn hear(&mut self, peer: &mut impl Peer, now: Timestamp, id: StreamId, rng: &mut Rng) {
        let mut buffer = [0; 8192];
        while self.end.is_none() && !self.stopped && !self.gone {
            let room = 1 + rng.below(buffer.len() as u64) as usize;
            match peer.read(now, id, &mut buffer[..room]) {
                Read::Bytes(n) => self.heard.extend_from_slice(&buffer[..n]),
                Read::Empty => break,
                end => self.end = Some(end),
            }
        }
    }

    /// What was heard is what was said, as far as it goes; if it came to its end, all of it.
    fn check(&mut self) {
        let Some(plan) = self.plan else { return };
        let expected = self.expected.get_or_insert_with(|| match self.opener {
            true => plan.answer(),
            false => [plan.write(), plan.said()].concat(),
        });
        let known = self.heard.len().min(expected.len());
        let from = self.checked.min(known);
        assert!(self.heard[from..known] == expected[from..known], "{plan:?}: a wrong byte");
        self.checked = self.heard.len();
        // Whoever writes until it cannot says the same again and again.
        let again = matches!(plan.way, Way::AccepterResets | Way::AccepterStops) && !self.opener;
        assert!(self.heard.len() == known || again, "{plan:?}: more than was said");
        if self.end == Some(Read::Finished) {
            assert!(!plan.never_finishes(!self.opener), "{plan:?} has no end");
            assert_eq!(self.heard.len(), expected.len(), "{plan:?}: not all that was said");
        }
    }

    fn say(&mut self, peer: &mut impl Peer, now: Timestamp, id: StreamId, rng: &mut Rng) {
        let Some(plan) = self.plan else { return };
        if !self.opener && plan.way == Way::Echo {
            let from = self.out.len() + plan.write().len();
            self.out.extend_from_slice(&self.heard[from..]);
        }
        while self.said < self.out.len() && !self.broken && !self.gone {
            let piece = 1 + rng.below(40_000) as usize;
            let end = (self.said + piece).min(self.out.len());
            match peer.write(now, id, &self.out[self.said..end]) {
                Ok(0) => break,
                Ok(n) => self.said += n,
                Err(_) => self.broken = true,
            }
            let again = matches!(plan.way, Way::AccepterResets | Way::AccepterStops);
            if self.opener && again && self.said == self.out.len() {
                self.said = plan.write().len().min(self.out.len() - 1);
            }
        }
        if self.said < self.out.len() || self.finished || self.broken || self.gone {
            return;
        }
        match (self.opener, plan.way) {
            (true, Way::OpenerResets) => {
                peer.reset(now, id);
                self.gone = true;
                peer.forget(now, id);
            }
            (true, Way::OpenerDrops) => {
                self.gone = true;
                peer.forget(now, id);
            }
            // An end could come while an opener that means to give up still speaks.
            (false, Way::Echo | Way::OpenerResets | Way::OpenerDrops)
                if self.end != Some(Read::Finished) => {}
            _ => {
                self.finished = true;
                self.broken = peer.finish(now, id).is_err();
                if (self.opener, plan.way) == (true, Way::OpenerForgets) {
                    self.gone = true;
                    peer.forget(now, id);
                }
            }
        }
    }

    /// What came of it, once it is over for this side.
    fn outcome(&self) -> Option<String> {
        let Self { plan, finished, broken, end, stopped, gone, .. } = self;
        let over = *gone
            || (end.is_some() || *stopped) && (*finished || *broken)
            || *end == Some(Read::Reset);
        // How far it came before a reset is a matter of moments.
        let heard = (*end == Some(Read::Finished)).then_some(self.heard.len());
        over.then(|| format!("{:?}: {end:?}, {heard:?}", plan.map(|plan| plan.way)))
    }
}
