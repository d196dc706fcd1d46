//! A floe endpoint at an address, and what it said.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::ConnectionEnd;
use floe_core::rtc::output::{Established, Timeline};
use floe_core::rtc::{
    Config, ConnectionId, Datagram, Endpoint, Epoch, Event, KeyLogLine, Output, Port, Read,
    StreamId,
};
use floe_core::time::Timestamp;

use crate::net::Packet;
use crate::node::{FALLBACK_ABOVE, Node};
use crate::start::Start;

/// A floe endpoint at an address, and what it said.
#[derive(Debug)]
pub struct Floe {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What happened, oldest first, until a test takes it.
    pub events: VecDeque<Event>,
    /// The secrets that it has said, if its configuration asks for them.
    pub keys: Vec<KeyLogLine>,
    /// Its address.
    pub addr: SocketAddr,
    address: DirectAddr,
}

impl Floe {
    /// An endpoint with everything random drawn from `seed`, at `addr`; `adjust` changes its defaults.
    pub fn new(
        seed: u64,
        addr: SocketAddr,
        epoch: Epoch,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        Self::begin(Start::new(seed, adjust), addr, epoch)
    }

    /// The endpoint that begins so.
    pub fn begin(start: Start, addr: SocketAddr, epoch: Epoch) -> Self {
        let address = start.address(addr);
        let endpoint = Endpoint::new(Arc::new(start.config), epoch, start.seed);
        let endpoint = endpoint.expect("it can work");
        Self { endpoint, addr, events: VecDeque::new(), keys: Vec::new(), address }
    }

    /// The address to dial it at.
    pub const fn address(&self) -> DirectAddr {
        self.address
    }

    /// The address of one of its ports.
    pub fn addr_of(&self, port: Port) -> SocketAddr {
        addr_of(self.addr, port)
    }

    /// Who it is.
    pub fn peer_id(&self) -> PeerId {
        self.address.peer().expect("its address has it")
    }

    /// Takes the first event that `pick` wants, leaving the others.
    pub fn take<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let index = self.events.iter().position(|event| pick(event).is_some())?;
        self.events.remove(index).and_then(|event| pick(&event))
    }

    /// The connection that came up, if one did.
    pub fn connected(&mut self) -> Option<ConnectionId> {
        self.established().map(|(id, _)| id)
    }

    /// The connection that came up, if one did, and what is known of it.
    pub fn established(&mut self) -> Option<(ConnectionId, Established)> {
        self.take(|event| match event {
            Event::Connected { id, established } => Some((*id, *established)),
            _ => None,
        })
    }

    /// The stream that the peer opened, if it did.
    pub fn opened(&mut self) -> Option<StreamId> {
        self.take(|event| match event {
            Event::Opened { id } => Some(*id),
            _ => None,
        })
    }

    /// How a connection ended, if it did.
    pub fn closed(&mut self, connection: ConnectionId) -> Option<(ConnectionEnd, Timeline)> {
        self.take(|event| match event {
            Event::Closed { id, end, timeline } if *id == connection => {
                Some((end.clone(), *timeline))
            }
            _ => None,
        })
    }

    /// Reads what a stream has, `max` bytes at most, and what the read after that found.
    pub fn read(&mut self, stream: StreamId, max: usize) -> (Vec<u8>, Read) {
        let mut all = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let room = buffer.len().min(max - all.len());
            if room == 0 {
                return (all, Read::Empty);
            }
            let Some(mut it) = self.endpoint.stream(stream) else { return (all, Read::Reset) };
            match it.read(&mut buffer[..room]) {
                Read::Bytes(len) => all.extend_from_slice(&buffer[..len]),
                end => return (all, end),
            }
        }
    }
}

impl Node for Floe {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn is_at(&self, addr: SocketAddr) -> bool {
        [Port::Main, Port::Fallback].map(|port| self.addr_of(port)).contains(&addr)
    }

    fn handle_packet(&mut self, now: Timestamp, packet: &Packet) {
        let is_main = packet.destination == self.addr;
        let datagram = Datagram::new(packet.source, &packet.payload)
            .with_port(if is_main { Port::Main } else { Port::Fallback })
            .with_local(Some(packet.destination.ip()));
        self.endpoint.handle_datagram(now, datagram);
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.endpoint.handle_timeout(now);
    }

    fn keys(&self) -> &[KeyLogLine] {
        &self.keys
    }

    fn drain(&mut self, now: Timestamp, send: &mut dyn FnMut(Packet)) -> Option<Timestamp> {
        loop {
            match self.endpoint.poll(now) {
                Output::Transmit(transmit) => {
                    for datagram in transmit.datagrams() {
                        send(Packet {
                            source: addr_of(self.addr, transmit.port),
                            destination: transmit.remote,
                            payload: datagram.to_vec(),
                        });
                    }
                }
                Output::Event(Event::KeyLog { line, .. }) => self.keys.push(line),
                Output::Event(event) => self.events.push_back(event),
                Output::Timeout(deadline) => return deadline.map(|deadline| deadline.at),
            }
        }
    }
}

fn addr_of(main: SocketAddr, port: Port) -> SocketAddr {
    match port {
        Port::Main => main,
        Port::Fallback => SocketAddr::new(main.ip(), main.port() + FALLBACK_ABOVE),
        other => unreachable!("{other:?} is not known here"),
    }
}
