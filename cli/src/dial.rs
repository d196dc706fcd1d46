//! `floe dial`: connects to a node and uses one of its protocols.

use std::pin::pin;

use floe_core::driver::Endpoint;
use futures::future::{Either, select};

use crate::args::{Action, Dial};
use crate::capture::Capture;
use crate::dialer;
use crate::failure::Failure;
use crate::key::Key;
use crate::quantity;
use crate::report::Report;
use crate::serve::Node;
use crate::session::Session;
use crate::signals::Signals;

/// Runs the command.
pub(crate) async fn run(args: Dial, report: Report) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let key = Key::load(args.key.as_deref())?;
    let capture = Capture::open(&args.capture)?;
    let remote = args.addr.socket_addr();
    let endpoint = dialer::bind(args.common.runtime, &key, remote, &capture).await?;
    let outcome =
        match select(pin!(work(&args, &key, &endpoint, report)), pin!(signals.received())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Failure::new("interrupted", "interrupted")),
        };
    endpoint.close().await;
    outcome
}

async fn work(args: &Dial, key: &Key, endpoint: &Endpoint, report: Report) -> Result<(), Failure> {
    let version = args.version.only();
    let connection = dialer::connect(endpoint, &args.addr, version, args.timeout, report).await?;
    report.tell_people(format!(
        "connected to {} with {} in {}",
        connection.peer_id(),
        dialer::version_of(&connection),
        quantity::duration(dialer::total(&connection.timeline())),
    ));
    Node::new(args.common.runtime, key).spawn_serve(connection.clone());
    let session = Session {
        runtime: args.common.runtime,
        report,
        connection: &connection,
        patience: args.timeout,
    };
    let outcome = match args.action {
        Action::Ping { count } => session.ping(count, true).await,
        Action::Identify => session.identify().await,
        Action::Echo { bytes } => session.echo(bytes).await,
        Action::Perf { upload_bytes, download_bytes } => {
            session.perf(upload_bytes, download_bytes).await
        }
    };
    connection.close().await;
    outcome
}
