//! `floe listen`: serves whoever dials, until a signal comes.

use std::convert::Infallible;
use std::future::pending;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use floe_core::driver::{AddrChange, Connection, Endpoint, ListenAddrs};
use futures::future::{Either, join_all, select, select_all};
use futures::stream::select_all as select_streams;
use futures::{FutureExt, StreamExt};

use crate::args::Listen;
use crate::capture::Capture;
use crate::dialer;
use crate::failure::Failure;
use crate::key::Key;
use crate::quantity;
use crate::report::{Event, Report};
use crate::runtime::Runtime;
use crate::serve::Node;
use crate::signals::Signals;
use crate::web::Web;

/// Runs the command.
pub(crate) async fn run(args: Listen, report: Report) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let key = Key::load(args.key.as_deref())?;
    let capture = Capture::open(&args.capture)?;
    let node = Node::new(args.common.runtime, &key);
    let web = match args.web {
        Some(addr) => Some(Web::bind(addr, node.clone()).await?),
        None => None,
    };
    let endpoints = bind(args.common.runtime, &args, &key, &capture).await?;

    let mut watchers: Vec<_> = endpoints.iter().map(Endpoint::watch_addrs).collect();
    // All there are, in their order, before anything else is said; by the watchers, so that they know of
    // each that is to be taken back.
    for (endpoint, watcher) in endpoints.iter().zip(&mut watchers) {
        if endpoint.listen_addrs().is_empty() {
            continue;
        }
        let mut change = watcher.next().await;
        while let Some(known) = change {
            tell(&node, report, known);
            change = watcher.next().now_or_never().flatten();
        }
    }
    if let Some(web) = &web {
        let url = web.url();
        report.say(&Event::Web { url: &url }, format_args!("a page that dials the node: {url}"));
    }
    tracing::info!(peer = %key.identity.peer_id(), "listening; interrupt to stop");

    let accepting =
        select_all(endpoints.iter().map(|endpoint| Box::pin(accept(endpoint, &node, report))));
    let following = pin!(follow(watchers, &node, report));
    let showing = pin!(async {
        match &web {
            Some(web) => web.serve().await,
            None => pending().await,
        }
    });
    let working = select(accepting, select(following, showing));
    let outcome = match select(pin!(signals.received()), working).await {
        Either::Left(_) => Ok(()),
        Either::Right((Either::Left(((failure, ..), _)), _)) => Err(failure),
        Either::Right((Either::Right((never, _)), _)) => match never.factor_first().0 {},
    };
    tracing::info!("closing");
    join_all(endpoints.iter().map(|endpoint| endpoint.close())).await;
    outcome
}

async fn bind(
    runtime: Runtime,
    args: &Listen,
    key: &Key,
    capture: &Capture,
) -> Result<Vec<Endpoint>, Failure> {
    let bind = async |addr| {
        let mut config = key.config();
        let watcher = capture.watch(&mut config);
        runtime.bind_observed(addr, config, watcher).await
    };
    let mut endpoints = Vec::new();
    for addr in &args.listen {
        let endpoint = bind(addr.socket_addr())
            .await
            .map_err(|error| Failure::new("listen", format!("cannot listen on {addr}: {error}")))?;
        endpoints.push(endpoint);
    }
    if !args.listen.is_empty() {
        return Ok(endpoints);
    }
    let mut refusals = Vec::new();
    for ip in [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()] {
        let wildcard = SocketAddr::new(ip, 0);
        match bind(wildcard).await {
            Ok(endpoint) => endpoints.push(endpoint),
            // A machine without IPv6, or without IPv4, is a usual machine.
            Err(error) => {
                tracing::debug!(%wildcard, %error, "not listening there");
                refusals.push(format!("{ip}: {error}"));
            }
        }
    }
    if endpoints.is_empty() {
        return Err(Failure::new("listen", format!("cannot listen: {}", refusals.join("; "))));
    }
    Ok(endpoints)
}

/// Keeps the node's addresses current. That an endpoint has ended is for others to say.
async fn follow(watchers: Vec<ListenAddrs>, node: &Node, report: Report) -> Infallible {
    let mut changes = select_streams(watchers);
    while let Some(change) = changes.next().await {
        tell(node, report, change);
    }
    pending().await
}

fn tell(node: &Node, report: Report, change: AddrChange) {
    match change {
        AddrChange::New(addr) if node.listens_on(addr) => {
            let addr = addr.to_string();
            report.say(&Event::Listening { addr: &addr }, &addr);
        }
        AddrChange::Expired(addr) if node.left(addr) => {
            let addr = addr.to_string();
            report.tell_machines(&Event::Expired { addr: &addr });
            tracing::info!(%addr, "no longer listening there");
        }
        _ => {}
    }
}

/// Serves whoever dials `endpoint`, for as long as it lives; then says why it does not any more.
async fn accept(endpoint: &Endpoint, node: &Arc<Node>, report: Report) -> Failure {
    while let Some(connection) = endpoint.accept().await {
        let node = node.clone();
        let runtime = node.runtime;
        runtime.spawn(async move { welcome(&node, connection, report).await });
    }
    let why = endpoint.closed().await.err().map_or_else(String::new, |error| format!(": {error}"));
    Failure::new("listen", format!("the socket {} broke{why}", endpoint.local_addr()))
}

async fn welcome(node: &Node, connection: Connection, report: Report) {
    let peer = connection.peer_id().to_string();
    let version = dialer::version_of(&connection);
    let took = dialer::total(&connection.timeline());
    report.tell_machines(&Event::Connected {
        peer: &peer,
        version: &version,
        ms: quantity::milliseconds(took),
    });
    let remote = connection.remote_addr();
    tracing::info!(%peer, %version, %remote, took = %quantity::duration(took), "connected");
    node.serve(&connection).await;
    let reason = connection.closed().await.to_string();
    report.tell_machines(&Event::Closed { peer: &peer, reason: &reason });
    tracing::info!(%peer, %reason, "closed");
}
