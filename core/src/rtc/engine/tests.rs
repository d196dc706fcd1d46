//! Two engines on a wire that is made of numbers: virtual time, seeded loss, nothing else.

use core::cell::Cell;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;
use std::{println, vec};

use super::*;
use crate::fingerprint::Fingerprint;
use crate::multiaddr::certhashes::Certhashes;
use crate::rtc::certificate::Certificate;
use crate::rtc::config::DtlsVersions::{self, Auto, V12, V13};
use crate::rtc::outbox::Outbox;

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// What happens to a datagram on the wire.
enum Fate {
    Arrives,
    Late(Duration),
    Lost,
}

struct Node {
    engine: Engine,
    addr: SocketAddr,
    events: Vec<(Timestamp, Event)>,
    messages: Vec<(u16, Bytes)>,
    /// Whether messages are taken as they come.
    pulls: bool,
}

/// Decides by sender, time and content.
type Weather = Box<dyn FnMut(usize, Timestamp, &[u8]) -> Fate>;

struct Wire {
    now: Timestamp,
    delay: Duration,
    nodes: [Node; 2],
    /// By arrival, then in the order of sending: to whom, and what.
    flight: BTreeMap<(Timestamp, u64), (usize, Vec<u8>)>,
    sent: u64,
    longest: usize,
    weather: Weather,
}

struct Setup {
    versions: [DtlsVersions; 2],
    delay: Duration,
    cookie: bool,
    certhash: Option<Fingerprint>,
    receive_window: u32,
    log_keys: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            versions: [Auto; 2],
            delay: Duration::from_millis(10),
            cookie: false,
            certhash: None,
            receive_window: 1024 * 1024,
            log_keys: false,
        }
    }
}

fn addr(node: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, node as u8 + 1], 4000))
}

fn certificate(node: usize) -> Certificate {
    Certificate::generate([node as u8 + 1; 32])
}

impl Setup {
    fn wire(self) -> Wire {
        let epoch = Epoch::new(Instant::now());
        let now = Timestamp::from_millis(1000);
        let node = |index: usize| {
            let mut lite = Lite::new(8);
            lite.on_check(now, None, addr(1 - index), true);
            lite.prove(addr(1 - index));
            let role = [Role::Client, Role::Server][index];
            let promised = self.certhash.unwrap_or_else(|| certificate(SERVER).fingerprint());
            let params = Params {
                role,
                ice: Ice::Lite(lite),
                dtls: &DtlsContext::new(&certificate(index), self.versions[index], self.log_keys)
                    .into(),
                cookie: self.cookie,
                expected: match role {
                    Role::Client => Expected::OneOf(Certhashes::one(promised)),
                    Role::Server => Expected::Any,
                },
                receive_window: self.receive_window,
                receive_window_max: self.receive_window,
                unacknowledged_max: 1024 * 1024,
                patience: Duration::from_secs(6),
                has_noise: true,
            };
            Node {
                engine: Engine::new(now, epoch, params),
                addr: addr(index),
                events: Vec::new(),
                messages: Vec::new(),
                pulls: true,
            }
        };
        Wire {
            now,
            delay: self.delay,
            nodes: [node(CLIENT), node(SERVER)],
            flight: BTreeMap::new(),
            sent: 0,
            longest: 0,
            weather: Box::new(|_, _, _| Fate::Arrives),
        }
    }

    /// A wire on which both sides are associated.
    fn connected(self) -> Wire {
        let mut wire = self.wire();
        wire.run_until("both are associated", |wire| {
            (0..2).all(|node| wire.saw(node, |event| matches!(event, Event::Associated { .. })))
        });
        wire
    }
}

impl Wire {
    /// Everything that happens at the present moment, then on to the next one.
    fn step(&mut self) {
        while let Some(entry) = self.flight.first_entry()
            && entry.key().0 <= self.now
        {
            let (to, datagram) = entry.remove();
            let from = self.nodes[1 - to].addr;
            let engine = &mut self.nodes[to].engine;
            // As the endpoint counts it.
            if let Some(allowance) = engine.allowance_mut(from) {
                allowance.on_received(datagram.len());
            }
            engine.handle_dtls(self.now, None, from, &datagram);
        }
        for index in 0..2 {
            let node = &mut self.nodes[index];
            if node.engine.deadline().is_some_and(|deadline| deadline.at <= self.now) {
                node.engine.handle_timeout(self.now);
            }
            self.settle(index);
        }
        let deadlines = self.nodes.iter().filter_map(|node| node.engine.deadline());
        let arrival = self.flight.keys().next().map(|(at, _)| *at);
        let next = deadlines.map(|deadline| deadline.at).chain(arrival).min();
        // No leaps, so that what a test does next happens about now; and never a stand-still, so that a
        // deadline that does not move is not hidden.
        let soon = self.now + Duration::from_millis(1);
        self.now = next.map_or(soon, |next| next.clamp(self.now + Duration::from_nanos(1), soon));
    }

    /// Takes a node's events and messages, and sends what it has to say.
    fn settle(&mut self, index: usize) {
        let mut outbox = Outbox::default();
        let node = &mut self.nodes[index];
        node.engine.flush(self.now, &mut outbox);
        while node.engine.has_more() {
            node.engine.flush(self.now, &mut outbox);
        }
        while let Some(event) = node.engine.poll_event() {
            node.events.push((self.now, event));
        }
        while node.pulls
            && let Some(message) = node.engine.receive()
        {
            node.messages.push(message);
        }
        while let Some(transmit) = outbox.pop() {
            for datagram in transmit.datagrams() {
                assert_eq!(transmit.remote, addr(1 - index));
                self.longest = self.longest.max(datagram.len());
                let late = match (self.weather)(index, self.now, datagram) {
                    Fate::Arrives => Duration::ZERO,
                    Fate::Late(late) => late,
                    Fate::Lost => continue,
                };
                self.sent += 1;
                let key = (self.now + self.delay + late, self.sent);
                self.flight.insert(key, (1 - index, datagram.into()));
            }
        }
    }

    fn run_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = self.now + Duration::from_secs(120);
        while !done(self) {
            assert!(self.now < end, "not within two minutes: {what}; {}", self.history());
            self.step();
        }
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    fn saw(&self, node: usize, what: impl Fn(&Event) -> bool) -> bool {
        self.nodes[node].events.iter().any(|(_, event)| what(event))
    }

    fn when(&self, node: usize, what: impl Fn(&Event) -> bool) -> Option<Timestamp> {
        self.nodes[node].events.iter().find(|(_, event)| what(event)).map(|(at, _)| *at)
    }

    fn history(&self) -> std::string::String {
        std::format!("client {:?}, server {:?}", self.nodes[0].events, self.nodes[1].events)
    }

    fn engine(&mut self, node: usize) -> &mut Engine {
        &mut self.nodes[node].engine
    }

    fn received(&self, node: usize, channel: u16) -> Vec<u8> {
        let messages = self.nodes[node].messages.iter().filter(|(id, _)| *id == channel);
        messages.flat_map(|(_, message)| message.iter().copied()).collect()
    }

    fn received_len(&self, node: usize, channel: u16) -> usize {
        let messages = self.nodes[node].messages.iter().filter(|(id, _)| *id == channel);
        messages.map(|(_, message)| message.len()).sum()
    }

    fn open(&mut self, node: usize, channel: u16) {
        assert!(self.engine(node).open(channel));
    }

    fn send(&mut self, node: usize, channel: u16, message: &[u8]) {
        assert!(self.engine(node).send(channel, Bytes::copy_from_slice(message)));
    }

    /// Sends `bytes` as fast as the budget allows, until all has arrived.
    fn transfer(&mut self, from: usize, channel: u16, bytes: &[u8]) -> Duration {
        let (start, before) = (self.now, self.received_len(1 - from, channel));
        let mut chunks = bytes.chunks(16 * 1024).peekable();
        self.run_until("all bytes have arrived", |wire| {
            while wire.engine(from).budget() >= 16 * 1024
                && let Some(chunk) = chunks.next()
            {
                wire.send(from, channel, chunk);
            }
            wire.settle(from);
            wire.received_len(1 - from, channel) - before >= bytes.len()
        });
        assert!(self.received(1 - from, channel)[before..] == *bytes, "the bytes are others");
        self.now.saturating_since(start)
    }
}

/// splitmix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = len as u64;
    (0..len).map(|_| random(&mut state) as u8).collect()
}

fn loses(seed: u64, percent: u64) -> Weather {
    println!("seed {seed}");
    let mut state = seed;
    Box::new(move |_, _, _| match random(&mut state) % 100 < percent {
        true => Fate::Lost,
        false => Fate::Arrives,
    })
}

fn associated(as_server: bool) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Associated { as_server: s, .. } if *s == as_server)
}

fn any_associated(event: &Event) -> bool {
    matches!(event, Event::Associated { .. })
}

#[test]
fn every_version_connects_and_echoes() {
    for versions in [[Auto, Auto], [V12, V12], [V13, V13], [Auto, V12], [Auto, V13], [V12, Auto]] {
        for cookie in [false, true] {
            let mut wire = Setup { versions, cookie, ..Setup::default() }.connected();
            let dtls12 = versions.contains(&V12);
            for (node, other) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
                let remote = certificate(other).fingerprint();
                let secured = Event::Secured { remote, dtls12, webrtc_rs: false };
                assert!(wire.saw(node, |event| *event == secured), "{versions:?}");
                wire.send(node, 0, &[node as u8; 40]);
            }
            wire.run_for(Duration::from_millis(100));
            assert_eq!(wire.received(SERVER, 0), [0; 40]);
            assert_eq!(wire.received(CLIENT, 0), [1; 40]);
            assert!(wire.longest <= 1200, "{}", wire.longest);
        }
    }
}

#[test]
fn round_trips_until_the_association_is_up() {
    // In halves, client and server: the server is done half a trip later under 1.2, earlier under 1.3.
    for (versions, expected) in [([V12; 2], [6, 7]), ([V13; 2], [6, 5])] {
        let delay = Duration::from_millis(50);
        let wire = Setup { versions, delay, ..Setup::default() }.connected();
        let halves = [CLIENT, SERVER].map(|node| {
            let up = wire.when(node, any_associated).expect("they are associated");
            up.saturating_since(Timestamp::from_millis(1000)).as_millis() / 50
        });
        println!("{versions:?}: associated after {halves:?} halves of a round trip");
        assert_eq!(halves, expected);
    }
}

#[test]
fn another_certificate_is_refused_before_it_learns_anything() {
    for versions in [[V12; 2], [V13; 2], [Auto; 2]] {
        let expected = Fingerprint::from_bytes([9; 32]);
        let mut wire = Setup { versions, certhash: Some(expected), ..Setup::default() }.wire();
        wire.run_for(Duration::from_secs(5));
        let actual = certificate(SERVER).fingerprint();
        let events: Vec<_> = wire.nodes[CLIENT].events.iter().map(|(_, event)| event).collect();
        assert_eq!(events, [&Event::WrongCerthash { expected, actual }]);
        assert!(!wire.saw(SERVER, |event| matches!(event, Event::Secured { .. })));
    }
}

#[test]
fn channels_carry_data_right_after_open_in_both_directions() {
    let mut wire = Setup::default().connected();
    for (node, channel) in [(CLIENT, 2), (SERVER, 1), (CLIENT, 4)] {
        wire.open(node, channel);
        wire.send(node, channel, &[channel as u8; 1000]);
    }
    wire.run_for(Duration::from_millis(200));
    for (node, channel) in [(SERVER, 2), (CLIENT, 1), (SERVER, 4)] {
        let opened = Event::ChannelOpened { channel, label: Box::default() };
        assert!(wire.saw(node, |event| *event == opened));
        assert_eq!(wire.received(node, channel), [channel as u8; 1000]);
        wire.send(node, channel, b"back");
    }
    // Longer than an acknowledgement may be delayed.
    wire.run_for(Duration::from_millis(500));
    for (node, channel) in [(CLIENT, 2), (SERVER, 1), (CLIENT, 4)] {
        assert_eq!(wire.received(node, channel), b"back");
        assert_eq!(wire.engine(node).unacknowledged(), 0);
    }
    assert!(!wire.engine(CLIENT).open(2), "it is in use");
}

#[test]
fn a_closed_channel_says_so_and_its_id_can_be_used_again() {
    let mut wire = Setup::default().connected();
    for round in 0..3u8 {
        wire.nodes.iter_mut().for_each(|node| node.events.clear());
        wire.open(CLIENT, 2);
        wire.send(CLIENT, 2, &[round; 3000]);
        // Closed at once, although nothing has been acknowledged: all must arrive all the same.
        wire.engine(CLIENT).reset(2, true);
        wire.run_until("the id is free", |wire| {
            wire.saw(CLIENT, |event| *event == Event::ChannelFree(2))
        });
        assert!(wire.saw(CLIENT, |event| *event == Event::ChannelClosed(2)));
        assert!(wire.saw(SERVER, |event| *event == Event::ChannelClosed(2)));
        assert_eq!(wire.received(SERVER, 2), [round; 3000]);
        assert!(!wire.engine(SERVER).send(2, Bytes::from_static(b"too late")));
        wire.nodes[SERVER].messages.clear();
    }
}

#[test]
fn an_id_that_is_used_again_in_a_hurry_is_answered_as_soon_as_it_can_be() {
    for seed in 1..=20 {
        let mut wire = Setup::default().connected();
        wire.weather = loses(seed, 20);
        for round in 0..5u8 {
            wire.nodes[CLIENT].events.clear();
            wire.run_until("the id can be opened", |wire| wire.engine(CLIENT).open(2));
            wire.send(CLIENT, 2, &[round; 100]);
            wire.run_until("the message is there", |wire| {
                wire.received_len(SERVER, 2) == 100 * (usize::from(round) + 1)
            });
            wire.run_until("it can be answered", |wire| {
                wire.engine(SERVER).send(2, Bytes::from_static(b"!"))
            });
            wire.run_until("the answer is there", |wire| {
                wire.received_len(CLIENT, 2) == usize::from(round) + 1
            });
            wire.engine(CLIENT).reset(2, true);
        }
    }
}

#[test]
fn a_channel_that_is_reset_in_mid_stream_does_not_take_the_others_with_it() {
    let mut wire = Setup::default().connected();
    wire.open(CLIENT, 2);
    wire.open(CLIENT, 4);
    wire.send(CLIENT, 2, b"go");
    wire.run_for(Duration::from_millis(100));
    // The server sends three windows full, most of it after the client has had enough.
    let mut left = 3 * 1024 * 1024;
    wire.run_until("the flood has passed", |wire| {
        while wire.engine(SERVER).budget() >= 16 * 1024 && left > 0 {
            wire.send(SERVER, 2, &noise(16 * 1024));
            left -= 16 * 1024;
        }
        wire.settle(SERVER);
        if wire.received_len(CLIENT, 2) > 100_000 {
            wire.engine(CLIENT).reset(2, false);
        }
        left == 0 && wire.engine(SERVER).unacknowledged() == 0
    });
    wire.run_until("the channel is free", |wire| {
        wire.saw(CLIENT, |event| *event == Event::ChannelFree(2))
    });
    assert!(wire.received_len(CLIENT, 2) < 1024 * 1024);
    wire.transfer(CLIENT, 4, &noise(100_000));
    wire.transfer(SERVER, 4, &noise(100_000));
}

#[test]
fn a_mebibyte_arrives_with_and_without_loss() {
    for (seed, percent) in [(1, 0), (2, 2), (3, 2)] {
        let mut wire = Setup::default().connected();
        wire.open(CLIENT, 2);
        wire.weather = loses(seed, percent);
        let bytes = noise(1024 * 1024);
        let up = wire.transfer(CLIENT, 2, &bytes);
        let down = wire.transfer(SERVER, 2, &bytes);
        println!("{percent} % lost: 1 MiB up in {up:?}, down in {down:?}");
        assert!(wire.longest <= 1200, "{}", wire.longest);
    }
}

#[test]
fn a_peer_that_is_slow_to_read_its_socket_loses_nothing() {
    let read = Duration::from_micros(200);
    let mut wire = Setup { delay: Duration::from_micros(50), ..Setup::default() }.connected();
    wire.open(CLIENT, 2);
    let lost = Rc::new(Cell::new(0));
    let (losses, mut all_read) = (lost.clone(), wire.now);
    wire.weather = Box::new(move |from, now, _| {
        let waits = all_read.saturating_since(now);
        if from != CLIENT {
            return Fate::Arrives;
        } else if waits > read * SOCKET_DATAGRAMS {
            losses.set(losses.get() + 1);
            return Fate::Lost;
        }
        all_read = all_read.max(now) + read;
        Fate::Late(waits + read)
    });
    wire.transfer(CLIENT, 2, &noise(4 * 1024 * 1024));
    assert_eq!(lost.get(), 0);
}

/// Linux gives a socket 208 KiB, of which a datagram of 1200 bytes takes 2304.
const SOCKET_DATAGRAMS: u32 = 92;

#[test]
fn many_tiny_messages_stay_in_datagrams_of_1200_bytes() {
    let mut wire = Setup::default().connected();
    wire.open(CLIENT, 2);
    for n in 0..2000u16 {
        wire.send(CLIENT, 2, &[n as u8; 5][..1 + usize::from(n % 5)]);
    }
    wire.run_until("all are there", |wire| wire.nodes[SERVER].messages.len() == 2000);
    assert!(wire.longest <= 1200, "{}", wire.longest);
}

#[test]
fn a_set_up_survives_loss() {
    for seed in 0..30 {
        let versions = [[V12; 2], [V13; 2], [Auto; 2]][seed as usize % 3];
        let mut wire = Setup { versions, cookie: seed % 2 == 0, ..Setup::default() }.wire();
        wire.weather = loses(seed, 20);
        wire.run_until("both are associated", |wire| (0..2).all(|n| wire.saw(n, any_associated)));
        wire.open(CLIENT, 2);
        wire.transfer(CLIENT, 2, b"through");
    }
}

#[test]
fn a_reader_that_pauses_stops_the_sender_and_resumes_it_in_a_few_round_trips() {
    let window = 256 * 1024;
    let mut wire = Setup { receive_window: window, ..Setup::default() }.connected();
    wire.open(CLIENT, 2);
    wire.transfer(CLIENT, 2, &noise(500_000));
    wire.nodes[SERVER].pulls = false;
    wire.nodes[SERVER].messages.clear();
    let mut sent = 0;
    let end = wire.now + Duration::from_secs(10);
    wire.run_until("ten seconds have passed", |wire| {
        while wire.engine(CLIENT).budget() >= 16 * 1024 {
            wire.send(CLIENT, 2, &[7; 16 * 1024]);
            sent += 16 * 1024;
        }
        wire.settle(CLIENT);
        wire.now >= end
    });
    let budget = wire.engine(CLIENT).budget() + wire.engine(CLIENT).unacknowledged();
    assert!(sent <= window as usize + budget, "{sent} bytes were taken");
    assert!(wire.engine(CLIENT).unacknowledged() > 0);

    wire.nodes[SERVER].pulls = true;
    wire.settle(SERVER);
    let held = wire.received_len(SERVER, 2);
    assert!(held > 0 && held <= window as usize, "{held} bytes were held");
    let now = wire.now;
    wire.engine(SERVER).window_update(now);
    wire.settle(SERVER);
    wire.run_until("more arrives", |wire| wire.received_len(SERVER, 2) > held);
    let resumed = wire.now.saturating_since(now);
    println!("resumed after {resumed:?}");
    // One for the window, and what it takes to repair the probe of the closed window, which was dropped.
    assert!(resumed <= Duration::from_millis(4 * 20), "{resumed:?}");
    wire.run_until("all arrives", |wire| wire.received_len(SERVER, 2) == sent);
}

#[test]
fn who_is_done_with_dtls_first_begins_the_association() {
    let wire = Setup { versions: [V12; 2], ..Setup::default() }.connected();
    assert!(wire.saw(CLIENT, associated(true)) && wire.saw(SERVER, associated(false)));
    let wire = Setup { versions: [V13; 2], ..Setup::default() }.connected();
    assert!(wire.saw(CLIENT, associated(false)) && wire.saw(SERVER, associated(true)));
}

/// Under DTLS 1.2 the type of a record can be seen: 23 is application data, so SCTP.
fn is_sctp(datagram: &[u8]) -> bool {
    datagram.first() == Some(&23)
}

#[test]
fn init_that_crosses_settles_on_the_servers() {
    let mut wire = Setup { versions: [V12; 2], ..Setup::default() }.wire();
    let mut first = true;
    wire.weather = Box::new(move |from, _, datagram| {
        let is_init = from == SERVER && is_sctp(datagram) && core::mem::take(&mut first);
        if is_init { Fate::Late(Duration::from_millis(5)) } else { Fate::Arrives }
    });
    wire.run_until("both are associated", |wire| (0..2).all(|n| wire.saw(n, any_associated)));
    assert!(wire.saw(CLIENT, associated(true)) && wire.saw(SERVER, associated(false)));
    wire.open(SERVER, 1);
    wire.transfer(SERVER, 1, b"one association");
    wire.transfer(CLIENT, 1, b"and no other");
}

#[test]
fn a_peer_that_never_answers_init_is_answered_instead() {
    let mut wire = Setup { versions: [V12; 2], ..Setup::default() }.wire();
    let mut secured = None;
    wire.weather = Box::new(move |from, now, datagram| {
        if from == CLIENT || !is_sctp(datagram) {
            return Fate::Arrives;
        }
        let start = *secured.get_or_insert(now);
        if now < start + Duration::from_millis(200) { Fate::Lost } else { Fate::Arrives }
    });
    wire.run_until("both are associated", |wire| (0..2).all(|n| wire.saw(n, any_associated)));
    assert!(wire.saw(CLIENT, associated(false)) && wire.saw(SERVER, associated(true)));
    let took = wire.now.saturating_since(Timestamp::from_millis(1000));
    println!("associated after {took:?}");
    assert!(took < Duration::from_millis(400), "{took:?}");
    wire.open(SERVER, 1);
    wire.transfer(SERVER, 1, b"one association");
    wire.transfer(CLIENT, 1, b"and no other");
}

#[test]
fn closing_is_noticed_and_what_was_sent_before_can_still_be_read() {
    for closer in [CLIENT, SERVER] {
        let mut wire = Setup::default().connected();
        wire.send(closer, 0, b"last words");
        let now = wire.now;
        wire.settle(closer);
        wire.engine(closer).close(now);
        wire.settle(closer);
        wire.nodes[1 - closer].pulls = false;
        wire.run_for(Duration::from_millis(15));
        wire.nodes[1 - closer].pulls = true;
        wire.settle(1 - closer);
        assert!(wire.saw(1 - closer, |event| *event == Event::Closed));
        assert_eq!(wire.received(1 - closer, 0), b"last words");
        let sent = wire.sent;
        wire.run_for(Duration::from_secs(10));
        assert!(wire.sent - sent <= 2, "nobody goes on talking");
        assert!(!wire.engine(closer).open(if closer == CLIENT { 2 } else { 1 }));
    }
}

#[test]
fn a_first_message_that_is_no_open_costs_only_its_channel() {
    let mut wire = Setup::default().connected();
    // Below the channels of the client: a stream without OPEN, and one of the server's parity.
    for stream in [6, 7] {
        let engine = wire.engine(CLIENT);
        assert!(engine.sctp.open(stream));
        let (kind, content) = match stream {
            6 => (sctp::Kind::Data, Bytes::from_static(b"hello?")),
            _ => (sctp::Kind::Dcep, Bytes::from_static(&dcep::OPEN)),
        };
        assert!(engine.sctp.send(stream, kind, content));
    }
    wire.open(CLIENT, 8);
    wire.run_for(Duration::from_secs(2));
    let opened: Vec<_> = wire.nodes[SERVER]
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::ChannelOpened { .. }))
        .collect();
    assert_eq!(opened.len(), 1);
    assert!(wire.engine(SERVER).open(7), "its id is its own again");
    assert!(wire.nodes[SERVER].messages.is_empty());
    wire.transfer(CLIENT, 8, b"as before");
}

#[test]
fn much_leaves_in_bursts_and_a_close_does_not_wait_for_them() {
    for is_closed in [false, true] {
        let mut wire = Setup::default().connected();
        wire.open(CLIENT, 2);
        // SCTP's window grows by what it is given.
        for _ in 0..5 {
            let is_done = |wire: &mut Wire| wire.engine(CLIENT).unacknowledged() == 0;
            wire.run_until("all is acknowledged", is_done);
            for _ in 0..4 {
                wire.send(CLIENT, 2, &noise(20_000));
            }
        }
        let (now, engine) = (wire.now, wire.engine(CLIENT));
        let burst = |engine: &mut Engine| {
            let mut outbox = Outbox::default();
            engine.flush(now, &mut outbox);
            let lens = core::iter::from_fn(|| outbox.pop().map(|it| it.datagrams().len()));
            (lens.sum::<usize>(), engine.has_more())
        };
        assert_eq!(burst(engine), (flush::BURST, true));
        if is_closed {
            engine.close(now);
        } else {
            assert_eq!(burst(engine), (flush::BURST, true));
        }
        let (len, has_more) = burst(engine);
        assert_eq!(len < flush::BURST, !is_closed, "{len}");
        assert!(len > 80_000 / CHUNK_LEN - 2 * flush::BURST && !has_more, "{len}");
    }
}

#[test]
fn a_peer_that_moves_is_followed() {
    let mut wire = Setup::default().connected();
    wire.run_for(Duration::from_millis(100));
    let there = SocketAddr::from(([203, 0, 113, 7], 7777));
    wire.send(CLIENT, 0, b"from elsewhere");
    let mut outbox = Outbox::default();
    let now = wire.now;
    wire.engine(CLIENT).flush(now, &mut outbox);
    let datagram = outbox.pop().unwrap().payload.to_vec();
    wire.engine(SERVER).handle_dtls(now, None, there, &datagram);
    assert_eq!(wire.engine(SERVER).receive(), None, "no check came from there");
    wire.engine(SERVER).on_check(now, None, there, false);
    assert_eq!(wire.engine(SERVER).remote, Some(addr(CLIENT)));
    wire.engine(SERVER).handle_dtls(now, None, there, &datagram);
    assert_eq!(wire.engine(SERVER).remote, Some(there));
    assert_eq!(wire.engine(SERVER).poll_event(), Some(Event::Moved(there)));
    assert_eq!(wire.engine(SERVER).receive().unwrap().1, b"from elsewhere".as_slice());
}

#[test]
fn junk_is_dropped_at_any_stage() {
    let mut state = 7;
    for versions in [[V12; 2], [V13; 2], [Auto; 2]] {
        let mut wire = Setup { versions, ..Setup::default() }.wire();
        let mut recorded = vec![vec![22, 254, 253], vec![23; 60]];
        for _ in 0..400 {
            for node in 0..2 {
                let mut junk = recorded[random(&mut state) as usize % recorded.len()].clone();
                let at = random(&mut state) as usize % junk.len();
                junk[at] ^= 1 << (random(&mut state) % 8);
                let now = wire.now;
                // Only what comes after the handshake is protected from forgery: RFC 6347 §4.1.2.7.
                if wire.saw(node, any_associated) {
                    wire.engine(node).handle_dtls(now, None, addr(1 - node), &junk);
                }
            }
            if let Some((_, datagram)) = wire.flight.values().next() {
                recorded.push(datagram.clone());
            }
            wire.step();
        }
        assert!((0..2).all(|node| wire.saw(node, any_associated)), "{}", wire.history());
        wire.open(CLIENT, 2);
        wire.transfer(CLIENT, 2, &noise(10_000));
    }
}

/// That they decrypt what was captured is shown by the simulation.
#[test]
fn both_sides_say_the_same_secrets_if_they_are_asked_for() {
    for (versions, cookie, count) in [
        ([V12; 2], false, 1),
        ([V12; 2], true, 1),
        ([V13; 2], false, 4),
        ([V13; 2], true, 4),
        ([Auto; 2], true, 4),
        ([Auto, V12], false, 1),
    ] {
        let setup = Setup { versions, cookie, log_keys: true, ..Setup::default() };
        let wire = setup.connected();
        let lines = |node: usize| {
            let keys = wire.nodes[node].events.iter().filter_map(|(_, event)| match event {
                Event::Key(line) => Some(std::string::ToString::to_string(line)),
                _ => None,
            });
            keys.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(lines(CLIENT), lines(SERVER), "{versions:?}");
        assert_eq!(lines(CLIENT).len(), count, "{versions:?}");
        assert_eq!(
            wire.nodes[CLIENT].events.iter().filter(|(_, it)| matches!(it, Event::Key(_))).count(),
            count
        );
        let wire = Setup { versions, cookie, ..Setup::default() }.connected();
        assert!((0..2).all(|node| !wire.saw(node, |event| matches!(event, Event::Key(_)))));
    }
}
