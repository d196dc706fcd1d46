//! Two floe nodes, a client and a server.

use floe_core::ice::Version;
use floe_core::rtc::error::DialRefused;
use floe_core::rtc::{Config, ConnectionId, StreamId, Target};
use floe_tests::floe::Floe;
use floe_tests::net::Weather;
use floe_tests::world::{Handle, World};

use crate::{CLIENT, SERVER, secs};

/// A world of two, not connected yet.
pub(crate) fn two(
    seed: u64,
    weather: Weather,
    adjust: impl Fn(&mut Config),
) -> (World, Handle<Floe>, Handle<Floe>) {
    let mut world = World::new(seed, weather);
    let server = world.add(Floe::new(seed * 2, SERVER, world.epoch, &adjust));
    let client = world.add(Floe::new(seed * 2 + 1, CLIENT, world.epoch, &adjust));
    (world, client, server)
}

/// Dials `server`, after `adjust` has changed the target.
pub(crate) fn dial(
    world: &mut World,
    client: Handle<Floe>,
    server: Handle<Floe>,
    adjust: impl FnOnce(&mut Target),
) -> Result<ConnectionId, DialRefused> {
    let mut target = Target::new(&world[server].address()).expect("it has a certhash");
    adjust(&mut target);
    let now = world.now;
    world[client].endpoint.dial(now, target)
}

/// Two nodes with a connection between them.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) client: Handle<Floe>,
    pub(crate) server: Handle<Floe>,
    /// The connection, as the client knows it.
    pub(crate) at_client: ConnectionId,
    /// The connection, as the server knows it.
    pub(crate) at_server: ConnectionId,
}

impl Pair {
    /// Connects two nodes with v2.
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        Self::with(seed, weather, |_| {})
    }

    /// Connects two nodes whose configuration was adjusted.
    pub(crate) fn with(seed: u64, weather: Weather, adjust: impl Fn(&mut Config)) -> Self {
        let (mut world, client, server) = two(seed, weather, adjust);
        let dialed = dial(&mut world, client, server, |target| target.version = Some(Version::V2));
        let dialed = dialed.expect("the server can be dialed");
        let (at_client, at_server) = both_connected(&mut world, client, server);
        assert_eq!(dialed, at_client);
        Self { world, client, server, at_client, at_server }
    }

    /// Opens a stream at the client, and waits until the server has it.
    pub(crate) fn open(&mut self) -> (StreamId, StreamId) {
        let Self { world, client, server, at_client, .. } = self;
        let ours = world[*client].endpoint.open_stream(*at_client).expect("it can be opened");
        let theirs = world.until(secs(10), |world| world[*server].opened());
        (ours, theirs.expect("the server hears of the stream"))
    }

    /// Opens a stream at the server, and waits until the client has it.
    pub(crate) fn open_from_server(&mut self) -> (StreamId, StreamId) {
        let Self { world, client, server, at_server, .. } = self;
        let theirs = world[*server].endpoint.open_stream(*at_server).expect("it can be opened");
        let ours = world.until(secs(10), |world| world[*client].opened());
        (ours.expect("the client hears of the stream"), theirs)
    }
}

/// Waits until both sides are connected.
pub(crate) fn both_connected(
    world: &mut World,
    client: Handle<Floe>,
    server: Handle<Floe>,
) -> (ConnectionId, ConnectionId) {
    let (mut at_client, mut at_server) = (None, None);
    let both = world.until(secs(20), |world| {
        at_client = at_client.or_else(|| world[client].connected());
        at_server = at_server.or_else(|| world[server].connected());
        Some((at_client?, at_server?))
    });
    both.unwrap_or_else(|| panic!("no connection: {world:#?}"))
}
