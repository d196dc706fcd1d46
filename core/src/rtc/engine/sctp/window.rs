//! How far the peer may go ahead of what is read.
//!
//! A window that is never more than a path needs keeps memory small and spares its queue; one that is less
//! leaves it half empty. What the path needs shows in what is read: if that was a whole window within two round
//! trips, the window was what held the peer up, and it is doubled. It never shrinks, as what was promised is kept.

use core::time::Duration;
use std::time::Instant;

/// The window that the peer is told of when nothing waits to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    bytes: u32,
    max: u32,
    since: Option<Instant>,
    /// Bytes that were read since then.
    read: u32,
}

impl Window {
    /// A window that begins with so many bytes and has `max` at most.
    pub(super) fn new(bytes: u32, max: u32) -> Self {
        Self { bytes, max: max.max(bytes), since: None, read: 0 }
    }

    /// Its size.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// What it may become.
    pub(super) fn max(&self) -> u32 {
        self.max
    }

    /// So many bytes were read.
    pub(super) fn on_read(&mut self, bytes: usize) {
        self.read = self.read.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Time has gone on; the path takes so long.
    pub(super) fn on_time(&mut self, now: Instant, rtt_min: Option<Duration>) {
        let span = rtt_min.unwrap_or(RTT_UNKNOWN) * 2;
        let since = *self.since.get_or_insert(now);
        if self.read >= self.bytes && now <= since + span {
            self.bytes = self.bytes.saturating_mul(2).min(self.max);
        } else if now < since + span {
            return;
        }
        (self.since, self.read) = (Some(now), 0);
    }
}

/// A handshake that could not be measured had to be repeated, which it is after this long.
const RTT_UNKNOWN: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    #[test]
    fn it_doubles_up_to_its_limit_if_it_holds_the_peer_up() {
        let start = Instant::now();
        let mut window = Window::new(1_000, 3_000);
        window.on_time(start, Some(RTT));
        for (millis, bytes, size) in
            [(100, 999, 1_000), (200, 1, 2_000), (300, 2_000, 3_000), (400, 3_000, 3_000)]
        {
            window.on_read(bytes);
            window.on_time(start + Duration::from_millis(millis), Some(RTT));
            assert_eq!(window.bytes(), size, "{millis}");
        }
    }

    #[test]
    fn it_stays_if_the_path_or_the_reader_is_slower() {
        let start = Instant::now();
        let mut window = Window::new(1_000, 3_000);
        for n in 0..100 {
            window.on_read(300);
            window.on_time(start + RTT * n, Some(RTT));
        }
        assert_eq!(window.bytes(), 1_000);
        window.on_read(100_000);
        window.on_time(start + RTT * 200, Some(RTT));
        assert_eq!(window.bytes(), 1_000);
    }
}
