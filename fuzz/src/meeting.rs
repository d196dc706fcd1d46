//! Two nodes that meet, while what goes between them is altered, doubled, held back and made up.
//!
//! Either has the other's words on the signaling stream and its datagrams, in any order, and anything else besides:
//! as a peer may say them who came in through a relay. No panic; limits kept; an end for everything; checks go to no
//! more addresses than may be named, and the streams of a connection that came up anyhow can be used.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use floe_core::rtc::identity::Keypair;
use floe_core::rtc::private::{Heard, Meeting};
use floe_core::rtc::signaling::StreamAction;
use floe_core::rtc::{Certificate, Config, ConnectionId, Event};
use floe_tests::entropy;

use crate::input::{Input, flip};
use crate::node::Node;

/// Steps until the bytes run out.
pub fn meeting(data: &[u8]) {
    let mut input = Input::new(data);
    entropy::seeded(2, || play(&mut input));
}

/// One node of the two.
struct Side {
    node: Node,
    id: ConnectionId,
    addr: SocketAddr,
    /// What it has said and the other side has not heard.
    said: Vec<Vec<u8>>,
    is_closed: bool,
    /// Datagrams that it has sent to the other side, and that have not arrived.
    under_way: Vec<Vec<u8>>,
}

fn play(input: &mut Input<'_>) {
    let [one, other] = [1, 2].map(config);
    let peers = [&one, &other].map(|config| config.identity.peer_id());
    let mut sides = [(one, Meeting::offering(peers[1])), (other, Meeting::answering(peers[0]))]
        .map(|(config, meeting)| Side::new(config, meeting));
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        let from = usize::from(op >> 4 & 1);
        step(&mut sides, op, from, input);
        sides.iter_mut().for_each(Side::hear_itself);
    }
    for side in &mut sides {
        side.try_stream();
        side.node.fall_silent();
        assert!(!side.node.endpoint.is_signaling(side.id));
    }
}

fn step(sides: &mut [Side; 2], op: u8, from: usize, input: &mut Input<'_>) {
    let to = 1 - from;
    let from_addr = sides[from].addr;
    match op % 16 {
        // All that there is, both ways.
        0..=2 => {
            for from in [0, 1] {
                let (addr, said) = (sides[from].addr, core::mem::take(&mut sides[from].said));
                said.iter().for_each(|bytes| sides[1 - from].hear(Heard::Bytes(bytes)));
                for datagram in core::mem::take(&mut sides[from].under_way) {
                    sides[1 - from].put(addr, &datagram);
                }
            }
        }
        3 => {
            // One message, as it was or altered.
            let index = usize::from(input.byte());
            let count = sides[from].said.len().max(1);
            let Some(mut bytes) = sides[from].said.get(index % count).cloned() else { return };
            if op & 0x20 != 0 {
                flip(&mut bytes, input.u16());
            }
            if op & 0x40 == 0 {
                sides[from].said.remove(index % count);
            }
            sides[to].hear(Heard::Bytes(&bytes));
        }
        4 => {
            let len = usize::from(input.byte());
            let bytes = input.take(len);
            sides[to].hear(Heard::Bytes(bytes));
        }
        5 => {
            let heard = if op & 0x20 == 0 { Heard::End } else { Heard::Reset };
            sides[to].hear(heard);
        }
        6 | 7 => {
            // One datagram, as it was or altered, perhaps from elsewhere, perhaps not for the last time.
            let index = usize::from(input.byte());
            let count = sides[from].under_way.len().max(1);
            let Some(mut bytes) = sides[from].under_way.get(index % count).cloned() else { return };
            if op & 0x20 != 0 {
                flip(&mut bytes, input.u16());
            }
            if op & 0x40 == 0 {
                sides[from].under_way.remove(index % count);
            }
            let source = if op & 0x80 == 0 { from_addr } else { input.peer_addr() };
            sides[to].put(source, &bytes);
        }
        8 => {
            let (source, len) = (input.peer_addr(), usize::from(input.byte()));
            sides[to].put(source, input.take(len));
        }
        9 => sides[to].under_way.clear(),
        10 => {
            // An interface comes or goes.
            let hosts = [sides[to].addr, input.peer_addr()];
            let now = sides[to].node.now;
            let count = usize::from(op >> 5) % 3;
            sides[to].node.endpoint.set_host_addrs(now, &hosts[..count]);
            sides[to].node.drain();
        }
        11 if op & 0x60 == 0x60 => {
            let (id, now) = (sides[to].id, sides[to].node.now);
            sides[to].node.endpoint.close(now, id);
            sides[to].node.drain();
        }
        12 => sides[to].try_stream(),
        _ => {
            let wait = Duration::from_millis(1 << (op / 16));
            sides.iter_mut().for_each(|side| side.node.wait(wait));
        }
    }
}

impl Side {
    fn new(config: Arc<Config>, meeting: Meeting) -> Self {
        let seed = meeting.side as u8;
        let addr = SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1 + seed).into(), 4000);
        let mut node = Node::new(config, seed);
        let now = node.now;
        node.endpoint.set_host_addrs(now, &[addr]);
        let id = node.endpoint.meet(now, meeting).expect("there is room");
        node.drain();
        let mut this =
            Self { node, id, addr, said: Vec::new(), is_closed: false, under_way: Vec::new() };
        this.hear_itself();
        this
    }

    fn hear(&mut self, heard: Heard<'_>) {
        let now = self.node.now;
        self.node.endpoint.handle_signaling(now, self.id, heard);
        self.node.drain();
    }

    fn put(&mut self, source: SocketAddr, datagram: &[u8]) {
        self.node.put(source, datagram);
    }

    /// Takes what it says on its stream, and what it sends to the other one.
    fn hear_itself(&mut self) {
        while let Some(action) = self.node.endpoint.poll_signaling(self.id) {
            assert!(!self.is_closed, "nothing is done to a stream behind its end: {action:?}");
            match action {
                StreamAction::Write(bytes) => self.said.push(bytes),
                StreamAction::Close | StreamAction::Reset => self.is_closed = true,
            }
        }
        self.node.drain();
        assert!(self.said.len() <= WORDS_MAX, "{} messages", self.said.len());
        for sent in self.node.sent.drain(..) {
            // There is one other node, wherever it may seem to be.
            self.under_way.push(sent.payload);
        }
        let excess = self.under_way.len().saturating_sub(UNDER_WAY_MAX);
        self.under_way.drain(..excess);
        let now = self.node.now;
        for event in core::mem::take(&mut self.node.events) {
            // Nobody here listens to what the other one says.
            if let Event::Opened { id } = event {
                self.node.endpoint.forget_stream(now, id);
            }
        }
        self.node.drain();
    }

    fn try_stream(&mut self) {
        let (id, now) = (self.id, self.node.now);
        if let Ok(stream) = self.node.endpoint.open_stream(id) {
            let written = self.node.endpoint.stream(stream).map(|mut it| it.write(b"said"));
            assert_eq!(written, Some(Ok(4)));
            self.node.endpoint.forget_stream(now, stream);
            self.node.drain();
        }
    }
}

fn config(seed: u8) -> Arc<Config> {
    let keypair = Keypair::ed25519_from_seed([seed; 32]);
    let certificate = Certificate::derive(&keypair);
    let mut config = Config::new(keypair, certificate);
    config.stun_servers = vec![SocketAddr::new(Ipv4Addr::new(192, 0, 2, 3).into(), 4000)];
    Arc::new(config)
}

const STEPS_MAX: usize = 120;
/// A description, candidates, their end.
const WORDS_MAX: usize = 40;
const UNDER_WAY_MAX: usize = 200;
