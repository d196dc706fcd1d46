//! `floe demo`: two nodes on this machine, connected over UDP, first with v2, then with v1.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use floe_core::driver::Endpoint;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::error::Step;
use serde::Serialize;

use crate::args::Demo;
use crate::capture::Capture;
use crate::dialer;
use crate::failure::Failure;
use crate::key::Key;
use crate::quantity;
use crate::report::{Event, Report};
use crate::serve::Node;
use crate::session::Session;

#[derive(Serialize)]
struct Done {
    bytes_each_way: u64,
}

/// Runs the command.
pub(crate) async fn run(args: Demo, report: Report) -> Result<(), Failure> {
    // One side sees everything; both would show each datagram twice.
    let capture = Capture::open(&args.capture)?;
    report.tell_people("Two nodes on this machine, over UDP on its loopback interface.");
    for version in [Version::V2, Version::V1] {
        story(&args, version, &capture, report).await?;
    }
    let text = format!(
        "\nAll went well: with v2 and with v1 the nodes connected, knew each other by their keys, pinged, \
         and moved {} each way.",
        quantity::bytes(args.bytes)
    );
    report.result("demo", true, Done { bytes_each_way: args.bytes }, text);
    Ok(())
}

async fn story(
    args: &Demo,
    version: Version,
    capture: &Capture,
    report: Report,
) -> Result<(), Failure> {
    let runtime = args.common.runtime;
    let (listener_key, dialer_key) = (Key::random()?, Key::random()?);
    let mut config = listener_key.config();
    let watcher = capture.watch(&mut config);
    let listener = runtime
        .bind_observed((Ipv4Addr::LOCALHOST, 0).into(), config, watcher)
        .await
        .map_err(|error| Failure::new("listen", format!("cannot open a UDP socket: {error}")))?;
    let addr = first_addr(&listener)?;
    let node = Node::new(runtime, &listener_key);
    node.listens_on(addr);
    runtime.spawn(accept(listener.clone(), node));

    let text = addr.to_string();
    report.tell_machines(&Event::Listening { addr: &text });
    report.tell_people(format!(
        "\nwebrtc-direct {}\nlistener   {text}\ndialer     {}",
        version,
        dialer_key.identity.peer_id()
    ));

    let dialer = dialer::bind(runtime, &dialer_key, addr.socket_addr(), &Capture::none()).await?;
    let connection = dialer::connect(&dialer, &addr, Some(version), PATIENCE, report).await?;
    let timeline = connection.timeline();
    let steps = Step::ALL.iter().filter_map(|&step| {
        Some(format!("{step} after {}", quantity::duration(timeline.done(step)?)))
    });
    report.tell_people(format!(
        "connected in {}: {}",
        quantity::duration(dialer::total(&timeline)),
        steps.collect::<Vec<_>>().join(", ")
    ));

    let session = Session { runtime, report, connection: &connection, patience: PATIENCE };
    session.ping(PINGS, false).await?;
    session.perf(args.bytes, args.bytes).await?;

    connection.close().await;
    dialer.close().await;
    listener.close().await;
    Ok(())
}

async fn accept(listener: Endpoint, node: Arc<Node>) {
    while let Some(connection) = listener.accept().await {
        node.spawn_serve(connection);
    }
}

fn first_addr(listener: &Endpoint) -> Result<DirectAddr, Failure> {
    listener
        .listen_addrs()
        .into_iter()
        .next()
        .ok_or_else(|| Failure::new("listen", "the listener has no address"))
}

/// Enough to see how they vary.
const PINGS: u64 = 10;
/// On a loopback interface everything else is a failure.
const PATIENCE: Duration = Duration::from_secs(10);
