//! Beside the floors: what passed over the wire, in files that Wireshark opens, and the keys to it.
//!
//! WebRTC is DTLS from its second round trip on, so a capture alone shows nothing. A [`PcapWriter`]
//! writes the datagrams and, in the same file, the secrets of their sessions: Wireshark then shows SCTP
//! and the data channels without being told anything. A [`KeyLogWriter`] writes the secrets alone, as
//! `SSLKEYLOGFILE` does, for a capture that something else has taken.
//!
//! Both are [observers](crate::driver::Observer) of a driver; whoever drives a sans-IO endpoint by hand
//! calls the same methods. Secrets are said only by an endpoint whose configuration asks for them:
//! [`Config::log_keys`]. **Whoever has these files can read the connections**; the ones that are made
//! here are readable by their owner only.
//!
//! ```
//! use std::time::{Instant, SystemTime};
//!
//! use floe_core::capture::{PcapWriter, WallClock};
//! # use floe_core::driver::{Clock, Driver, Endpoint, Socket};
//! # use floe_core::rtc::Config;
//! # fn watched(
//! #     mut config: Config, socket: impl Socket, clock: impl Clock, seed: [u8; 32],
//! # ) -> std::io::Result<(Endpoint, impl Future<Output = ()>)> {
//!
//! config.log_keys();
//! let wall_clock = WallClock::new(Instant::now(), SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
//! let pcap = PcapWriter::create("floe.pcapng".as_ref(), wall_clock)?;
//! let (endpoint, driver) = Driver::new(config, socket, clock, seed)?;
//! let driver = driver.observed(pcap);
//! # Ok((endpoint, driver.run()))
//! # }
//! ```

mod headers;
mod keylog;
mod pcap;
mod pcapng;

use core::time::Duration;
use std::time::Instant;

use crate::rtc::Config;

pub use keylog::KeyLogWriter;
pub use pcap::PcapWriter;

impl Config {
    /// Lets every connection say the secrets of its DTLS session: as
    /// [`Event::KeyLog`](crate::rtc::Event::KeyLog), which a driver shows to its
    /// [`Observer`](crate::driver::Observer) and nobody else.
    ///
    /// Whoever has them reads the connection: for tests and for finding faults.
    pub fn log_keys(&mut self) {
        self.log_keys = true;
    }
}

/// What the time of day is: a moment by the clock of the process, and the same one by the calendar.
///
/// Nothing here asks a clock. Whoever captures asks both once, one after the other; under a virtual clock
/// any pair will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    instant: Instant,
    unix: Duration,
}

impl WallClock {
    /// At `instant`, so much time had passed since the beginning of 1970 (UTC).
    pub const fn new(instant: Instant, unix: Duration) -> Self {
        Self { instant, unix }
    }

    /// The time since the beginning of 1970; none before that.
    fn unix(&self, at: Instant) -> Duration {
        match at.checked_duration_since(self.instant) {
            Some(later) => self.unix.saturating_add(later),
            None => self.unix.saturating_sub(self.instant.duration_since(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_both_ways_from_the_moment_that_is_known() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let clock = WallClock::new(now + second, second * 9);
        assert_eq!(clock.unix(now + second * 3), second * 11);
        assert_eq!(clock.unix(now), second * 8);
    }
}
