//! A bare endpoint with an application on it: no driver, no buffers but its own.

use std::collections::VecDeque;
use std::net::SocketAddr;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, Counters, Event, KeyLogLine, Read, Stats, StreamId, Target};
use floe_core::time::Timestamp;

use super::birth::Birth;
use super::peer::{Ask, Asks, Broken, Happening, Peer};
use crate::floe::Floe;
use crate::net::Packet;
use crate::node::Node;

/// A bare endpoint with an application on it.
#[derive(Debug)]
pub struct Bare {
    floe: Floe,
    asks: Asks,
    /// Dials that nothing has come of yet.
    dials: Vec<(Ask, ConnectionId)>,
    /// What came of an ask at once.
    told: VecDeque<Happening>,
}

impl Bare {
    /// The endpoint that begins so.
    pub fn new(birth: &Birth) -> Self {
        Self::around(Floe::begin(birth.start(), birth.addr, birth.epoch))
    }

    /// An application on this endpoint.
    pub fn around(floe: Floe) -> Self {
        Self { floe, asks: Asks::default(), dials: Vec::new(), told: VecDeque::new() }
    }

    fn refuse(&mut self, ask: Ask, why: &dyn std::fmt::Display) {
        self.told.push_back(Happening::Refused { ask, why: why.to_string() });
    }

    /// The dial that became a connection, or did not.
    fn dialed(&mut self, connection: ConnectionId) -> Option<Ask> {
        let index = self.dials.iter().position(|(_, id)| *id == connection)?;
        Some(self.dials.swap_remove(index).0)
    }
}

impl Peer for Bare {
    fn peer_id(&self) -> PeerId {
        self.floe.peer_id()
    }

    fn address(&self) -> DirectAddr {
        self.floe.address()
    }

    fn dial(&mut self, now: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask {
        let ask = self.asks.number();
        let dialed = Target::new(address).and_then(|mut target| {
            target.version = version;
            self.floe.endpoint.dial(now, target)
        });
        match dialed {
            Ok(id) => self.dials.push((ask, id)),
            Err(refused) => self.refuse(ask, &refused),
        }
        ask
    }

    fn open(&mut self, _: Timestamp, on: ConnectionId) -> Ask {
        let ask = self.asks.number();
        match self.floe.endpoint.open_stream(on) {
            Ok(id) => self.told.push_back(Happening::Opened { ask: Some(ask), id }),
            Err(error) => self.refuse(ask, &error),
        }
        ask
    }

    fn write(&mut self, _: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken> {
        let mut stream = self.floe.endpoint.stream(to).ok_or(Broken)?;
        stream.write(bytes).or(Err(Broken))
    }

    fn read(&mut self, _: Timestamp, from: StreamId, out: &mut [u8]) -> Read {
        self.floe.endpoint.stream(from).map_or(Read::Reset, |mut stream| stream.read(out))
    }

    fn finish(&mut self, _: Timestamp, stream: StreamId) -> Result<(), Broken> {
        let mut stream = self.floe.endpoint.stream(stream).ok_or(Broken)?;
        stream.finish().or(Err(Broken))
    }

    fn stop_reading(&mut self, now: Timestamp, stream: StreamId) {
        if let Some(mut stream) = self.floe.endpoint.stream(stream) {
            stream.stop_reading(now);
        }
    }

    fn reset(&mut self, now: Timestamp, stream: StreamId) {
        if let Some(mut stream) = self.floe.endpoint.stream(stream) {
            stream.reset(now);
        }
    }

    fn forget(&mut self, now: Timestamp, stream: StreamId) {
        self.floe.endpoint.forget_stream(now, stream);
    }

    fn close(&mut self, now: Timestamp, connection: ConnectionId) {
        self.floe.endpoint.close(now, connection);
    }

    fn happening(&mut self) -> Option<Happening> {
        if let Some(told) = self.told.pop_front() {
            return Some(told);
        }
        loop {
            return Some(match self.floe.events.pop_front()? {
                Event::Connected { id, established } => {
                    let (ask, peer) = (self.dialed(id), established.peer);
                    Happening::Connected { ask, id, peer }
                }
                Event::Closed { id, end, .. } => match self.dialed(id) {
                    Some(ask) => Happening::Refused { ask, why: end.to_string() },
                    None => Happening::Closed { id, why: format!("{end:?}") },
                },
                Event::Opened { id } => Happening::Opened { ask: None, id },
                Event::Finished { id, acknowledged } => Happening::Finished { id, acknowledged },
                _ => continue,
            });
        }
    }

    fn tells_ends(&self) -> bool {
        true
    }

    fn counters(&self) -> Option<Counters> {
        Some(self.floe.endpoint.counters())
    }

    fn stats(&self, of: ConnectionId) -> Option<Stats> {
        self.floe.endpoint.stats(of)
    }
}

impl Node for Bare {
    fn addr(&self) -> SocketAddr {
        self.floe.addr()
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        self.floe.is_at(addr)
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        self.floe.handle_packet(now, packet);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.floe.handle_timeout(now);
    }

    fn keys(&self) -> &[KeyLogLine] {
        self.floe.keys()
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        self.floe.drain(now, send)
    }
}
