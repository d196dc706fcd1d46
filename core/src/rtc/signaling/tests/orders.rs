//! Two of our own machines, and every order in which their words, their candidates and their connection can come.

use std::collections::HashSet;

use super::*;
use crate::testing::Dice;

/// What is on the way to a side.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OnStream {
    Message(Vec<u8>),
    End,
}

#[derive(Clone, Debug)]
struct Node {
    machine: Signaling,
    /// On the way here.
    stream: VecDeque<OnStream>,
    /// Ports of our candidates that ICE has yet to find.
    unfound: VecDeque<u16>,
    found: Vec<u16>,
    has_ended: bool,
    told: Vec<u16>,
    is_described: bool,
    is_connected: bool,
    is_init_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Deliver,
    Find,
    EndCandidates,
    Connect,
    CloseInit,
}

/// The offerer and the answerer.
#[derive(Clone, Debug)]
struct Pair([Node; 2]);

impl Pair {
    fn new(candidates: [u16; 2]) -> Self {
        let mut pair = Self([offerer(), answerer()].map(|machine| Node {
            machine,
            stream: VecDeque::new(),
            unfound: VecDeque::new(),
            found: Vec::new(),
            has_ended: false,
            told: Vec::new(),
            is_described: false,
            is_connected: false,
            is_init_closed: false,
        }));
        for (node, candidates) in pair.0.iter_mut().zip(candidates) {
            node.unfound.extend(1..=candidates);
        }
        pair.settle();
        pair
    }

    fn is_possible(&self, side: usize, step: Step) -> bool {
        let node = &self.0[side];
        match step {
            Step::Deliver => !node.stream.is_empty(),
            Step::Find => !node.unfound.is_empty(),
            Step::EndCandidates => node.unfound.is_empty() && !node.has_ended,
            // One candidate of either side is enough for ICE.
            Step::Connect => {
                !node.is_connected
                    && self.0.iter().all(|node| node.is_described)
                    && self.0.iter().any(|node| !node.told.is_empty())
            }
            Step::CloseInit => {
                side == 0 && !node.is_init_closed && self.0.iter().all(|node| node.is_connected)
            }
        }
    }

    fn take(&mut self, side: usize, step: Step) {
        let node = &mut self.0[side];
        match step {
            Step::Deliver => match node.stream.pop_front() {
                Some(OnStream::Message(bytes)) => node.machine.handle_bytes(&bytes),
                Some(OnStream::End) => node.machine.handle_end(),
                None => {}
            },
            Step::Find => {
                let port = node.unfound.pop_front().unwrap();
                node.found.push(port);
                node.machine.add_candidate(&candidate(port));
            }
            Step::EndCandidates => {
                node.has_ended = true;
                node.machine.end_candidates();
            }
            Step::Connect => {
                node.is_connected = true;
                node.machine.handle_connected(NOW);
            }
            Step::CloseInit => {
                node.is_init_closed = true;
                node.machine.handle_init_closed();
            }
        }
        self.settle();
    }

    /// What the machines have to say, after each step.
    fn settle(&mut self) {
        for side in [0, 1] {
            for action in done(&mut self.0[side].machine) {
                let stream = &mut self.0[1 - side].stream;
                assert_ne!(stream.back(), Some(&OnStream::End), "{action:?} behind the end");
                stream.push_back(match action {
                    StreamAction::Write(bytes) => OnStream::Message(bytes),
                    StreamAction::Close => OnStream::End,
                    StreamAction::Reset => panic!("{self:?}"),
                });
            }
            let node = &mut self.0[side];
            for event in told(&mut node.machine) {
                match event {
                    Event::Description { .. } => node.is_described = true,
                    Event::Candidate(candidate) => {
                        assert!(node.is_described);
                        node.told.push(candidate.as_sdp().port);
                    }
                    Event::EndOfCandidates => assert!(node.is_described),
                    Event::Failed(failure) => panic!("{failure}: {self:?}"),
                }
            }
        }
    }

    fn possible(&self) -> Vec<(usize, Step)> {
        let all = [0, 1].into_iter().flat_map(|side| STEPS.map(|step| (side, step)));
        all.filter(|(side, step)| self.is_possible(*side, *step)).collect()
    }

    /// Nothing is left to happen: both are connected and done, and have told what was said.
    fn is_well(&self) {
        for (side, node) in self.0.iter().enumerate() {
            assert!(node.is_connected && node.machine.is_over(), "{side}: {self:?}");
            assert_eq!(node.machine.deadline(), None);
            let said = &self.0[1 - side].found;
            assert_eq!(node.told, said[..node.told.len()], "in order, and none twice");
        }
    }
}

const STEPS: [Step; 5] =
    [Step::Deliver, Step::Find, Step::EndCandidates, Step::Connect, Step::CloseInit];

#[test]
fn every_order_ends_connected() {
    for candidates in [[3, 2], [0, 2], [1, 0]] {
        let begin = Pair::new(candidates);
        let (mut seen, mut open) = (HashSet::from([format!("{begin:?}")]), vec![begin]);
        let mut ends = 0;
        while let Some(pair) = open.pop() {
            let possible = pair.possible();
            if possible.is_empty() {
                pair.is_well();
                ends += 1;
            }
            for (side, step) in possible {
                let mut next = pair.clone();
                next.take(side, step);
                if seen.insert(format!("{next:?}")) {
                    open.push(next);
                }
            }
        }
        assert!(seen.len() > 50 && ends > 0, "{} states, {ends} ends", seen.len());
    }
}

#[test]
fn any_order_and_any_cut_ends_connected() {
    for seed in 0..300 {
        let _says_which = Seed(seed);
        let mut dice = Dice(seed);
        let mut pair = Pair::new([dice.below(40) as u16, 1 + dice.below(40) as u16]);
        loop {
            // Bytes come in other pieces than they were written in.
            for side in [0, 1] {
                let stream = &mut pair.0[side].stream;
                if let Some(OnStream::Message(bytes)) = stream.front_mut()
                    && dice.below(2) == 0
                {
                    let rest = bytes.split_off(1 + dice.below(bytes.len()));
                    if !rest.is_empty() {
                        stream.insert(1, OnStream::Message(rest));
                    }
                }
            }
            let possible = pair.possible();
            if possible.is_empty() {
                break;
            }
            let (side, step) = possible[dice.below(possible.len())];
            pair.take(side, step);
        }
        pair.is_well();
    }
}

/// Prints the seed of a failure.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::eprintln!("seed {}", self.0);
        }
    }
}
