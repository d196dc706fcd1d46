//! What a test says of the ways between hosts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Net;
use super::bottleneck::Bandwidth;
use super::burst::Burst;
use super::weather::Weather;

/// A host, by its IP address; the ports of an address are all on the same host.
///
/// A host behind a NAT goes by its own address, whichever it has outside: ways are between those who are
/// really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host(pub(super) IpAddr);

impl From<IpAddr> for Host {
    fn from(host: IpAddr) -> Self {
        Self(host)
    }
}

impl From<SocketAddr> for Host {
    fn from(addr: SocketAddr) -> Self {
        Self(addr.ip())
    }
}

/// One or several ways, about to be changed: `net.path(a, b).loss(10_000).delay(millis(80))`.
///
/// A way has the [weather](Net::weather) of the whole net until something is said of it; from then on it
/// has one of its own, which began as the net's at that moment. What is under way stays as it is.
#[derive(Debug)]
pub struct Path<'a> {
    net: &'a mut Net,
    ways: Ways,
}

/// From and to.
pub(super) type Way = (IpAddr, IpAddr);

#[derive(Debug)]
pub(super) enum Ways {
    All,
    Some(Vec<Way>),
}

impl<'a> Path<'a> {
    pub(super) fn new(net: &'a mut Net, ways: Ways) -> Self {
        Self { net, ways }
    }

    /// All of it.
    pub fn weather(self, weather: Weather) -> Self {
        self.change(|it| *it = weather)
    }

    /// Changes it in any way.
    pub fn change(self, change: impl Fn(&mut Weather)) -> Self {
        match &self.ways {
            Ways::All => {
                change(&mut self.net.weather);
                let own = self.net.links.values_mut().filter_map(|link| link.own.as_mut());
                own.for_each(change);
            }
            Ways::Some(ways) => {
                let weather = self.net.weather;
                for way in ways {
                    change(self.net.link(*way).own.get_or_insert(weather));
                }
            }
        }
        self
    }

    /// One way.
    pub fn delay(self, delay: Duration) -> Self {
        self.change(|it| it.delay = delay)
    }

    /// Up to so much more.
    pub fn jitter(self, jitter: Duration) -> Self {
        self.change(|it| it.jitter = jitter)
    }

    /// Lost, of a million.
    pub fn loss(self, loss: u64) -> Self {
        self.change(|it| it.loss = loss)
    }

    /// Lost in bursts.
    pub fn burst(self, burst: Burst) -> Self {
        self.change(|it| it.burst = Some(burst))
    }

    /// Doubled, of a million.
    pub fn duplicate(self, duplicate: u64) -> Self {
        self.change(|it| it.duplicate = duplicate)
    }

    /// A bit changed, of a million.
    pub fn corrupt(self, corrupt: u64) -> Self {
        self.change(|it| it.corrupt = corrupt)
    }

    /// Cut short, of a million.
    pub fn truncate(self, truncate: u64) -> Self {
        self.change(|it| it.truncate = truncate)
    }

    /// Held back so long, of a million.
    pub fn reorder(self, reorder: u64, held_back: Duration) -> Self {
        self.change(|it| (it.reorder, it.held_back) = (reorder, held_back))
    }

    /// Longer payloads than so many bytes vanish.
    pub fn payload_max(self, payload_max: usize) -> Self {
        self.change(|it| it.payload_max = payload_max)
    }

    /// The same, by the length of IP packets: the headers of IP and UDP take 28 bytes on ways between hosts
    /// with IPv4, and 48 elsewhere.
    ///
    /// # Panics
    /// If the MTU has no room for headers.
    pub fn mtu(self, mtu: usize) -> Self {
        let is_v4 = match &self.ways {
            Ways::All => false,
            Ways::Some(ways) => ways.iter().all(|(from, _)| from.is_ipv4()),
        };
        let headers = if is_v4 { 28 } else { 48 };
        self.payload_max(mtu.checked_sub(headers).expect("an MTU has room for headers"))
    }

    /// So many bits per second, behind a queue of so many bytes.
    pub fn bandwidth(self, bits_per_second: u64, queue: usize) -> Self {
        assert!(bits_per_second > 0, "a line that carries nothing is a cut");
        self.change(|it| it.bandwidth = Some(Bandwidth { bits_per_second, queue }))
    }

    /// Nothing that is sent from now on passes; what is under way still arrives.
    pub fn cut(self) -> Self {
        self.set_cut(true)
    }

    /// Datagrams pass again.
    pub fn heal(self) -> Self {
        self.set_cut(false)
    }

    fn set_cut(self, is_cut: bool) -> Self {
        match &self.ways {
            Ways::All => {
                self.net.is_cut = is_cut;
                self.net.links.values_mut().for_each(|link| link.is_cut = is_cut);
            }
            Ways::Some(ways) => ways.iter().for_each(|way| self.net.link(*way).is_cut = is_cut),
        }
        self
    }

    /// Back to the weather of the whole net, healed.
    pub fn clear(self) -> Self {
        let it = self.heal();
        match &it.ways {
            Ways::All => it.net.links.values_mut().for_each(|link| link.own = None),
            Ways::Some(ways) => ways.iter().for_each(|way| it.net.link(*way).own = None),
        }
        it
    }
}
