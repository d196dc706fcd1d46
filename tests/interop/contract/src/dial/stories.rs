//! The stories that are played over streams.

use std::{io, task::Poll, time::Instant};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _, future};
use serde_json::{Value, json};

use crate::{
    ECHO, ENDING, LATE, PERF, PORTION, RESET, SOURCE, STOP,
    dial::{Connection, Manner},
    duplex::Duplex as _,
    report,
    transfer::{self, Tally, until_received},
};

/// Reads everything back before the write half is ended.
pub(super) async fn echo(on: &impl Connection, bytes: u64, manner: Manner) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(ECHO, manner).await?.split();
    let (tally, ()) =
        future::try_join(transfer::receive(&mut reader, bytes), transfer::send(&mut writer, bytes))
            .await?;
    until_received(transfer::end(&mut reader), writer.close()).await?;
    Ok(json!({ "sha256": tally.sha256() }))
}

/// Ends the write half before it reads, and reads as applications do.
pub(super) async fn half_close(on: &impl Connection) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(ECHO, Manner::Plain).await?.split();
    transfer::send(&mut writer, SMALL).await?;
    let mut closing = writer.close().fuse();
    // The end is on its way before anything is read.
    if let Poll::Ready(closed) = futures::poll!(&mut closing) {
        closed?;
    }
    let read = async {
        transfer::receive(&mut reader, SMALL).await?;
        transfer::end(&mut reader).await
    };
    until_received(read, closing).await?;
    Ok(json!({}))
}

/// Writes after the peer has ended.
pub(super) async fn late_write(on: &impl Connection, bytes: u64) -> io::Result<Value> {
    let mut stream = on.open(LATE, Manner::Usual).await?;
    transfer::end(&mut stream).await?;
    transfer::send(&mut stream, bytes).await.map_err(|error| during("writing", &error))?;
    let close = async { stream.close().await.map_err(|error| during("ending", &error)) };
    let record = until_received(ending(on), close).await?;
    received(&record, bytes)?;
    Ok(json!({}))
}

pub(super) async fn stop_sending(on: &impl Connection) -> io::Result<Value> {
    let mut stream = on.open(SOURCE, Manner::Usual).await?;
    transfer::receive(&mut stream, PORTION).await?;
    stream.stop_reading()?;
    transfer::send(&mut stream, PORTION).await.map_err(|error| during("writing", &error))?;
    let close = async { stream.close().await.map_err(|error| during("ending", &error)) };
    let record = until_received(ending(on), close).await?;
    received(&record, PORTION)?;
    if record["stopped"] != true {
        return Err(failed(&format!("the peer did not stop sending: {record}")));
    }
    Ok(json!({}))
}

pub(super) async fn peer_stops(on: &impl Connection) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(STOP, Manner::Usual).await?.split();
    let read = async {
        transfer::receive(&mut reader, PORTION).await?;
        transfer::end(&mut reader).await
    };
    let (read, written) = future::join(read, transfer::send(&mut writer, ENOUGH)).await;
    read?;
    match written {
        Ok(()) => Err(failed("the peer took everything, though it should have stopped us")),
        Err(error) => Ok(json!({ "write_error": error.to_string() })),
    }
}

pub(super) async fn reset(on: &impl Connection) -> io::Result<Value> {
    let mut stream = on.open(SOURCE, Manner::Usual).await?;
    transfer::receive(&mut stream, PORTION).await?;
    stream.reset();
    let record = ending(on).await?;
    if record["end"] != "reset" || record["stopped"] != true {
        return Err(failed(&format!("the peer saw no reset: {record}")));
    }
    echo(on, 1024, Manner::Usual).await?;
    Ok(json!({}))
}

pub(super) async fn peer_resets(on: &impl Connection) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(RESET, Manner::Usual).await?.split();
    let mut tally = Tally::default();
    let (read, written) =
        future::join(transfer::drain(&mut reader, &mut tally), transfer::send(&mut writer, ENOUGH))
            .await;
    match (read, written) {
        (Err(read), Err(written)) => {
            echo(on, 1024, Manner::Usual).await?;
            let (read, written) = (read.to_string(), written.to_string());
            Ok(json!({ "read_error": read, "write_error": written }))
        }
        (Ok(()), _) => Err(failed("reading found the end instead of a reset")),
        (_, Ok(())) => Err(failed("the peer took everything, though it should have reset")),
    }
}

pub(super) async fn perf(on: &impl Connection, up: u64, down: u64) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(PERF, Manner::Usual).await?.split();
    let write = async {
        writer.write_all(&down.to_be_bytes()).await?;
        transfer::send(&mut writer, up).await?;
        writer.close().await
    };
    match until_received(transfer::count(&mut reader), write).await? {
        got if got == down => Ok(json!({})),
        got => Err(transfer::short(got, down)),
    }
}

pub(super) async fn both(on: &impl Connection, bytes: u64) -> io::Result<Value> {
    future::try_join(perf(on, bytes, 0), perf(on, 0, bytes)).await?;
    Ok(json!({}))
}

pub(super) async fn streams(on: &impl Connection, count: u64) -> io::Result<Value> {
    for number in 0..count {
        echo(on, SMALL, Manner::Usual)
            .await
            .map_err(|error| failed(&format!("stream {number} of {count}: {error}")))?;
    }
    Ok(json!({}))
}

/// All are open before the first is used.
pub(super) async fn parallel(on: &impl Connection, count: u64) -> io::Result<Value> {
    let streams = future::try_join_all((0..count).map(|_| on.open(ECHO, Manner::Usual))).await?;
    let all = streams.into_iter().map(async |stream| {
        let (mut reader, mut writer) = stream.split();
        future::try_join(transfer::receive(&mut reader, SMALL), transfer::send(&mut writer, SMALL))
            .await?;
        until_received(transfer::end(&mut reader), writer.close()).await
    });
    future::try_join_all(all).await?;
    Ok(json!({}))
}

pub(super) async fn slow_reader(on: &impl Connection, bytes: u64) -> io::Result<Value> {
    let mut stream = on.open(PERF, Manner::Usual).await?;
    stream.write_all(&bytes.to_be_bytes()).await?;
    stream.flush().await?;
    let (mut reader, mut writer) = stream.split();
    // The end of the question makes perf answer; nobody reads that answer yet.
    let mut closing = writer.close().fuse();

    let began = Instant::now();
    until_received(echo(on, SMALL, Manner::Usual), &mut closing).await?;
    let other_ms = report::milliseconds(began.elapsed());

    let got = until_received(transfer::count(&mut reader), closing).await?;
    if got != bytes {
        return Err(transfer::short(got, bytes));
    }
    Ok(json!({ "other_ms": other_ms }))
}

/// How the peer saw the recorded stream end.
async fn ending(on: &impl Connection) -> io::Result<Value> {
    let (mut reader, mut writer) = on.open(ENDING, Manner::Usual).await?.split();
    let mut record = Vec::new();
    until_received(reader.read_to_end(&mut record), writer.close()).await?;
    serde_json::from_slice(&record).map_err(io::Error::other)
}

/// The peer has all bytes and the end behind them.
fn received(record: &Value, bytes: u64) -> io::Result<()> {
    let mut expected = Tally::default();
    expected.add_sequence(bytes);
    let right = record["received"] == bytes
        && record["sha256"] == expected.sha256()
        && record["end"] == "fin";
    match right {
        true => Ok(()),
        false => Err(failed(&format!("the peer should have {bytes} bytes and the end: {record}"))),
    }
}

fn during(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

fn failed(message: &str) -> io::Error {
    io::Error::other(message)
}

/// What a stream carries when the number of streams is the point.
const SMALL: u64 = 10 * 1024;
/// What nobody takes who was told to stop.
const ENOUGH: u64 = 64 * 1024 * 1024;
