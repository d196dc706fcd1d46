//! The path between two hosts: its round trip, its loss, its width, and the queue before it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::net::{Bandwidth, Weather};

/// A path, the same in both directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Without queues.
    pub(super) rtt: Duration,
    /// Of a million, each way.
    pub(super) loss: u64,
    /// Mbit/s, each way.
    pub(super) width: u64,
}

impl Line {
    pub(super) fn weather(self) -> Weather {
        let bandwidth = Bandwidth { bits_per_second: self.bits_per_second(), queue: self.queue() };
        let (delay, bandwidth) = (self.rtt / 2, Some(bandwidth));
        Weather { delay, loss: self.loss, bandwidth, ..Weather::FAIR }
    }

    /// What share of the line so many bytes per second are, in percent.
    pub(super) fn share(self, bytes_per_second: f64) -> f64 {
        bytes_per_second * 8.0 * 100.0 / self.bits_per_second() as f64
    }

    fn bits_per_second(self) -> u64 {
        self.width * 1_000_000
    }

    /// What the path carries in a round trip, and a burst at least.
    fn queue(self) -> usize {
        let bytes = u128::from(self.bits_per_second() / 8) * self.rtt.as_micros() / 1_000_000;
        QUEUE_MIN.max(bytes as usize)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rtt, loss, width } = self;
        write!(f, "{} ms, {} %, {width} Mbit/s", rtt.as_millis(), *loss as f64 / 10_000.0)
    }
}

/// Where those who dial are; each has a port of its own.
pub(super) const CLIENTS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// Where those who are dialed are.
pub(super) const SERVERS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// 16 datagrams.
const QUEUE_MIN: usize = 16 * 1_200;
