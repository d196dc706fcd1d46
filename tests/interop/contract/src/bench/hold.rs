//! Connections and streams that are made and then kept.

use std::time::{Duration, Instant};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, Stream, StreamExt as _, stream};
use tokio::time::timeout;

use super::{Cue, PATIENCE, Pieces, Work, nodes};
use crate::{
    ECHO, Failure,
    dial::{Connection, Dialer, Manner},
};

/// Dials, each from a node of its own that was there before. Nobody hangs up meanwhile.
pub(super) async fn dials<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let nodes = nodes::prepared::<D>(address, usize::try_from(work.count)?).await?;
    let began = cue.begin().await?;
    let deadline = work.deadline();
    let in_time = nodes.iter().take_while(|_| Instant::now() < deadline);
    let dials = stream::iter(in_time.map(|node| timed(nodes::dial(node, address, version))));
    let (pieces, kept) = gather(dials.buffer_unordered(work.at_once)).await;
    cue.end(began, pieces.told()).await?;
    drop(kept);
    nodes::close(nodes).await;
    Ok(())
}

/// Connections that are idle. The first is there before: what a listener makes only once is not theirs.
pub(super) async fn connections<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let nodes = nodes::prepared::<D>(address, work.connections + 1).await?;
    let (first, rest) = nodes.split_first().expect("there is one more than was asked for");
    let first = nodes::dial(first, address, version).await?;
    let began = cue.begin().await?;
    let deadline = work.deadline();
    let in_time = rest.iter().take_while(|_| Instant::now() < deadline);
    let dials = stream::iter(in_time.map(|node| timed(nodes::dial(node, address, version))));
    let (pieces, kept) = gather(dials.buffer_unordered(nodes::AT_ONCE)).await;
    cue.end(began, pieces.told()).await?;
    drop((first, kept));
    nodes::close(nodes).await;
    Ok(())
}

/// Streams that are idle, spread over the connections. Each has carried a byte there and back, so that both
/// sides have it.
pub(super) async fn streams<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let (nodes, connections) =
        nodes::connected::<D>(address, version, work.connections, &mut cue).await?;
    let began = cue.begin().await?;
    let deadline = work.deadline();
    // In turn, so that what a connection has no room for is seen last.
    let in_turn = (0..work.streams).flat_map(|_| &connections);
    let in_time = in_turn.take_while(|_| Instant::now() < deadline);
    let opened = stream::iter(in_time.map(|on| timed(used(on))));
    let (pieces, kept) = gather(opened.buffer_unordered(nodes::AT_ONCE)).await;
    cue.end(began, pieces.told()).await?;
    drop(kept);
    nodes::close(nodes).await;
    Ok(())
}

async fn used<C: Connection>(on: &C) -> Result<C::Stream, Failure> {
    let open = async {
        let mut stream = on.open(ECHO, Manner::Usual).await?;
        stream.write_all(&[1]).await?;
        stream.flush().await?;
        stream.read_exact(&mut [0]).await?;
        Ok(stream)
    };
    timeout(PATIENCE, open).await.map_err(|_| "it took too long")?
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let began = Instant::now();
    let done = work.await;
    (began.elapsed(), done)
}

/// Waits for all and keeps what was made; gives up where only failures come.
async fn gather<T>(work: impl Stream<Item = (Duration, Result<T, Failure>)>) -> (Pieces, Vec<T>) {
    let (mut pieces, mut kept, mut failed_in_a_row) = (Pieces::default(), Vec::new(), 0);
    let mut work = std::pin::pin!(work);
    while let Some((took, made)) = work.next().await {
        failed_in_a_row = if made.is_ok() { 0 } else { failed_in_a_row + 1 };
        pieces.add(took, made.map(|made| kept.push(made)));
        if failed_in_a_row > GIVE_UP {
            break;
        }
    }
    (pieces, kept)
}

/// So many failures in a row are no accident.
const GIVE_UP: u32 = 32;
