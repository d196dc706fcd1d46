//! Every future, given up at every moment: nothing is lost or doubled, nothing is stuck, nothing leaks.

use std::future::poll_fn;
use std::pin::Pin;

use floe_core::driver::{Connection, Stream};
use floe_core::rtc::error::ConnectionEnd;
use floe_tokio::TokioStream;
use futures::{AsyncReadExt, AsyncWriteExt, join};
use tokio::io::AsyncWrite;

use crate::give_up::{at_every_moment, give_up, poll_once, turn};
use crate::node::{
    Pair, address, connect, exchange, hello, meet, node, pair, pattern, serve_echo, stream,
    streams_left,
};
use crate::stage::Stage;

/// A dial that is given up, however far it has come, leaves nothing behind that a later one could meet.
pub(crate) async fn dial<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let at = address(&listener);
    at_every_moment(async |moment| {
        let dialed = give_up(moment, dialer.dial(&at)).await;
        let done = dialed.map(Result::unwrap).is_some();
        let (outbound, inbound) = meet(&dialer, &listener).await;
        outbound.close().await;
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer, "{moment:?}");
        done
    })
    .await;
}

/// Whatever came between two polls is there for the next.
/// A dial that is given up when it has led to a connection already, and that to a stream, leaves neither.
pub(crate) async fn dial_that_is_done<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let at = address(&listener);
    let mut dial = Box::pin(dialer.dial(&at));
    if poll_once(&mut dial).await.is_some() {
        // The driver, on a thread of its own, was done with it before the first poll was.
        drop(dial);
        return Box::pin(dial_that_is_done::<S>()).await;
    }
    let inbound = listener.accept().await.expect("the listener is open");
    let mut early = inbound.open().await.expect("a stream can be opened");
    early.write_all(b"early").await.expect("it is connected");
    // Acknowledged: the dialer has the stream, and nobody who could accept it.
    early.close().await.expect("the dialer acknowledges");
    drop(dial);
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
    while dialer.counters().await.expect("the dialer is open").connections > 0 {
        turn().await;
    }
}

pub(crate) async fn accept_connection<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let at = address(&listener);
    at_every_moment(async |moment| {
        let accept = async {
            let accepted = give_up(moment, listener.accept()).await;
            let done = accepted.is_some();
            let inbound = match accepted {
                Some(inbound) => inbound,
                None => listener.accept().await,
            };
            (inbound.unwrap(), done)
        };
        let (outbound, (inbound, done)) = join!(dialer.dial(&at), accept);
        let outbound = outbound.unwrap();
        hello(&outbound, &inbound).await;
        assert!(poll_once(listener.accept()).await.is_none(), "a connection comes once");
        outbound.close().await;
        inbound.closed().await;
        done
    })
    .await;
}

/// Streams whose opening is given up are reset, at the peer's too, and do not use up the limit.
pub(crate) async fn open<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    at_every_moment(async |moment| {
        let done = give_up(moment, outbound.open()).await.map(Result::unwrap).is_some();
        let mut client = outbound.open().await.unwrap();
        let serve = async {
            loop {
                let mut server = inbound.accept().await.unwrap();
                // The given-up ones, if the peer has heard of them at all, end in a reset.
                if server.read_exact(&mut [0]).await.is_ok() {
                    return serve_echo(server).await;
                }
            }
        };
        let (received, ()) = join!(exchange(&mut client, b"!hello"), serve);
        assert_eq!(received, b"hello");
        drop(client);
        clean(outbound, inbound).await;
        done
    })
    .await;
}

pub(crate) async fn accept_stream<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let mut n: u8 = 0;
    at_every_moment(async |moment| {
        n += 1;
        let speak = async {
            let mut here = outbound.open().await.unwrap();
            here.write_all(&[n]).await.unwrap();
            here
        };
        let hear = async {
            let accepted = give_up(moment, inbound.accept()).await;
            let done = accepted.is_some();
            let there = match accepted {
                Some(there) => there,
                None => inbound.accept().await,
            };
            let mut there = there.unwrap();
            let mut heard = [0];
            there.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, [n]);
            (there, done)
        };
        let (here, (there, done)) = join!(speak, hear);
        part(here, there).await;
        clean(outbound, inbound).await;
        done
    })
    .await;
}

/// Reads that are given up take nothing with them.
pub(crate) async fn read<S: Stage>() {
    let pair = pair::<S>().await;
    at_every_moment(async |moment| {
        let mut patient = true;
        transfer(&pair, async |there| {
            let (mut received, mut buffer) = (Vec::new(), [0; 7_001]);
            loop {
                match give_up(moment, there.read(&mut buffer)).await {
                    Some(Ok(0)) => return received,
                    Some(read) => received.extend_from_slice(&buffer[..read.unwrap()]),
                    None => patient = false,
                }
            }
        })
        .await;
        patient
    })
    .await;
}

/// What was read until then is there, and the rest comes after it.
pub(crate) async fn read_to_end<S: Stage>() {
    let pair = pair::<S>().await;
    at_every_moment(async |moment| {
        let mut done = false;
        transfer(&pair, async |there| {
            let mut received = Vec::new();
            done = give_up(moment, there.read_to_end(&mut received)).await.is_some();
            if !done {
                there.read_to_end(&mut received).await.unwrap();
            }
            received
        })
        .await;
        done
    })
    .await;
}

/// Writes some and closes, to a reader that says what it has read.
async fn transfer(pair: &Pair, read: impl AsyncFnOnce(&mut Stream) -> Vec<u8>) {
    let (mut here, mut there) = stream(&pair.outbound, &pair.inbound).await;
    let bytes = pattern(LEN);
    let write = async {
        here.write_all(&bytes).await.unwrap();
        here.close().await.unwrap();
    };
    let ((), received) = join!(write, read(&mut there));
    assert!(received == bytes);
    part(here, there).await;
    clean(&pair.outbound, &pair.inbound).await;
}

/// A write that is given up has written a part from the front, once; what is written after it follows.
pub(crate) async fn write_all<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let bytes = pattern(LEN);
    at_every_moment(async |moment| {
        let (mut here, mut there) = stream(outbound, inbound).await;
        let write = async {
            let done = give_up(moment, here.write_all(&bytes)).await.map(Result::unwrap).is_some();
            here.write_all(MARK).await.unwrap();
            here.close().await.unwrap();
            done
        };
        let mut received = Vec::new();
        let (done, read) = join!(write, there.read_to_end(&mut received));
        read.unwrap();
        let written = received.strip_suffix(MARK).expect("the mark comes last, whole");
        assert!(bytes.starts_with(written) && (!done || written.len() == LEN), "{moment:?}");
        part(here, there).await;
        clean(outbound, inbound).await;
        done
    })
    .await;
}

pub(crate) async fn close_stream<S: Stage>() {
    let pair = pair::<S>().await;
    at_every_moment(async |moment| {
        close_half(&pair, async |here| {
            let done = give_up(moment, here.close()).await.map(Result::unwrap).is_some();
            here.close().await.unwrap();
            done
        })
        .await
    })
    .await;
}

/// `shutdown` of a stream with tokio's traits, which needs no tokio.
pub(crate) async fn shutdown<S: Stage>() {
    let pair = pair::<S>().await;
    at_every_moment(async |moment| {
        let (here, mut there) = stream(&pair.outbound, &pair.inbound).await;
        let mut here = TokioStream::from(here);
        let write = async {
            poll_fn(|context| Pin::new(&mut here).poll_write(context, MARK)).await.unwrap();
            let shutdown = poll_fn(|context| Pin::new(&mut here).poll_shutdown(context));
            let done = give_up(moment, shutdown).await.map(Result::unwrap).is_some();
            poll_fn(|context| Pin::new(&mut here).poll_shutdown(context)).await.unwrap();
            done
        };
        let mut heard = Vec::new();
        let (done, read) = join!(write, there.read_to_end(&mut heard));
        read.unwrap();
        assert_eq!(heard, MARK);
        there.write_all(MARK).await.unwrap();
        there.close().await.unwrap();
        let mut answer = Vec::new();
        here.into_inner().read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, MARK);
        drop(there);
        clean(&pair.outbound, &pair.inbound).await;
        done
    })
    .await;
}

/// Closes one half in the way of `close` while the other reads it to its end and answers.
async fn close_half(pair: &Pair, close: impl AsyncFnOnce(&mut Stream) -> bool) -> bool {
    let (mut here, mut there) = stream(&pair.outbound, &pair.inbound).await;
    let bytes = pattern(LEN);
    let ask = async {
        here.write_all(&bytes).await.unwrap();
        let done = close(&mut here).await;
        let mut answer = Vec::new();
        here.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, MARK);
        done
    };
    let answer = async {
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        assert!(heard == bytes);
        there.write_all(MARK).await.unwrap();
        there.close().await.unwrap();
    };
    let (done, ()) = join!(ask, answer);
    drop((here, there));
    clean(&pair.outbound, &pair.inbound).await;
    done
}

pub(crate) async fn close_connection<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    at_every_moment(async |moment| {
        let (outbound, inbound) = connect(&dialer, &listener).await;
        let done = give_up(moment, inbound.close()).await.is_some();
        assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);
        done
    })
    .await;
}

pub(crate) async fn close_endpoint<S: Stage>() {
    let dialer = node::<S>(2).await;
    at_every_moment(async |moment| {
        let listener = node::<S>(1).await;
        let (outbound, inbound) = connect(&dialer, &listener).await;
        let done = give_up(moment, listener.close()).await.is_some();
        assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);
        listener.closed().await.unwrap();
        done
    })
    .await;
}

/// Questions that nobody waits for do not disturb the answers of others.
pub(crate) async fn stats<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    at_every_moment(async |moment| {
        let (stats, other) = join!(give_up(moment, outbound.stats()), outbound.stats());
        assert!(other.unwrap().bytes_sent > 0);
        assert!(inbound.stats().await.unwrap().bytes_received > 0);
        stats.inspect(|stats| assert!(stats.unwrap().bytes_sent > 0)).is_some()
    })
    .await;
    hello(outbound, inbound).await;
}

/// Whoever waits for the end hears of it, whoever else has ceased to wait.
pub(crate) async fn closed<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    at_every_moment(async |moment| {
        let (outbound, inbound) = connect(&dialer, &listener).await;
        let wait = give_up(moment, outbound.closed());
        let (given_up, waited, ()) = join!(wait, outbound.closed(), inbound.close());
        assert_eq!(waited, ConnectionEnd::ClosedByPeer);
        given_up.inspect(|end| assert_eq!(*end, ConnectionEnd::ClosedByPeer)).is_some()
    })
    .await;
    at_every_moment(async |moment| {
        let node = node::<S>(3).await;
        let (given_up, waited, ()) =
            join!(give_up(moment, node.closed()), node.closed(), node.close());
        waited.unwrap();
        given_up.map(Result::unwrap).is_some()
    })
    .await;
}

/// Ends a stream on both sides, in order.
async fn part(here: Stream, there: Stream) {
    let end = async |mut stream: Stream| {
        stream.close().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    };
    join!(end(here), end(there));
}

/// Nothing is left of the streams, and new ones work.
async fn clean(outbound: &Connection, inbound: &Connection) {
    streams_left(outbound, 0).await;
    streams_left(inbound, 0).await;
}

/// More than a pipe holds and less than all buffers together: futures have several await points, and a
/// scene is short.
const LEN: usize = 320 * 1024;
const MARK: &[u8] = b"and that was all";
