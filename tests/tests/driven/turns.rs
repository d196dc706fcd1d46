//! How often the driver wakes: for each thing that happens once, and for nothing else.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use floe_core::ice::Version;
use floe_core::rtc::{KeyLogLine, Target};
use floe_core::time::Timestamp;
use floe_tests::chaos::driven::{Driven, Manner};
use floe_tests::entropy::seeded;
use floe_tests::floe::Floe;
use floe_tests::net::{Packet, Weather};
use floe_tests::node::Node;
use floe_tests::world::{Handle, World};
use futures::future::join_all;

use crate::two::{Two, exchange, pattern};
use crate::{CLIENT, millis, secs};

/// A bare endpoint, and at how many moments something happened to it.
#[derive(Debug)]
struct Counted {
    floe: Floe,
    moments: u64,
    last: Option<Timestamp>,
}

impl Counted {
    fn count(&mut self, now: Timestamp) {
        if self.last.replace(now) != Some(now) {
            self.moments += 1;
        }
    }
}

impl Node for Counted {
    fn addr(&self) -> SocketAddr {
        self.floe.addr()
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        self.floe.is_at(addr)
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        self.count(now);
        self.floe.handle_packet(now, packet);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.count(now);
        self.floe.handle_timeout(now);
    }

    fn keys(&self) -> &[KeyLogLine] {
        self.floe.keys()
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        self.floe.drain(now, send)
    }
}

/// What came of ten minutes with ten connections and nothing to say.
#[derive(Debug, PartialEq, Eq)]
struct Idle {
    /// Moments at which there was something to do.
    moments: u64,
    trace: u64,
    sent: u64,
}

const TEN: u8 = 10;

/// A world with ten bare endpoints to be dialed.
fn ten_servers(seed: u64) -> (World, Vec<Handle<Floe>>) {
    let mut world = World::new(seed, Weather { jitter: millis(7), ..Weather::FAIR });
    let servers = (0..TEN).map(|n| {
        let addr = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 100 + n), 4001));
        world.add(Floe::new(seed + 1 + u64::from(n), addr, world.epoch, |_| {}))
    });
    let servers = servers.collect();
    (world, servers)
}

fn targets(world: &World, servers: &[Handle<Floe>]) -> Vec<Target> {
    let target = |server: &Handle<Floe>| {
        let mut target = Target::new(&world[*server].address()).expect("it has a certhash");
        target.version = Some(Version::V2);
        target
    };
    servers.iter().map(target).collect()
}

fn bare(seed: u64) -> Idle {
    let (mut world, servers) = ten_servers(seed);
    let floe = Floe::new(seed, CLIENT, world.epoch, |_| {});
    let hub = world.add(Counted { floe, moments: 0, last: None });
    for target in targets(&world, &servers) {
        let now = world.now;
        world[hub].floe.endpoint.dial(now, target).expect("it can be dialed");
    }
    world.run(secs(10));
    assert_eq!(world[hub].floe.endpoint.counters().connections, usize::from(TEN));
    let (moments, sent) = (world[hub].moments, world.net.sent());
    world.run(secs(600));
    assert_eq!(world[hub].floe.endpoint.counters().connections, usize::from(TEN));
    Idle {
        moments: world[hub].moments - moments,
        trace: world.net.trace(),
        sent: world.net.sent() - sent,
    }
}

fn driven(seed: u64) -> (Idle, u64) {
    let (mut world, servers) = ten_servers(seed);
    let hub = world.add(Driven::new(seed, CLIENT, world.epoch, Manner::KIND, |_| {}));
    let (endpoint, targets) = (world[hub].endpoint(), targets(&world, &servers));
    let job = world[hub].job(async move {
        let dials = targets.into_iter().map(|target| endpoint.dial(target));
        join_all(dials).await.into_iter().collect::<Result<Vec<_>, _>>().expect("all answer")
    });
    world.run(secs(10));
    let connections = job.take().expect("all are up");
    let (turns, sent) = (world[hub].turns(), world.net.sent());
    let polls = world[hub].polls().expect("it runs");
    world.run(secs(600));
    assert!(connections.iter().all(|connection| format!("{connection:?}").contains("over: false")));
    let polls = world[hub].polls().expect("it runs") - polls;
    let idle = Idle {
        moments: world[hub].turns() - turns,
        trace: world.net.trace(),
        sent: world.net.sent() - sent,
    };
    (idle, polls)
}

/// Ten idle connections: the driver makes a turn whenever a bare endpoint would be called, and not one
/// more; it is polled once for each; and it sends the very same datagrams.
#[test]
fn an_idle_node_wakes_when_its_timers_and_its_peers_say_so() {
    for seed in [1, 2] {
        let bare = seeded(seed, || bare(seed));
        let (driven, polls) = seeded(seed, || driven(seed));
        println!("seed {seed}: {bare:?}, {polls} polls");
        assert_eq!(driven, bare, "seed {seed}");
        assert_eq!(polls, bare.moments, "seed {seed}: one poll for each");
    }
}

/// Without connections there is nothing to wake for, ever.
#[test]
fn a_node_without_connections_sleeps() {
    seeded(1, || {
        let mut two = Two::new(1, Weather::FAIR, Manner::KIND);
        two.world.run(secs(1));
        let node = two.client;
        let before = (two.world[node].turns(), two.world[node].polls());
        two.world.run(secs(24 * 3600));
        assert_eq!((two.world[node].turns(), two.world[node].polls()), before);
        let [client, server] = [two.client, two.server].map(|node| two.world[node].polls());
        assert_eq!((client, server), (Some(1), Some(1)), "once, to find that there is nothing");
    });
}

/// A transfer: no more turns than there were datagrams to take and letters to read.
#[test]
fn a_busy_node_makes_no_turn_in_vain() {
    seeded(1, || {
        let mut two = Two::new(1, Weather::FAIR, Manner::KIND);
        two.serve();
        let arrived = Rc::new(Cell::new(0_u64));
        let (count, to) = (arrived.clone(), CLIENT);
        two.world.net.add_rule(move |_, packet| {
            count.set(count.get() + u64::from(packet.destination == to));
            true
        });
        let place = two.at_client();
        let job = two.client(async move {
            let connection = place.dial().await;
            let bytes = pattern(1, 2_000_000);
            assert!(exchange(&connection, &bytes).await == bytes);
            connection.close().await;
        });
        two.done(&job);
        let (turns, polls) =
            (two.world[two.client].turns(), two.world[two.client].polls().expect("it runs"));
        let arrived = arrived.get();
        println!("{arrived} datagrams came: {turns} turns, {polls} polls");
        assert!(turns <= arrived, "{turns} turns for {arrived} datagrams");
        assert!(polls <= 2 * turns, "{polls} polls for {turns} turns");
    });
}
