//! What the program prints: one JSON object per line, the only thing the runner reads.

use std::{io::Write as _, time::Duration};

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};

pub(crate) fn listening(address: &Multiaddr) {
    print(json!({ "event": "listening", "addr": address.to_string() }));
}

pub(crate) fn connected(peer: &PeerId, took: Duration) {
    print(json!({
        "event": "connected", "peer": peer.to_string(), "version": "v1", "ms": milliseconds(took),
    }));
}

/// `details` are the members that only one kind of story has, such as `fin_acks`.
pub(crate) fn result(story: &str, ok: bool, took: Duration, message: &str, details: Value) {
    let mut line = json!({
        "event": "result", "story": story, "ok": ok, "ms": milliseconds(took), "message": message,
    });
    if let (Value::Object(line), Value::Object(details)) = (&mut line, details) {
        line.extend(details);
    }
    print(line);
}

pub(crate) fn error(step: &str, message: &str) {
    print(json!({ "event": "error", "step": step, "message": message }));
}

/// To a tenth of a microsecond: more digits would be noise.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 1e4
}

fn print(line: Value) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone away is no reason to panic: the exit code still tells.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
