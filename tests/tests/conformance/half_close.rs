//! Half-close through `poll_close`: one half ends, the other goes on, in every order and however often.

use std::io::ErrorKind;

use floe_core::driver::Stream;
use futures::{AsyncReadExt, AsyncWriteExt, io, join};

use crate::give_up::poll_once;
use crate::node::{Pair, connect, exchange, node, pair, pattern, serve_echo, stream, streams_left};
use crate::stage::Stage;

/// Opener or accepter first: it asks and closes, then the other answers and closes.
pub(crate) async fn in_both_orders<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for (opener, accepter) in [(outbound, inbound), (inbound, outbound)] {
        for opener_first in [true, false] {
            let (here, there) = stream(opener, accepter).await;
            let (first, second) = if opener_first { (here, there) } else { (there, here) };
            question_and_answer(first, second).await;
            streams_left(opener, 0).await;
            streams_left(accepter, 0).await;
        }
    }
}

async fn question_and_answer(mut first: Stream, mut second: Stream) {
    first.write_all(b"question").await.unwrap();
    first.close().await.unwrap();
    let mut heard = String::new();
    second.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "question");
    closed_for_writing(&mut first).await;

    second.write_all(b"answer").await.unwrap();
    second.close().await.unwrap();
    let mut heard = String::new();
    first.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "answer");
    for stream in [&mut first, &mut second] {
        closed_for_writing(stream).await;
        // The end is found again, however often one reads.
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
}

/// Closed is closed, however often one asks, and nothing can be written any more: not even nothing.
async fn closed_for_writing(stream: &mut Stream) {
    for bytes in [&b"x"[..], b""] {
        assert_eq!(stream.write(bytes).await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    stream.close().await.unwrap();
}

/// Both ends cross on the way.
pub(crate) async fn at_once<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for len in [0, 1, 200_000] {
        let (mut here, mut there) = stream(outbound, inbound).await;
        let bytes = pattern(len);
        let (one, other) = join!(exchange(&mut here, &bytes), exchange(&mut there, &bytes));
        assert!(one == bytes && other == bytes);
        closed_for_writing(&mut here).await;
        closed_for_writing(&mut there).await;
        drop((here, there));
        streams_left(outbound, 0).await;
        streams_left(inbound, 0).await;
    }
}

/// Writes that come after `poll_close` are refused even while that is pending; what came before goes on.
pub(crate) async fn while_closing<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    here.write_all(b"before").await.unwrap();
    assert!(poll_once(here.close()).await.is_none(), "an end takes a round trip");
    assert_eq!(here.write(b"after").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut heard = String::new();
    there.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "before");
    here.close().await.unwrap();
}

/// A relay between two streams passes bytes and ends on, in both directions, with `futures::io::copy`.
pub(crate) async fn relayed<S: Stage>() {
    let (client, relay, server) = (node::<S>(1).await, node::<S>(2).await, node::<S>(3).await);
    let (near, near_inbound) = connect(&client, &relay).await;
    let (far, far_inbound) = connect(&relay, &server).await;
    let (mut asked, incoming) = stream(&near, &near_inbound).await;
    let (outgoing, served) = stream(&far, &far_inbound).await;
    let pass_on = async {
        let (from_client, mut to_client) = incoming.split();
        let (from_server, mut to_server) = outgoing.split();
        let up = async {
            let passed = io::copy(from_client, &mut to_server).await.unwrap();
            to_server.close().await.unwrap();
            passed
        };
        let down = async {
            let passed = io::copy(from_server, &mut to_client).await.unwrap();
            to_client.close().await.unwrap();
            passed
        };
        join!(up, down)
    };
    let bytes = pattern(700_000);
    let (answer, passed, ()) = join!(exchange(&mut asked, &bytes), pass_on, serve_echo(served));
    assert!(answer == bytes);
    assert_eq!(passed, (bytes.len() as u64, bytes.len() as u64));
}
