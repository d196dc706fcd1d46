//! A network in memory: datagrams on their way, delayed, lost, doubled and reordered by a seed.
//!
//! What a test wants to do to certain datagrams and not to others (a firewall, a NAT that changes its
//! mind, a wiretap) is a [rule](Net::add_rule): rules see every datagram as it is sent, before the
//! weather does.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

use floe_core::time::Timestamp;

use crate::rng::Rng;

/// What the network does to datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// One way.
    pub delay: Duration,
    /// Up to so much more, at random: datagrams overtake each other.
    pub jitter: Duration,
    /// Datagrams lost, of a million.
    pub loss: u64,
    /// Datagrams doubled, of a million.
    pub duplicate: u64,
    /// Datagrams with a bit changed, of a million.
    pub corrupt: u64,
}

impl Weather {
    /// 10 ms each way, nothing lost.
    pub const FAIR: Self = Self {
        delay: Duration::from_millis(10),
        jitter: Duration::ZERO,
        loss: 0,
        duplicate: 0,
        corrupt: 0,
    };

    /// Lossy, out of order and doubled.
    pub const FOUL: Self = Self {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(8),
        loss: 20_000,
        duplicate: 10_000,
        corrupt: 0,
    };

    /// As foul, and damaged. Only for connections that are up: UDP's checksum keeps damage away, and
    /// before DTLS has keys nothing else does.
    pub const DAMAGING: Self = Self { corrupt: 5_000, ..Self::FOUL };
}

/// A datagram on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// From.
    pub source: SocketAddr,
    /// To.
    pub destination: SocketAddr,
    /// Its content.
    pub payload: Vec<u8>,
}

/// Sees each datagram as it is sent, may change it, and says whether it goes on.
pub type Rule = Box<dyn FnMut(Timestamp, &mut Packet) -> bool>;

/// The network.
pub struct Net {
    rng: Rng,
    /// What it does from now on.
    pub weather: Weather,
    rules: Vec<Rule>,
    under_way: BTreeMap<(Timestamp, u64), Packet>,
    sent: u64,
    bytes: u64,
    put: u64,
    trace: DefaultHasher,
}

impl Net {
    /// An empty network.
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self {
            rng: Rng::new(seed),
            weather,
            rules: Vec::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            bytes: 0,
            put: 0,
            trace: DefaultHasher::new(),
        }
    }

    /// From now on, `rule` sees every datagram after the rules before it.
    pub fn add_rule(&mut self, rule: impl FnMut(Timestamp, &mut Packet) -> bool + 'static) {
        self.rules.push(Box::new(rule));
    }

    /// Lifts all rules.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
    }

    /// From now on a NAT gives the node at `private` the address `public`: what it sends comes from
    /// there, what is sent there reaches it, and what is still sent to its old address is lost.
    pub fn rebind(&mut self, private: SocketAddr, public: SocketAddr) {
        self.add_rule(move |_, packet| {
            if packet.source == private {
                packet.source = public;
            }
            if packet.destination == private {
                return false;
            }
            if packet.destination == public {
                packet.destination = private;
            }
            true
        });
    }

    /// Sends a datagram.
    pub fn send(&mut self, now: Timestamp, mut packet: Packet) {
        self.sent += 1;
        self.bytes += packet.payload.len() as u64;
        (now, &packet).hash(&mut self.trace);
        if !self.rules.iter_mut().all(|rule| rule(now, &mut packet)) {
            return;
        }
        if self.rng.chance(self.weather.loss) {
            return;
        }
        if self.rng.chance(self.weather.duplicate) {
            self.put(now, packet.clone());
        }
        if self.rng.chance(self.weather.corrupt) && !packet.payload.is_empty() {
            let at = self.rng.below(packet.payload.len() as u64) as usize;
            packet.payload[at] ^= 1 << self.rng.below(8);
        }
        self.put(now, packet);
    }

    /// Lets a datagram arrive at this very moment, whatever the weather and the rules.
    pub fn inject(&mut self, now: Timestamp, packet: Packet) {
        self.put += 1;
        self.under_way.insert((now, self.put), packet);
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Timestamp> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// The next datagram that has arrived by `now`.
    pub fn arrive(&mut self, now: Timestamp) -> Option<Packet> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
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

    fn put(&mut self, now: Timestamp, packet: Packet) {
        let jitter = self.weather.jitter.as_nanos() as u64;
        let extra = if jitter == 0 { 0 } else { self.rng.below(jitter) };
        let at = now + self.weather.delay + Duration::from_nanos(extra);
        // Numbers keep the order of datagrams that arrive at the same time.
        self.put += 1;
        self.under_way.insert((at, self.put), packet);
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weather, sent, bytes, under_way, .. } = self;
        f.debug_struct("Net")
            .field("weather", weather)
            .field("sent", sent)
            .field("bytes", bytes)
            .field("under_way", &under_way.len())
            .finish_non_exhaustive()
    }
}
