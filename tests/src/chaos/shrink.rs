//! A script that fails, made as short as it can be and still fail in the same way.
//!
//! Acts go in ever smaller blocks (delta debugging), then what is left is made simpler one thing at a
//! time: fewer bytes, shorter times, fairer paths, plainer nodes. Each attempt is a play, of which there are
//! only so many.

use super::oracle::Violation;
use super::script::{Act, Kind, Path, Script};

/// A script that fails, and how.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The script.
    pub script: Script,
    /// How its play ended.
    pub violation: Violation,
    /// How many plays it took to find.
    pub plays: usize,
}

impl Failure {
    /// The failure as a test to paste.
    pub fn as_test(&self) -> String {
        let Self { script, violation, .. } = self;
        let body = script.to_string().replace('\n', "\n    ");
        let what: String = violation.to_string().chars().take(400).collect();
        let what = what.replace('\n', " ");
        let seed = script.seed;
        format!(
            "/// {what}\n#[test]\nfn chaos_{seed}() {{\n    use floe_tests::chaos::script::prelude::*;\n    \
             let script = {body};\n    floe_tests::chaos::play::play(&script).unwrap();\n}}\n"
        )
    }
}

/// Shrinks a script that fails by `violation`, within so many plays.
pub fn shrink(
    script: &Script,
    violation: &Violation,
    plays_max: usize,
    play: impl Fn(&Script) -> Option<Violation>,
) -> Failure {
    let failure = Failure { script: script.clone(), violation: violation.clone(), plays: 0 };
    let mut shrinker = Shrinker { failure, plays_max, play };
    // What was simplified may make more acts needless.
    for _ in 0..ROUNDS {
        let before = shrinker.failure.script.clone();
        shrinker.drop_acts();
        shrinker.simplify_acts();
        shrinker.drop_nodes();
        if shrinker.failure.script == before {
            break;
        }
    }
    shrinker.failure
}

struct Shrinker<P> {
    failure: Failure,
    plays_max: usize,
    play: P,
}

impl<P: Fn(&Script) -> Option<Violation>> Shrinker<P> {
    /// Takes a script in place of the shortest so far, if it fails in the same way.
    fn attempt(&mut self, script: Script) -> bool {
        if script == self.failure.script || self.failure.plays >= self.plays_max {
            return false;
        }
        self.failure.plays += 1;
        match (self.play)(&script) {
            Some(violation) if violation.rule == self.failure.violation.rule => {
                (self.failure.script, self.failure.violation) = (script, violation);
                true
            }
            _ => false,
        }
    }

    fn drop_acts(&mut self) {
        let mut block = self.failure.script.acts.len().div_ceil(2);
        while block > 0 {
            let mut end = self.failure.script.acts.len();
            // From the last on: what comes later matters less.
            while end > 0 {
                let start = end.saturating_sub(block);
                let mut script = self.failure.script.clone();
                script.acts.drain(start..end);
                self.attempt(script);
                end = start;
            }
            block /= 2;
        }
    }

    fn simplify_acts(&mut self) {
        for index in 0..self.failure.script.acts.len() {
            let (_, act) = self.failure.script.acts[index];
            for simpler in simpler(act) {
                let mut script = self.failure.script.clone();
                script.acts[index].1 = simpler;
                if self.attempt(script) {
                    break;
                }
            }
            // Sooner, with all that follows.
            let acts = &self.failure.script.acts;
            let gap = acts[index].0 - if index > 0 { acts[index - 1].0 } else { 0 };
            for less in [gap, gap / 2, gap % 100] {
                let mut script = self.failure.script.clone();
                script.acts[index..].iter_mut().for_each(|(at, _)| *at -= less);
                if less > 0 && self.attempt(script) {
                    break;
                }
            }
        }
    }

    fn drop_nodes(&mut self) {
        for index in 0..self.failure.script.nodes.len() {
            let mut script = self.failure.script.clone();
            script.nodes[index] = Kind::Plain;
            self.attempt(script);
        }
        while self.failure.script.nodes.len() > 2 {
            let mut script = self.failure.script.clone();
            script.nodes.pop();
            let count = script.nodes.len();
            if script.acts.iter().any(|(_, act)| names(act).into_iter().any(|node| node >= count))
                || !self.attempt(script)
            {
                break;
            }
        }
    }
}

/// The nodes that an act names.
fn names(act: &Act) -> Vec<usize> {
    match *act {
        Act::Weather(_) | Act::Heal | Act::Replay(_) => vec![],
        Act::Between { from, to, .. }
        | Act::Cut { from, to }
        | Act::Dial { from, to, .. }
        | Act::Open { from, to, .. }
        | Act::Close { from, to } => vec![from, to],
        Act::Forge { to, claims, .. } => [Some(to), claims].into_iter().flatten().collect(),
        Act::Rebind { node, .. }
        | Act::Stall { node, .. }
        | Act::Restart { node, .. }
        | Act::Jump { node, .. }
        | Act::Pause { node, .. }
        | Act::Finish(node, _)
        | Act::StopReading(node, _)
        | Act::Reset(node, _)
        | Act::Forget(node, _) => vec![node],
    }
}

/// The same act with less in it, the least first.
fn simpler(act: Act) -> Vec<Act> {
    match act {
        Act::Weather(path) => paths(path).into_iter().map(Act::Weather).collect(),
        Act::Between { from, to, path } => {
            paths(path).into_iter().map(|path| Act::Between { from, to, path }).collect()
        }
        Act::Stall { node, millis } => {
            [millis / 4, millis / 2].map(|millis| Act::Stall { node, millis }).into()
        }
        Act::Jump { node, millis } => {
            [millis / 4, millis / 2].map(|millis| Act::Jump { node, millis }).into()
        }
        Act::Open { from, to, plan } => {
            let mut plans = vec![];
            for (there, back) in [
                (0, 0),
                (0, plan.back),
                (plan.there, 0),
                (plan.there / 4, plan.back / 4),
                (plan.there / 2, plan.back),
                (plan.there, plan.back / 2),
            ] {
                let (piece, sip) = (100_000, 100_000);
                plans.push(super::script::Plan { there, back, piece, sip });
                plans.push(super::script::Plan { there, back, ..plan });
            }
            plans.into_iter().map(|plan| Act::Open { from, to, plan }).collect()
        }
        Act::Finish(node, nth) => vec![Act::Finish(node, 0), Act::Finish(node, nth % 4)],
        Act::Reset(node, nth) => vec![Act::Reset(node, 0), Act::Reset(node, nth % 4)],
        Act::Forget(node, nth) => vec![Act::Forget(node, 0), Act::Forget(node, nth % 4)],
        Act::StopReading(node, nth) => {
            vec![Act::StopReading(node, 0), Act::StopReading(node, nth % 4)]
        }
        _ => vec![],
    }
}

/// A path with less wrong with it.
fn paths(path: Path) -> Vec<Path> {
    vec![
        Path::FAIR,
        Path { delay: 10, ..path },
        Path { jitter: 0, ..path },
        Path { loss: 0, ..path },
        Path { burst: None, ..path },
        Path { duplicate: 0, ..path },
        Path { corrupt: 0, ..path },
        Path { corrupt_any: 0, ..path },
        Path { truncate: 0, ..path },
        Path { mtu: None, ..path },
        Path { rate: None, ..path },
    ]
}

const ROUNDS: usize = 4;
