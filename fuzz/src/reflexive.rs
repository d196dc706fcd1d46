//! A STUN client among strangers: only who was asked is believed, and it asks as often as the RFC says, and no more.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use floe_core::ice::stun::{Binding, Class};
use floe_core::rtc::reflexive::{Event, Reflexive, Request};
use floe_core::time::Timestamp;

use crate::input::{Input, flip};
use crate::says_why;

/// How many servers, whether it refreshes, and then steps.
pub fn reflexive(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    let refreshes = choice & 0x10 != 0;
    let servers: Vec<_> = (0..choice & 0x0f).map(server).collect();
    let mut client = Reflexive::new(Timestamp::ZERO, servers.iter().copied(), [choice; 32]);
    if refreshes {
        client = client.with_refresh(REFRESH);
    }
    let mut play =
        Play { now: Timestamp::ZERO, client, refreshes, requests: Vec::new(), ids: HashSet::new() };
    play.drain();
    while !input.is_empty() {
        let op = input.byte();
        match op & 7 {
            0 | 1 => play.wait(),
            2 => play.now = play.now + Duration::from_millis(u64::from(op >> 3) * 40),
            3 => play.stranger(&mut input),
            4 => play.noise(&mut input),
            _ => play.answer(op >> 3, &mut input),
        }
        play.drain();
    }
    play.end();
}

struct Play {
    now: Timestamp,
    client: Reflexive,
    refreshes: bool,
    /// All that were sent.
    requests: Vec<Request>,
    ids: HashSet<[u8; 12]>,
}

impl Play {
    /// What comes out, and what must hold of it.
    fn drain(&mut self) {
        while let Some(request) = self.client.poll_transmit() {
            let binding = Binding::parse(&request.datagram).expect("a request is STUN");
            assert_eq!(binding.class(), Class::Request);
            let same = self.requests.iter().filter(|it| **it == request).count();
            assert!(same < REQUESTS_MAX, "sent too often");
            assert!(same > 0 || self.ids.insert(binding.transaction_id().0), "an id twice");
            self.requests.push(request);
        }
        while let Some(event) = self.client.poll_event() {
            let sees = |server: SocketAddr| {
                self.client.mapped().find(|(addr, _)| *addr == server).expect("it was asked").1
            };
            match event {
                Event::Mapped { server, address } => {
                    assert!(sees(server).is_none_or(|it| it == address))
                }
                Event::Changed { from, to, .. } => assert_ne!(from, to),
                Event::Failed { failure, .. } => says_why(&failure),
                Event::Unknown => {}
                event => panic!("{event:?}"),
            }
        }
        let due = self.client.deadline().map(|due| due.at);
        assert!(due.is_none_or(|due| due <= self.now + LAST_WAIT.max(REFRESH)), "{due:?}");
    }

    fn wait(&mut self) {
        if let Some(due) = self.client.deadline() {
            self.now = self.now.max(due.at);
            self.client.handle_timeout(self.now);
            let next = self.client.deadline();
            assert!(next.is_none_or(|next| next.at > self.now), "a timer that spins: {next:?}");
        }
    }

    /// An answer to some request, of attributes that may be anything.
    fn answer(&mut self, which: u8, input: &mut Input<'_>) {
        let Some(request) = self.pick(which) else { return };
        let answer = answer(&request, input);
        let before: Vec<_> = self.client.mapped().collect();
        let taken = self.client.handle_datagram(self.now, request.server, &answer);
        if !taken {
            assert_eq!(self.client.mapped().collect::<Vec<_>>(), before);
        } else {
            // It is an answer, so from another address, or with another id, it would not have been one.
            let (mut changed, at) = (answer.clone(), input.u16() % (12 * 8));
            flip(&mut changed[8..20], at);
            assert!(!self.client.handle_datagram(self.now, request.server, &changed));
            assert!(!self.client.handle_datagram(self.now, server(99), &answer));
        }
    }

    /// A good answer from somebody else.
    fn stranger(&mut self, input: &mut Input<'_>) {
        let Some(request) = self.pick(input.byte()) else { return };
        let from = server(input.byte());
        if from != request.server {
            let taken = self.client.handle_datagram(self.now, from, &answer(&request, input));
            assert!(!taken, "{from} was not asked that");
        }
    }

    /// Any bytes from a server.
    fn noise(&mut self, input: &mut Input<'_>) {
        let from = server(input.byte() % 16);
        let len = usize::from(input.byte());
        let bytes = input.take(len);
        if self.client.handle_datagram(self.now, from, bytes) {
            assert!(self.ids.contains(&bytes[8..20]), "nobody asked that");
        }
    }

    fn pick(&self, which: u8) -> Option<Request> {
        self.requests.iter().rev().nth(usize::from(which) % self.requests.len().max(1)).copied()
    }

    /// Nobody answers any more: who does not refresh comes to an end, and who does goes on slowly.
    fn end(&mut self) {
        let (begun, sent) = (self.now, self.requests.len());
        while self.client.deadline().is_some() && self.now < begun + LAST_WAIT * 16 {
            self.wait();
            self.drain();
        }
        assert_eq!(
            self.client.deadline().is_some(),
            self.refreshes && self.client.mapped().count() > 0
        );
        let sent = self.requests.len() - sent;
        // In 256 s, of transactions of 39.5 s with 25 s between them: what is left of one, and at most four more.
        assert!(sent <= Reflexive::SERVERS_MAX * REQUESTS_MAX * 5, "{sent} requests");
    }
}

/// An answer of a class and attributes of choices.
fn answer(request: &Request, input: &mut Input<'_>) -> Vec<u8> {
    let class = input.pick(&[[1, 1], [1, 1], [1, 0x11], [0, 1]]);
    let mut message = [&class[..], &[0, 0], &request.datagram[4..]].concat();
    for _ in 0..input.byte() & 3 {
        let (kind, len) =
            input.pick(&[(0x20, 8), (0x20, 20), (1, 8), (9, 4), (0x8022, 3), (0x8028, 4)]);
        let mut value = input.take(len).to_vec();
        value.resize(len, 1);
        if let Some(family) = value.get_mut(1).filter(|_| kind == 0x20 || kind == 1) {
            *family = if len == 8 { 1 } else { 2 };
        }
        message.extend([(kind >> 8) as u8, kind as u8, 0, len as u8]);
        message.extend(value);
        message.resize(message.len().next_multiple_of(4), 0);
    }
    let len = (message.len() - 20) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
    message
}

fn server(number: u8) -> SocketAddr {
    ([198, 51, 100, number], 3478).into()
}

const REFRESH: Duration = Duration::from_secs(25);
/// Rc of RFC 8489.
const REQUESTS_MAX: usize = 7;
/// The longest wait between two requests.
const LAST_WAIT: Duration = Duration::from_secs(16);
