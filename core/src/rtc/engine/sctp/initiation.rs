//! Who begins an association.
//!
//! SCTP is symmetric and WebRTC lets both sides send INIT. A back end that cannot do the collision of RFC 9260 §5.2.1
//! must never have two associations alive, its own and the peer's. This is the rule, which every known peer bears:
//!
//! ```text
//! DTLS is up, the peer's INIT is here already  → answer it
//! DTLS is up, no INIT yet                      → send ours
//! the peer's INIT comes while ours waits       → client: drop ours, answer the peer's
//!                                                server: keep it; answer it, and drop ours, only if
//!                                                ours is not answered within 250 ms
//! ours is answered, or the association is up   → the peer's INIT is late: drop it
//! the peer's INIT was answered, then silence    → client, after 1 s: begin again
//! ours is answered, and 750 ms later an INIT    → the peer has begun again: answer it, drop ours
//! ```
//!
//! Under DTLS 1.2 the server is done half a round trip before the client, so its INIT saves a round
//! trip. A peer that does collide properly answers it; one that never does (aiortc) costs 250 ms. Two of
//! us settle on the server's INIT.

use core::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use tracing::{debug, trace};

use crate::rtc::engine::Role;
use crate::rtc::telemetry;

/// Whose INIT counts, and until when.
#[derive(Debug)]
pub(super) struct Initiation {
    role: Role,
    /// Ours, if it is the one that counts.
    ours: Option<Ours>,
    /// The peer's, kept while ours may still be answered.
    deferred: Option<Deferred>,
    /// Until when a client waits for the rest of an association that the peer began.
    patience: Option<Instant>,
    is_up: bool,
}

/// Our INIT.
#[derive(Clone, Copy, Debug)]
enum Ours {
    /// It is sent again then, and after that long another time.
    Waits { resend_at: Instant, interval: Duration },
    /// It was answered then.
    Answered(Instant),
}

#[derive(Debug)]
struct Deferred {
    until: Instant,
    init: Bytes,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// To answer this INIT of the peer's, whatever there is.
    Answer(Bytes),
    /// To begin anew.
    Begin,
    /// To send our INIT again.
    Resend,
}

impl Initiation {
    pub(super) const fn new(role: Role) -> Self {
        Self { role, ours: None, deferred: None, patience: None, is_up: false }
    }

    /// Our INIT leaves.
    pub(super) fn on_begun(&mut self, now: Instant) {
        self.ours = Some(Ours::Waits { resend_at: now + INIT_INTERVAL, interval: INIT_INTERVAL });
    }

    /// The peer's INIT has come. Gives it back if it is to be answered now.
    pub(super) fn on_init(&mut self, now: Instant, init: Bytes) -> Option<Bytes> {
        match self.ours {
            _ if self.is_up => {
                trace!(target: telemetry::CONNECTION, "a late INIT is dropped");
                None
            }
            Some(Ours::Answered(at)) if at + ABANDONED <= now => {
                debug!(target: telemetry::CONNECTION, "our cookies were lost, and the peer has begun again; taking its INIT");
                Some(init)
            }
            Some(Ours::Answered(_)) => {
                trace!(target: telemetry::CONNECTION, "an INIT is dropped, as ours is answered");
                None
            }
            Some(Ours::Waits { .. }) if self.role == Role::Server => {
                let until = self.deferred.as_ref().map_or(now + DEFER, |deferred| deferred.until);
                self.deferred = Some(Deferred { until, init });
                None
            }
            Some(Ours::Waits { .. }) | None => Some(init),
        }
    }

    /// The peer's INIT is answered: ours counts no more.
    pub(super) fn on_taken(&mut self, now: Instant) {
        self.ours = None;
        self.deferred = None;
        self.patience = (self.role == Role::Client).then(|| now + PATIENCE);
    }

    /// The peer has answered our INIT. Whether it is the first time.
    pub(super) fn on_answered(&mut self, now: Instant) -> bool {
        let is_first = self.is_waiting();
        if is_first {
            self.ours = Some(Ours::Answered(now));
            self.deferred = None;
        }
        is_first
    }

    /// The association is up.
    pub(super) fn on_up(&mut self) {
        self.is_up = true;
        self.patience = None;
    }

    /// Whether our INIT waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.ours, Some(Ours::Waits { .. }))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let resend_at = match self.ours {
            Some(Ours::Waits { resend_at, .. }) => Some(resend_at),
            Some(Ours::Answered(_)) | None => None,
        };
        let deferred = self.deferred.as_ref().map(|deferred| deferred.until);
        [resend_at, deferred, self.patience].into_iter().flatten().min()
    }

    /// Takes what is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Due> {
        if let Some(deferred) = self.deferred.take_if(|deferred| deferred.until <= now) {
            debug!(target: telemetry::CONNECTION, "our INIT was not answered; taking the peer's");
            return Some(Due::Answer(deferred.init));
        }
        if self.patience.take_if(|until| *until <= now).is_some() {
            debug!(target: telemetry::CONNECTION, "the peer left the association that it began; beginning another");
            return Some(Due::Begin);
        }
        let Some(Ours::Waits { resend_at, interval }) = &mut self.ours else { return None };
        if *resend_at > now {
            return None;
        }
        *interval = (*interval * 2).min(INIT_INTERVAL_MAX);
        *resend_at = now + *interval;
        Some(Due::Resend)
    }
}

/// RFC 9260 §16 wants 1 s (RFC 4960: 3 s); the path was measured by DTLS to be alive.
pub(super) const INIT_INTERVAL: Duration = Duration::from_millis(500);
const INIT_INTERVAL_MAX: Duration = Duration::from_secs(2);
/// How long the peer's INIT waits for an answer to ours. A peer that collides properly answers in a
/// round trip; if that takes longer, taking the peer's INIT works as well.
const DEFER: Duration = Duration::from_millis(250);
/// A server that is tired of waiting answers a client's INIT that the client has dropped meanwhile: then
/// both wait for the other. So a client begins again, after the server had time to send INIT twice.
const PATIENCE: Duration = Duration::from_secs(1);
/// An INIT that comes so long after ours was answered is not one that was under way: the peer has not got
/// our COOKIE-ECHO, nor its first repetition after 500 ms, and has begun again.
const ABANDONED: Duration = Duration::from_millis(750);

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: Bytes = Bytes::from_static(b"INIT");

    fn begun(role: Role) -> (Instant, Initiation) {
        let (now, mut initiation) = (Instant::now(), Initiation::new(role));
        initiation.on_begun(now);
        (now, initiation)
    }

    #[test]
    fn of_two_that_cross_the_servers_counts() {
        let (now, mut client) = begun(Role::Client);
        assert_eq!(client.on_init(now, THEIRS), Some(THEIRS));
        client.on_taken(now);
        assert!(!client.on_answered(now), "ours is dropped");

        let (now, mut server) = begun(Role::Server);
        assert_eq!(server.on_init(now, THEIRS), None);
        assert!(server.on_answered(now + DEFER / 2));
        assert!(!server.on_answered(now + DEFER / 2), "once");
        assert_eq!((server.deadline(), server.take_due(now + DEFER)), (None, None));
    }

    #[test]
    fn a_server_that_is_not_answered_takes_what_it_has() {
        let (now, mut server) = begun(Role::Server);
        server.on_init(now, THEIRS);
        server.on_init(now + DEFER / 2, THEIRS);
        assert_eq!(server.deadline(), Some(now + DEFER), "from the first on");
        assert_eq!(server.take_due(now + DEFER), Some(Due::Answer(THEIRS)));
        server.on_taken(now + DEFER);
        assert_eq!(server.deadline(), None, "a server is patient");
    }

    #[test]
    fn a_client_begins_again_where_the_peer_goes_silent() {
        for is_up in [false, true] {
            let (now, mut client) = begun(Role::Client);
            client.on_taken(now);
            if is_up {
                client.on_up();
            }
            let due = client.take_due(now + PATIENCE);
            assert_eq!(due, (!is_up).then_some(Due::Begin));
            assert_eq!(client.take_due(now + PATIENCE), None);
        }
    }

    #[test]
    fn an_init_is_sent_again_ever_more_rarely() {
        let (now, mut initiation) = begun(Role::Client);
        let mut at = now;
        for gap in [500, 1_000, 2_000, 2_000] {
            at += Duration::from_millis(gap);
            assert_eq!(initiation.take_due(at - Duration::from_nanos(1)), None);
            assert_eq!(
                (initiation.deadline(), initiation.take_due(at)),
                (Some(at), Some(Due::Resend))
            );
        }
        assert!(initiation.on_answered(at));
        assert_eq!(initiation.deadline(), None);
    }

    #[test]
    fn a_late_one_is_dropped_unless_the_peer_has_begun_again() {
        for role in [Role::Client, Role::Server] {
            let (now, mut initiation) = begun(role);
            initiation.on_answered(now);
            let later = now + ABANDONED;
            assert_eq!(initiation.on_init(later - Duration::from_nanos(1), THEIRS), None);
            assert_eq!(initiation.on_init(later, THEIRS), Some(THEIRS));
            initiation.on_up();
            assert_eq!(initiation.on_init(later, THEIRS), None);
        }
        assert_eq!(Initiation::new(Role::Server).on_init(Instant::now(), THEIRS), Some(THEIRS));
    }
}
