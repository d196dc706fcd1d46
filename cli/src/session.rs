//! What a dialer does on a connection: one protocol after the other, with deadlines and reports.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use floe_core::driver::{Connection, Stream, os_seed};
use floe_core::peer_id::PeerId;
use floe_core::rtc::identity::PublicKey;
use futures::AsyncWriteExt;
use futures::future::{Either, select};
use multistream_select::{Negotiated, NegotiationError};
use serde::Serialize;

use crate::failure::Failure;
use crate::progress::Bar;
use crate::protocols::identify::multiaddr;
use crate::protocols::{Progress, echo, identify, negotiate, perf, ping};
use crate::quantity::{self, milliseconds, seconds};
use crate::report::{Event, Report};
use crate::runtime::Runtime;

/// A connection in use.
pub(crate) struct Session<'a> {
    pub(crate) runtime: Runtime,
    pub(crate) report: Report,
    pub(crate) connection: &'a Connection,
    /// How long anything may take that should come at once, and how long a transfer may stand still.
    pub(crate) patience: Duration,
}

#[derive(Serialize)]
struct Pings {
    count: u64,
    min_ms: f64,
    avg_ms: f64,
    max_ms: f64,
}

#[derive(Serialize)]
struct Echoed {
    bytes: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct Transferred {
    upload_bytes: u64,
    upload_seconds: f64,
    download_bytes: u64,
    download_seconds: f64,
}

#[derive(Serialize)]
struct Identified<'a> {
    agent: &'a str,
    protocol_version: &'a str,
    protocols: &'a [String],
    listen_addrs: &'a [String],
    observed_addr: &'a str,
}

impl Session<'_> {
    /// Measures `count` round trips; each is reported if `each` is wished.
    pub(crate) async fn ping(&self, count: u64, each: bool) -> Result<(), Failure> {
        let mut stream = self.open("ping", ping::PROTOCOL).await?;
        let (mut min, mut max, mut sum) = (Duration::MAX, Duration::ZERO, Duration::ZERO);
        for seq in 1..=count {
            let payload = os_seed().map_err(|error| Failure::new("ping", error))?;
            let round_trip = ping::round_trip(&mut stream, payload);
            let rtt = self.runtime.within(self.patience, round_trip).await.ok_or_else(|| {
                let patience = quantity::duration(self.patience);
                Failure::new(
                    "ping",
                    format!("ping {seq} of {count} was not answered within {patience}"),
                )
            })?;
            let rtt = match rtt {
                Ok(rtt) => rtt,
                Err(error) => {
                    let why = self.why(error).await;
                    return Err(Failure::new(
                        "ping",
                        format!("ping {seq} of {count} failed: {why}"),
                    ));
                }
            };
            (min, max, sum) = (min.min(rtt), max.max(rtt), sum + rtt);
            if each {
                let text = format!("ping {seq}: {}", quantity::duration(rtt));
                self.report.say(&Event::Ping { seq, ms: milliseconds(rtt) }, text);
            }
        }
        let avg = sum.div_f64(count as f64);
        self.report.result(
            "ping",
            true,
            Pings {
                count,
                min_ms: milliseconds(min),
                avg_ms: milliseconds(avg),
                max_ms: milliseconds(max),
            },
            format!(
                "{count} round trips: fastest {}, mean {}, slowest {}",
                quantity::duration(min),
                quantity::duration(avg),
                quantity::duration(max)
            ),
        );
        self.part(stream).await;
        Ok(())
    }

    /// Sends `len` bytes and checks that the same come back.
    pub(crate) async fn echo(&self, len: u64) -> Result<(), Failure> {
        let stream = self.open("echo", echo::PROTOCOL).await?;
        let seed = os_seed().map_err(|error| Failure::new("echo", error))?;
        let seed = u64::from_le_bytes(*seed.first_chunk().expect("8 of 32 bytes"));
        let bar = Bar::new("echo", len, !self.report.is_json());
        let moved = Cell::new(0);
        let run = echo::run(stream, len, seed, |progress| {
            moved.set(moved.get() + 1);
            bar.update(progress.received);
        });
        let took = self.while_moving("echo", &moved, run).await?;
        drop(bar);
        self.report.result(
            "echo",
            true,
            Echoed { bytes: len, seconds: seconds(took) },
            format!(
                "echo of {} in {}, every byte as it was sent: {} each way",
                quantity::bytes(len),
                quantity::duration(took),
                quantity::rate(len, took)
            ),
        );
        Ok(())
    }

    /// Measures how fast bytes go up, then down.
    pub(crate) async fn perf(&self, upload: u64, download: u64) -> Result<(), Failure> {
        let stream = self.open("perf", perf::PROTOCOL).await?;
        let shown = !self.report.is_json();
        let bars = Cell::new(Some(Bar::new("upload", upload, shown)));
        let downloading = Cell::new(false);
        let moved = Cell::new(0);
        let run = perf::run(stream, upload, download, |Progress { sent, received }| {
            moved.set(moved.get() + 1);
            let mut bar = bars.take();
            if received > 0 && !downloading.replace(true) {
                drop(bar.take());
                bar = Some(Bar::new("download", download, shown));
            }
            if let Some(bar) = &bar {
                bar.update(if received > 0 { received } else { sent });
            }
            bars.set(bar);
        });
        let times = self.while_moving("perf", &moved, run).await?;
        drop(bars.take());
        let text = |what, bytes, took| {
            format!(
                "{what} {} in {}: {}",
                quantity::bytes(bytes),
                quantity::duration(took),
                quantity::rate(bytes, took)
            )
        };
        self.report.result(
            "perf",
            true,
            Transferred {
                upload_bytes: upload,
                upload_seconds: seconds(times.upload),
                download_bytes: download,
                download_seconds: seconds(times.download),
            },
            format!(
                "{}\n{}",
                text("upload", upload, times.upload),
                text("download", download, times.download)
            ),
        );
        Ok(())
    }

    /// Asks the peer who it is.
    pub(crate) async fn identify(&self) -> Result<(), Failure> {
        let mut stream = self.open("identify", identify::PROTOCOL).await?;
        let info =
            self.runtime.within(self.patience, identify::read(&mut stream)).await.ok_or_else(
                || Failure::new("identify", "the peer did not say who it is in time"),
            )?;
        let info = match info {
            Ok(info) => info,
            Err(error) => return Err(Failure::new("identify", self.why(error).await)),
        };
        self.part(stream).await;
        if let Some(claimed) = other_peer(&info.public_key, self.connection.peer_id()) {
            return Err(Failure::new(
                "identify",
                format!("the peer identifies itself with the key of another peer, {claimed}"),
            ));
        }
        let printable = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let (agent, version) = (printable(&info.agent_version), printable(&info.protocol_version));
        let protocols: Vec<_> = info.protocols.iter().map(|name| printable(name)).collect();
        let addrs: Vec<_> = info.listen_addrs.iter().map(|addr| multiaddr::display(addr)).collect();
        let observed = multiaddr::display(&info.observed_addr);
        self.report.result(
            "identify",
            true,
            Identified {
                agent: &agent,
                protocol_version: &version,
                protocols: &protocols,
                listen_addrs: &addrs,
                observed_addr: &observed,
            },
            format!(
                "peer       {}\nagent      {agent}\nversion    {version}\nprotocols  {}\n\
                 listens    {}\nsees us    {observed}",
                self.connection.peer_id(),
                protocols.join("\n           "),
                addrs.join("\n           "),
            ),
        );
        Ok(())
    }

    /// Opens a stream for `protocol`.
    async fn open(
        &self,
        step: &'static str,
        protocol: &'static str,
    ) -> Result<Negotiated<Stream>, Failure> {
        let open = async {
            let stream =
                self.connection.open().await.map_err(|error| {
                    Failure::new(step, format!("cannot open a stream: {error}"))
                })?;
            negotiate::propose(stream, protocol).await.map_err(|error| {
                let message = match error {
                    NegotiationError::Failed => format!("the peer does not speak {protocol}"),
                    NegotiationError::ProtocolError(error) => {
                        format!("the peer broke off while agreeing on {protocol}: {error}")
                    }
                };
                Failure::new("negotiate", message)
            })
        };
        self.runtime.within(self.patience, open).await.unwrap_or_else(|| {
            let patience = quantity::duration(self.patience);
            let message = format!("the peer did not agree to {protocol} within {patience}");
            Err(Failure::new("negotiate", message))
        })
    }

    /// Runs `transfer` for as long as `moved` changes.
    async fn while_moving<T>(
        &self,
        step: &'static str,
        moved: &Cell<u64>,
        transfer: impl Future<Output = io::Result<T>>,
    ) -> Result<T, Failure> {
        let stalled = async {
            loop {
                let before = moved.get();
                self.runtime.sleep(self.patience).await;
                if moved.get() == before {
                    break;
                }
            }
        };
        match select(pin!(transfer), pin!(stalled)).await {
            Either::Left((Ok(output), _)) => Ok(output),
            Either::Left((Err(error), _)) => Err(Failure::new(step, self.why(error).await)),
            Either::Right(_) => {
                let patience = quantity::duration(self.patience);
                Err(Failure::new(step, format!("nothing moved for {patience}")))
            }
        }
    }

    /// An error of a stream, and if its connection is over, why that is.
    async fn why(&self, error: io::Error) -> String {
        match self.runtime.within(AFTERMATH, self.connection.closed()).await {
            Some(end) => end.to_string(),
            None => error.to_string(),
        }
    }

    /// Ends a stream on which everything is said. The end is delivered if the peer lets it, but some
    /// peers never acknowledge one, and nothing depends on it any more.
    async fn part(&self, mut stream: Negotiated<Stream>) {
        let _ = self.runtime.within(FAREWELL, stream.close()).await;
    }
}

/// The peer that `public_key` belongs to, if that is not `peer`. A key that cannot be read proves
/// nothing either way.
fn other_peer(public_key: &[u8], peer: PeerId) -> Option<PeerId> {
    let claimed = PublicKey::from_protobuf(public_key).ok()?.peer_id();
    (claimed != peer).then_some(claimed)
}

/// Streams and their connection end in the same moment; it is only a matter of who hears it first.
const AFTERMATH: Duration = Duration::from_millis(50);
/// Longer than a round trip around the world, shorter than anyone notices.
const FAREWELL: Duration = Duration::from_millis(500);
