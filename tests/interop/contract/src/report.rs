//! What a peer prints: one JSON object per line, the only thing the runner reads.

use std::{io::Write as _, time::Duration};

use serde_json::{Value, json};

pub(crate) fn listening(address: &str) {
    print(&json!({ "event": "listening", "addr": address }));
}

pub(crate) fn connected(peer: &str, version: &str, took: Duration) {
    print(&json!({
        "event": "connected", "peer": peer, "version": version, "ms": milliseconds(took),
    }));
}

/// The listener may be killed and live again.
pub(crate) fn ready() {
    print(&json!({ "event": "ready" }));
}

/// `details` are the members that only one kind of story has, such as `sha256`.
pub(crate) fn result(story: &str, ok: bool, took: Duration, message: &str, details: Value) {
    let mut line = json!({
        "event": "result", "story": story, "ok": ok, "ms": milliseconds(took), "message": message,
    });
    if let (Value::Object(line), Value::Object(details)) = (&mut line, details) {
        line.extend(details);
    }
    print(&line);
}

/// All is prepared: what is measured begins once the runner has said a line.
pub(crate) fn begin() {
    print(&json!({ "event": "begin" }));
}

/// What was measured is over, and stays as it is until the runner says a line.
pub(crate) fn end(mut figures: Value) {
    figures["event"] = "end".into();
    print(&figures);
}

pub(crate) fn error(step: &str, message: &str) {
    print(&json!({ "event": "error", "step": step, "message": message }));
}

/// To a tenth of a microsecond: more digits would be noise.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 1e4
}

fn print(line: &Value) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone away is no reason to panic: the exit code still tells.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
