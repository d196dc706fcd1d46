//! How substreams and connections end, and what is delivered before.

use std::io::ErrorKind;

use floe_core::libp2p::libp2p_core::muxing::StreamMuxerExt;
use floe_core::libp2p::{Connection, Error, Substream};
use floe_core::rtc::error::ConnectionEnd;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::node::{Pair, close, hello, open, pair, pattern, read, substream, take};
use crate::stage::Stage;

/// What is closed can be read from, and closed again, and not be written to.
pub(crate) async fn half_of_a_substream<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    for opener_first in [true, false] {
        let (ours, theirs) = substream(&mut outbound, &mut inbound).await;
        let (mut first, mut second) = if opener_first { (ours, theirs) } else { (theirs, ours) };
        first.write_all(b"question").await.unwrap();
        first.close().await.unwrap();
        first.close().await.unwrap();
        assert_eq!(first.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(read(&mut second).await, b"question");
        second.write_all(&pattern(300_000)).await.unwrap();
        second.close().await.unwrap();
        assert!(read(&mut first).await == pattern(300_000));
        assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
    }
}

/// As if it had been closed: what was written is delivered, and the end of it.
pub(crate) async fn a_substream_that_is_dropped<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    for len in [0, 1, 50_000] {
        let (mut ours, mut theirs) = substream(&mut outbound, &mut inbound).await;
        ours.write_all(&pattern(len)).await.unwrap();
        drop(ours);
        assert!(read(&mut theirs).await == pattern(len));
        // Nobody reads what is said back.
        until_refused(&mut theirs).await;
    }
    hello(&mut inbound, &mut outbound).await;
}

async fn until_refused(substream: &mut Substream) {
    loop {
        if let Err(error) = substream.write_all(&[0; 1024]).await {
            return assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
    }
}

/// Who closes a substream that its peer has dropped has done nothing wrong.
pub(crate) async fn a_substream_that_is_stopped<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    let (mut ours, theirs) = substream(&mut outbound, &mut inbound).await;
    drop(theirs);
    until_refused(&mut ours).await;
    ours.close().await.unwrap();
}

/// What was handed over before the close is delivered, on all substreams, closed or not.
pub(crate) async fn a_connection_delivers<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    let mut received = written_at_once(&mut outbound, &mut inbound).await;
    close(&mut outbound).await;
    delivered(&mut received).await;
    assert!(matches!(take(&mut inbound).await, Err(Error::Closed(ConnectionEnd::ClosedByPeer))));
}

pub(crate) async fn a_connection_that_is_dropped_delivers<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    let mut received = written_at_once(&mut outbound, &mut inbound).await;
    drop(outbound);
    delivered(&mut received).await;
    take(&mut inbound).await.unwrap_err();
}

const SUBSTREAMS: usize = 10;
const LEN: usize = 60_000;

/// Substreams to read from, of which everything is written and nothing awaited.
async fn written_at_once(outbound: &mut Connection, inbound: &mut Connection) -> Vec<Substream> {
    let mut received = Vec::new();
    for number in 0..SUBSTREAMS {
        let (mut ours, theirs) = substream(outbound, inbound).await;
        ours.write_all(&pattern(LEN)).await.unwrap();
        if number % 2 == 0 {
            ours.close().await.unwrap();
        }
        received.push(theirs);
    }
    received
}

async fn delivered(received: &mut [Substream]) {
    for substream in received {
        let mut heard = vec![0; LEN];
        substream.read_exact(&mut heard).await.unwrap();
        assert!(heard == pattern(LEN));
    }
}

/// Its connection, and all else that its socket was for, are gone: what has come can be read all the same.
pub(crate) async fn a_substream_that_outlives_its_connection<S: Stage>() {
    let Pair { dialer, listener, mut outbound, mut inbound } = pair::<S>().await;
    let (mut ours, mut theirs) = substream(&mut outbound, &mut inbound).await;
    theirs.write_all(&pattern(200_000)).await.unwrap();
    theirs.close().await.unwrap();
    drop((dialer, listener, theirs));
    close(&mut inbound).await;
    take(&mut outbound).await.unwrap_err();
    drop((outbound, inbound));
    assert!(read(&mut ours).await == pattern(200_000));
}

/// Both sides learn that it is over, whatever they ask, however often.
pub(crate) async fn the_end_is_told_again_and_again<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    close(&mut outbound).await;
    for _ in 0..3 {
        close(&mut outbound).await;
        for (end, connection) in [
            (ConnectionEnd::ClosedLocally, &mut outbound),
            (ConnectionEnd::ClosedByPeer, &mut inbound),
        ] {
            for error in [take(connection).await.unwrap_err(), open(connection).await.unwrap_err()]
            {
                assert!(matches!(&error, Error::Closed(how) if *how == end), "{error:?}");
            }
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(connection.poll_unpin(&mut context).is_pending());
        }
        close(&mut inbound).await;
    }
}

/// A peer that reads nothing holds no connection for ever.
pub(crate) async fn a_peer_that_takes_nothing<S: Stage>() {
    let Pair { mut outbound, mut inbound, .. } = pair::<S>().await;
    let (mut ours, theirs) = substream(&mut outbound, &mut inbound).await;
    let flood = async { while ours.write_all(&[0; 1024]).await.is_ok() {} };
    join!(flood, close(&mut outbound));
    drop(theirs);
    assert!(matches!(take(&mut inbound).await, Err(Error::Closed(ConnectionEnd::ClosedByPeer))));
}
