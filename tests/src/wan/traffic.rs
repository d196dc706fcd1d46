//! What goes over the path: connections, each with a stream that is always written to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use floe_core::rtc::{ConnectionId, Event, Read, StreamId, Target};
use floe_core::time::Timestamp;

use super::SEED;
use super::line::{CLIENTS, Line, SERVERS};
use crate::duration::secs;
use crate::floe::Floe;
use crate::world::{Handle, World};

/// A world with nothing but a path.
pub(super) fn world(line: Line) -> World {
    World::new(SEED, line.weather())
}

/// A connection between two nodes that have no other one.
#[derive(Debug)]
pub(super) struct Traffic {
    client: Handle<Floe>,
    server: Handle<Floe>,
    connection: ConnectionId,
    bulk: Option<Lane>,
    /// Bytes of the bulk stream that were read.
    pub(super) received: u64,
    small: Option<Lane>,
    /// When each small message was written that has not come yet.
    under_way: VecDeque<Timestamp>,
    /// Bytes of the first of them that have come.
    partial: usize,
    /// How long each small message took.
    pub(super) delays: Vec<Duration>,
}

/// A stream, as both ends know it.
#[derive(Clone, Copy, Debug)]
struct Lane {
    from: StreamId,
    to: StreamId,
}

impl Traffic {
    /// Puts the `nth` pair of nodes on the path, and connects them.
    pub(super) fn connect(world: &mut World, nth: u16) -> Self {
        let mut node = |host, port| {
            let addr = SocketAddr::new(host, port + nth);
            world.add(Floe::new(SEED + u64::from(addr.port()), addr, world.epoch, |_| {}))
        };
        let (server, client) = (node(SERVERS, 4001), node(CLIENTS, 5001));
        let target = Target::new(&world[server].address()).expect("it has a certhash");
        let now = world.now;
        let connection = world[client].endpoint.dial(now, target).expect("it can be dialed");
        let connected = world.until(SET_UP, |world| world[client].connected());
        assert_eq!(connected, Some(connection), "they connect");
        Self {
            client,
            server,
            connection,
            bulk: None,
            received: 0,
            small: None,
            under_way: VecDeque::new(),
            partial: 0,
            delays: Vec::new(),
        }
    }

    /// Opens the stream that is always written to.
    pub(super) fn begin(&mut self, world: &mut World) {
        self.bulk = Some(self.open(world));
        self.write(world);
    }

    /// Opens the stream for small messages.
    pub(super) fn open_small(&mut self, world: &mut World) {
        self.small = Some(self.open(world));
    }

    /// Writes a small message.
    pub(super) fn say(&mut self, world: &mut World) {
        let now = world.now;
        let Lane { from, .. } = self.small.expect("there is a stream for them");
        let mut stream = world[self.client].endpoint.stream(from).expect("it is open");
        assert_eq!(stream.write(&[1; SMALL]), Ok(SMALL), "messages pile up");
        self.under_way.push_back(now);
    }

    /// Writes and reads what can be.
    pub(super) fn pump(&mut self, world: &mut World) {
        let (Some(Lane { from, to: bulk }), now) = (self.bulk, world.now) else { return };
        let mut has_room = false;
        for event in world[self.client].events.drain(..) {
            has_room |= matches!(event, Event::Writable { id } if id == from);
        }
        if has_room {
            self.write(world);
        }
        while let Some(event) = world[self.server].events.pop_front() {
            match event {
                Event::Readable { id } if id == bulk => {
                    self.received += read(&mut world[self.server], id) as u64;
                }
                Event::Readable { id } => {
                    let read = read(&mut world[self.server], id);
                    self.on_small(now, read);
                }
                Event::Closed { end, .. } => panic!("the connection ended: {end}"),
                _ => {}
            }
        }
    }

    fn open(&self, world: &mut World) -> Lane {
        let from = world[self.client].endpoint.open_stream(self.connection).expect("it is up");
        let to = world.until(SET_UP, |world| world[self.server].opened()).expect("it arrives");
        Lane { from, to }
    }

    fn write(&self, world: &mut World) {
        let Lane { from, .. } = self.bulk.expect("it was opened");
        let mut stream = world[self.client].endpoint.stream(from).expect("it is open");
        while stream.write(&[0; WRITE]) == Ok(WRITE) {}
    }

    fn on_small(&mut self, now: Timestamp, read: usize) {
        self.partial += read;
        while self.partial >= SMALL {
            self.partial -= SMALL;
            let written = self.under_way.pop_front().expect("it was written");
            self.delays.push(now.saturating_since(written));
        }
    }
}

/// Lets time go on, and everybody do what they do.
pub(super) fn run(world: &mut World, duration: Duration, traffic: &mut [&mut Traffic]) {
    world.until(duration, |world| {
        traffic.iter_mut().for_each(|it| it.pump(world));
        None::<()>
    });
}

/// Reads all there is; how much that was.
fn read(node: &mut Floe, stream: StreamId) -> usize {
    let mut buffer = [0; 64 * 1024];
    let mut stream = node.endpoint.stream(stream).expect("it is open");
    let mut read = 0;
    loop {
        match stream.read(&mut buffer) {
            Read::Bytes(len) => read += len,
            Read::Empty => return read,
            end => panic!("a stream that nobody has ended: {end:?}"),
        }
    }
}

/// What is written at a time to the stream that is always written to.
const WRITE: usize = 16 * 1024;
/// A small message.
const SMALL: usize = 100;
/// Lost datagrams of the handshake take their time.
const SET_UP: Duration = secs(20);
