//! What a command has to say, for people or for machines.
//!
//! Results and addresses go to stdout, one a line: as text, or with `--json` as one JSON object each.
//! Failures go to stderr as text, and to stdout as JSON, because whoever asked for JSON reads it there.
//! Logs are not here: they go to stderr by `tracing`.

use std::fmt::{self, Display};
use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// The way out of everything that a command reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    json: bool,
}

/// One line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a, R = ()> {
    /// The node can be dialed at this address.
    Listening { addr: &'a str },
    /// The node cannot be dialed at this address any more.
    Expired { addr: &'a str },
    /// A page that dials the node from a browser is served here.
    Web { url: &'a str },
    /// A connection is up and its peer authenticated.
    Connected { peer: &'a str, version: &'a str, ms: f64 },
    /// A connection is over.
    Closed { peer: &'a str, reason: &'a str },
    /// A ping came back.
    Ping { seq: u64, ms: f64 },
    /// A step of a probe.
    Step { step: &'a str, outcome: &'a str, ms: Option<f64> },
    /// A command is done, or a part of it.
    Result {
        command: &'a str,
        ok: bool,
        #[serde(flatten)]
        result: R,
    },
    /// A command failed.
    Error { step: &'a str, message: &'a str },
}

impl Report {
    /// Text, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether machines are listening: what is only nice to see is then left out.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Says `event` to machines, and `text` to people.
    pub(crate) fn say(self, event: &Event<'_>, text: impl Display) {
        self.line(event, text);
    }

    /// Says to machines only.
    pub(crate) fn tell_machines(self, event: &Event<'_>) {
        if self.json {
            self.line(event, "");
        }
    }

    /// Says to people only.
    pub(crate) fn tell_people(self, text: impl Display) {
        if !self.json {
            print(&text);
        }
    }

    /// Says what came of `command`.
    pub(crate) fn result(
        self,
        command: &str,
        ok: bool,
        result: impl Serialize,
        text: impl Display,
    ) {
        self.line(&Event::Result { command, ok, result }, text);
    }

    /// Says why it failed.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure { step, message } = failure;
        if self.json {
            self.say(&Event::Error { step, message }, "");
        } else {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(io::stderr(), "floe: {message}");
        }
    }

    fn line<R: Serialize>(self, event: &Event<'_, R>, text: impl Display) {
        if self.json {
            print(&Json(event));
        } else {
            print(&text);
        }
    }
}

struct Json<'a, T>(&'a T);

impl<T: Serialize> Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self.0).expect("an event has only named fields");
        f.write_str(&text)
    }
}

/// Writes a line at once, even into a pipe. That a reader has gone away is no failure of ours: `floe
/// listen | head -1` goes on to listen.
fn print(line: &dyn Display) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(event: &Event<'_>) -> String {
        Json(event).to_string()
    }

    #[test]
    fn events_are_the_documented_lines() {
        assert_eq!(
            json(&Event::Listening { addr: "/ip4/127.0.0.1/udp/1/webrtc-direct" }),
            r#"{"event":"listening","addr":"/ip4/127.0.0.1/udp/1/webrtc-direct"}"#
        );
        assert_eq!(
            json(&Event::Expired { addr: "/ip4/127.0.0.1/udp/1/webrtc-direct" }),
            r#"{"event":"expired","addr":"/ip4/127.0.0.1/udp/1/webrtc-direct"}"#
        );
        assert_eq!(
            json(&Event::Web { url: "http://127.0.0.1:1/" }),
            r#"{"event":"web","url":"http://127.0.0.1:1/"}"#
        );
        assert_eq!(
            json(&Event::Connected { peer: "12D3", version: "v2", ms: 1.5 }),
            r#"{"event":"connected","peer":"12D3","version":"v2","ms":1.5}"#
        );
        assert_eq!(
            json(&Event::Error { step: "dtls", message: "no \"hello\"\n" }),
            r#"{"event":"error","step":"dtls","message":"no \"hello\"\n"}"#
        );
        assert_eq!(
            json(&Event::Step { step: "sctp", outcome: "not-reached", ms: None }),
            r#"{"event":"step","step":"sctp","outcome":"not-reached","ms":null}"#
        );
    }

    #[test]
    fn a_result_has_its_fields_beside_the_common_ones() {
        #[derive(Serialize)]
        struct Sent {
            bytes: u64,
        }
        assert_eq!(
            Json(&Event::Result { command: "echo", ok: true, result: Sent { bytes: 7 } })
                .to_string(),
            r#"{"event":"result","command":"echo","ok":true,"bytes":7}"#
        );
    }
}
