//! Reaching a node: the socket to dial from, the dial, and why it failed in words.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use floe_core::driver::{Connection, DialError, Endpoint};
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::endpoint::Target;
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_core::rtc::output::Timeline;

use crate::capture::Capture;
use crate::failure::Failure;
use crate::key::Key;
use crate::quantity;
use crate::report::{Event, Report};
use crate::runtime::Runtime;

/// Binds an endpoint that can dial `remote` and takes no calls itself.
pub(crate) async fn bind(
    runtime: Runtime,
    key: &Key,
    remote: SocketAddr,
    capture: &Capture,
) -> Result<Endpoint, Failure> {
    let mut config = key.config();
    config.accept = false;
    let watcher = capture.watch(&mut config);
    let local = match remote {
        SocketAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
        SocketAddr::V6(_) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    runtime
        .bind_observed(local, config, watcher)
        .await
        .map_err(|error| Failure::new("bind", format!("cannot open a UDP socket: {error}")))
}

/// Dials `addr` with one version, or with either.
pub(crate) async fn dial(
    endpoint: &Endpoint,
    addr: &DirectAddr,
    version: Option<Version>,
    timeout: Duration,
) -> Result<Connection, DialError> {
    let mut target = Target::new(addr)?;
    target.version = version;
    target.timeout = Some(timeout);
    endpoint.dial(target).await
}

/// Dials, and reports the connection or explains the failure.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    addr: &DirectAddr,
    version: Option<Version>,
    timeout: Duration,
    report: Report,
) -> Result<Connection, Failure> {
    let connection = dial(endpoint, addr, version, timeout)
        .await
        .map_err(|error| explain(&error, addr, timeout))?;
    let took = total(&connection.timeline());
    report.tell_machines(&Event::Connected {
        peer: &connection.peer_id().to_string(),
        version: &version_of(&connection),
        ms: quantity::milliseconds(took),
    });
    Ok(connection)
}

/// What a connection speaks, in words.
pub(crate) fn version_of(connection: &Connection) -> String {
    connection.version().map_or_else(|| "private".to_owned(), |version| version.to_string())
}

/// How long a set-up took as a whole.
pub(crate) fn total(timeline: &Timeline) -> Duration {
    Step::ALL.iter().filter_map(|&step| timeline.done(step)).max().unwrap_or_default()
}

fn explain(error: &DialError, addr: &DirectAddr, timeout: Duration) -> Failure {
    let DialError::Failed { end, .. } = error else {
        return Failure::of("dial", error);
    };
    let remote = addr.socket_addr();
    let timeout = quantity::duration(timeout);
    let message = match end {
        ConnectionEnd::HandshakeTimeout(Step::Stun) => format!(
            "nothing answered at {remote} within {timeout}. `floe probe` with the same address says more"
        ),
        ConnectionEnd::HandshakeTimeout(step) => format!(
            "{remote} answered, but {step} was not done within {timeout}. `floe probe` with the same \
             address says more"
        ),
        ConnectionEnd::WrongCerthash { actual, .. } => format!(
            "the node at {remote} has another certificate than the address promises: its certhash is \
             {}. `floe probe` with the same address tells whether it is still the same node",
            actual.certhash()
        ),
        ConnectionEnd::WrongPeer { expected, actual } => {
            format!("the node at {remote} is not {expected}, it is {actual}")
        }
        other => format!("{other} (dialing {remote})"),
    };
    Failure::new(end.step().map_or("dial", Step::name), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_dial_is_explained_and_its_step_named() {
        let addr = DirectAddr::new("192.0.2.1:4001".parse().unwrap());
        let explained = |end| {
            let error = DialError::Failed { end, timeline: Timeline::default() };
            let failure = explain(&error, &addr, Duration::from_secs(10));
            (failure.step, failure.message)
        };
        let (step, message) = explained(ConnectionEnd::HandshakeTimeout(Step::Stun));
        assert_eq!(step, "stun");
        assert!(message.contains("192.0.2.1:4001 within 10.0 s"), "{message}");
        let (step, message) =
            explained(ConnectionEnd::Failed { step: Step::Dtls, cause: "bad MAC".into() });
        assert_eq!(step, "dtls");
        assert!(message.contains("bad MAC"), "{message}");
        let (step, _) = explained(ConnectionEnd::ClosedByPeer);
        assert_eq!(step, "dial");
    }
}
