//! Whether the peer is still there.
//!
//! ICE does not say. The checks of a client anybody can forge who has seen one, and they are all that it sends while
//! it idles. The answer to a client's check comes from whatever listens at the address: webrtc-direct's password
//! is in the check itself, so a server that has restarted, and knows of no connection, answers too. So when
//! nothing authentic has come for a while the peer is asked, inside of DTLS, for what it has to answer at once: an
//! SCTP HEARTBEAT. A client that checks from another address meanwhile may have moved, and is asked there too; it
//! is followed when it answers, and not before.
//!
//! Obeys: RFC 9260 §8.3 (HEARTBEAT); RFC 8445 §11 leaves to lite agents how they keep alive.

use core::net::SocketAddr;
use core::time::Duration;

use crate::time::Timestamp;

/// When something authentic came, and when the peer is asked for more.
#[derive(Debug)]
pub(super) struct Liveness {
    heard: Timestamp,
    /// When the peer was asked last, or heard.
    asked: Timestamp,
    patience: Duration,
    is_due: bool,
    /// Where it may be now, besides the address in use.
    candidate: Option<SocketAddr>,
}

impl Liveness {
    /// A peer that is heard now, and asked when it was silent for so long, and then more often until it answers.
    pub(super) fn new(now: Timestamp, patience: Duration) -> Self {
        Self { heard: now, asked: now, patience, is_due: false, candidate: None }
    }

    /// When something authentic came last.
    pub(super) fn heard(&self) -> Timestamp {
        self.heard
    }

    /// Something authentic has come.
    pub(super) fn on_heard(&mut self, now: Timestamp) {
        *self = Self::new(now, self.patience);
    }

    /// A check has come from an address that is not in use. Whoever is not silent has not left.
    ///
    /// Each is a question, which is shorter: were there fewer, who forges checks would take the peer's turn.
    pub(super) fn on_check_elsewhere(&mut self, now: Timestamp, remote: SocketAddr) {
        if self.heard + SILENCE <= now {
            self.candidate = Some(remote);
            self.is_due = true;
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        self.is_due |= self.deadline() <= now;
    }

    /// When `handle_timeout` is due.
    pub(super) fn deadline(&self) -> Timestamp {
        let is_answered = self.asked == self.heard;
        self.asked + if is_answered { self.patience } else { self.patience / HURRY }
    }

    /// Whether the peer is to be asked now, and where else than at the address in use.
    pub(super) fn ask(&mut self, now: Timestamp) -> Option<Option<SocketAddr>> {
        if !core::mem::take(&mut self.is_due) {
            return None;
        }
        self.asked = now;
        Some(self.candidate.take())
    }
}

/// Browsers check every 2 to 5 s but then also send on the path in use: a peer that has said nothing for so long
/// while another address is checked from may have left.
const SILENCE: Duration = Duration::from_secs(3);

/// A question that is not answered is asked again so much sooner: of a path that was cut for nearly as long as the
/// connection lives without a word, it must be noticed in time that it has healed.
const HURRY: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn who_is_silent_is_asked_again_and_again() {
        let mut liveness = Liveness::new(at(0), Duration::from_secs(5));
        liveness.handle_timeout(at(4_999));
        assert_eq!(liveness.ask(at(4_999)), None);
        for secs in [5, 6, 7, 8] {
            let now = at(secs * 1_000);
            assert_eq!(liveness.deadline(), now);
            liveness.handle_timeout(now);
            assert_eq!(liveness.ask(now), Some(None));
            assert_eq!(liveness.ask(now), None);
        }
        assert_eq!(liveness.heard(), at(0));
        liveness.on_heard(at(19_000));
        assert_eq!((liveness.heard(), liveness.deadline()), (at(19_000), at(24_000)));
    }

    #[test]
    fn who_is_silent_and_checks_from_elsewhere_is_asked_there() {
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 7));
        let mut liveness = Liveness::new(at(0), Duration::from_secs(6));
        liveness.on_check_elsewhere(at(2_999), elsewhere);
        assert_eq!(liveness.ask(at(2_999)), None, "it may still be where it was");
        liveness.on_check_elsewhere(at(3_000), elsewhere);
        assert_eq!(liveness.ask(at(3_000)), Some(Some(elsewhere)));
        liveness.handle_timeout(at(9_000));
        assert_eq!(liveness.ask(at(9_000)), Some(None), "and where it was");
        liveness.on_check_elsewhere(at(9_500), elsewhere);
        liveness.on_heard(at(9_500));
        assert_eq!(liveness.ask(at(9_500)), None, "it is where it was");
    }
}
