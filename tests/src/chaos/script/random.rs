//! Scripts by the seed.
//!
//! Each script has a temper of its own: which kinds of acts it favours, how long it lasts, how bad its
//! weather gets. Without that every script would be the same mixture of everything.

use floe_core::ice::Version;

use super::{Act, Burst, Forgery, Kind, Path, Plan, Rate, Rebirth, Script};
use crate::rng::Rng;

impl Script {
    /// Draws a script: two to four nodes, and up to a minute of trouble.
    pub fn random(seed: u64) -> Self {
        let mut draw = Draw { rng: Rng::new(seed ^ SALT), nodes: 2 };
        draw.nodes = [2, 2, 2, 3, 3, 4][draw.below(6)];
        let nodes: Vec<_> = (0..draw.nodes).map(|_| draw.kind()).collect();
        let millis = [2_000, 4_000, 8_000, 15_000, 30_000, 60_000][draw.below(6)];
        let mut acts = Vec::new();
        if draw.one_in(2) {
            acts.push((0, Act::Weather(draw.path())));
        }
        // Somebody knows somebody, in most scripts early.
        for from in 0..draw.nodes {
            for to in 0..draw.nodes {
                if from != to && (from < to || draw.one_in(4)) && !draw.one_in(6) {
                    let at = draw.rng.below(millis / 8);
                    acts.push((at, draw.dial(from, to)));
                    for _ in 0..draw.below(3) {
                        let (from, to) = if draw.one_in(2) { (from, to) } else { (to, from) };
                        let at = at + 150 + draw.rng.below(1_000);
                        acts.push((at, Act::Open { from, to, plan: draw.plan() }));
                    }
                }
            }
        }
        // Streams, network, nodes: how much of each.
        let temper = [3 + draw.below(8), draw.below(6), draw.below(4)];
        let most = if draw.one_in(8) { 150 } else { 36 };
        for _ in 0..4 + draw.below(most) {
            let mut at = draw.rng.below(millis);
            if draw.one_in(2) && !acts.is_empty() {
                // Troubles seldom come alone.
                at = acts[draw.below(acts.len())].0 + draw.rng.below(300);
            }
            if draw.one_in(25) {
                let (from, to) = draw.pair();
                let streams = draw.size(60);
                let plan = draw.plan();
                acts.extend((0..streams).map(|_| (at, Act::Open { from, to, plan })));
            }
            let mut die = draw.below(temper.iter().sum());
            let act = if die < temper[0] {
                draw.application()
            } else {
                die -= temper[0];
                if die < temper[1] { draw.network() } else { draw.node() }
            };
            acts.push((at, act));
        }
        acts.sort_by_key(|(at, _)| *at);
        Self { seed, nodes, acts }
    }
}

/// What is drawn from.
struct Draw {
    rng: Rng,
    nodes: usize,
}

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.rng.below(bound as u64) as usize
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn kind(&mut self) -> Kind {
        [Kind::Plain, Kind::Plain, Kind::Plain, Kind::Dtls12, Kind::Small][self.below(5)]
    }

    fn node_number(&mut self) -> usize {
        self.below(self.nodes)
    }

    /// Two different nodes.
    fn pair(&mut self) -> (usize, usize) {
        let from = self.node_number();
        (from, (from + 1 + self.below(self.nodes - 1)) % self.nodes)
    }

    /// A number of any magnitude from 1 to `most`.
    fn size(&mut self, most: u64) -> u64 {
        let bits = self.rng.below(u64::from(most.ilog2()) + 1);
        (1 + self.rng.below(2 << bits)).min(most)
    }

    fn dial(&mut self, from: usize, to: usize) -> Act {
        let version = [None, Some(Version::V1), Some(Version::V2)][self.below(3)];
        Act::Dial { from, to, version, named: !self.one_in(4) }
    }

    fn plan(&mut self) -> Plan {
        let most = if self.one_in(12) { 1_000_000 } else { 60_000 };
        let pieces = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
        let (piece, sip) = (pieces[self.below(7)], pieces[1 + self.below(6)]);
        // Tiny pieces take their time.
        let most = most.min(piece as u64 * 300).min(sip as u64 * 300);
        Plan { there: self.size(most), back: self.size(most), piece, sip }
    }

    fn application(&mut self) -> Act {
        let (from, to) = self.pair();
        let stream = self.below(30);
        match self.below(16) {
            0..=2 => self.dial(from, to),
            3..=9 => Act::Open { from, to, plan: self.plan() },
            10 => Act::Finish(from, stream),
            11 => Act::StopReading(from, stream),
            12 => Act::Reset(from, stream),
            13 => Act::Forget(from, stream),
            14 => Act::Pause { node: from, stream, millis: self.size(20_000) },
            _ => Act::Close { from, to },
        }
    }

    fn network(&mut self) -> Act {
        let (from, to) = self.pair();
        let back = self.size(60) as usize;
        match self.below(14) {
            0..=2 => Act::Weather(self.path()),
            3..=5 => Act::Between { from, to, path: self.path() },
            6 => Act::Cut { from, to },
            7 => Act::Heal,
            8 => Act::Rebind { node: from, address: self.one_in(2) },
            9 | 10 => Act::Replay(back),
            _ => {
                let first = [0, 1, 20, 21, 22, 23, 24, 25, 31, 47, 255][self.below(11)];
                let forgery = match self.below(8) {
                    0 => Forgery::Noise(first, self.size(1_500) as usize),
                    1 => Forgery::Check,
                    2..=4 => Forgery::Recorded(back),
                    _ => Forgery::Mutated(back),
                };
                Act::Forge { to, forgery, claims: self.one_in(2).then_some(from) }
            }
        }
    }

    fn node(&mut self) -> Act {
        let node = self.node_number();
        match self.below(7) {
            0..=2 => Act::Stall { node, millis: self.size(20_000) },
            3 => Act::Jump { node, millis: self.size(60_000) },
            4 => Act::Restart { node, rebirth: Rebirth::NewCertificate },
            5 => Act::Restart { node, rebirth: Rebirth::NewIdentity },
            _ => Act::Restart { node, rebirth: Rebirth::Same },
        }
    }

    fn path(&mut self) -> Path {
        let mut path = Path { delay: self.size(200), ..Path::FAIR };
        for _ in 0..1 + self.below(3) {
            match self.below(9) {
                0 => path.jitter = self.size(100),
                1 => path.loss = self.size(300_000),
                2 => {
                    let begin = self.size(50_000);
                    path.burst = Some(Burst { begin, end: 50_000 + self.size(400_000) });
                }
                3 => path.duplicate = self.size(300_000),
                4 => path.corrupt = self.size(100_000),
                5 => path.corrupt_any = self.size(50_000),
                6 => path.truncate = self.size(50_000),
                7 => path.mtu = Some(60 + self.below(1_300)),
                _ => {
                    let bytes = 10_000 + self.size(1_000_000);
                    path.rate = Some(Rate { bytes, queue: 3_000 + self.size(100_000) });
                }
            }
        }
        path
    }
}

/// Scripts are drawn from other numbers than what happens in their play.
const SALT: u64 = 0x5c31_9700_c4a0_5000;
