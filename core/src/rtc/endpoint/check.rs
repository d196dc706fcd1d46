//! The check that a listener sends to a client that it hears of for the first time.
//!
//! A lite agent sends none, and this one needs none: it neither waits for the answer nor looks at it. But
//! pion and webrtc-rs nominate a path either on their next tick, 200 ms after the first, or at once when
//! a check comes on a path that has answered theirs, as full agents send them (RFC 8445 §7.3.1.4); so
//! does go-libp2p's listener, which is lite by its SDP alone. It goes out behind the answer, once for
//! each address that a client checks from: a check that is forged then brings forth less than three times
//! its size, and two listeners that take each other for clients do not go on for ever.

use crate::ice::Credentials;
use crate::ice::stun::{REQUEST_LEN_MAX, Request, Role, TransactionId, write_binding_request};
use crate::rtc::engine::RingHmac;
use crate::rtc::entropy::Entropy;

/// Bytes that [`write`] needs at most.
pub(super) const LEN_MAX: usize = REQUEST_LEN_MAX;

/// Writes a check for the client whose credentials were inferred from its own.
pub(super) fn write<'b>(
    out: &'b mut [u8; LEN_MAX],
    credentials: &Credentials<'_>,
    entropy: &mut Entropy,
) -> &'b [u8] {
    let mut id = [0; 12];
    entropy.fill(&mut id);
    let role = Role::Controlled { tie_breaker: entropy.next_u64() };
    let (client, server) = (credentials.remote, credentials.local);
    let request = Request::new(TransactionId(id), client.ufrag, server.ufrag, PRIORITY, role);
    let key = client.password.as_str().as_bytes();
    write_binding_request(out, &request, key, &RingHmac).expect("a check fits its buffer")
}

/// Of a peer-reflexive candidate by which the client would reach us, were we not known to it: type
/// preference 110, local preference the highest, component 1 (RFC 8445 §5.1.2.1).
const PRIORITY: u32 = 110 << 24 | 0xffff << 8 | (256 - 1);
