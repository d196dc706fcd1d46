//! Bytes over streams, as many as go in a time or as many as are asked for. The time ends when the peer has
//! read everything and said so.

use std::{io, time::Instant};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, future};
use serde_json::json;

use super::{Cue, Work, nodes};
use crate::{
    ECHO, Failure, PERF,
    dial::{Connection, Dialer, Manner},
    report,
    transfer::{self, until_received},
};

pub(super) async fn run<D: Dialer>(
    address: &str,
    version: &str,
    work: &Work,
    mut cue: Cue,
) -> Result<(), Failure> {
    let (nodes, connections) =
        nodes::connected::<D>(address, version, work.connections, &mut cue).await?;
    let mut opened = Vec::new();
    for connection in &connections {
        let streams = (0..work.streams).map(|_| open(connection, work.both));
        opened.push(future::try_join_all(streams).await?);
    }
    let began = cue.begin().await?;
    let deadline = work.deadline();
    // Tasks, so that both cores of a dialer can work.
    let connections = opened.into_iter().map(|streams| {
        let work = work.clone();
        tokio::spawn(async move {
            let sent = streams.into_iter().map(|stream| {
                let work = work.clone();
                tokio::spawn(async move { send(stream, &work, deadline).await })
            });
            let sent: Vec<_> = future::try_join_all(sent).await.map_err(io::Error::other)?;
            let sent = sent.into_iter().sum::<io::Result<u64>>()?;
            io::Result::Ok((sent, report::milliseconds(began.elapsed())))
        })
    });
    let done = future::try_join_all(connections).await?;
    let done: Vec<(u64, f64)> = done.into_iter().collect::<io::Result<_>>()?;
    let bytes: u64 = done.iter().map(|(bytes, _)| bytes).sum();
    let each_ms: Vec<_> = done.iter().map(|(_, ms)| ms).collect();
    cue.end(began, json!({ "bytes": bytes, "each_ms": each_ms })).await?;
    nodes::close(nodes).await;
    Ok(())
}

/// A stream that the acceptor reads to its end, or whose every byte it sends back.
pub(super) async fn open<C: Connection>(on: &C, both: bool) -> io::Result<C::Stream> {
    if both {
        return on.open(ECHO, Manner::Usual).await;
    }
    let mut stream = on.open(PERF, Manner::Usual).await?;
    stream.write_all(&0_u64.to_be_bytes()).await?;
    stream.flush().await?;
    Ok(stream)
}

/// Sends until there are enough bytes or it is too late, and waits until all were read.
async fn send(
    stream: impl futures::AsyncRead + futures::AsyncWrite + Unpin,
    work: &Work,
    deadline: Instant,
) -> io::Result<u64> {
    let (mut reader, mut writer) = stream.split();
    let mut sent = 0;
    let write = async {
        let bytes = vec![0x5a; work.write];
        while work.bytes.is_none_or(|bytes| sent < bytes) && Instant::now() < deadline {
            writer.write_all(&bytes).await?;
            sent += bytes.len() as u64;
        }
        writer.close().await
    };
    let back = until_received(transfer::count(&mut reader), write).await?;
    match back == if work.both { sent } else { 0 } {
        true => Ok(sent),
        false => Err(transfer::short(back, sent)),
    }
}
