//! Two nodes and what a relay carries between them.

use std::collections::VecDeque;
use std::time::Duration;

use floe_core::rtc::private::{Heard, Meeting};
use floe_core::rtc::signaling::StreamAction;
use floe_core::rtc::{Config, ConnectionId, Event, StreamId};
use floe_core::time::Timestamp;
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::world::{Handle, World};

use crate::pair::two;
use crate::{millis, secs};

/// Two nodes that meet: 0 offers, 1 answers.
pub(super) struct Two {
    pub(super) world: World,
    pub(super) nodes: [Handle<Floe>; 2],
    /// The meeting, as each knows it.
    pub(super) ids: [ConnectionId; 2],
    pub(super) relay: Relay,
}

/// A signaling stream.
pub(super) struct Relay {
    /// How long what is written takes, by who writes it.
    pub(super) delays: [Duration; 2],
    under_way: [VecDeque<(Timestamp, StreamAction)>; 2],
    /// It carries nothing any more, and says nothing of that.
    pub(super) is_silent: bool,
    /// What each side has written, and whether it has closed its half or reset the stream.
    pub(super) written: [Vec<Vec<u8>>; 2],
    pub(super) is_closed: [bool; 2],
    pub(super) is_reset: [bool; 2],
}

impl Relay {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            delays: [delay; 2],
            under_way: [VecDeque::new(), VecDeque::new()],
            is_silent: false,
            written: [Vec::new(), Vec::new()],
            is_closed: [false; 2],
            is_reset: [false; 2],
        }
    }

    /// Takes what nodes have to say, and gives them what has arrived.
    pub(super) fn carry(
        &mut self,
        world: &mut World,
        nodes: [Handle<Floe>; 2],
        ids: [ConnectionId; 2],
    ) {
        let now = world.now;
        for side in [0, 1] {
            let node = &mut world[nodes[side]];
            node.take(|event| {
                matches!(event, Event::Signaling { id } if *id == ids[side]).then_some(())
            });
            while let Some(action) = node.endpoint.poll_signaling(ids[side]) {
                match &action {
                    StreamAction::Write(bytes) => self.written[side].push(bytes.clone()),
                    StreamAction::Close => self.is_closed[side] = true,
                    StreamAction::Reset => self.is_reset[side] = true,
                }
                self.under_way[side].push_back((now + self.delays[side], action));
            }
        }
        for side in [0, 1] {
            while self.under_way[side].front().is_some_and(|(at, _)| *at <= now) {
                let Some((_, action)) = self.under_way[side].pop_front() else { break };
                if self.is_silent {
                    continue;
                }
                let heard = match &action {
                    StreamAction::Write(bytes) => Heard::Bytes(bytes),
                    StreamAction::Close => Heard::End,
                    StreamAction::Reset => Heard::Reset,
                };
                world[nodes[1 - side]].endpoint.handle_signaling(now, ids[1 - side], heard);
            }
        }
    }

    /// The relay goes: both sides hear of it, and what was under way is lost.
    pub(super) fn die(
        &mut self,
        world: &mut World,
        nodes: [Handle<Floe>; 2],
        ids: [ConnectionId; 2],
    ) {
        self.is_silent = true;
        for side in [0, 1] {
            let now = world.now;
            world[nodes[side]].endpoint.handle_signaling(now, ids[side], Heard::Reset);
        }
    }

    fn next_arrival(&self) -> Option<Timestamp> {
        self.under_way.iter().filter_map(|it| it.front().map(|(at, _)| *at)).min()
    }
}

impl Two {
    /// Two that have begun to meet, each by an address of its own.
    pub(super) fn new(seed: u64, weather: Weather) -> Self {
        Self::with(seed, weather, |_| {}, |_| {})
    }

    /// The same, where `adjust` changes configurations, and `prepare` the world before anything is said.
    pub(super) fn with(
        seed: u64,
        weather: Weather,
        adjust: impl Fn(&mut Config),
        prepare: impl FnOnce(&mut World),
    ) -> Self {
        let (mut world, one, other) = two(seed, weather, adjust);
        prepare(&mut world);
        let nodes = [one, other];
        let peers = nodes.map(|node| world[node].peer_id());
        let now = world.now;
        for node in nodes {
            let addr = world[node].addr;
            world[node].endpoint.set_host_addrs(now, &[addr]);
        }
        let begun = [Meeting::offering(peers[1]), Meeting::answering(peers[0])];
        let mut begun = begun.into_iter();
        let ids = nodes.map(|node| {
            let meeting = begun.next().expect("two meetings");
            world[node].endpoint.meet(now, meeting).expect("there is room")
        });
        Self { world, nodes, ids, relay: Relay::new(millis(50)) }
    }

    /// Goes on until `found` says something.
    pub(super) fn until<T>(
        &mut self,
        limit: Duration,
        mut found: impl FnMut(&mut World) -> Option<T>,
    ) -> Option<T> {
        let limit = self.world.now + limit;
        let Self { world, nodes, ids, relay } = self;
        loop {
            world.settle();
            relay.carry(world, *nodes, *ids);
            if let Some(found) = found(world) {
                return Some(found);
            }
            if world.now >= limit {
                return None;
            }
            let next = relay.next_arrival().unwrap_or(limit).min(limit);
            let wait = next.saturating_since(world.now);
            // Anything that a node wants to say interrupts the wait.
            let mut outcome = None;
            world.until(wait, |world| {
                let is_said = (0..2).any(|side| {
                    let said = Event::Signaling { id: ids[side] };
                    world[nodes[side]].events.contains(&said)
                });
                outcome = found(world);
                (is_said || outcome.is_some()).then_some(())
            });
            if outcome.is_some() {
                return outcome;
            }
        }
    }

    /// Waits for so long.
    pub(super) fn run(&mut self, duration: Duration) {
        assert!(self.until(duration, |_| None::<()>).is_none());
    }

    /// Waits until both are connected.
    pub(super) fn connect(&mut self) {
        let nodes = self.nodes;
        let mut up = [false; 2];
        let both = self.until(secs(20), |world| {
            for side in [0, 1] {
                up[side] |= world[nodes[side]].connected().is_some();
            }
            (up == [true; 2]).then_some(())
        });
        assert!(both.is_some(), "no connection: {:#?}", self.world);
    }

    /// Opens a stream from a side and says something on it; the other side's stream, once all has come.
    pub(super) fn say(&mut self, side: usize, said: &[u8]) -> [StreamId; 2] {
        let (nodes, id) = (self.nodes, self.ids[side]);
        let ours = self.world[nodes[side]].endpoint.open_stream(id).expect("it can be opened");
        let stream = self.world[nodes[side]].endpoint.stream(ours);
        assert_eq!(stream.expect("it is there").write(said), Ok(said.len()));
        let theirs = self.until(secs(10), |world| world[nodes[1 - side]].opened());
        let theirs = theirs.expect("the peer hears of the stream");
        let mut heard = Vec::new();
        let all = self.until(secs(20), |world| {
            heard.extend(world[nodes[1 - side]].read(theirs, said.len()).0);
            (heard.len() == said.len()).then_some(())
        });
        assert!(all.is_some() && heard == said, "{} of {} bytes", heard.len(), said.len());
        [ours, theirs]
    }

    /// Says something from either side.
    pub(super) fn talk(&mut self) {
        for side in [0, 1] {
            self.say(side, b"over a stream");
        }
    }
}
