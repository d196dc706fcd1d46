//! A socket that fails: for a moment, or for good.
//!
//! Errors of receiving are of two kinds. Some are news about *other* datagrams (an ICMP message about
//! what was sent to one peer) and pass with the next call. Others are about the socket itself; they may
//! pass too (no memory, an interface that goes and comes), but must neither be asked for in a tight loop
//! nor for ever.

use core::time::Duration;
use std::io::{self, ErrorKind};

use tracing::{debug, trace};

use crate::rtc::telemetry;
use crate::time::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Errors in a row that passed, and errors that did not: neither kind speaks for the other.
    passing: u32,
    lasting: u32,
    paused_until: Option<Timestamp>,
}

impl Trouble {
    /// Receiving works.
    pub(super) const fn over(&mut self) {
        self.passing = 0;
        self.lasting = 0;
        self.paused_until = None;
    }

    /// Receiving failed. Gives the error back when it has failed for too long.
    pub(super) fn strikes(&mut self, now: Timestamp, error: io::Error) -> io::Result<()> {
        if passes(error.kind()) && self.passing < PASSING_MAX {
            self.passing += 1;
            // There may be one for each datagram that was sent.
            trace!(target: telemetry::DRIVER, %error, "nothing was received");
            return Ok(());
        }
        self.lasting += 1;
        debug!(target: telemetry::DRIVER, %error, strikes = self.lasting, "nothing was received");
        if self.lasting > LASTING_MAX {
            return Err(error);
        }
        self.paused_until = Some(now + PAUSE);
        Ok(())
    }

    /// Until when nothing is to be received, if that is later than `now`.
    pub(super) fn paused_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until = self.paused_until.filter(|until| *until > now);
        self.paused_until
    }
}

/// Whether an error says nothing about the socket.
const fn passes(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Interrupted
            | ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
    )
}

/// So many in a row that pass are taken in stride: one for each datagram of a full send, and some.
const PASSING_MAX: u32 = 1024;
/// So many that last, with a pause after each, and the socket is given up: a second.
const LASTING_MAX: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_about_peers_do_not_stop_receiving() {
        let mut trouble = Trouble::default();
        for _ in 0..10 {
            trouble.strikes(Timestamp::ZERO, ErrorKind::ConnectionRefused.into()).unwrap();
            assert_eq!(trouble.paused_until(Timestamp::ZERO), None);
        }
    }

    #[test]
    fn an_error_that_stays_ends_the_driver_and_never_spins() {
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::NotConnected] {
            let mut trouble = Trouble::default();
            let mut now = Timestamp::ZERO;
            let mut calls = 0;
            while trouble.strikes(now, kind.into()).is_ok() {
                calls += 1;
                assert!(calls <= PASSING_MAX + LASTING_MAX);
                now = trouble.paused_until(now).unwrap_or(now);
            }
            assert!(now >= Timestamp::ZERO + PAUSE * (LASTING_MAX - 1));
        }
    }

    /// A socket that was of no use for a moment still brings news about peers, and these say that it is of
    /// use again.
    #[test]
    fn news_about_peers_do_not_prolong_an_error_of_the_socket() {
        let mut trouble = Trouble::default();
        trouble.strikes(Timestamp::ZERO, ErrorKind::NotConnected.into()).unwrap();
        let now = trouble.paused_until(Timestamp::ZERO).unwrap();
        for _ in 0..10 * LASTING_MAX {
            trouble.strikes(now, ErrorKind::ConnectionRefused.into()).unwrap();
            assert_eq!(trouble.paused_until(now), None);
        }
    }

    #[test]
    fn an_error_that_passed_is_forgotten() {
        let mut trouble = Trouble::default();
        for _ in 0..10 * LASTING_MAX {
            trouble.strikes(Timestamp::ZERO, ErrorKind::NotConnected.into()).unwrap();
            trouble.over();
        }
        assert_eq!(trouble.paused_until(Timestamp::ZERO), None);
    }
}
