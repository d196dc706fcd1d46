//! Acts, as nodes and their applications perform them; what the network does is not here.

use std::time::Duration;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::ConnectionId;

use super::{Node, Play};
use crate::chaos::application::{Application, Turn};
use crate::chaos::script::{Act, Plan, Rebirth};
use crate::rng::Rng;

impl Play<'_> {
    pub(super) fn act(&mut self, act: &Act) {
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
            let turn = &mut Turn { host, now, oracle };
            match *act {
                Act::Finish(..) => application.finish(turn, nth),
                Act::StopReading(..) => application.stop_reading(turn, nth),
                Act::Reset(..) => application.reset(turn, nth),
                Act::Forget(..) => application.forget(turn, nth),
                Act::Pause { millis, .. } => {
                    application.pause(now + Duration::from_millis(millis), nth);
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

    pub(super) fn dial(&mut self, from: usize, to: usize, version: Option<Version>, named: bool) {
        let now = self.world.now;
        let peer = &self.world[self.nodes[to].host].peer;
        let (expected, address) = (peer.peer_id(), peer.address());
        let mut there = DirectAddr::new(self.sky.borrow().public(to));
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
    pub(super) fn link(&self, from: usize, to: usize) -> Option<ConnectionId> {
        self.links(from, to).last().copied()
    }

    fn links(&self, from: usize, to: usize) -> Vec<ConnectionId> {
        let life = self.nodes[from].application.life;
        let is_theirs = |peer| self.oracle.node_of(peer) == Some(to);
        let links = self.oracle.links_of(life);
        links.into_iter().filter(|(_, peer)| is_theirs(*peer)).map(|(id, _)| id).collect()
    }

    pub(super) fn open(&mut self, from: usize, to: usize, plan: Plan) {
        let now = self.world.now;
        let Some(on) = self.link(from, to) else { return };
        let Node { host, application, .. } = &mut self.nodes[from];
        let host = &mut self.world[*host];
        if !host.is_stalled(now) {
            let turn = &mut Turn { host, now, oracle: &mut self.oracle };
            application.open(turn, on, plan);
        }
    }

    pub(super) fn close(&mut self, from: usize, to: usize) {
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
}
