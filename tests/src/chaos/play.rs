//! A script, performed: trouble first, then everything has to come right.
//!
//! # What has to come right
//!
//! All bounds are in virtual time, counted from the last act, after which the network is fair (10 ms each
//! way, nothing lost) and nobody stalls:
//!
//! 1. within [three minutes](MEND) every stream whose ends both live has come to its end on both sides,
//!    with all bytes, and every dial is answered. SCTP may have backed off to a minute between attempts, and
//!    a peer that is gone is missed after the idle timeout;
//! 2. [a minute](GHOSTS) later no connection is up at one end only, and those that are hold no stream and no
//!    byte;
//! 3. then all connections are closed, and of each pair of nodes one dials the other and has a stream
//!    answered, within [5 s](FRESH) each;
//! 4. [15 s](GRAVE) after that was closed too, nobody has a connection or a handshake any more.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;

use floe_core::ice::Version;
use floe_core::rtc::ConnectionId;
use floe_core::time::Timestamp;

use super::application::Application;
use super::bare::Bare;
use super::birth::Birth;
use super::driven::{Driven, Manner};
use super::host::Host;
use super::oracle::{Oracle, Tally, Verdict, Violation};
use super::peer::Peer;
use super::script::{Act, Plan, Rebirth, Script};
use super::trouble::{Sky, addr_of};
use crate::entropy::seeded;
use crate::net::Weather;
use crate::rng::Rng;
use crate::world::{Handle, World};

/// Which nodes perform a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// Bare endpoints.
    Bare,
    /// Nodes behind the driver's loop, each on a host of some manner.
    Driven,
}

impl Nodes {
    /// A node that begins so.
    pub fn make(self, birth: &Birth) -> Box<dyn Peer> {
        match self {
            Self::Bare => Box::new(Bare::new(birth)),
            Self::Driven => {
                let manner =
                    if birth.seed.is_multiple_of(2) { Manner::KIND } else { Manner::ROUGH };
                let node = Driven::begin(birth.start(), birth.addr, birth.epoch, manner);
                Box::new(node.with_application())
            }
        }
    }
}

/// What came of a play in which all went as it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// A hash of every datagram that was sent, and when.
    pub trace: u64,
    /// How many there were.
    pub datagrams: u64,
    /// What happened until everything had come right.
    pub tally: Tally,
    /// Nodes that began anew.
    pub restarts: u64,
    /// How long it took after the last act until all streams had ended.
    pub mended: Duration,
}

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
    hear_panics();
    seeded(script.seed, || {
        let now = Cell::new(Timestamp::ZERO);
        HEARD.set(Some(String::new()));
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut play = Play::new(script, make, &now);
            play.oracle.aloud = aloud;
            play.perform()
        }));
        let place = HEARD.take().unwrap_or_default();
        played.unwrap_or_else(|panic| {
            let rule = format!("panic at {place}");
            Err(Violation { rule, what: message(&*panic), at: now.get() })
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
            let wake = application.pump(host, now, oracle)?;
            next = [next, wake].into_iter().flatten().min();
            within_limits(host, application, birth, oracle)?;
        }
        Ok(next)
    }

    // ── acts ──

    fn act(&mut self, act: &Act) {
        let now = self.world.now;
        if self.oracle.aloud {
            println!("{:>12.6} {act:?}", now.since_epoch().as_secs_f64());
        }
        if self.sky.borrow_mut().perform(now, act, &mut self.world.net) {
            return;
        }
        let count = self.script.nodes.len();
        let Self { world, oracle, nodes, .. } = &mut *self;
        let stream_act = match *act {
            Act::Finish(node, nth)
            | Act::StopReading(node, nth)
            | Act::Reset(node, nth)
            | Act::Forget(node, nth)
            | Act::Pause { node, stream: nth, .. } => Some((node % count, nth)),
            _ => None,
        };
        if let Some((node, nth)) = stream_act {
            let Node { host, application, .. } = &mut nodes[node];
            let host = &mut world[*host];
            // An application that stalls does nothing.
            if host.is_stalled(now) {
                return;
            }
            match *act {
                Act::Finish(..) => application.finish(nth, oracle),
                Act::StopReading(..) => application.stop_reading(host, now, nth, oracle),
                Act::Reset(..) => application.reset(host, now, nth, oracle),
                Act::Forget(..) => application.forget(host, now, nth, oracle),
                Act::Pause { millis, .. } => {
                    application.pause(nth, now + Duration::from_millis(millis));
                }
                _ => {}
            }
            return;
        }
        match *act {
            Act::Stall { node, millis } => {
                world[nodes[node].host].stall(now + Duration::from_millis(millis));
                oracle.silenced = true;
            }
            Act::Restart { node, rebirth } => self.restart(node, rebirth),
            Act::Jump { node, millis } => {
                world[nodes[node].host].jump(Duration::from_millis(millis));
                oracle.silenced = true;
            }
            Act::Dial { from, to, version, named } => self.dial(from, to, version, named),
            Act::Open { from, to, plan } => self.open(from, to, plan),
            Act::Close { from, to } => self.close(from, to),
            _ => {}
        }
    }

    fn restart(&mut self, node: usize, rebirth: Rebirth) {
        self.restarts += 1;
        let Node { host, application, birth } = &mut self.nodes[node];
        let mut rng = Rng::new(birth.seed);
        birth.seed = rng.next_u64();
        match rebirth {
            Rebirth::Same => {}
            Rebirth::NewCertificate => birth.certificate = rng.next_u64(),
            Rebirth::NewIdentity => {
                (birth.certificate, birth.identity) = (rng.next_u64(), rng.next_u64());
            }
        }
        let peer = (self.make)(birth);
        let life = self.oracle.born(node, peer.peer_id(), birth.kind);
        self.world[*host].restart(peer);
        *application = Application::new(life);
    }

    fn dial(&mut self, from: usize, to: usize, version: Option<Version>, named: bool) {
        let now = self.world.now;
        let peer = &self.world[self.nodes[to].host].peer;
        let (expected, address) = (peer.peer_id(), peer.address());
        let mut there = floe_core::multiaddr::DirectAddr::new(self.sky.borrow().public(to));
        if let Some(certhash) = address.certhash() {
            there = there.with_certhash(certhash);
        }
        if named {
            there = there.with_peer(expected);
        }
        let host = &mut self.world[self.nodes[from].host];
        if host.is_stalled(now) {
            return;
        }
        let ask = host.peer.dial(host.clock(now), &there, version);
        self.oracle.dials(self.nodes[from].application.life, ask, to, expected);
    }

    /// The newest connection between two nodes, as one knows it.
    fn link(&self, from: usize, to: usize) -> Option<ConnectionId> {
        self.links(from, to).last().copied()
    }

    fn links(&self, from: usize, to: usize) -> Vec<ConnectionId> {
        let life = self.nodes[from].application.life;
        let is_theirs = |peer| self.oracle.node_of(peer) == Some(to);
        let links = self.oracle.links_of(life);
        links.into_iter().filter(|(_, peer)| is_theirs(*peer)).map(|(id, _)| id).collect()
    }

    fn open(&mut self, from: usize, to: usize, plan: Plan) {
        let now = self.world.now;
        let Some(on) = self.link(from, to) else { return };
        let Node { host, application, .. } = &mut self.nodes[from];
        let host = &mut self.world[*host];
        if !host.is_stalled(now) {
            application.open(host, now, on, plan);
        }
    }

    fn close(&mut self, from: usize, to: usize) {
        let now = self.world.now;
        for id in self.links(from, to) {
            let Node { host, application, .. } = &mut self.nodes[from];
            let host = &mut self.world[*host];
            if !host.is_stalled(now) {
                self.oracle.closes(application.life, id);
                host.peer.close(host.clock(now), id);
            }
        }
    }

    // ── what has to come right ──

    fn mend(&mut self) -> Verdict<Duration> {
        self.sky.borrow_mut().heal();
        for node in &mut self.nodes {
            self.world[node.host].go_on();
            node.application.hurries = true;
        }
        let healed = self.world.now;
        let is_mended = |play: &mut Self| {
            let is_idle = play.nodes.iter().all(|node| node.application.is_idle());
            is_idle && play.oracle.pending_dial().is_none()
        };
        if !self.run_until(healed + MEND, is_mended)? {
            if let Some(dial) = self.oracle.pending_dial() {
                return self.oracle.violation("a dial hangs", dial);
            }
            let left = self.nodes.iter().map(|node| node.application.left());
            let left = left.collect::<Vec<_>>().join("; ");
            return self.oracle.violation("a stream hangs", left);
        }
        Ok(self.world.now.saturating_since(healed))
    }

    fn bury_ghosts(&mut self) -> Verdict {
        self.run_for(GHOSTS)?;
        if let Some(what) = self.oracle.one_sided() {
            return self.oracle.violation("a connection outlives its peer", what);
        }
        for Node { host, application, birth } in &self.nodes {
            for (id, _) in self.oracle.links_of(application.life) {
                let Some(stats) = self.world[*host].peer.stats(id) else { continue };
                let held = (stats.streams, stats.send_buffered, stats.receive_buffered);
                if held != (0, 0, 0) {
                    let what = format!("{id} at {} holds {stats:?} and no stream", birth.addr);
                    return self.oracle.violation("leak", what);
                }
            }
        }
        Ok(())
    }

    fn close_all(&mut self) -> Verdict {
        for from in 0..self.nodes.len() {
            (0..self.nodes.len()).for_each(|to| self.close(from, to));
        }
        self.run_for(Duration::from_secs(1))
    }

    fn meet_again(&mut self) -> Verdict {
        for one in 0..self.nodes.len() {
            for other in 0..one {
                // Either may be the one that dials.
                let is_first = (self.script.seed + one as u64 + other as u64).is_multiple_of(2);
                let (from, to) = if is_first { (one, other) } else { (other, one) };
                let name = |what: &str| format!("{from} to {to}: {what}");
                self.dial(from, to, None, true);
                let met = |play: &mut Self| {
                    play.link(from, to).is_some() && play.link(to, from).is_some()
                };
                if !self.run_until(self.world.now + FRESH, met)? {
                    return self.oracle.violation("a fresh dial", name("no connection"));
                }
                let plan = Plan { there: 5_000, back: 5_000, piece: 5_000, sip: 5_000 };
                let before = self.oracle.tally.finished;
                self.open(from, to, plan);
                let echoed = |play: &mut Self| {
                    play.oracle.tally.finished == before + 2
                        && play.nodes.iter().all(|node| node.application.is_idle())
                };
                if !self.run_until(self.world.now + FRESH, echoed)? {
                    return self.oracle.violation("a fresh dial", name("no echo"));
                }
                self.close(from, to);
                self.run_for(Duration::from_secs(1))?;
            }
        }
        Ok(())
    }

    fn leave_nothing(&mut self) -> Verdict {
        self.run_for(GRAVE)?;
        if let Some(what) = self.oracle.one_sided() {
            return self.oracle.violation("a connection outlives its peer", what);
        }
        for Node { host, birth, .. } in &self.nodes {
            let Some(counters) = self.world[*host].peer.counters() else { continue };
            if (counters.connections, counters.handshaking) != (0, 0) {
                let what = format!("{} has {counters:?} in the end", birth.addr);
                return self.oracle.violation("leak", what);
            }
        }
        Ok(())
    }
}

/// Whether a node keeps to its limits.
fn within_limits(
    host: &Host,
    application: &Application,
    birth: &Birth,
    oracle: &Oracle,
) -> Verdict {
    let Some(counters) = host.peer.counters() else { return Ok(()) };
    let limits = birth.limits();
    let mut numbers = vec![
        ("connections", counters.connections, limits.connections),
        ("half_open", counters.half_open, limits.half_open),
        ("handshaking", counters.handshaking, limits.handshaking),
    ];
    for (id, _) in oracle.links_of(application.life) {
        let Some(stats) = host.peer.stats(id) else { continue };
        // What is in SCTP's hands when the limit is reached still has a place: one message.
        let received = limits.connection_receive_bytes + ONE_MESSAGE;
        numbers.push(("streams", stats.streams, limits.streams));
        numbers.push(("connection_receive_bytes", stats.receive_buffered, received));
        let sent = stats.streams * limits.stream_send_bytes + SCTP_SENDS;
        numbers.push(("stream_send_bytes", stats.send_buffered, sent));
    }
    match numbers.into_iter().find(|(_, number, limit)| number > limit) {
        Some((name, number, limit)) => {
            let what = format!("{} has {name} of {number}, above {limit}", birth.addr);
            oracle.violation("limit", what)
        }
        None => Ok(()),
    }
}

thread_local! {
    /// Where it panicked last, on threads that catch panics.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics on threads that catch them say where they were, and nothing else.
fn hear_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map_or_else(String::new, ToString::to_string);
            let is_heard =
                HEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| *heard = place).is_some());
            if !is_heard {
                others(panic);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text").chars().take(2_000).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, datagrams, tally, restarts, mended } = self;
        write!(
            f,
            "{trace:016x}, {datagrams} datagrams, {restarts} restarts, mended in {mended:?}: {tally:?}"
        )
    }
}

/// Streams come to their end and dials are answered within this.
pub const MEND: Duration = Duration::from_secs(180);
/// Connections that are up at one end only are gone after this: a node without memory answers the checks of a
/// dialer for ten seconds, ten more if something in the dialer's name has begun a handshake, and then the dialer
/// waits for thirty.
pub const GHOSTS: Duration = Duration::from_secs(60);
/// A fresh dial, and an echo over it, take no longer than this.
pub const FRESH: Duration = Duration::from_secs(5);
/// After everything is closed and this has passed, nothing is left.
pub const GRAVE: Duration = Duration::from_secs(15);
/// Far more than any script needs: one that needs more is busy for nothing.
const STEPS_MAX: u64 = 3_000_000;
/// The longest message that SCTP takes.
const ONE_MESSAGE: usize = 300_000;
/// What the engine takes from streams before it has sent it.
const SCTP_SENDS: usize = 4_000_000;
