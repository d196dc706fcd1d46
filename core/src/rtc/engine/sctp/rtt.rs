//! How long an answer takes, measured on packets that are answered at once.
//!
//! The association's own estimate is not to be had from every library, and it contains the delayed
//! acknowledgements of the peer, up to 200 ms (RFC 9260 §6.2). So this looks at answers that nobody
//! delays: the handshake's, and the SACK for the head of a burst, which RFC 9260 §6.2 wants for every
//! second packet. Whatever was sent twice is not measured (Karn's rule, §6.3.1 C5).

use core::time::Duration;
use std::time::Instant;

use super::packet;

/// Measures round trips.
#[derive(Debug, Default)]
pub(super) struct Rtt {
    smoothed: Option<Duration>,
    min: Option<Duration>,
    probe: Option<Probe>,
    /// What the last handshake packet was: seen again, it was sent twice.
    last_step: Option<u8>,
    highest_tsn: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    sent: Instant,
    awaits: Awaits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Chunk(u8),
    Tsn(u32),
}

impl Rtt {
    /// The smoothed round trip.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The shortest round trip.
    pub(super) fn min(&self) -> Option<Duration> {
        self.min
    }

    /// Takes note of a packet that leaves, the first of a burst of so many.
    pub(super) fn on_sent(&mut self, now: Instant, packet: &[u8], burst: usize) {
        let Some(first) = packet::first_chunk(packet) else { return };
        let answer = match first {
            packet::INIT => packet::INIT_ACK,
            packet::INIT_ACK => packet::COOKIE_ECHO,
            packet::COOKIE_ECHO => packet::COOKIE_ACK,
            packet::DATA => return self.on_data_sent(now, packet, burst),
            _ => return,
        };
        let again = self.last_step.replace(first) == Some(first);
        self.probe = (!again).then_some(Probe { sent: now, awaits: Awaits::Chunk(answer) });
    }

    fn on_data_sent(&mut self, now: Instant, packet: &[u8], burst: usize) {
        for chunk in packet::chunks(packet).filter(|chunk| chunk.kind == packet::DATA) {
            let Some(tsn) = chunk.tsn() else { return };
            let new = self.highest_tsn.is_none_or(|highest| packet::is_after(tsn, highest));
            if new {
                self.highest_tsn = Some(tsn);
                if self.probe.is_none() && burst >= BURST_MIN {
                    self.probe = Some(Probe { sent: now, awaits: Awaits::Tsn(tsn) });
                }
            } else if let Some(Probe { awaits: Awaits::Tsn(probed), .. }) = self.probe
                && !packet::is_after(tsn, probed)
            {
                // Something up to the probe is sent again: the SACK to come may be for either.
                self.probe = None;
            }
        }
    }

    /// Takes note of a packet that arrived.
    pub(super) fn on_received(&mut self, now: Instant, packet: &[u8]) {
        let Some(probe) = self.probe else { return };
        let answered = packet::chunks(packet).any(|chunk| match probe.awaits {
            Awaits::Chunk(kind) => chunk.kind == kind,
            Awaits::Tsn(tsn) => {
                chunk.kind == packet::SACK
                    && chunk.tsn().is_some_and(|acked| !packet::is_after(tsn, acked))
            }
        });
        if answered {
            self.probe = None;
            self.sample(now.saturating_duration_since(probe.sent));
        }
    }

    fn sample(&mut self, rtt: Duration) {
        // RFC 6298 §2.3, with the usual gain of an eighth.
        self.smoothed = Some(self.smoothed.map_or(rtt, |smoothed| (smoothed * 7 + rtt) / 8));
        self.min = Some(self.min.map_or(rtt, |min| min.min(rtt)));
    }
}

/// So many packets at once are not all left to the delayed acknowledgement of the peer.
const BURST_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, tsn: u32) -> [u8; 28] {
        let mut packet = [0; 28];
        packet[12] = kind;
        packet[15] = 16;
        packet[16..20].copy_from_slice(&tsn.to_be_bytes());
        packet
    }

    #[test]
    fn handshake_and_bursts_are_measured_but_nothing_that_was_sent_twice() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut rtt = Rtt::default();
        rtt.on_sent(at(0), &packet(packet::INIT, 0), 1);
        rtt.on_received(at(30), &packet(packet::INIT_ACK, 0));
        assert_eq!(rtt.smoothed(), Some(Duration::from_millis(30)));

        rtt.on_sent(at(30), &packet(packet::COOKIE_ECHO, 0), 1);
        rtt.on_sent(at(90), &packet(packet::COOKIE_ECHO, 0), 1);
        rtt.on_received(at(91), &packet(packet::COOKIE_ACK, 0));
        assert_eq!(rtt.min(), Some(Duration::from_millis(30)));

        let wrap = u32::MAX;
        rtt.on_sent(at(100), &packet(packet::DATA, wrap), BURST_MIN);
        rtt.on_sent(at(100), &packet(packet::DATA, 0), BURST_MIN);
        rtt.on_received(at(101), &packet(packet::SACK, wrap - 1));
        rtt.on_received(at(122), &packet(packet::SACK, 0));
        assert_eq!(rtt.min(), Some(Duration::from_millis(22)));

        rtt.on_sent(at(200), &packet(packet::DATA, 1), BURST_MIN);
        rtt.on_sent(at(300), &packet(packet::DATA, 1), BURST_MIN);
        rtt.on_received(at(301), &packet(packet::SACK, 1));
        assert_eq!(rtt.min(), Some(Duration::from_millis(22)));
    }
}
