//! How much may be sent to an address that has proven nothing: less than three times what came from it.
//!
//! Source addresses can be forged, and of webrtc-direct everything else can be too: credentials are the
//! client's choice, and a ClientHello is public. Whoever forges them makes us send to somebody who never
//! asked, so what is sent must not be worth the trouble. RFC 9000 §8.1 has the same rule for QUIC, and the
//! same two ways out of it:
//!
//! - an address is *proven* when something came back from it that depends on what was sent to it and that
//!   nobody could guess: the answer to our own check (its transaction id), or the end of a DTLS handshake
//!   that began from there (our random number is in all of its keys);
//! - until then each datagram from there, checks and fragments of a ClientHello among them, brings as much
//!   again. Retransmissions count as everything does.
//!
//! What DTLS authenticates proves nothing by itself: the peer, who has the keys, can forge its own address.

/// What came from an address and went there, until it is proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    received: u32,
    sent: u32,
    proven: bool,
}

impl Allowance {
    /// Of an address that we chose ourselves: a dial's.
    pub(crate) const UNLIMITED: Self = Self { received: 0, sent: 0, proven: true };

    /// Bytes that came from the address, whatever is in them.
    pub(crate) fn on_received(&mut self, len: usize) {
        // Halving both loses nothing of the relation. Nobody gets here but who sends without ever answering.
        if self.received > TOTAL_MAX {
            self.received /= 2;
            self.sent = self.sent.div_ceil(2);
        }
        self.received += u32::try_from(len).unwrap_or_default();
    }

    /// Whether so many bytes may be sent there; if so, they are taken to be.
    pub(crate) fn spend(&mut self, len: usize) -> bool {
        if self.proven {
            return true;
        }
        let sent = usize::try_from(self.sent).unwrap_or(usize::MAX).saturating_add(len);
        let may = sent < FACTOR * self.received as usize;
        if may {
            self.sent += len as u32;
        }
        may
    }

    /// The address is the peer's own.
    pub(crate) fn prove(&mut self) {
        self.proven = true;
    }

    /// Whether it is.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven
    }
}

/// RFC 9000 §8.1: "no more than three times as many bytes as the number of bytes they have received".
const FACTOR: usize = 3;
/// A third of what still can be counted.
const TOTAL_MAX: u32 = u32::MAX / 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_three_times_what_came_may_go_until_it_is_proven() {
        let mut allowance = Allowance::default();
        assert!(!allowance.spend(1), "nothing came");
        allowance.on_received(100);
        assert!(allowance.spend(200));
        assert!(!allowance.spend(100), "that would be three times as much");
        assert!(allowance.spend(99));
        assert!(!allowance.spend(1));
        allowance.on_received(1);
        assert!(allowance.spend(3));
        assert!(!allowance.spend(1));
        allowance.prove();
        assert!(allowance.spend(1_000_000));
    }

    #[test]
    fn it_never_overflows() {
        let mut allowance = Allowance::default();
        for _ in 0..200_000 {
            allowance.on_received(65_507);
            assert!(allowance.spend(65_507));
            assert!(!allowance.spend(usize::MAX));
        }
    }
}
