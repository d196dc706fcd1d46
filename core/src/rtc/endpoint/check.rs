//! The check that a listener sends to a client that it hears of for the first time.
//!
//! A lite agent sends none, but this one serves twice. pion and webrtc-rs nominate a path either on their
//! next tick, 200 ms after the first, or at once when a check comes on a path that has answered theirs, as
//! full agents send them (RFC 8445 §7.3.1.4); so does go-libp2p's listener, which is lite by its SDP
//! alone. And its answer is the earliest proof that a client is where it says: the transaction id is one
//! that nobody can guess who did not receive it, so until then little is sent there
//! ([`Allowance`](crate::rtc::allowance::Allowance)).
//!
//! It goes out behind the answer to the client's own, once for each address that a half-open peer checks
//! from, and for a connection as often as it is checked from an address that is not proven. A check that
//! is forged then brings forth less than three times its size, and two listeners that take each other for
//! clients do not go on for ever. Nothing is kept of it: the id is a digest of the address, of the time in
//! minutes and of a secret.

use core::net::{IpAddr, SocketAddr};

use ring::digest::{Context, SHA256};

use crate::ice::Credentials;
use crate::ice::stun::{REQUEST_LEN_MAX, Request, Role, TransactionId, write_binding_request};
use crate::rtc::engine::RingHmac;
use crate::time::Timestamp;

/// Bytes that [`Questions::write`] needs at most.
pub(super) const LEN_MAX: usize = REQUEST_LEN_MAX;

/// What is asked, and which answers are right.
pub(super) struct Questions {
    secret: [u8; 32],
}

impl Questions {
    /// Questions that nobody can guess who does not know `secret`.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// Writes a check for the client whose credentials were inferred from its own.
    pub(super) fn write<'b>(
        &self,
        out: &'b mut [u8; LEN_MAX],
        now: Timestamp,
        credentials: &Credentials<'_>,
        remote: SocketAddr,
    ) -> &'b [u8] {
        let (id, tie_breaker) = self.draw(minute(now), remote);
        let role = Role::Controlled { tie_breaker };
        let (client, server) = (credentials.remote, credentials.local);
        let request = Request::new(id, client.ufrag, server.ufrag, PRIORITY, role);
        let key = client.password.as_str().as_bytes();
        write_binding_request(out, &request, key, &RingHmac).expect("a check fits its buffer")
    }

    /// Whether `id` is of a check that was written for `remote` not long ago.
    pub(super) fn is_answer(&self, now: Timestamp, remote: SocketAddr, id: TransactionId) -> bool {
        let minute = minute(now);
        [minute, minute.saturating_sub(1)].iter().any(|minute| self.draw(*minute, remote).0 == id)
    }

    fn draw(&self, minute: u64, remote: SocketAddr) -> (TransactionId, u64) {
        let ip = match remote.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let mut context = Context::new(&SHA256);
        context.update(&self.secret);
        context.update(&minute.to_be_bytes());
        context.update(&ip.octets());
        context.update(&remote.port().to_be_bytes());
        let digest = context.finish();
        let (id, rest) = digest.as_ref().split_first_chunk().expect("SHA-256 is 32 bytes long");
        let tie_breaker = rest.first_chunk().expect("12 of 32 bytes are gone");
        (TransactionId(*id), u64::from_be_bytes(*tie_breaker))
    }
}

fn minute(now: Timestamp) -> u64 {
    now.since_epoch().as_secs() / 60
}

/// Of a peer-reflexive candidate by which the client would reach us, were we not known to it: type
/// preference 110, local preference the highest, component 1 (RFC 8445 §5.1.2.1).
const PRIORITY: u32 = 110 << 24 | 0xffff << 8 | (256 - 1);
