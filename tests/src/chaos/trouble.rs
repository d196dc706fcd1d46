//! What the network does to a play: the one file that turns acts into weather.
//!
//! Datagrams leave through one rule of the [`Net`] (the NATs, partitions, and a record of what was sent),
//! and get their fate where they arrive: there the path from their sender loses, delays, doubles and
//! damages them.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use floe_core::time::Timestamp;

use super::script::{Act, Forgery, Path};
use crate::net::{Net, Packet, Weather};
use crate::node::FALLBACK_ABOVE;
use crate::rng::Rng;
use crate::stun;

/// The address of a play's node.
pub(super) fn addr_of(node: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1 + node as u8), 4001 + node as u16))
}

/// What is between the nodes.
#[derive(Debug)]
pub(super) struct Sky {
    rng: Rng,
    nodes: usize,
    /// Where the others see each node.
    public: Vec<SocketAddr>,
    /// Whose an address is or was.
    owners: BTreeMap<SocketAddr, usize>,
    rebinds: u16,
    /// By sender and receiver.
    links: BTreeMap<(usize, usize), Link>,
    /// What was sent last, latest first, as receivers get it.
    sent: VecDeque<Packet>,
    /// Checks that each node got last.
    checks: BTreeMap<usize, Packet>,
    /// Whether a node may have heard nothing of another for long.
    pub(super) silenced: bool,
}

/// One direction between two nodes, or from strangers to one.
#[derive(Debug)]
struct Link {
    path: Path,
    cut: bool,
    /// In a burst of loss.
    bad: bool,
    /// When the bottleneck has sent all that waits for it.
    free_at: Timestamp,
}

impl Default for Link {
    fn default() -> Self {
        Self { path: Path::FAIR, cut: false, bad: false, free_at: Timestamp::ZERO }
    }
}

impl Sky {
    /// The sky over so many nodes, and over a network.
    pub(super) fn over(seed: u64, nodes: usize, net: &mut Net) -> Rc<RefCell<Self>> {
        let public: Vec<_> = (0..nodes).map(addr_of).collect();
        let sky = Rc::new(RefCell::new(Self {
            rng: Rng::new(seed),
            nodes,
            owners: public.iter().enumerate().map(|(node, addr)| (*addr, node)).collect(),
            public,
            rebinds: 0,
            links: BTreeMap::new(),
            sent: VecDeque::new(),
            checks: BTreeMap::new(),
            silenced: false,
        }));
        // What the net does to all alike is done here, to each path on its own.
        net.weather = Weather { delay: Duration::ZERO, ..Weather::FAIR };
        let above = sky.clone();
        net.add_rule(move |_, packet| above.borrow_mut().leave(packet));
        sky
    }

    /// Where others reach a node.
    pub(super) fn public(&self, node: usize) -> SocketAddr {
        self.public[node]
    }

    /// Performs an act of the network; false if it is none.
    pub(super) fn perform(&mut self, now: Timestamp, act: &Act, net: &mut Net) -> bool {
        match *act {
            Act::Weather(path) => {
                for from in 0..=self.nodes {
                    for to in 0..self.nodes {
                        self.link(from, to).path = path;
                    }
                }
                self.silenced |= is_silencing(&path);
            }
            Act::Between { from, to, path } => {
                self.link(from, to).path = path;
                self.silenced |= is_silencing(&path);
            }
            Act::Cut { from, to } => {
                self.link(from, to).cut = true;
                self.silenced = true;
            }
            Act::Heal => self.links.clear(),
            Act::Rebind { node, address } => self.rebind(node, address),
            Act::Replay(back) => {
                if let Some(packet) = self.sent.get(back) {
                    net.inject(now, packet.clone());
                }
            }
            Act::Forge { to, forgery, claims } => {
                if let Some(payload) = self.forge(to, forgery) {
                    let source = claims.map_or(STRANGER, |node| self.public[node]);
                    let packet = Packet { source, destination: addr_of(to), payload };
                    net.inject(now, packet);
                }
            }
            _ => return false,
        }
        true
    }

    /// Everything is fair from now on; who moved stays where it is.
    pub(super) fn heal(&mut self) {
        self.links.clear();
    }

    /// What a NAT and a partition make of a datagram; false if it does not leave.
    fn leave(&mut self, packet: &mut Packet) -> bool {
        let Some((from, above)) = self.owner(packet.source) else { return true };
        packet.source = shifted(self.public[from], above);
        let Some((to, above)) = self.owner(packet.destination) else { return false };
        if packet.destination != shifted(self.public[to], above) {
            // A mapping that is forgotten.
            return false;
        }
        packet.destination = shifted(addr_of(to), above);
        if self.links.get(&(from, to)).is_some_and(|link| link.cut) {
            return false;
        }
        if stun::username(&packet.payload).is_some() {
            self.checks.insert(to, packet.clone());
        }
        self.sent.push_front(packet.clone());
        self.sent.truncate(SENT_KEPT);
        true
    }

    /// What a path makes of a datagram: what arrives of it, and when.
    pub(super) fn carry(&mut self, now: Timestamp, packet: &Packet) -> Vec<(Timestamp, Packet)> {
        let from = self.owner(packet.source).map_or(self.nodes, |(node, _)| node);
        let Some((to, _)) = self.owner(packet.destination) else { return Vec::new() };
        // Borrowed apart from the generator.
        let mut link = self.links.remove(&(from, to)).unwrap_or_default();
        let arrivals = link.carry(now, packet, &mut self.rng);
        self.links.insert((from, to), link);
        arrivals
    }

    fn link(&mut self, from: usize, to: usize) -> &mut Link {
        self.links.entry((from, to)).or_default()
    }

    /// Whose an address is, and how far it is above its main port.
    fn owner(&self, addr: SocketAddr) -> Option<(usize, u16)> {
        let of = |above| {
            let main = SocketAddr::new(addr.ip(), addr.port().checked_sub(above)?);
            self.owners.get(&main).map(|node| (*node, above))
        };
        of(0).or_else(|| of(FALLBACK_ABOVE))
    }

    fn rebind(&mut self, node: usize, address: bool) {
        self.rebinds += 1;
        let ip = match address {
            true => Ipv4Addr::new(198, 51, 100, self.rebinds as u8).into(),
            false => self.public[node].ip(),
        };
        self.public[node] = SocketAddr::new(ip, 20_000 + self.rebinds);
        self.owners.insert(self.public[node], node);
        self.silenced = true;
    }

    fn forge(&mut self, to: usize, forgery: Forgery) -> Option<Vec<u8>> {
        let rng = &mut self.rng;
        match forgery {
            Forgery::Noise(first, len) => {
                let mut payload = rng.bytes(len);
                *payload.first_mut()? = first;
                Some(payload)
            }
            Forgery::Check => {
                let check = self.checks.get(&to)?;
                let username = str::from_utf8(stun::username(&check.payload)?).ok()?;
                let mut transaction = [0; 12];
                rng.fill(&mut transaction);
                Some(stun::check(transaction, username, username.split(':').next()?))
            }
            Forgery::Recorded(back) => self.sent.get(back).map(|packet| packet.payload.clone()),
            Forgery::Mutated(back) => {
                let mut payload = self.sent.get(back)?.payload.clone();
                flip(&mut payload, rng);
                Some(payload)
            }
        }
    }
}

impl Link {
    fn carry(
        &mut self,
        now: Timestamp,
        packet: &Packet,
        rng: &mut Rng,
    ) -> Vec<(Timestamp, Packet)> {
        let path = self.path;
        if let Some(burst) = path.burst {
            self.bad = if self.bad { !rng.chance(burst.end) } else { rng.chance(burst.begin) };
        } else {
            self.bad = false;
        }
        let too_long = path.mtu.is_some_and(|mtu| packet.payload.len() > mtu);
        if self.bad || too_long || rng.chance(path.loss) {
            return Vec::new();
        }
        let mut start = now;
        if let Some(rate) = path.rate {
            let took = |bytes: u64| Duration::from_nanos(bytes * 1_000_000_000 / rate.bytes);
            if self.free_at.saturating_since(now) > took(rate.queue) {
                return Vec::new();
            }
            self.free_at = self.free_at.max(now) + took(packet.payload.len() as u64);
            start = self.free_at;
        }
        let mut packet = packet.clone();
        if rng.chance(path.corrupt) && is_sealed(&packet.payload) || rng.chance(path.corrupt_any) {
            flip(&mut packet.payload, rng);
        }
        if rng.chance(path.truncate) && !packet.payload.is_empty() {
            let len = rng.below(packet.payload.len() as u64);
            packet.payload.truncate(len as usize);
        }
        let copies = 1 + usize::from(rng.chance(path.duplicate));
        (0..copies)
            .map(|_| {
                let extra = rng.below(1 + path.jitter * 1_000_000);
                let delay = Duration::from_millis(path.delay.max(1)) + Duration::from_nanos(extra);
                (start + delay, packet.clone())
            })
            .collect()
    }
}

/// Whether a path may let nothing through for as long as a connection lives without a word.
fn is_silencing(path: &Path) -> bool {
    path.loss > 100_000
        || path.burst.is_some()
        || path.mtu.is_some()
        || path.rate.is_some()
        || path.corrupt_any + path.truncate > 20_000
}

/// Whether DTLS protects a datagram: a record after the handshake's first flights, of 1.2 or 1.3.
fn is_sealed(datagram: &[u8]) -> bool {
    match datagram {
        [20..=31, _, _, high, low, ..] => (*high, *low) != (0, 0),
        [first, ..] => (32..64).contains(first),
        [] => false,
    }
}

fn flip(payload: &mut [u8], rng: &mut Rng) {
    if !payload.is_empty() {
        let at = rng.below(payload.len() as u64) as usize;
        payload[at] ^= 1 << rng.below(8);
    }
}

fn shifted(addr: SocketAddr, above: u16) -> SocketAddr {
    SocketAddr::new(addr.ip(), addr.port() + above)
}

/// Datagrams that can be replayed.
const SENT_KEPT: usize = 64;
/// Where strangers are.
const STRANGER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(203, 0, 113, 66)), 6_666);
