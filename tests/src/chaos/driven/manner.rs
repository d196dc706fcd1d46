//! The manner of an operating system: how kindly it serves its sockets.

use std::time::Duration;

use crate::rng::Rng;

/// How an operating system serves its sockets. Chances are of a million.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Buffers of a batch, and the length of each. A datagram that is longer is cut off.
    pub buffers: (usize, usize),
    /// Datagrams of equal length from one peer that are put together into one buffer (GRO).
    pub joined: u64,
    /// Datagrams that fit into the receive buffer; what comes when it is full is lost.
    pub inbox: usize,
    /// Receptions that give nothing though there is something.
    pub nothing: u64,
    /// Receptions that fail with an error that passes.
    pub recv_errors: u64,
    /// Sends that take a part of the segments only.
    pub partial: u64,
    /// Sends that fail.
    pub send_errors: u64,
    /// Sends that find the send buffer full, for up to [`full_for`](Self::full_for).
    pub full: u64,
    /// How long a send buffer is full at most.
    pub full_for: Duration,
    /// Whether no second socket can be opened.
    pub no_sibling: bool,
    /// How late timers are at most.
    pub late: Duration,
    /// Times at which a task is polled that nobody woke.
    pub spurious: u64,
}

impl Manner {
    /// Kind: takes and gives all at once, on time.
    pub const KIND: Self = Self {
        buffers: (64, 65_535),
        joined: 0,
        inbox: 4096,
        nothing: 0,
        recv_errors: 0,
        partial: 0,
        send_errors: 0,
        full: 0,
        full_for: Duration::ZERO,
        no_sibling: false,
        late: Duration::ZERO,
        spurious: 0,
    };

    /// Rough: small batches, errors that pass, send buffers that are full for a while, late timers.
    pub const ROUGH: Self = Self {
        buffers: (3, 4096),
        joined: 500_000,
        inbox: 256,
        nothing: 20_000,
        recv_errors: 5_000,
        partial: 200_000,
        send_errors: 2_000,
        full: 5_000,
        full_for: Duration::from_millis(30),
        no_sibling: false,
        late: Duration::from_millis(1),
        spurious: 50_000,
    };

    /// Anything between the two, by `seed`.
    pub fn any(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        if rng.chance(250_000) {
            return Self::KIND;
        }
        let lengths = [2048, 4096, 16_384, 65_535];
        let mut some = |most: u64| rng.below(most + 1);
        Self {
            buffers: (1 + some(7) as usize, lengths[some(3) as usize]),
            joined: some(1_000_000),
            inbox: 64 + some(1000) as usize,
            nothing: some(50_000),
            recv_errors: some(20_000),
            partial: some(500_000),
            send_errors: some(5_000),
            full: some(10_000),
            full_for: Duration::from_millis(some(60)),
            no_sibling: false,
            late: Duration::from_micros(some(2_000)),
            spurious: some(200_000),
        }
    }
}
