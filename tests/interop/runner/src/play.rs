//! Plays one case: a fresh listener, one dialer, and what was seen of both.

use std::{
    process::ExitStatus,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    case::{Case, Expected},
    peers::{Dial, Program},
    process::{Heard, Process},
};

/// What was seen. The judgement is `verdict.rs`'s.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last event of each kind.
    pub(crate) connected: Option<Value>,
    pub(crate) result: Option<Value>,
    pub(crate) error: Option<Value>,
    /// `None` when it had to be killed, or never ran.
    pub(crate) dialer: Option<ExitStatus>,
    /// After SIGTERM; `None` when it had to be killed.
    pub(crate) listener: Option<ExitStatus>,
    /// From the start of the dialer to its end.
    pub(crate) took: Duration,
    /// What the runner itself found wrong: a listener that gave no address, a line that is no JSON.
    pub(crate) faults: Vec<String>,
    /// The last words of both on standard error.
    pub(crate) complaints: String,
}

/// Where and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions<'a> {
    /// The IP address that listeners bind.
    pub(crate) ip: std::net::IpAddr,
    /// In place of the story's own limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) dialer: &'a Program,
    pub(crate) listener: &'a Program,
}

pub(crate) fn play(case: &Case, conditions: Conditions<'_>) -> Seen {
    let mut seen = Seen::default();
    if let Err(fault) = stage(case, conditions, &mut seen) {
        seen.faults.push(fault);
    }
    seen
}

fn stage(case: &Case, conditions: Conditions<'_>, seen: &mut Seen) -> Result<(), String> {
    let family = if conditions.ip.is_ipv4() { "ip4" } else { "ip6" };
    let bind = format!("/{family}/{}/udp/0/webrtc-direct", conditions.ip);
    let mut listener = Process::spawn(conditions.listener, &(case.listener.listen)(&bind))?;
    let played =
        listening(&mut listener).and_then(|address| dial(case, conditions, &address, seen));
    seen.listener = listener.terminate(Instant::now() + FAREWELL);
    note(&mut seen.complaints, "listener", &listener.complaints());
    played
}

/// Waits for the address of the listener.
fn listening(listener: &mut Process) -> Result<String, String> {
    let deadline = Instant::now() + START;
    loop {
        match listener.hear(deadline) {
            Heard::Line(line) => {
                let event = parse(&line).map_err(|fault| format!("listener: {fault}"))?;
                if event["event"] == "listening" {
                    return event["addr"]
                        .as_str()
                        .map(String::from)
                        .ok_or_else(|| format!("listener: no addr in {line}"));
                }
            }
            Heard::Exit(status) => {
                return Err(format!("the listener ended before it listened: {status}"));
            }
            Heard::Nothing => {
                return Err(format!("the listener gave no address in {} s", START.as_secs()));
            }
        }
    }
}

fn dial(
    case: &Case,
    conditions: Conditions<'_>,
    address: &str,
    seen: &mut Seen,
) -> Result<(), String> {
    let limit = conditions.timeout.unwrap_or_else(|| limit(case));
    let ask =
        Dial { address, version: case.version, story: case.story.kind, timeout_s: limit.as_secs() };
    let arguments = (case.dialer.dial)(&ask).expect("only cases that can be dialed are made");
    let began = Instant::now();
    let deadline = began + limit + GRACE;
    let mut dialer = Process::spawn(conditions.dialer, &arguments)?;
    let played = loop {
        match dialer.hear(deadline) {
            Heard::Line(line) => match parse(&line) {
                Ok(event) => match event["event"].as_str() {
                    Some("connected") => seen.connected = Some(event),
                    Some("result") => seen.result = Some(event),
                    Some("error") => seen.error = Some(event),
                    // Peers may say more than the contract asks for.
                    _ => {}
                },
                Err(fault) => seen.faults.push(format!("dialer: {fault}")),
            },
            Heard::Exit(status) => {
                seen.dialer = Some(status);
                break Ok(());
            }
            Heard::Nothing => {
                break Err(format!("the dialer was killed after {} s", (limit + GRACE).as_secs()));
            }
        }
    };
    seen.took = began.elapsed();
    note(&mut seen.complaints, "dialer", &dialer.complaints());
    played
}

/// How long the dialer is told it may take.
fn limit(case: &Case) -> Duration {
    match case.expected {
        Expected::Refusal => REFUSAL,
        _ => case.story.limit,
    }
}

fn parse(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|_| format!("a line that is no JSON: {line}"))
}

fn note(complaints: &mut String, who: &str, words: &str) {
    if !words.is_empty() {
        if !complaints.is_empty() {
            complaints.push_str(" || ");
        }
        complaints.push_str(&format!("{who}: {words}"));
    }
}

/// What a program needs to start and bind, interpreters and browsers included.
const START: Duration = Duration::from_secs(20);
/// What a listener has after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(5);
/// Between the limit a dialer is given and its death: it should report its own failure.
const GRACE: Duration = Duration::from_secs(5);
/// What a dialer is given where nobody will answer: several retransmissions, and no more patience.
const REFUSAL: Duration = Duration::from_secs(5);
