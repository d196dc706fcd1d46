//! What the network does to datagrams, in numbers. What these numbers mean is done by the
//! [link](super::link).

use std::time::Duration;

use super::bottleneck::Bandwidth;
use super::burst::Burst;

/// What the network does to datagrams.
///
/// The fields are independent of each other: each draws from a stream of its own, one draw for every
/// datagram whether the fault is on or off, so that changing one leaves what the others do as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// One way.
    pub delay: Duration,
    /// Up to so much more, at random: datagrams overtake each other.
    pub jitter: Duration,
    /// Datagrams lost, of a million.
    pub loss: u64,
    /// Datagrams lost in bursts.
    pub burst: Option<Burst>,
    /// Datagrams doubled, of a million. The second one meets its own corruption, queue and jitter.
    pub duplicate: u64,
    /// Datagrams with a bit changed, of a million.
    pub corrupt: u64,
    /// Datagrams cut somewhere, perhaps to nothing, of a million.
    pub truncate: u64,
    /// Datagrams held back, of a million, so that those behind them overtake.
    pub reorder: u64,
    /// For how long they are held back.
    pub held_back: Duration,
    /// The longest payload that gets through, in bytes; what is longer vanishes without a word.
    pub payload_max: usize,
    /// How much goes through in a second, and how much waits.
    pub bandwidth: Option<Bandwidth>,
}

impl Weather {
    /// 10 ms each way, nothing lost.
    pub const FAIR: Self = Self {
        delay: Duration::from_millis(10),
        jitter: Duration::ZERO,
        loss: 0,
        burst: None,
        duplicate: 0,
        corrupt: 0,
        truncate: 0,
        reorder: 0,
        held_back: Duration::from_millis(15),
        payload_max: usize::MAX,
        bandwidth: None,
    };

    /// Lossy, out of order and doubled.
    pub const FOUL: Self = Self {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(8),
        loss: 20_000,
        duplicate: 10_000,
        ..Self::FAIR
    };

    /// As foul, and damaged. Only for connections that are up: UDP's checksum keeps damage away, and
    /// before DTLS has keys nothing else does.
    pub const DAMAGING: Self = Self { corrupt: 5_000, ..Self::FOUL };
}
