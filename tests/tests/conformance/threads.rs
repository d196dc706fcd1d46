//! Handles in several threads at once: each connection, stream and byte goes to exactly one.

use std::future::Future;
use std::thread;

use floe_core::driver::{Connection, Endpoint, Stream};
use floe_core::rtc::error::ConnectionEnd;
use futures::channel::oneshot;
use futures::future::{Either, join_all};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::node::{Pair, address, exchange, node, pair, pattern, stream};
use crate::stage::Stage;

/// Clones of a connection open and accept streams in four threads each.
pub(crate) async fn streams<S: Stage>() {
    let Pair { inbound, outbound, listener: _listener, dialer: _dialer } = pair::<S>().await;
    let accepters = apart((0..THREADS).map(|_| accept_all(inbound.clone())));
    let openers = apart((0..THREADS).map(|thread| open_some(outbound.clone(), thread)));
    let end = async {
        openers.await;
        outbound.close().await;
    };
    // Every accepter hears of the end.
    let (heard, ()) = join!(accepters, end);
    let mut heard: Vec<_> = heard.into_iter().flatten().collect();
    heard.sort_unstable();
    let said: Vec<_> =
        (0..THREADS).flat_map(|thread| (0..STREAMS).map(move |n| [thread, n])).collect();
    assert_eq!(heard, said);
}

/// Accepts until there is no more; gives what each stream said.
async fn accept_all(connection: Connection) -> Vec<[u8; 2]> {
    let mut heard = Vec::new();
    while let Some(mut stream) = connection.accept().await {
        let mut name = [0; 2];
        stream.read_exact(&mut name).await.expect("the opener says who it is");
        stream.write_all(&name).await.expect("the opener reads");
        // The connection may end before the last word about the end of this stream.
        let _ = stream.close().await;
        heard.push(name);
    }
    heard
}

async fn open_some(connection: Connection, thread: u8) {
    for n in 0..STREAMS {
        let mut stream = connection.open().await.expect("a stream can be opened");
        assert_eq!(exchange(&mut stream, &[thread, n]).await, [thread, n]);
    }
}

/// Clones of an endpoint accept connections in four threads.
pub(crate) async fn connections<S: Stage>() {
    let listener = node::<S>(0).await;
    let address = address(&listener);
    let dialers = join_all((1..=16).map(node::<S>)).await;
    let accepters = apart((0..THREADS).map(|_| {
        let listener = listener.clone();
        async move {
            let mut accepted = Vec::new();
            while let Some(connection) = listener.accept().await {
                accepted.push(connection.remote_addr());
            }
            accepted
        }
    }));
    let dial = async {
        let dial = async |dialer: &Endpoint| {
            let connection = dialer.dial(&address).await.expect("the dial succeeds");
            // Dropped by whoever accepted it: so it was accepted.
            assert_eq!(connection.closed().await, ConnectionEnd::ClosedByPeer);
        };
        join_all(dialers.iter().map(dial)).await;
        listener.close().await;
    };
    let (accepted, ()) = join!(accepters, dial);
    let mut accepted: Vec<_> = accepted.into_iter().flatten().collect();
    accepted.sort_unstable();
    let mut dialed: Vec<_> = dialers.iter().map(|dialer| dialer.local_addr()).collect();
    dialed.sort_unstable();
    assert_eq!(accepted, dialed);
}

/// The halves of a stream in two threads on either side.
pub(crate) async fn halves<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (here, there) = stream(outbound, inbound).await;
    let (sum, other) = join!(apart(in_halves(here)), apart(in_halves(there)));
    assert!(sum.into_iter().chain(other).flatten().all(|read| read == pattern(LEN)));
}

/// Two futures: one writes and closes, one reads to the end.
fn in_halves(stream: Stream) -> [impl Future<Output = Option<Vec<u8>>> + Send + 'static; 2] {
    let (mut reader, mut writer) = stream.split();
    let write = async move {
        writer.write_all(&pattern(LEN)).await.expect("the peer reads");
        writer.close().await.expect("the peer acknowledges");
        None
    };
    let read = async move {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.expect("the peer finishes");
        Some(received)
    };
    [Either::Left(write), Either::Right(read)]
}

/// Runs each future in a thread of its own, starting at once.
fn apart<F>(futures: impl IntoIterator<Item = F>) -> impl Future<Output = Vec<F::Output>>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let threads = futures.into_iter().map(|future| {
        let (done, output) = oneshot::channel();
        thread::spawn(move || {
            // Whoever waits no longer has failed already.
            let _ = done.send(smol::block_on(future));
        });
        async { output.await.expect("the thread does not panic") }
    });
    join_all(threads)
}

const THREADS: u8 = 4;
/// Of each thread.
const STREAMS: u8 = 50;
const LEN: usize = 1024 * 1024;
