//! A network in memory: datagrams on their way, delayed, lost, doubled, cut off and translated by a seed.
//!
//! ```text
//! send → rules → NAT outward → wiretap → way: cut, loss, queue, delay … → NAT inward → arrive
//! ```
//!
//! Between any two hosts there is a way each way. What happens on it is the [`Weather`]: that of the whole
//! net, until a test says something of this [way](Net::path).
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Duration;
//!
//! use floe_tests::net::{Burst, Nat, Net, Weather};
//!
//! let [a, b]: [SocketAddr; 2] = ["192.0.2.1:4001", "10.0.0.2:5002"].map(|it| it.parse().unwrap());
//! let mut net = Net::new(7, Weather::FAIR);
//! net.path(a, b).loss(10_000).delay(Duration::from_millis(80)); // from a to b: 1 % lost
//! net.between(a, b).bandwidth(1_000_000, 16_000); // both ways: 1 Mbit/s, 16 kB may wait
//! net.all().burst(Burst::of(20_000, 5)); // everywhere: 2 % lost, five in a row
//! net.path(b, a).cut(); // a hears nothing of b any more …
//! net.path(b, a).heal(); // … and does again
//! net.add_nat(Nat::new("198.51.100.1".parse().unwrap(), [b])); // b is behind a NAT …
//! net.nat(b).forget(); // … which loses its memory
//! ```
//!
//! What a test wants to do to certain datagrams and not to others (a firewall) is a
//! [rule](Net::add_rule). What went over the wire can be [kept](Net::tap) and sent once more, or anything
//! else in anybody's name, with [`spoof`](Net::spoof).
//!
//! All that is random comes from the seed. What is drawn for a datagram depends on the fault, the way and
//! how many datagrams went this way before, and on nothing else: a fault that is taken out of a script
//! leaves the others as they were.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

use floe_core::time::Timestamp;

mod bottleneck;
mod burst;
mod dice;
mod link;
pub mod nat;
mod packet;
mod path;
mod tally;
mod tap;
mod weather;

pub use bottleneck::Bandwidth;
pub use burst::Burst;
pub use nat::Nat;
pub use packet::Packet;
pub use path::{Host, Path};
pub use tally::Tally;
pub use weather::Weather;

use dice::Dice;
use link::Link;
use path::{Way, Ways};
use tap::Tap;

/// Sees each datagram as it is sent, may change it, and says whether it goes on.
pub type Rule = Box<dyn FnMut(Timestamp, &mut Packet) -> bool>;

/// The network.
pub struct Net {
    seed: u64,
    /// What it does from now on, on ways that have no weather of their own.
    pub weather: Weather,
    rules: Vec<Rule>,
    nats: Vec<Nat>,
    tap: Tap,
    links: BTreeMap<Way, Link>,
    /// Whether nothing passes on ways that nothing was sent on yet.
    is_cut: bool,
    under_way: BTreeMap<(Timestamp, u64), Arrival>,
    sent: u64,
    bytes: u64,
    put: u64,
    trace: DefaultHasher,
}

/// What arrives.
struct Arrival {
    packet: Packet,
    /// Whether it came by the net, so that a NAT has to let it in.
    is_outside: bool,
}

impl Net {
    /// An empty network.
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self {
            seed,
            weather,
            rules: Vec::new(),
            nats: Vec::new(),
            tap: Tap::default(),
            links: BTreeMap::new(),
            is_cut: false,
            under_way: BTreeMap::new(),
            sent: 0,
            bytes: 0,
            put: 0,
            trace: DefaultHasher::new(),
        }
    }

    // ── what a test says of it ──

    /// Every way, those with a weather of their own among them.
    pub fn all(&mut self) -> Path<'_> {
        Path::new(self, Ways::All)
    }

    /// The way from one host to another.
    pub fn path(&mut self, from: impl Into<Host>, to: impl Into<Host>) -> Path<'_> {
        Path::new(self, Ways::Some(vec![(from.into().0, to.into().0)]))
    }

    /// The ways between two hosts.
    pub fn between(&mut self, one: impl Into<Host>, other: impl Into<Host>) -> Path<'_> {
        let (one, other) = (one.into().0, other.into().0);
        Path::new(self, Ways::Some(vec![(one, other), (other, one)]))
    }

    /// What became of the datagrams on the way from one host to another.
    pub fn tally(&self, from: impl Into<Host>, to: impl Into<Host>) -> Tally {
        self.links.get(&(from.into().0, to.into().0)).map(|link| link.tally).unwrap_or_default()
    }

    /// From now on, `rule` sees every datagram after the rules before it, as the node has sent it.
    pub fn add_rule(&mut self, rule: impl FnMut(Timestamp, &mut Packet) -> bool + 'static) {
        self.rules.push(Box::new(rule));
    }

    /// Lifts all rules.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
    }

    /// From now on there is a NAT.
    ///
    /// # Panics
    /// If there is one with the same address outside, or with the same host behind it.
    pub fn add_nat(&mut self, nat: Nat) {
        let is_alone = !self.nats.iter().any(|it| it.overlaps(&nat));
        assert!(is_alone, "two NATs have the same address, or the same host behind them");
        self.nats.push(nat);
    }

    /// The NAT that a host is behind, or that has this address outside.
    ///
    /// # Panics
    /// If there is none.
    pub fn nat(&mut self, host: impl Into<Host>) -> &mut Nat {
        let host = host.into().0;
        let nat = self.nats.iter_mut().find(|nat| nat.hides(host) || nat.is_at(host));
        nat.unwrap_or_else(|| panic!("{host} is neither behind a NAT nor one"))
    }

    /// From now on a NAT gives the node at `private` the address `public`, whoever sends there: what the
    /// node sends comes from there, and what is still sent to its old address is lost.
    pub fn rebind(&mut self, private: SocketAddr, public: SocketAddr) {
        match self.nats.iter_mut().find(|nat| nat.hides(private.ip())) {
            Some(nat) => nat.move_to(public.ip()),
            None => self.add_nat(Nat::new(public.ip(), [private])),
        }
        self.nat(private).forward(private, public.port());
    }

    /// From now on, the last `len_max` datagrams that were sent are kept; zero forgets all.
    pub fn tap(&mut self, len_max: usize) {
        self.tap = Tap::new(len_max);
    }

    /// The datagrams that are kept, oldest first, and when they were sent. They have the addresses that
    /// they have outside.
    pub fn tapped(&self) -> impl ExactSizeIterator<Item = &(Timestamp, Packet)> {
        self.tap.kept()
    }

    // ── what goes over it ──

    /// Sends a datagram.
    pub fn send(&mut self, now: Timestamp, mut packet: Packet) {
        self.sent += 1;
        self.bytes += packet.payload.len() as u64;
        (now, &packet).hash(&mut self.trace);
        if !self.rules.iter_mut().all(|rule| rule(now, &mut packet)) {
            return;
        }
        let host = packet.source.ip();
        if let Some(nat) = self.nats.iter_mut().find(|nat| nat.hides(host)) {
            nat.outward(now, &mut packet);
        }
        self.tap.hear(now, &packet);
        self.carry(now, host, packet, false);
    }

    /// Sends a datagram in the name of whom it says that it is from. It goes the same way as that one's,
    /// but shifts nothing that is drawn for them; nodes have not sent it, so it is not counted.
    pub fn spoof(&mut self, now: Timestamp, packet: Packet) {
        let host = self.owner(packet.source);
        self.carry(now, host, packet, true);
    }

    /// Lets a datagram arrive at this very moment, whatever is between.
    pub fn inject(&mut self, now: Timestamp, packet: Packet) {
        self.put += 1;
        self.under_way.insert((now, self.put), Arrival { packet, is_outside: false });
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Timestamp> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// The next datagram that has arrived by `now`.
    pub fn arrive(&mut self, now: Timestamp) -> Option<Packet> {
        loop {
            let entry = self.under_way.first_entry().filter(|entry| entry.key().0 <= now)?;
            let at = entry.key().0;
            let Arrival { mut packet, is_outside } = entry.remove();
            // The first NAT that knows it gives it its private address, which no other one minds.
            let mut nats = self.nats.iter_mut();
            if !is_outside || nats.all(|nat| nat.inward(at, &mut packet)) {
                return Some(packet);
            }
        }
    }

    /// Datagrams sent so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// UDP payload bytes sent so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A hash of every datagram that was sent, and when: two runs with the same are the same.
    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }

    /// Takes a datagram from a host to wherever it goes.
    fn carry(&mut self, now: Timestamp, host: IpAddr, packet: Packet, is_forged: bool) {
        let Packet { source, destination, payload } = packet;
        let way = (host, self.owner(destination));
        let weather = self.weather;
        let link = self.link(way);
        let weather = link.own.unwrap_or(weather);
        let arrivals = link.pass(&weather, now, payload, is_forged);
        for (at, payload) in arrivals {
            // Numbers keep the order of datagrams that arrive at the same time.
            self.put += 1;
            let packet = Packet { source, destination, payload };
            self.under_way.insert((at, self.put), Arrival { packet, is_outside: true });
        }
    }

    /// The host that an address leads to.
    fn owner(&self, addr: SocketAddr) -> IpAddr {
        self.nats.iter().find_map(|nat| nat.owner(addr)).unwrap_or(addr.ip())
    }

    fn link(&mut self, way: Way) -> &mut Link {
        let Self { seed, is_cut, .. } = *self;
        let dice = || Dice::new(seed, way.0, way.1);
        self.links.entry(way).or_insert_with(|| Link::new(dice(), is_cut))
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weather, links, nats, is_cut, sent, bytes, under_way, .. } = self;
        f.debug_struct("Net")
            .field("weather", weather)
            .field("links", links)
            .field("is_cut", is_cut)
            .field("nats", nats)
            .field("sent", sent)
            .field("bytes", bytes)
            .field("under_way", &under_way.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
