//! A script, performed: trouble first, then [everything has to come right](mending).

mod acts;
mod limits;
pub mod mending;
mod nodes;
mod panics;
mod summary;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use floe_core::time::Timestamp;

use self::limits::within_limits;
use self::panics::caught;
use super::application::{Application, Turn};
use super::birth::Birth;
use super::host::Host;
use super::oracle::{Oracle, Verdict, Violation};
use super::peer::Peer;
use super::script::Script;
use super::trouble::{Sky, addr_of};
use crate::entropy::seeded;
use crate::net::Weather;
use crate::rng::Rng;
use crate::world::{Handle, World};

pub use self::nodes::Nodes;
pub use self::summary::Summary;

/// Performs a script with bare endpoints.
///
/// # Errors
/// The first [`Violation`].
pub fn play(script: &Script) -> Result<Summary, Violation> {
    play_with(script, &|birth| Nodes::Bare.make(birth))
}

/// Performs a script with nodes of any make.
///
/// # Errors
/// The first [`Violation`].
pub fn play_with(
    script: &Script,
    make: &(dyn Fn(&Birth) -> Box<dyn Peer> + Sync),
) -> Result<Summary, Violation> {
    perform(script, make, false)
}

/// The same, and everything that happens is printed.
///
/// # Errors
/// The first [`Violation`].
pub fn play_aloud(
    script: &Script,
    make: &(dyn Fn(&Birth) -> Box<dyn Peer> + Sync),
) -> Result<Summary, Violation> {
    perform(script, make, true)
}

fn perform(
    script: &Script,
    make: &(dyn Fn(&Birth) -> Box<dyn Peer> + Sync),
    aloud: bool,
) -> Result<Summary, Violation> {
    seeded(script.seed, || {
        let now = Cell::new(Timestamp::ZERO);
        let played = caught(|| {
            let mut play = Play::new(script, make, &now);
            play.oracle.aloud = aloud;
            play.perform()
        });
        played.unwrap_or_else(|panic| {
            let rule = format!("panic at {}", panic.place);
            Err(Violation { rule, what: panic.message, at: now.get() })
        })
    })
}

struct Play<'a> {
    script: &'a Script,
    make: &'a (dyn Fn(&Birth) -> Box<dyn Peer> + Sync),
    /// Told to who catches panics.
    now: &'a Cell<Timestamp>,
    world: World,
    sky: Rc<RefCell<Sky>>,
    oracle: Oracle,
    nodes: Vec<Node>,
    restarts: u64,
    steps: u64,
}

struct Node {
    host: Handle<Host>,
    application: Application,
    birth: Birth,
}

impl<'a> Play<'a> {
    fn new(
        script: &'a Script,
        make: &'a (dyn Fn(&Birth) -> Box<dyn Peer> + Sync),
        now: &'a Cell<Timestamp>,
    ) -> Self {
        let mut world = World::new(script.seed, Weather::FAIR);
        let mut rng = Rng::new(script.seed);
        let sky = Sky::over(rng.next_u64(), script.nodes.len(), &mut world.net);
        let mut oracle = Oracle::default();
        let nodes = script.nodes.iter().enumerate().map(|(node, kind)| {
            let birth = Birth {
                seed: rng.next_u64(),
                identity: rng.next_u64(),
                certificate: rng.next_u64(),
                addr: addr_of(node),
                epoch: world.epoch,
                kind: *kind,
            };
            let peer = make(&birth);
            let life = oracle.born(node, peer.peer_id(), *kind);
            let host = world.add(Host::new(peer, sky.clone()));
            Node { host, application: Application::new(life), birth }
        });
        let nodes = nodes.collect();
        Self { script, make, now, world, sky, oracle, nodes, restarts: 0, steps: 0 }
    }

    fn perform(mut self) -> Verdict<Summary> {
        for (at, act) in &self.script.acts {
            self.run_until(Timestamp::from_millis(*at), |_| false)?;
            self.act(act);
        }
        let mended = self.mend()?;
        let tally = self.oracle.tally;
        self.bury_ghosts()?;
        self.close_all()?;
        self.meet_again()?;
        self.leave_nothing()?;
        let Self { world, restarts, .. } = self;
        let (trace, datagrams) = (world.net.trace(), world.net.sent());
        Ok(Summary { trace, datagrams, tally, restarts, mended })
    }

    // ── time ──

    /// Goes on until a moment, or until `done`; says whether that came.
    fn run_until(
        &mut self,
        until: Timestamp,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> Verdict<bool> {
        // What acts made of the nodes is heard of before time goes on.
        self.world.settle();
        loop {
            let next = self.pump_all()?;
            if done(self) {
                return Ok(true);
            }
            if self.world.now >= until {
                return Ok(false);
            }
            // One step, or to where an application goes on by itself.
            let at = next.map_or(until, |next| next.min(until));
            let mut stepped = false;
            self.world.until(at.saturating_since(self.world.now), |_| {
                core::mem::replace(&mut stepped, true).then_some(())
            });
            self.now.set(self.world.now);
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return self.oracle.violation("busy", format!("{} steps", self.steps));
            }
        }
    }

    fn run_for(&mut self, duration: Duration) -> Verdict {
        self.run_until(self.world.now + duration, |_| false).map(|_| ())
    }

    /// Lets all applications go on; says when one wants to although nothing happens.
    fn pump_all(&mut self) -> Verdict<Option<Timestamp>> {
        let Self { world, oracle, nodes, sky, .. } = self;
        let now = world.now;
        oracle.now = now;
        oracle.silenced |= sky.borrow().silenced;
        let mut next: Option<Timestamp> = None;
        for Node { host, application, birth } in nodes {
            let host = &mut world[*host];
            if host.is_stalled(now) {
                continue;
            }
            let wake = application.pump(&mut Turn { host, now, oracle })?;
            next = [next, wake].into_iter().flatten().min();
            within_limits(host, application, birth, oracle)?;
        }
        Ok(next)
    }
}

/// Far more than any script needs: one that needs more is busy for nothing.
const STEPS_MAX: u64 = 3_000_000;
