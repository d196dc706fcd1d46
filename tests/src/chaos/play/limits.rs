//! The limits of a node, held against what it says of itself.

use crate::chaos::application::Application;
use crate::chaos::birth::Birth;
use crate::chaos::host::Host;
use crate::chaos::oracle::{Oracle, Verdict};

/// Whether a node keeps to its limits.
pub(super) fn within_limits(
    host: &Host,
    application: &Application,
    birth: &Birth,
    oracle: &Oracle,
) -> Verdict {
    let Some(counters) = host.peer.counters() else { return Ok(()) };
    let limits = birth.limits();
    let mut numbers = vec![
        ("connections", counters.connections, limits.connections),
        ("half_open", counters.half_open, limits.half_open),
        ("handshaking", counters.handshaking, limits.handshaking),
    ];
    for (id, _) in oracle.links_of(application.life) {
        let Some(stats) = host.peer.stats(id) else { continue };
        // What is in SCTP's hands when the limit is reached still has a place: one message.
        let received = limits.connection_receive_bytes + ONE_MESSAGE;
        numbers.push(("streams", stats.streams, limits.streams));
        numbers.push(("connection_receive_bytes", stats.receive_buffered, received));
        let sent = stats.streams * limits.stream_send_bytes + SCTP_SENDS;
        numbers.push(("stream_send_bytes", stats.send_buffered, sent));
    }
    match numbers.into_iter().find(|(_, number, limit)| number > limit) {
        Some((name, number, limit)) => {
            let what = format!("{} has {name} of {number}, above {limit}", birth.addr);
            oracle.violation("limit", what)
        }
        None => Ok(()),
    }
}

/// The longest message that SCTP takes.
const ONE_MESSAGE: usize = 300_000;
/// What the engine takes from streams before it has sent it.
const SCTP_SENDS: usize = 4_000_000;
