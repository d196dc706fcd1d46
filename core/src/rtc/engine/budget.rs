//! How many bytes are given to SCTP at a time.
//!
//! SCTP's work per poll grows with what it holds, so it is given what keeps 200 Mbit/s of the path busy and no
//! more: 64 KiB up to a round trip of 2.5 ms, 1 MiB from 40 ms on.

use core::time::Duration;

/// What a local network needs, and what SCTP handles at full speed (measured: a quarter less at 1 MiB). Also
/// what waits at ease in the socket of a peer that is slow to read it, and so loses nothing: Linux gives a
/// socket 208 KiB, and a datagram takes twice its length of that.
const MIN: usize = 64 * 1024;
/// The receive window of most peers, and as much as today's congestion control fills with some luck.
pub(super) const MAX: usize = 1024 * 1024;
/// Up to this round trip the least budget is enough.
const RTT_MICROS: usize = 2_500;

/// Bytes that may be unacknowledged on a path with this shortest round trip, if that is known.
pub(super) fn of(rtt_min: Option<Duration>) -> usize {
    let micros = usize::try_from(rtt_min.unwrap_or_default().as_micros()).unwrap_or(usize::MAX);
    micros.saturating_mul(MIN / RTT_MICROS).clamp(MIN, MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_follows_the_round_trip_between_its_bounds() {
        assert_eq!(of(None), MIN);
        assert_eq!(of(Some(Duration::from_micros(2_500))), MIN);
        let middle = of(Some(Duration::from_millis(20)));
        assert!((400 * 1024..600 * 1024).contains(&middle), "{middle}");
        assert_eq!(of(Some(Duration::from_millis(41))), MAX);
        assert_eq!(of(Some(Duration::MAX)), MAX);
    }
}
