//! Streams between two nodes: bytes, ends, resets, backpressure.

use std::io::ErrorKind;

use floe_core::driver::Stream;
use floe_core::rtc::Limits;
use floe_core::rtc::error::{StreamEnd, WriteError};
use futures::future::join_all;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::give_up::poll_once;
use crate::node::{Pair, exchange, pair, pattern, serve_echo, stream, until_refused};
use crate::stage::Stage;

pub(crate) async fn echo<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for (opener, accepter) in [(outbound, inbound), (inbound, outbound)] {
        for len in [0, 1, 100_000] {
            let (mut client, server) = stream(opener, accepter).await;
            let bytes = pattern(len);
            let (received, ()) = join!(exchange(&mut client, &bytes), serve_echo(server));
            assert!(received == bytes, "{len} bytes came back as {}", received.len());
        }
    }
}

/// Much more than is under way at any time, in both directions at once.
pub(crate) async fn transfer_both_ways<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    let bytes = pattern(4 * 1024 * 1024);
    let (down, up) = join!(exchange(&mut here, &bytes), exchange(&mut there, &bytes));
    assert!(down == bytes && up == bytes);
}

/// Both directions end at once, for whoever waits and for whoever comes later; by will or by dropping.
pub(crate) async fn reset<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for by_dropping in [false, true] {
        for (opener, accepter) in [(outbound, inbound), (inbound, outbound)] {
            let (mut here, mut there) = stream(opener, accepter).await;
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut [0]).await.unwrap();
            let mut buffer = [0];
            if by_dropping {
                let (read, ()) = join!(there.read(&mut buffer), async { drop(here) });
                assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
            } else {
                let (read, ()) = join!(there.read(&mut buffer), async { here.reset() });
                let error = read.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
                assert_eq!(cause, Some(&StreamEnd::ResetByPeer));
                assert_eq!(
                    here.write(b"y").await.unwrap_err().kind(),
                    ErrorKind::ConnectionAborted
                );
                let read = here.read(&mut buffer).await;
                assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
            }
            assert_eq!(there.write(b"y").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            assert_eq!(there.close().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        }
    }
}

/// The reader wants no more: the writer hears of it, the other direction goes on.
pub(crate) async fn stop_sending<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    there.stop_reading();
    assert_eq!(there.read(&mut [0]).await.unwrap(), 0);
    let error = until_refused(&mut here).await;
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    assert_eq!(cause, Some(&WriteError::Stopped));

    there.write_all(b"still here").await.unwrap();
    there.close().await.unwrap();
    let mut heard = String::new();
    here.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "still here");
}

pub(crate) async fn a_hundred_at_once<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let clients = join_all((0..100).map(|n| async move {
        let mut client = outbound.open().await.expect("a stream can be opened");
        let bytes = pattern(1_000 * n);
        assert!(exchange(&mut client, &bytes).await == bytes, "stream {n} is another's");
    }));
    let servers = join_all((0..100).map(|_| async {
        serve_echo(inbound.accept().await.expect("the connection is open")).await;
    }));
    join!(clients, servers);
}

/// Whoever does not read is not sent more than what buffers hold; nothing of it is lost, and other
/// streams go on.
pub(crate) async fn slow_reader<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut fast, mut slow) = stream(outbound, inbound).await;
    let bytes = pattern(64 * 1024);
    // The writer gets stuck while another stream runs its course beside it.
    let mut sent = 0;
    let stuck = async {
        while let Some(result) = poll_once(fast.write(&bytes[sent % bytes.len()..])).await {
            sent += result.unwrap();
        }
    };
    stuck.await;
    assert!(sent < Limits::default().stream_receive_bytes / 2, "{sent} bytes were taken at once");
    let (mut client, server) = stream(outbound, inbound).await;
    let (received, ()) = join!(exchange(&mut client, &bytes), serve_echo(server));
    assert!(received == bytes);

    // It runs ahead as far as one stream may, and others go on meanwhile.
    let others = async {
        for _ in 0..3 {
            let (mut client, server) = stream(outbound, inbound).await;
            join!(exchange(&mut client, &bytes), serve_echo(server));
        }
    };
    let half = Limits::default().stream_receive_bytes / 2;
    join!(write_on(&mut fast, &bytes, sent, half), others);
    let stats = inbound.stats().await.expect("the connection is open");
    assert!(stats.receive_buffered <= Limits::default().stream_receive_bytes, "{stats:?}");

    let end = 8 * 1024 * 1024;
    let write = async {
        write_on(&mut fast, &bytes, half, end).await;
        fast.close().await.unwrap();
    };
    let read = async {
        let mut received = Vec::new();
        slow.read_to_end(&mut received).await.unwrap();
        received
    };
    let ((), received) = join!(write, read);
    assert_eq!(received.len(), end);
    assert!(received.chunks(bytes.len()).all(|chunk| *chunk == bytes[..chunk.len()]));
}

/// Writes `pattern` again and again, from byte `from` of all to byte `to`.
async fn write_on(stream: &mut Stream, pattern: &[u8], from: usize, to: usize) {
    let mut sent = from;
    while sent < to {
        let at = sent % pattern.len();
        let end = pattern.len().min(at + (to - sent));
        sent += stream.write(&pattern[at..end]).await.unwrap();
    }
}

/// What is written before the peer accepts the stream is there when it does.
pub(crate) async fn speak_first_to_a_peer_that_accepts_late<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let mut here = outbound.open().await.unwrap();
    here.write_all(b"early").await.unwrap();
    // The end is acknowledged although nobody has accepted the stream yet.
    here.close().await.unwrap();
    let mut there = inbound.accept().await.unwrap();
    let mut heard = String::new();
    there.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "early");
    assert_eq!(here.id().channel(), there.id().channel());
}

/// Closing that was begun and given up still delivers.
pub(crate) async fn close_and_forget<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let bytes = pattern(300_000);
    let (mut here, mut there) = stream(outbound, inbound).await;
    let write = async {
        here.write_all(&bytes).await.unwrap();
        assert!(poll_once(here.close()).await.is_none(), "an end takes a round trip");
        drop(here);
    };
    let mut received = Vec::new();
    let (read, ()) = join!(there.read_to_end(&mut received), write);
    read.unwrap();
    assert!(received == bytes);
    // The peer is asked to send no more.
    let error = until_refused(&mut there).await;
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

/// The accepter speaks first, on a stream whose opener has written nothing.
pub(crate) async fn the_opener_says_nothing<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    there.write_all(b"hello").await.unwrap();
    there.flush().await.unwrap();
    let mut heard = [0; 5];
    here.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}
