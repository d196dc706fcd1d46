//! Two nodes, an attempt of each, and whatever the network makes of it: every order is played.

use std::collections::HashSet;
use std::vec::Vec;

use super::*;

/// An attempt: what is on its stream, and who still takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Attempt {
    offer_flies: bool,
    answer_flies: bool,
    /// To the offerer, to the answerer.
    reset_flies: [bool; 2],
    /// The offerer, the answerer.
    is_alive: [bool; 2],
    is_answered: bool,
    is_up: [bool; 2],
}

const OFFERER: usize = 0;
const ANSWERER: usize = 1;

impl Attempt {
    /// One side goes; the other hears of it in time.
    fn drop_at(&mut self, side: usize) {
        self.is_alive[side] = false;
        self.is_up[side] = false;
        self.reset_flies[1 - side] = true;
    }

    fn is_connected(&self) -> bool {
        self.is_alive == [true; 2] && self.is_up == [true; 2]
    }
}

/// Node 0 and node 1; attempt `n` is offered by node `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    attempts: [Attempt; 2],
    has_rule: [bool; 2],
}

impl World {
    fn new(has_rule: [bool; 2]) -> Self {
        let begun = Attempt { offer_flies: true, is_alive: [true, false], ..Attempt::default() };
        Self { attempts: [begun; 2], has_rule }
    }

    /// Every state that can follow.
    fn next(&self) -> Vec<Self> {
        let mut next = Vec::new();
        for at in [0, 1] {
            let attempt = self.attempts[at];
            let mut then = |change: &dyn Fn(&mut Self)| {
                let mut world = *self;
                change(&mut world);
                next.push(world);
            };
            if attempt.offer_flies {
                then(&|world| world.on_offer(at));
            }
            if attempt.answer_flies {
                then(&|world| {
                    world.attempts[at].answer_flies = false;
                    world.attempts[at].is_answered = world.attempts[at].is_alive[OFFERER];
                });
            }
            for side in [OFFERER, ANSWERER] {
                // ICE and DTLS need both sides, and come up at one before the other.
                if attempt.is_answered && attempt.is_alive == [true; 2] && !attempt.is_up[side] {
                    then(&|world| world.attempts[at].is_up[side] = true);
                }
                if attempt.reset_flies[side] {
                    then(&|world| {
                        let attempt = &mut world.attempts[at];
                        attempt.reset_flies[side] = false;
                        attempt.is_alive[side] = false;
                        attempt.is_up[side] = false;
                        // It overtakes what it resets.
                        attempt.offer_flies &= side != ANSWERER;
                        attempt.answer_flies &= side != OFFERER;
                    });
                }
            }
        }
        next
    }

    /// The offer of node `at` arrives at the other.
    fn on_offer(&mut self, at: usize) {
        self.attempts[at].offer_flies = false;
        let node = 1 - at;
        let own = &mut self.attempts[node];
        let stage = match (own.is_alive[OFFERER], own.is_up[OFFERER]) {
            (false, _) => OwnAttempt::None,
            (true, false) => OwnAttempt::UnderWay,
            (true, true) => OwnAttempt::Connected,
        };
        let verdict = match self.has_rule[node] {
            true => settle(&ids()[node], &ids()[at], stage),
            false => Verdict::Answer,
        };
        if verdict == Verdict::Yield {
            own.drop_at(OFFERER);
        }
        if verdict == Verdict::Refuse {
            self.attempts[at].reset_flies[OFFERER] = true;
        } else {
            self.attempts[at].is_alive[ANSWERER] = true;
            self.attempts[at].answer_flies = true;
        }
    }

    /// Plays every order; returns which attempts are connected in each end.
    fn ends(self) -> HashSet<[bool; 2]> {
        let (mut seen, mut open, mut ends) =
            (HashSet::from([self]), Vec::from([self]), HashSet::new());
        while let Some(world) = open.pop() {
            let next = world.next();
            if next.is_empty() {
                ends.insert(world.attempts.map(|attempt| attempt.is_connected()));
            }
            open.extend(next.into_iter().filter(|world| seen.insert(*world)));
        }
        ends
    }
}

/// The smaller one first.
fn ids() -> [PeerId; 2] {
    [[1; 36], [2; 36]].map(|key| PeerId::from_public_key(&key, |_| [0; 32]))
}

#[test]
fn the_rule_from_both_sides() {
    use OwnAttempt::*;
    let [smaller, greater] = ids();
    assert!(smaller < greater);
    let of = |local, remote| [None, UnderWay, Connected].map(|own| settle(local, remote, own));
    assert_eq!(of(&smaller, &greater), [Verdict::Answer, Verdict::Yield, Verdict::Refuse]);
    assert_eq!(of(&greater, &smaller), [Verdict::Answer; 3]);
}

#[test]
fn two_of_us_settle_on_one_connection_in_every_order() {
    let ends = World::new([true, true]).ends();
    assert_eq!(ends, HashSet::from([[true, false], [false, true]]));
}

#[test]
fn an_offer_that_never_arrives_stands_in_nobodys_way() {
    for lost in [0, 1] {
        let mut world = World::new([true, true]);
        world.attempts[lost].offer_flies = false;
        let mut one = [true; 2];
        one[lost] = false;
        assert_eq!(world.ends(), HashSet::from([one]), "the offer of {lost} is lost");
    }
}

#[test]
fn who_has_no_rule_is_connected_all_the_same() {
    // With the greater id it is given way to.
    let ends = World::new([true, false]).ends();
    assert_eq!(ends, HashSet::from([[true, false], [false, true]]));
    // With the smaller one it goes on with its own and answers ours.
    assert_eq!(World::new([false, true]).ends(), HashSet::from([[true, true]]));
    // Two of them have two connections: what the rule is for.
    assert_eq!(World::new([false, false]).ends(), HashSet::from([[true, true]]));
}
