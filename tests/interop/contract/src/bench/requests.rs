//! Latencies: of requests, each on a stream of its own, and of pings on one stream. With a load, an upload
//! fills another stream of the same connection.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, future};
use tokio::{task::JoinHandle, time::timeout};

use super::{Cue, PATIENCE, Pieces, Work, bulk, nodes};
use crate::{
    ECHO, Failure,
    dial::{Connection, Dialer, Manner},
    transfer::{self, until_received},
};

pub(super) async fn run<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let (nodes, connections) = nodes::connected::<D>(address, version, 1, &mut cue).await?;
    let on = &connections[0];
    let payload = vec![0x5a; work.bytes.unwrap_or(REQUEST) as usize];
    // What is opened, used and read for the first time is no sample.
    request(on, &payload).await?;
    let load = Load::start(on, work).await?;
    let left = AtomicU64::new(work.count);
    let began = cue.begin().await?;
    let deadline = work.deadline();
    let worker = async || {
        let mut pieces = Pieces::default();
        while Instant::now() < deadline && take_one(&left) {
            let began = Instant::now();
            let done = patiently(request(on, &payload)).await;
            pieces.add(began.elapsed(), done);
        }
        pieces
    };
    let mut all = Pieces::default();
    for pieces in future::join_all((0..work.at_once).map(|_| worker())).await {
        all.join(pieces);
    }
    cue.end(began, all.told()).await?;
    load.stop().await?;
    nodes::close(nodes).await;
    Ok(())
}

/// Round trips on a stream that stays open.
pub(super) async fn ping<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let (nodes, connections) = nodes::connected::<D>(address, version, 1, &mut cue).await?;
    let on = &connections[0];
    let mut stream = on.open(ECHO, Manner::Usual).await?;
    round_trip(&mut stream).await?;
    let load = Load::start(on, work).await?;
    let mut pieces = Pieces::default();
    let began = cue.begin().await?;
    let deadline = work.deadline();
    while Instant::now() < deadline && (pieces.each_ms.len() as u64) < work.count {
        let began = Instant::now();
        let trip = patiently(round_trip(&mut stream)).await;
        let failed = trip.is_err();
        pieces.add(began.elapsed(), trip);
        if failed {
            // What comes late would be taken for the answer to the next one.
            break;
        }
    }
    cue.end(began, pieces.told()).await?;
    load.stop().await?;
    nodes::close(nodes).await;
    Ok(())
}

/// Counts down, not below zero.
fn take_one(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

async fn patiently(work: impl Future<Output = io::Result<()>>) -> Result<(), Failure> {
    Ok(timeout(PATIENCE, work).await.map_err(|_| "it took too long")??)
}

/// Opens, sends, ends, and reads everything back to the end.
async fn request(on: &impl Connection, payload: &[u8]) -> io::Result<()> {
    let (mut reader, mut writer) = on.open(ECHO, Manner::Usual).await?.split();
    let write = async {
        writer.write_all(payload).await?;
        writer.close().await
    };
    match until_received(transfer::count(&mut reader), write).await? {
        back if back == payload.len() as u64 => Ok(()),
        back => Err(transfer::short(back, payload.len() as u64)),
    }
}

async fn round_trip(
    stream: &mut (impl futures::AsyncRead + futures::AsyncWrite + Unpin),
) -> io::Result<()> {
    stream.write_all(&[0x5a; PING]).await?;
    stream.flush().await?;
    stream.read_exact(&mut [0; PING]).await
}

/// An upload that never ends by itself.
struct Load {
    over: Arc<AtomicBool>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Load {
    async fn start(on: &impl Connection, work: &Work) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        if !work.load {
            return Ok(Self { over, task: None });
        }
        let mut stream = bulk::open(on, false).await?;
        let (bytes, done) = (vec![0x5a; work.write], Arc::clone(&over));
        let task = tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                stream.write_all(&bytes).await?;
            }
            Ok(())
        });
        Ok(Self { over, task: Some(task) })
    }

    /// Without a load for all of the time, the latencies are not what they are said to be.
    async fn stop(self) -> Result<(), Failure> {
        self.over.store(true, Ordering::Relaxed);
        match self.task {
            Some(task) => Ok(timeout(PATIENCE, task).await.map_err(|_| "the load hangs")???),
            None => Ok(()),
        }
    }
}

const REQUEST: u64 = 100;
/// As `/ipfs/ping/1.0.0`.
const PING: usize = 32;
