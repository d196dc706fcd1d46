//! A listener without a network: what a test gives it, and what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, ConnectionId, Datagram, Endpoint, Epoch, Event, Output};
use floe_core::time::Timestamp;
use floe_tests::entropy;
use floe_tests::net::Packet;
use floe_tests::node::Node;
use floe_tests::rude_peer::{Rude, RudePeer};
use floe_tests::stun;

use crate::SERVER;

/// A listener and a clock.
pub(crate) struct Stage {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Timestamp,
    pub(crate) epoch: Epoch,
    pub(crate) certhash: [u8; 32],
    /// What happened, oldest first.
    pub(crate) events: Vec<Event>,
    deadline: Option<Timestamp>,
}

impl Stage {
    pub(crate) fn new(adjust: impl FnOnce(&mut Config)) -> Self {
        let keypair = Keypair::ed25519_from_seed([1; 32]);
        let mut config = Config::new(keypair, Certificate::generate([2; 32]));
        adjust(&mut config);
        let certhash = *config.certificate.fingerprint().as_bytes();
        let epoch = entropy::epoch();
        let endpoint = Endpoint::new(Arc::new(config), epoch, [3; 32]).expect("it can work");
        let now = Timestamp::from_millis(1_000);
        Self { endpoint, now, epoch, certhash, events: Vec::new(), deadline: None }
    }

    /// Gives a datagram to the listener; says how many bytes it sends for it, to whomever.
    pub(crate) fn put(&mut self, source: SocketAddr, payload: &[u8]) -> usize {
        self.endpoint.handle_datagram(self.now, Datagram::new(source, payload));
        self.drain(|_, _| {})
    }

    /// Lets the listener send; says how many bytes that were.
    pub(crate) fn drain(&mut self, mut sent: impl FnMut(SocketAddr, &[u8])) -> usize {
        let mut bytes = 0;
        loop {
            match self.endpoint.poll(self.now) {
                Output::Transmit(transmit) => {
                    bytes += transmit.payload.len();
                    let remote = transmit.remote;
                    transmit.datagrams().for_each(|datagram| sent(remote, datagram));
                }
                Output::Event(event) => self.events.push(event),
                Output::Timeout(deadline) => {
                    self.deadline = deadline.map(|deadline| deadline.at);
                    return bytes;
                }
            }
        }
    }

    /// Lets time pass, for the listener alone.
    pub(crate) fn pass(&mut self, time: Duration, mut sent: impl FnMut(SocketAddr, &[u8])) {
        let until = self.now + time;
        while let Some(at) = self.deadline.filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.endpoint.handle_timeout(self.now);
            self.drain(&mut sent);
        }
        self.now = until;
    }

    /// The connections that came up.
    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        let up = self.events.iter().filter_map(|event| match event {
            Event::Connected { id, .. } => Some(*id),
            _ => None,
        });
        up.collect()
    }

    /// How a connection ended, in words, if it did.
    pub(crate) fn ended(&self, connection: ConnectionId) -> Option<String> {
        self.events.iter().find_map(|event| match event {
            Event::Closed { id, end, .. } if *id == connection => Some(end.to_string()),
            _ => None,
        })
    }

    /// A client without manners that has come in, and its connection.
    pub(crate) fn intruder(
        &mut self,
        n: u32,
        adjust: impl FnOnce(&mut Rude),
    ) -> (RudePeer, ConnectionId) {
        let mut peer = self.rude(n, adjust);
        self.play_for(&mut peer, Duration::from_millis(500));
        let id = *self.connections().last().expect("it has authenticated itself");
        (peer, id)
    }

    /// A peer without manners, that dials the listener.
    pub(crate) fn rude(&self, n: u32, adjust: impl FnOnce(&mut Rude)) -> RudePeer {
        let mut rude = Rude::new(n.into(), crate::stranger(n), (SERVER, self.certhash));
        adjust(&mut rude);
        RudePeer::new(rude, self.now, self.epoch)
    }

    /// Carries datagrams between the listener and a peer, without loss or delay, until both are silent.
    pub(crate) fn play(&mut self, peer: &mut RudePeer) {
        let mut to_peer = Vec::new();
        loop {
            let mut to_us = Vec::new();
            peer.drain(self.now, &mut |packet| to_us.push(packet));
            for packet in to_us {
                self.endpoint
                    .handle_datagram(self.now, Datagram::new(packet.source, &packet.payload));
                self.drain(|destination, payload| {
                    let payload = payload.to_vec();
                    to_peer.push(Packet { source: SERVER, destination, payload });
                });
            }
            self.drain(|destination, payload| {
                let payload = payload.to_vec();
                to_peer.push(Packet { source: SERVER, destination, payload });
            });
            if to_peer.is_empty() {
                return;
            }
            let addr = peer.addr();
            for packet in to_peer.drain(..).filter(|packet| packet.destination == addr) {
                peer.handle_packet(self.now, &packet);
            }
        }
    }

    /// As `play`, and timers of the listener go off for so long.
    pub(crate) fn play_for(&mut self, peer: &mut RudePeer, time: Duration) {
        let until = self.now + time;
        self.play(peer);
        while self.now < until {
            let mut to_peer = Vec::new();
            let step = Duration::from_millis(5).min(until.saturating_since(self.now));
            self.pass(step, |destination, payload| {
                let payload = payload.to_vec();
                to_peer.push(Packet { source: SERVER, destination, payload });
            });
            let addr = peer.addr();
            for packet in to_peer.iter().filter(|packet| packet.destination == addr) {
                peer.handle_packet(self.now, packet);
            }
            if peer.is_due(self.now) {
                peer.handle_timeout(self.now);
            }
            self.play(peer);
        }
    }
}

/// A good check of the n-th stranger, as version 2 has them.
pub(crate) fn check(n: u32) -> Vec<u8> {
    let server = format!("libp2p+webrtc+v2/aStrangersPassword{n:08}");
    stun::check([n as u8; 12], &format!("{server}:wxYZ"), &server)
}
