//! Backpressure through `AsyncWrite`, and what a write is when it is small, empty, refused or in pieces.

use std::io::IoSlice;

use floe_core::driver::Stream;
use floe_core::rtc::Limits;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::give_up::{poll_once, turn};
use crate::node::{LOOPBACK, Pair, config, connect, pair, pattern, stream};
use crate::stage::Stage;

/// A writer whose reader does not read comes to a halt after what the buffers on the way hold, and goes
/// on when it does.
pub(crate) async fn a_halt<S: Stage>() {
    let tight = |seed| {
        let mut config = config(seed);
        config.limits.stream_receive_bytes = 256 * 1024;
        config.limits.stream_send_bytes = 64 * 1024;
        config.limits.receive_window = 128 * 1024;
        config
    };
    let listener = S::bind(LOOPBACK, tight(1)).await.unwrap();
    let dialer = S::bind(LOOPBACK, tight(2)).await.unwrap();
    let (outbound, inbound) = connect(&dialer, &listener).await;
    let (mut here, mut there) = stream(&outbound, &inbound).await;
    let bytes = pattern(ALL);
    let mut sent = 0;
    // Until the receiver is full, and long enough afterwards for more to come, if more would come.
    let mut turns_when_full = 0;
    while turns_when_full < 500 {
        while let Some(n) = poll_once(here.write(&bytes[sent..])).await {
            sent += n.unwrap();
        }
        let unread = inbound.stats().await.expect("the connection is open").receive_buffered;
        if unread >= tight(0).limits.stream_receive_bytes {
            turns_when_full += 1;
        }
        turn().await;
    }
    assert!(sent <= HELD_MAX, "{sent} bytes were taken from a writer that nobody reads from");

    let write = async {
        here.write_all(&bytes[sent..]).await.unwrap();
        here.close().await.unwrap();
    };
    let mut received = Vec::new();
    let (read, ()) = join!(there.read_to_end(&mut received), write);
    read.unwrap();
    assert!(received == bytes);
}

/// A write that was not done at once has taken nothing: other bytes may be offered next.
pub(crate) async fn pending_takes_nothing<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    let write = async {
        let (mut taken, mut refused, mut round) = (Vec::new(), 0, 0_u8);
        while taken.len() < ALL {
            round = round.wrapping_add(1);
            // Each offer is of bytes that no other offer near it is of.
            match poll_once(here.write(&[round; 10_007])).await {
                Some(n) => taken.resize(taken.len() + n.unwrap(), round),
                None => {
                    refused += 1;
                    turn().await;
                }
            }
        }
        here.close().await.unwrap();
        assert!(refused > 0, "it never had to wait");
        taken
    };
    let mut received = Vec::new();
    let (taken, read) = join!(write, there.read_to_end(&mut received));
    read.unwrap();
    assert!(received == taken);
}

pub(crate) async fn many_small_writes<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    let bytes = pattern(60_000);
    let write = async {
        for (piece, n) in bytes.chunks(3).zip(0..) {
            here.write_all(piece).await.unwrap();
            if n % 1_000 == 0 {
                here.flush().await.unwrap();
            }
        }
        here.close().await.unwrap();
    };
    let mut received = Vec::new();
    let (read, ()) = join!(there.read_to_end(&mut received), write);
    read.unwrap();
    assert!(received == bytes);
}

/// Nothing can be written at any time: it neither waits, nor ends the stream, nor comes out as anything.
pub(crate) async fn nothing<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    assert_eq!(here.write(b"").await.unwrap(), 0);
    here.flush().await.unwrap();
    let sent = fill(&mut here).await;
    assert_eq!(poll_once(here.write(b"")).await.expect("nothing needs no room").unwrap(), 0);
    let close = async {
        assert_eq!(here.write(b"").await.unwrap(), 0);
        here.close().await.unwrap();
    };
    let mut received = Vec::new();
    assert_eq!(there.read(&mut []).await.unwrap(), 0);
    let (read, ()) = join!(there.read_to_end(&mut received), close);
    read.unwrap();
    assert!(received == vec![FILL; sent]);
}

/// Whoever writes several slices writes at least from the first that is not empty, and none out of turn.
pub(crate) async fn several_slices<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    let bytes = pattern(300_000);
    let write = async {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(1_000));
            let slices = [IoSlice::new(&[]), IoSlice::new(head), IoSlice::new(tail)];
            let n = here.write_vectored(&slices).await.unwrap();
            assert!(n > 0, "the first slice is not all there is");
            rest = &rest[n..];
        }
        assert_eq!(here.write_vectored(&[]).await.unwrap(), 0);
        here.close().await.unwrap();
    };
    let mut received = Vec::new();
    let (read, ()) = join!(there.read_to_end(&mut received), write);
    read.unwrap();
    assert!(received == bytes);
}

/// Writes until the stream takes no more at once; says how much that was.
async fn fill(stream: &mut Stream) -> usize {
    let mut sent = 0;
    while let Some(n) = poll_once(stream.write(&[FILL; 50_000])).await {
        sent += n.unwrap();
    }
    assert!(sent < Limits::default().stream_receive_bytes);
    sent
}

const FILL: u8 = 7;
/// More than the buffers on the way hold.
const ALL: usize = 2 * 1024 * 1024;
/// What they hold: 256 KiB with the receiver, 128 KiB under way to it and as much again for what crosses
/// the news that its window is closed, 64 KiB with the sender, twice 64 KiB in the pipe; and as much again
/// in the engine.
const HELD_MAX: usize = 1024 * 1024;
