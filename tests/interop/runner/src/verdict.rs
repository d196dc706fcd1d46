//! What a case amounts to.

use std::time::Duration;

use interop::{peers::Version, story::Kind};
use serde_json::{Value, json};

use crate::{
    case::{Case, Expected, round_trips::Count},
    play::Seen,
    sequence,
};

/// From the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// As expected.
    Pass,
    /// Failed, as the defect of a peer made certain.
    Defect,
    /// Better than expected, such as passed where a defect was known: a table of what is known is out of date, or
    /// not exact.
    Surprise,
    /// Not as expected.
    Fail,
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Defect => "DEFECT",
            Self::Surprise => "SURPRISE",
            Self::Fail => "FAIL",
        }
    }
}

/// One case that was played.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) case: Case,
    pub(crate) run: u32,
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
    /// As the dialer has measured it.
    pub(crate) dial_ms: Option<f64>,
    pub(crate) story_ms: Option<f64>,
    /// Of connecting, where they are the story.
    pub(crate) round_trips: Option<u32>,
    pub(crate) took: Duration,
    /// What came of earlier tries that a flake of a peer has spoilt.
    pub(crate) spoilt: Vec<String>,
    complaints: String,
}

impl Verdict {
    pub(crate) fn of(case: Case, run: u32, seen: Seen) -> Self {
        let judged = match case.expected {
            Expected::Refusal => refused(&seen),
            Expected::Pass { over } => succeeded(&seen, over),
            Expected::Defect { .. } => succeeded(&seen, None),
        }
        .and_then(|()| intact(&case, &seen))
        .and_then(|()| match case.expected {
            Expected::Refusal => Ok(None),
            _ => Count::judge(&case, &seen.round_trips),
        });
        let round_trips = judged.as_ref().ok().and_then(|count| Some(count.as_ref()?.number()));
        let (outcome, message) = match (&case.expected, judged) {
            (Expected::Defect { .. }, Ok(_)) => (Outcome::Surprise, IN_SPITE.into()),
            (Expected::Defect { .. }, Err(message)) => (Outcome::Defect, message),
            (Expected::Refusal, Ok(_)) => (Outcome::Pass, words(seen.error.as_ref())),
            (_, Ok(Some(Count::Fewer(_, message)))) => (Outcome::Surprise, message),
            (_, Ok(_)) => (Outcome::Pass, String::new()),
            (_, Err(message)) => (Outcome::Fail, message),
        };
        Self {
            case,
            run,
            outcome,
            message,
            dial_ms: milliseconds(seen.connected.as_ref()),
            story_ms: milliseconds(seen.result.as_ref()),
            round_trips,
            took: seen.took,
            spoilt: Vec::new(),
            complaints: seen.complaints,
        }
    }

    /// Whether a defect that shows only now and then may be to blame.
    pub(crate) fn may_be_spoilt(&self) -> bool {
        self.outcome == Outcome::Fail && self.case.flake(&self.message).is_some()
    }

    /// MiB/s of the story, by the dialer's own clock, or else by ours less the time of connecting.
    pub(crate) fn rate(&self) -> Option<f64> {
        let bytes = self.case.story.kind.bytes()?;
        let elapsed_ms = self
            .story_ms
            .unwrap_or_else(|| self.took.as_secs_f64() * 1e3 - self.dial_ms.unwrap_or_default());
        Some(bytes as f64 / f64::from(1 << 20) / (elapsed_ms / 1e3))
    }

    /// One line for machines.
    pub(crate) fn line(&self) -> Value {
        let mut line = json!({
            "dialer": self.case.dialer.name,
            "listener": self.case.listener.name,
            "version": self.case.version.name(),
            "story": self.case.story.name,
            "run": self.run,
            "outcome": self.outcome.name(),
            "dial_ms": self.dial_ms,
            "story_ms": self.story_ms,
            "mib_per_s": self.rate().filter(|_| self.outcome <= Outcome::Surprise),
            "message": self.message,
        });
        if let Some(round_trips) = self.round_trips {
            line["round_trips"] = round_trips.into();
        }
        if let Some(relay) = self.case.relay {
            line["relay"] = relay.name.into();
        }
        if let Expected::Defect { reason, source } = self.case.expected {
            line["defect"] = json!({ "reason": reason, "source": source });
        }
        if !self.spoilt.is_empty() {
            let told = self.spoilt.iter().map(|message| {
                let flake = self.case.flake(message);
                json!({
                    "message": message,
                    "reason": flake.map(|flake| flake.reason),
                    "source": flake.map(|flake| flake.source),
                })
            });
            line["spoilt"] = told.collect();
        }
        if self.outcome == Outcome::Fail && !self.complaints.is_empty() {
            line["stderr"] = json!(self.complaints);
        }
        line
    }
}

fn succeeded(seen: &Seen, over: Option<Version>) -> Result<(), String> {
    proper(seen)?;
    let exit = seen.dialer.ok_or("the dialer never ran")?;
    if !exit.success() {
        let why = match (&seen.result, &seen.error) {
            (_, Some(error)) => words(Some(error)),
            (Some(result), None) => words(Some(result)),
            (None, None) => "it did not say why".into(),
        };
        return Err(format!("{why} ({exit})"));
    }
    let Some(connected) = &seen.connected else {
        return Err("the dialer ended well without having connected".into());
    };
    match &seen.result {
        Some(result) if result["ok"] == true => {}
        _ => return Err("the dialer ended well without a result that is ok".into()),
    }
    if let Some(over) = over
        && connected["version"] != over.name()
    {
        return Err(format!("connected over {} instead of {}", connected["version"], over.name()));
    }
    farewell(seen)
}

/// The dialer has not connected, said at which step and why, and did so within its limit.
fn refused(seen: &Seen) -> Result<(), String> {
    proper(seen)?;
    if seen.connected.is_some() {
        return Err("it connected, and it should not have".into());
    }
    let exit = seen.dialer.ok_or("the dialer never ran")?;
    if exit.code() != Some(FAILURE) {
        return Err(format!("{exit} instead of exit status {FAILURE}"));
    }
    let said = |member: &str| {
        seen.error.as_ref().and_then(|error| error[member].as_str()).is_some_and(|s| !s.is_empty())
    };
    if !said("step") || !said("message") {
        return Err("no error event that names a step and a message".into());
    }
    farewell(seen)
}

/// What came back of an echo has the hash that it must have, if the dialer knows of hashes.
fn intact(case: &Case, seen: &Seen) -> Result<(), String> {
    let (Kind::Echo(bytes), true) = (case.story.kind, case.dialer.tells_hash) else {
        return Ok(());
    };
    let told = seen.result.as_ref().and_then(|result| result["sha256"].as_str());
    let right = sequence::sha256(bytes);
    match told {
        Some(told) if told == right => Ok(()),
        Some(told) => Err(format!("what came back has SHA-256 {told} instead of {right}")),
        None => Err("the result tells no SHA-256 of what came back".into()),
    }
}

fn proper(seen: &Seen) -> Result<(), String> {
    match seen.faults.as_slice() {
        [] => Ok(()),
        faults => Err(faults.join("; ")),
    }
}

/// A listener that has died, or does not heed SIGTERM, fails the case however well the dialer did.
fn farewell(seen: &Seen) -> Result<(), String> {
    match seen.listener {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("the listener ended with {status}")),
        None => Err("the listener did not end after SIGTERM".into()),
    }
}

/// `step: message` of an event.
fn words(event: Option<&Value>) -> String {
    let Some(event) = event else { return String::new() };
    let message = event["message"].as_str().unwrap_or("no message");
    match event["step"].as_str() {
        Some(step) => format!("{step}: {message}"),
        None => message.into(),
    }
}

fn milliseconds(event: Option<&Value>) -> Option<f64> {
    event.and_then(|event| event["ms"].as_f64())
}

const IN_SPITE: &str = "it passed in spite of a defect that is listed for it";
/// The exit status of a dialer that has failed; 2 is a wrong command line.
const FAILURE: i32 = 1;

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

    use super::*;
    use crate::case;

    fn judge(line: &str, seen: Seen) -> (Outcome, String) {
        let case = case::all().into_iter().find(|case| case.to_string() == line).unwrap();
        let verdict = Verdict::of(case, 1, seen);
        (verdict.outcome, verdict.message)
    }

    fn exit(code: i32) -> Option<ExitStatus> {
        Some(ExitStatus::from_raw(code << 8))
    }

    fn good(version: &str) -> Seen {
        Seen {
            connected: Some(json!({ "version": version, "ms": 20.0 })),
            result: Some(json!({ "ok": true, "ms": 1000.0 })),
            dialer: exit(0),
            listener: exit(0),
            ..Seen::default()
        }
    }

    #[test]
    fn a_success_needs_every_sign_of_it() {
        let line = "rust-libp2p -> floe v1 up-4m";
        assert_eq!(judge(line, good("v1")).0, Outcome::Pass);
        assert_eq!(judge(line, good("v2")).0, Outcome::Fail);
        for spoil in [
            (|seen: &mut Seen| seen.connected = None) as fn(&mut Seen),
            |seen| seen.result = None,
            |seen| seen.result = Some(json!({ "ok": false })),
            |seen| seen.dialer = None,
            |seen| seen.dialer = exit(1),
            |seen| seen.listener = None,
            |seen| seen.listener = exit(101),
            |seen| seen.faults.push("a line that is no JSON".into()),
        ] {
            let mut seen = good("v1");
            spoil(&mut seen);
            assert_eq!(judge(line, seen).0, Outcome::Fail);
        }
    }

    #[test]
    fn an_echo_needs_the_right_hash() {
        let line = "rust-libp2p -> floe v1 echo-1k";
        let told = |sha256: &str| Seen {
            result: Some(json!({ "ok": true, "ms": 1.0, "sha256": sha256 })),
            ..good("v1")
        };
        let right = "a22a86d95bc18405f68ed5a0254053fb83df32ac0cf750910e741540c9f0ee96";
        assert_eq!(judge(line, told(right)).0, Outcome::Pass);
        assert_eq!(judge(line, told("a22a")).0, Outcome::Fail);
        assert_eq!(judge(line, good("v1")).0, Outcome::Fail);
        assert_eq!(judge("floe-cli -> floe v1 echo-1k", good("v1")).0, Outcome::Pass);
    }

    #[test]
    fn auto_that_does_not_fall_back_fails() {
        assert_eq!(judge("floe -> rust-libp2p auto ping", good("v1")).0, Outcome::Pass);
        assert_eq!(judge("floe -> rust-libp2p auto ping", good("v2")).0, Outcome::Fail);
    }

    #[test]
    fn a_refusal_is_a_typed_error_and_nothing_else() {
        let line = "floe -> rust-libp2p v2 ping";
        let refusal = || Seen {
            error: Some(json!({ "step": "ice", "message": "nobody answered" })),
            dialer: exit(1),
            listener: exit(0),
            ..Seen::default()
        };
        assert_eq!(judge(line, refusal()), (Outcome::Pass, "ice: nobody answered".into()));
        assert_eq!(judge(line, good("v2")).0, Outcome::Fail);
        for spoil in [
            (|seen: &mut Seen| seen.error = None) as fn(&mut Seen),
            |seen| seen.error = Some(json!({ "message": "nobody answered" })),
            |seen| seen.dialer = exit(101),
            |seen| seen.dialer = None,
        ] {
            let mut seen = refusal();
            spoil(&mut seen);
            assert_eq!(judge(line, seen).0, Outcome::Fail);
        }
    }

    #[test]
    fn only_a_failure_with_the_sign_of_a_flake_is_played_again() {
        let case = |line: &str| case::all().into_iter().find(|case| case.to_string() == line);
        let failed = |line, message: &str| {
            let error = Some(json!({ "step": "dial", "message": message }));
            let seen = Seen { error, dialer: exit(1), listener: exit(0), ..Seen::default() };
            Verdict::of(case(line).unwrap(), 1, seen).may_be_spoilt()
        };
        let sign = "Failed to negotiate transport protocol(s): Timeout has been reached";
        assert!(failed("rust-libp2p -> floe v1 ping", sign));
        assert!(!failed("rust-libp2p -> floe v1 ping", "Failed to negotiate: PeerId mismatch"));
        assert!(!failed("floe -> rust-libp2p v1 ping", sign));
    }

    #[test]
    fn a_known_defect_is_excused_and_its_absence_reported() {
        let line = "rust-libp2p -> floe v1 peerresets";
        assert_eq!(judge(line, Seen::default()).0, Outcome::Defect);
        assert_eq!(judge(line, good("v1")), (Outcome::Surprise, IN_SPITE.into()));
    }

    #[test]
    fn round_trips_are_judged_where_they_are_the_story() {
        let line = "floe -> floe v1 round-trips";
        let counted = |round_trips: &[u32]| {
            judge(line, Seen { round_trips: round_trips.into(), ..good("v1") }).0
        };
        assert_eq!(counted(&[6, 5, 5]), Outcome::Pass);
        assert_eq!(counted(&[6, 6, 6]), Outcome::Fail);
        assert_eq!(counted(&[4, 5, 5]), Outcome::Surprise);
        assert_eq!(counted(&[5]), Outcome::Fail);
        let case = case::all().into_iter().find(|case| case.to_string() == line).unwrap();
        let seen = Seen { round_trips: vec![6, 5, 5], ..good("v1") };
        assert_eq!(Verdict::of(case, 1, seen).line()["round_trips"], 5);
        let elsewhere = Seen { round_trips: vec![9], ..good("v1") };
        assert_eq!(judge("floe -> floe v1 lossy-ping", elsewhere).0, Outcome::Pass);
    }
}
