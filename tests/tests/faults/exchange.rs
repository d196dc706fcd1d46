//! What most stories do: two nodes connect and send each other bytes, and somebody looks at the clock.

use std::ops::Range;
use std::time::Duration;

use floe_core::ice::Version;
use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::{Config, ConnectionId};
use floe_core::time::Timestamp;
use floe_tests::entropy::seeded;
use floe_tests::floe::Floe;
use floe_tests::net::{Net, Weather};
use floe_tests::rng::Rng;
use floe_tests::world::{Handle, World};

use crate::flow::Flow;
use crate::pair::{Pair, both_connected, dial, two};

/// Tells a story once for each seed, with nothing drawn from anywhere else.
pub(crate) fn story(seeds: Range<u64>, tell: impl Fn(u64) + Sync) {
    for seed in seeds {
        seeded(seed, || tell(seed));
    }
}

/// Bytes that go both ways on one stream, at the same time.
pub(crate) struct Exchange {
    there: Flow,
    back: Flow,
}

impl Exchange {
    /// `len` bytes each way, on a new stream. Nothing is written yet.
    pub(crate) fn new(pair: &mut Pair, seed: u64, len: usize) -> Self {
        let mut rng = Rng::new(seed);
        let (ours, theirs) = pair.open();
        let (ours, theirs) = ((pair.client, ours), (pair.server, theirs));
        Self {
            there: Flow::new(ours, theirs, rng.bytes(len)),
            back: Flow::new(theirs, ours, rng.bytes(len)),
        }
    }

    /// Goes on; true when everything has arrived in both directions.
    pub(crate) fn pump(&mut self, world: &mut World) -> bool {
        let (there, back) = (self.there.pump(world), self.back.pump(world));
        there && back
    }

    /// Goes on for so long, or until it is done.
    pub(crate) fn run(&mut self, world: &mut World, duration: Duration) -> bool {
        world.until(duration, |world| self.pump(world).then_some(())).is_some()
    }

    /// Goes on to its end, and says how long that took.
    ///
    /// # Panics
    /// If it takes longer than `limit`.
    pub(crate) fn finish(&mut self, world: &mut World, limit: Duration) -> Duration {
        let before = world.now;
        let done = self.run(world, limit);
        assert!(done, "the bytes have not arrived within {limit:?}: {world:#?}");
        world.now.saturating_since(before)
    }
}

/// Connects two nodes and lets them exchange `len` bytes each way; says how long both took.
pub(crate) fn connect_and_exchange(
    seed: u64,
    len: usize,
    limit: Duration,
    net: impl FnOnce(&mut Net),
) -> (Pair, Duration, Duration) {
    let (mut pair, up) = connect(seed, limit, net);
    let took = Exchange::new(&mut pair, seed, len).finish(&mut pair.world, limit);
    (pair, up, took)
}

/// Connects two nodes over whatever `net` makes of the network, and says how long that took.
pub(crate) fn connect(seed: u64, limit: Duration, net: impl FnOnce(&mut Net)) -> (Pair, Duration) {
    let adjust = |config: &mut Config| config.handshake_timeout = limit;
    let (mut world, client, server) = two(seed, Weather::FAIR, adjust);
    net(&mut world.net);
    dial(&mut world, client, server, |target| target.version = Some(Version::V2)).unwrap();
    let (at_client, at_server) = both_connected(&mut world, client, server);
    let up = world.now.since_epoch();
    (Pair { world, client, server, at_client, at_server }, up)
}

/// Waits until a connection has ended at a node, and says how and when.
pub(crate) fn ends(
    world: &mut World,
    node: Handle<Floe>,
    id: ConnectionId,
    limit: Duration,
) -> (ConnectionEnd, Timestamp) {
    let end = world.until(limit, |world| world[node].closed(id));
    let (end, _) = end.unwrap_or_else(|| panic!("it does not end within {limit:?}: {world:#?}"));
    (end, world.now)
}

/// Whether a node still has a connection.
pub(crate) fn lives(world: &World, node: Handle<Floe>, id: ConnectionId) -> bool {
    world[node].endpoint.stats(id).is_some()
}

/// The rest of every story in which nothing has ended: the connection can still be used, at once.
pub(crate) fn is_of_use(pair: &mut Pair, seed: u64) {
    let took = Exchange::new(pair, seed, 1_000).finish(&mut pair.world, Duration::from_secs(5));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(lives(&pair.world, pair.client, pair.at_client));
    assert!(lives(&pair.world, pair.server, pair.at_server));
}
