//! Substreams: opened and accepted, as many as may be, and no more.

use std::pin::pin;

use floe_core::libp2p::Config;
use futures::future::join_all;
use futures::{AsyncWriteExt, FutureExt, join};

use crate::node::{Pair, close, hello, open, pair, pair_with, pattern, read, substream, take};
use crate::stage::Stage;

pub(crate) async fn in_both_directions<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    for _ in 0..3 {
        hello(&mut outbound, &mut inbound).await;
        hello(&mut inbound, &mut outbound).await;
    }
}

/// Each carries its own bytes, while all are open.
pub(crate) async fn many_at_once<S: Stage>() {
    const SUBSTREAMS: usize = 500;
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    let write = async {
        let mut opened = Vec::new();
        for _ in 0..SUBSTREAMS {
            opened.push(open(&mut outbound).await.unwrap());
        }
        join_all(opened.iter_mut().enumerate().map(async |(number, substream)| {
            substream.write_all(&pattern(number * 10)).await.unwrap();
            substream.close().await.unwrap();
        }))
        .await;
        opened
    };
    let accept = async {
        let mut lens = Vec::new();
        let mut taken = Vec::new();
        for _ in 0..SUBSTREAMS {
            taken.push(take(&mut inbound).await.unwrap());
        }
        for substream in &mut taken {
            let heard = read(substream).await;
            assert!(heard == pattern(heard.len()));
            lens.push(heard.len());
        }
        lens.sort_unstable();
        lens
    };
    let (_opened, lens) = join!(write, accept);
    assert!(lens.into_iter().eq((0..SUBSTREAMS).map(|number| number * 10)));
}

/// One more waits until one of them is over; nothing fails.
pub(crate) async fn as_many_as_may_be<S: Stage>() {
    let config = Config::default().with(|config| config.limits.streams = 4);
    let Pair { mut outbound, mut inbound, .. } = pair_with::<S>(config).await;
    let mut pairs = Vec::new();
    for _ in 0..4 {
        pairs.push(substream(&mut outbound, &mut inbound).await);
    }
    for _ in 0..10 {
        assert!(open(&mut outbound).now_or_never().is_none(), "there are as many as may be");
        let (mut ours, mut theirs) = pairs.remove(0);
        ours.close().await.unwrap();
        theirs.close().await.unwrap();
        read(&mut ours).await;
        read(&mut theirs).await;
        drop((ours, theirs));
        pairs.push(substream(&mut outbound, &mut inbound).await);
    }
    hello_on_all(pairs).await;
}

async fn hello_on_all(pairs: Vec<(floe_core::libp2p::Substream, floe_core::libp2p::Substream)>) {
    for (mut ours, mut theirs) in pairs {
        ours.write_all(b"hello").await.unwrap();
        ours.close().await.unwrap();
        assert_eq!(read(&mut theirs).await, b"hello");
    }
}

/// Who waits for a turn and goes, or whose connection is closed, keeps nobody else waiting.
pub(crate) async fn turns_that_are_given_up<S: Stage>() {
    let config = Config::default().with(|config| config.limits.streams = 1);
    let Pair { outbound, mut inbound, .. } = pair_with::<S>(config).await;
    let connection = outbound.as_driver();
    let first = connection.open().await.unwrap();
    let theirs = take(&mut inbound).await.unwrap();
    let mut given_up = Box::pin(connection.open_in_turn());
    assert!((&mut given_up).now_or_never().is_none());
    let mut patient = pin!(connection.open_in_turn());
    assert!(patient.as_mut().now_or_never().is_none());
    // That the driver has heard of both it shows by answering what was asked after them.
    connection.stats().await.unwrap();
    drop(given_up);
    connection.stats().await.unwrap();
    drop((first, theirs));
    let second = patient.await.unwrap();
    assert_ne!(connection.stats().await.unwrap().streams, 0);

    let mut waiting = pin!(connection.open_in_turn());
    assert!(waiting.as_mut().now_or_never().is_none());
    connection.stats().await.unwrap();
    connection.close().await;
    waiting.await.unwrap_err();
    drop(second);
}

/// Nothing is lost of a substream that nobody has taken yet.
pub(crate) async fn the_peer_waits_to_be_accepted<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    for _ in 0..20 {
        let mut substream = open(&mut outbound).await.unwrap();
        substream.write_all(&pattern(1_000)).await.unwrap();
        substream.close().await.unwrap();
    }
    for _ in 0..20 {
        assert!(read(&mut take(&mut inbound).await.unwrap()).await == pattern(1_000));
    }
    close(&mut outbound).await;
}
