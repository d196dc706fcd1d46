//! The dialer's part: one connection, one story on it, and what is told of both.

mod stories;

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::{sleep, timeout},
};

use crate::{ECHO, Failure, PERF, Purpose, chain, duplex::Duplex, report, story::Story};

/// A node that can dial.
pub trait Dialer: Sized + Send + Sync {
    /// What it gets.
    type Connection: Connection;

    /// A node that is ready to dial `address`.
    ///
    /// # Errors
    ///
    /// What hinders it.
    fn new(address: &str, purpose: Purpose) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Dials with a version, as the command line has it. Done when the peer is authenticated.
    ///
    /// # Errors
    ///
    /// Why there is no connection.
    fn dial(
        &self,
        address: &str,
        version: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;

    /// Closes everything and tells the peers, so that they need not find out by their own timers.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A connection that a dialer got.
pub trait Connection: Send + Sync {
    /// Its streams.
    type Stream: Duplex;

    /// The peer whom Noise has proved.
    fn peer(&self) -> String;

    /// The version that came about.
    fn version(&self) -> String;

    /// Opens a stream for one of the [`SERVED`](crate::SERVED) protocols.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn open(
        &self,
        protocol: &'static str,
        manner: Manner,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// So many round trips of ping, in milliseconds.
    ///
    /// # Errors
    ///
    /// The first that failed.
    fn ping(&self, count: u64) -> impl Future<Output = Result<Vec<f64>, Failure>> + Send;

    /// What the peer says of itself.
    ///
    /// # Errors
    ///
    /// Why it says nothing.
    fn identify(&self) -> impl Future<Output = Result<Identified, Failure>> + Send;
}

/// How a stream is to be used, as far as the implementation lets one choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it thinks best, and around the defects that are known.
    Usual,
    /// In frames of nearly 16 KiB.
    BigFrames,
    /// As an application does that knows of no defects.
    Plain,
}

/// What identify told.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The peer id of the key that it names.
    pub peer: String,
    /// What it serves.
    pub protocols: Vec<String>,
    /// Its own name.
    pub agent: String,
}

/// Connects and plays; `false` when the story failed.
pub(crate) async fn run<D: Dialer>(
    address: &str,
    version: &str,
    story: Story,
    limit: Duration,
) -> Result<bool, Failure> {
    let node = timeout(limit, D::new(address, Purpose::Stories)).await??;
    let began = Instant::now();
    let Ok(connected) = timeout(limit, node.dial(address, version, limit)).await else {
        return Err("the connection took too long".into());
    };
    let connection = connected?;
    report::connected(&connection.peer(), &connection.version(), began.elapsed());

    let began = Instant::now();
    let allowed = match story {
        Story::Idle(seconds) => limit + Duration::from_secs(seconds),
        _ => limit,
    };
    let played = timeout(allowed, play(&node, &connection, version, story, limit)).await;
    let took = began.elapsed();
    let (ok, message, details) = match played {
        Ok(Ok(details)) => (true, String::new(), details),
        Ok(Err(error)) => (false, chain(&*error), json!({})),
        Err(_) => (false, "the story took too long".into(), json!({})),
    };
    report::result(&format!("{story:?}"), ok, took, &message, details);
    node.close().await;
    Ok(ok)
}

/// Plays a story; what it returns is added to the result line.
async fn play<D: Dialer>(
    node: &D,
    on: &D::Connection,
    version: &str,
    story: Story,
    limit: Duration,
) -> Result<Value, Failure> {
    match story {
        Story::Dial => Ok(json!({})),
        Story::Ping(count) => Ok(json!({ "rtt_ms": on.ping(count).await? })),
        Story::Identify => identify(on).await,
        Story::Idle(seconds) => {
            on.ping(1).await?;
            sleep(Duration::from_secs(seconds)).await;
            Ok(json!({ "rtt_ms": on.ping(1).await? }))
        }
        Story::Restart => restart(node, on, version, limit).await,
        Story::Echo(bytes) => Ok(stories::echo(on, bytes, Manner::Usual).await?),
        Story::BigFrames => Ok(stories::echo(on, BIG, Manner::BigFrames).await?),
        Story::HalfClose => Ok(stories::half_close(on).await?),
        Story::LateWrite(bytes) => Ok(stories::late_write(on, bytes).await?),
        Story::StopSending => Ok(stories::stop_sending(on).await?),
        Story::PeerStops => Ok(stories::peer_stops(on).await?),
        Story::Reset => Ok(stories::reset(on).await?),
        Story::PeerResets => Ok(stories::peer_resets(on).await?),
        Story::Up(bytes) => Ok(stories::perf(on, bytes, 0).await?),
        Story::Down(bytes) => Ok(stories::perf(on, 0, bytes).await?),
        Story::Both(bytes) => Ok(stories::both(on, bytes).await?),
        Story::Streams(count) => Ok(stories::streams(on, count).await?),
        Story::Parallel(count) => Ok(stories::parallel(on, count).await?),
        Story::SlowReader(bytes) => Ok(stories::slow_reader(on, bytes).await?),
    }
}

async fn identify(on: &impl Connection) -> Result<Value, Failure> {
    let Identified { peer, protocols, agent } = on.identify().await?;
    if peer != on.peer() {
        return Err(format!("identify names {peer}, Noise proved {}", on.peer()).into());
    }
    for served in [ECHO, PERF] {
        if !protocols.iter().any(|protocol| protocol == served) {
            return Err(format!("identify does not list {served}").into());
        }
    }
    Ok(json!({ "agent": agent }))
}

/// The listener dies and lives again; the first connection stays as it is.
async fn restart<D: Dialer>(
    node: &D,
    on: &D::Connection,
    version: &str,
    limit: Duration,
) -> Result<Value, Failure> {
    on.ping(1).await?;
    report::ready();
    let mut address = String::new();
    BufReader::new(tokio::io::stdin()).read_line(&mut address).await?;
    let began = Instant::now();
    let anew = node.dial(address.trim(), version, limit).await?;
    let dial_ms = report::milliseconds(began.elapsed());
    anew.ping(1).await?;
    Ok(json!({ "dial_ms": dial_ms }))
}

/// What the story of the big frames carries.
const BIG: u64 = 1024 * 1024;
