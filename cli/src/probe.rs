//! `floe probe`: for the operator of a node that cannot be dialed. Dials it with both versions of
//! webrtc-direct at once, says which steps worked and how long each took, and what is wrong.

mod attempt;
mod diagnosis;
mod port;

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::error::{ConnectionEnd, Step};
use futures::future::{Either, select};
use serde::Serialize;

use crate::args::Probe;
use crate::failure::Failure;
use crate::key::Key;
use crate::quantity::{duration, milliseconds};
use crate::report::{Event, Report};
use crate::runtime::Runtime;
use attempt::{Attempt, Outcome, StepOutcome};
use diagnosis::Findings;
use port::Port;

#[derive(Serialize)]
struct Diagnosed<'a> {
    diagnosis: &'a str,
}

/// Runs the command; whether the node can be dialed.
pub(crate) async fn run(args: Probe, report: Report) -> Result<bool, Failure> {
    report.tell_people(format!("probing {}", args.addr.socket_addr()));
    let prober = Prober {
        runtime: args.common.runtime,
        key: Key::random()?,
        // Without a certhash every certificate is the wrong one, and the failure says which it is.
        addr: match args.addr.certhash() {
            Some(_) => args.addr,
            None => args.addr.with_certhash(NO_CERTHASH),
        },
        timeout: args.timeout,
    };
    let findings = prober.investigate(args.addr).await?;
    show(&findings, report);
    let (dialable, diagnosis) = (findings.dialable(), findings.diagnosis());
    let result = Diagnosed { diagnosis: &diagnosis };
    report.result("probe", dialable, result, format!("\n{diagnosis}"));
    Ok(dialable)
}

struct Prober {
    runtime: Runtime,
    key: Key,
    /// What is dialed: the address that was given, but never without a certhash.
    addr: DirectAddr,
    timeout: Duration,
}

impl Prober {
    async fn investigate(&self, given: DirectAddr) -> Result<Findings, Failure> {
        let remote = self.addr.socket_addr();
        if let Some(error) = port::no_route(remote) {
            let unanswered = |version| Attempt::unanswered(version, Duration::ZERO);
            let (v2, v1) = (unanswered(Version::V2), unanswered(Version::V1));
            return Ok(Findings { addr: given, v2, v1, port: Port::NoRoute(error), again: None });
        }
        let refusal = AFTER_REFUSAL.min(self.timeout / 2);
        let both = pin!(self.both_versions());
        let refused = pin!(self.refused(remote, refusal));
        let (v2, v1, port) = match select(both, refused).await {
            Either::Left((both, _)) => {
                let (v2, v1) = both?;
                (v2, v1, Port::Unknown)
            }
            Either::Right(_) => {
                let unanswered = |version| Attempt::unanswered(version, refusal);
                (unanswered(Version::V2), unanswered(Version::V1), Port::Refused)
            }
        };
        let mut findings = Findings { addr: given, v2, v1, port, again: None };
        let best = findings.best();
        if let Outcome::Ended(ConnectionEnd::WrongCerthash { actual, .. }) = best.outcome {
            let (version, addr) = (best.version, self.addr.with_certhash(actual));
            findings.again = Some(self.attempt(&addr, version).await?);
        }
        Ok(findings)
    }

    /// Dials with both versions at the same time, from a socket each.
    async fn both_versions(&self) -> Result<(Attempt, Attempt), Failure> {
        let v2 = pin!(self.attempt(&self.addr, Version::V2));
        let v1 = pin!(self.attempt(&self.addr, Version::V1));
        Ok(match select(v2, v1).await {
            Either::Left((v2, v1)) => {
                let v2 = v2?;
                let v1 = self.beside(&v2, Version::V1, v1).await?;
                (v2, v1)
            }
            Either::Right((v1, v2)) => {
                let v1 = v1?;
                let v2 = self.beside(&v1, Version::V2, v2).await?;
                (v2, v1)
            }
        })
    }

    /// The attempt that is still under way when the first one is done. Where that one worked, silence
    /// is an answer long before the deadline: that of a node which does not know the version.
    async fn beside(
        &self,
        first: &Attempt,
        version: Version,
        second: Pin<&mut impl Future<Output = Result<Attempt, Failure>>>,
    ) -> Result<Attempt, Failure> {
        if !first.connected() {
            return second.await;
        }
        let grace = SILENCE + 4 * first.elapsed;
        let given_up = || Ok(Attempt::unanswered(version, first.elapsed + grace));
        self.runtime.within(grace, second).await.unwrap_or_else(given_up)
    }

    async fn attempt(&self, addr: &DirectAddr, version: Version) -> Result<Attempt, Failure> {
        Attempt::make(self.runtime, &self.key, addr, version, self.timeout).await
    }

    /// Done when the host has said that nobody listens, and the dials have had `time` to prove it
    /// wrong. Never done if it does not say so.
    async fn refused(&self, remote: SocketAddr, time: Duration) {
        if port::refused(remote).await {
            self.runtime.sleep(time).await;
        } else {
            pending().await
        }
    }
}

/// Reports the steps: STUN once for each version, the others as they went with the better one.
fn show(findings: &Findings, report: Report) {
    let line = |name: &str, label: &str, outcome: StepOutcome, note: &str| {
        let (word, took) = match outcome {
            StepOutcome::Done(took) => ("ok", Some(took)),
            StepOutcome::Failed(took) => ("failed", Some(took)),
            StepOutcome::NotReached => ("not reached", None),
        };
        let event = Event::Step {
            step: name,
            outcome: &word.replace(' ', "-"),
            ms: took.map(milliseconds),
        };
        let took = took.map(duration).unwrap_or_default();
        let text = format!("  {label:<9} {word:<11} {took:>8}  {note}");
        report.say(&event, text.trim_end());
    };
    line("stun-v2", "STUN v2", findings.v2.step(Step::Stun), "");
    line("stun-v1", "STUN v1", findings.v1.step(Step::Stun), "");
    let best = findings.best();
    for &step in Step::DIRECT {
        let note = match (step, &best.outcome) {
            (Step::Certhash, _) if findings.addr.certhash().is_none() => {
                "there is none in the address"
            }
            (Step::PeerId, Outcome::Connected(_)) if findings.addr.peer().is_none() => {
                "there is none in the address"
            }
            _ => "",
        };
        let label = match step {
            Step::Stun => continue,
            Step::Dtls => "DTLS",
            Step::Certhash => "certhash",
            Step::Sctp => "SCTP",
            Step::Noise => "Noise",
            Step::PeerId => "peer id",
            other => other.name(),
        };
        line(step.name(), label, best.step(step), note);
    }
}

/// The fingerprint of no certificate.
const NO_CERTHASH: Fingerprint = Fingerprint::from_bytes([0; 32]);
/// A second and a half holds the first four checks of a dialer (0, 250, 500 and 1000 ms are usual), so
/// that not even three lost ones pass for a version that is not spoken.
const SILENCE: Duration = Duration::from_millis(1500);
/// Anybody can forge the host's word, but nobody can forge a node that answers within this time.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);
