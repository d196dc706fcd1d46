//! A bare endpoint as a [`Peer`], to be compared with a driven one.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, Event, KeyLogLine, Read, StreamId, Target};
use floe_core::time::Timestamp;
use floe_tests::chaos::peer::{Ask, Broken, Happening, Peer};
use floe_tests::floe::Floe;
use floe_tests::net::Packet;
use floe_tests::node::Node;

#[derive(Debug)]
pub(crate) struct Bare {
    floe: Floe,
    asks: u64,
    dials: BTreeMap<ConnectionId, Ask>,
    happenings: VecDeque<Happening>,
}

impl Bare {
    pub(crate) fn new(floe: Floe) -> Self {
        Self { floe, asks: 0, dials: BTreeMap::new(), happenings: VecDeque::new() }
    }

    fn ask(&mut self) -> Ask {
        self.asks += 1;
        Ask(self.asks)
    }

    fn translate(&mut self, event: Event) -> Option<Happening> {
        match event {
            Event::Connected { id, established } => Some(Happening::Connected {
                ask: self.dials.remove(&id),
                id,
                peer: established.peer,
            }),
            Event::Closed { id, end, .. } => {
                let why = end.to_string();
                Some(match self.dials.remove(&id) {
                    Some(ask) => Happening::Refused { ask, why },
                    None => Happening::Closed { id, why },
                })
            }
            Event::Opened { id } => Some(Happening::Opened { ask: None, id }),
            _ => None,
        }
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

impl Peer for Bare {
    fn peer_id(&self) -> PeerId {
        self.floe.peer_id()
    }

    fn address(&self) -> DirectAddr {
        self.floe.address()
    }

    fn dial(&mut self, now: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask {
        let ask = self.ask();
        let dialed = Target::new(address).and_then(|mut target| {
            target.version = version;
            self.floe.endpoint.dial(now, target)
        });
        match dialed {
            Ok(id) => drop(self.dials.insert(id, ask)),
            Err(error) => {
                let why = error.to_string();
                self.happenings.push_back(Happening::Refused { ask, why });
            }
        }
        ask
    }

    fn open(&mut self, _: Timestamp, on: ConnectionId) -> Ask {
        let ask = self.ask();
        self.happenings.push_back(match self.floe.endpoint.open_stream(on) {
            Ok(id) => Happening::Opened { ask: Some(ask), id },
            Err(error) => Happening::Refused { ask, why: error.to_string() },
        });
        ask
    }

    fn write(&mut self, _: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken> {
        self.floe.endpoint.stream(to).ok_or(Broken)?.write(bytes).map_err(|_| Broken)
    }

    fn read(&mut self, _: Timestamp, from: StreamId, out: &mut [u8]) -> Read {
        self.floe.endpoint.stream(from).map_or(Read::Reset, |mut stream| stream.read(out))
    }

    fn finish(&mut self, _: Timestamp, stream: StreamId) -> Result<(), Broken> {
        self.floe.endpoint.stream(stream).ok_or(Broken)?.finish().map_err(|_| Broken)
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
        loop {
            if let Some(happening) = self.happenings.pop_front() {
                return Some(happening);
            }
            let event = self.floe.events.pop_front()?;
            let happening = self.translate(event);
            self.happenings.extend(happening);
        }
    }
}
