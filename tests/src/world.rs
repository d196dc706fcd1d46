//! Nodes, a network and a clock that is only a number.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::time::Duration;

use floe_core::rtc::Epoch;
use floe_core::time::Timestamp;

use crate::capture::Capture;
use crate::entropy;
use crate::net::{Net, Weather};
use crate::node::Node;

/// Nodes, stepped from one moment at which something happens to the next.
///
/// A world that is dropped in a panic prints its seed.
#[derive(Debug)]
pub struct World {
    /// The moment it is.
    pub now: Timestamp,
    /// The network between the nodes.
    pub net: Net,
    /// What the engine's parts take for the start of time.
    pub epoch: Epoch,
    seed: u64,
    places: Vec<Place>,
    capture: Option<Capture>,
    /// How often in a row time stood still.
    spins: u32,
}

/// Where a node stands.
#[derive(Debug)]
struct Place {
    node: Box<dyn Node>,
    wake_at: Option<Timestamp>,
    /// How many of its keys are captured.
    keys: usize,
}

impl Place {
    fn new(node: impl Node) -> Self {
        Self { node: Box::new(node), wake_at: None, keys: 0 }
    }
}

/// A node of a world: `world[handle]`.
pub struct Handle<N> {
    index: usize,
    kind: PhantomData<fn() -> N>,
}

impl World {
    /// A world at time zero.
    pub fn new(seed: u64, weather: Weather) -> Self {
        let epoch = entropy::epoch();
        Self {
            now: Timestamp::ZERO,
            net: Net::new(seed, weather),
            epoch,
            seed,
            places: Vec::new(),
            capture: Capture::begin(seed, epoch),
            spins: 0,
        }
    }

    /// Puts a node on the network.
    pub fn add<N: Node>(&mut self, node: N) -> Handle<N> {
        self.places.push(Place::new(node));
        Handle { index: self.places.len() - 1, kind: PhantomData }
    }

    /// Takes a node's place for another, as after a restart. The old one goes without a word.
    pub fn replace<N: Node>(&mut self, handle: Handle<N>, node: N) {
        self.places[handle.index] = Place::new(node);
    }

    /// Steps until `found` says something, for `limit` at most.
    ///
    /// `found` is asked after each step; it may also give nodes something to do.
    pub fn until<T>(
        &mut self,
        limit: Duration,
        mut found: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let limit = self.now + limit;
        self.settle();
        loop {
            if let Some(found) = found(self) {
                return Some(found);
            }
            // What `found` asked of the nodes is sent before time goes on.
            self.settle();
            if !self.step(limit) {
                return found(self);
            }
        }
    }

    /// Steps for so long.
    pub fn run(&mut self, duration: Duration) {
        let over = self.until(duration, |_| None::<()>);
        debug_assert!(over.is_none());
    }

    /// Lets every node do what it can at this moment.
    pub fn settle(&mut self) {
        while let Some(packet) = self.net.arrive(self.now) {
            let place = self.places.iter_mut().find(|place| place.node.is_at(packet.destination));
            if let Some(place) = place {
                place.node.handle_packet(self.now, &packet);
            }
        }
        for place in &mut self.places {
            if place.wake_at.is_some_and(|at| at <= self.now) {
                place.node.handle_timeout(self.now);
            }
            let (net, capture, now) = (&mut self.net, &mut self.capture, self.now);
            place.wake_at = place.node.drain(now, &mut |packet| {
                if let Some(capture) = capture {
                    capture.packet(now, &packet);
                }
                net.send(now, packet);
            });
            if let Some(capture) = capture {
                let new = &place.node.keys()[place.keys..];
                new.iter().for_each(|line| capture.key(line));
                place.keys += new.len();
                capture.drained();
            }
        }
    }

    /// Goes on to the next moment at which something happens, `limit` at the latest; false if that is
    /// never, or not before the limit.
    fn step(&mut self, limit: Timestamp) -> bool {
        let wake_at = self.places.iter().filter_map(|place| place.wake_at).min();
        let next = [self.net.next_arrival(), wake_at].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= limit) else {
            self.now = self.now.max(limit);
            return false;
        };
        self.spins = if next > self.now { 0 } else { self.spins + 1 };
        assert!(self.spins < SPINS_MAX, "a deadline in the past is never served: {self:#?}");
        self.now = self.now.max(next);
        self.settle();
        true
    }
}

impl<N: Node> Index<Handle<N>> for World {
    type Output = N;

    fn index(&self, handle: Handle<N>) -> &N {
        let node: &dyn Any = &*self.places[handle.index].node;
        node.downcast_ref().expect("a handle knows the kind of its node")
    }
}

impl<N: Node> IndexMut<Handle<N>> for World {
    fn index_mut(&mut self, handle: Handle<N>) -> &mut N {
        let node: &mut dyn Any = &mut *self.places[handle.index].node;
        node.downcast_mut().expect("a handle knows the kind of its node")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the world's seed was {}, and it ended at {:?}", self.seed, self.now);
        }
    }
}

impl<N> Clone for Handle<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Handle<N> {}

impl<N> fmt::Debug for Handle<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.index)
    }
}

/// A timer that is due again at once, this often in a row, spins.
const SPINS_MAX: u32 = 100;
