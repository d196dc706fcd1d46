//! Every future, polled once and dropped: nothing is lost, nothing is stuck.

use floe_core::rtc::error::ConnectionEnd;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::node::{
    Pair, address, connect, exchange, node, pair, pattern, poll_once, serve_echo, stream,
};
use crate::stage::Stage;

/// A dial that is given up leaves nothing behind that a later one could meet.
pub(crate) async fn dial<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let at = address(&listener);
    for _ in 0..10 {
        drop(poll_once(dialer.dial(&at)).await);
    }
    drop(connect(&dialer, &listener).await);
}

pub(crate) async fn accept_connection<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    assert!(poll_once(listener.accept()).await.is_none());
    let at = address(&listener);
    let outbound = dialer.dial(&at).await.unwrap();
    // Whatever came between two polls is there for the next.
    let inbound = loop {
        match poll_once(listener.accept()).await {
            Some(inbound) => break inbound.unwrap(),
            None => drop(poll_once(outbound.stats()).await),
        }
    };
    drop(stream(&outbound, &inbound).await);
}

/// Streams whose opening is given up are reset, at the peer's too, and do not use up the limit.
pub(crate) async fn open<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for _ in 0..100 {
        drop(poll_once(outbound.open()).await);
    }
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
    // Everything is let go of: the answer comes after the letters that went before it.
    while outbound.stats().await.unwrap().streams > 0 {}
}

pub(crate) async fn accept_stream<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    for n in 0..20_u8 {
        assert!(poll_once(inbound.accept()).await.is_none());
        let mut here = outbound.open().await.unwrap();
        here.write_all(&[n]).await.unwrap();
        here.close().await.unwrap();
        let mut there = match poll_once(inbound.accept()).await {
            Some(there) => there.unwrap(),
            None => inbound.accept().await.unwrap(),
        };
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, [n]);
    }
}

/// Reads, writes and flushes that are given up lose, double and reorder no byte.
pub(crate) async fn bytes<S: Stage>() {
    let Pair { inbound, outbound, .. } = &pair::<S>().await;
    let (mut here, mut there) = stream(outbound, inbound).await;
    let bytes = pattern(2 * 1024 * 1024);
    let write = async {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let n = match poll_once(here.write(rest)).await {
                Some(n) => n.unwrap(),
                None => here.write(rest).await.unwrap(),
            };
            rest = &rest[n..];
            let _ = poll_once(here.flush()).await;
        }
        here.close().await.unwrap();
    };
    let read = async {
        let (mut received, mut buffer) = (Vec::new(), [0; 7_001]);
        loop {
            let n = match poll_once(there.read(&mut buffer)).await {
                Some(n) => n.unwrap(),
                None => there.read(&mut buffer).await.unwrap(),
            };
            if n == 0 {
                return received;
            }
            received.extend_from_slice(&buffer[..n]);
        }
    };
    let ((), received) = join!(write, read);
    assert!(received == bytes);
}

/// Closing goes on when nobody waits for it: of a stream, a connection, an endpoint.
pub(crate) async fn close<S: Stage>() {
    let Pair { listener, dialer, inbound, outbound } = pair::<S>().await;
    let (mut here, mut there) = stream(&outbound, &inbound).await;
    assert!(poll_once(here.close()).await.is_none());
    assert_eq!(there.read(&mut [0]).await.unwrap(), 0);
    here.close().await.unwrap();

    let _ = poll_once(inbound.close()).await;
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);

    let (outbound, _inbound) = connect(&dialer, &listener).await;
    let _ = poll_once(listener.close()).await;
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    listener.closed().await.unwrap();
}

/// Questions that nobody waits for do not disturb the answers of others.
pub(crate) async fn questions<S: Stage>() {
    let Pair { dialer, inbound, outbound, .. } = &pair::<S>().await;
    for _ in 0..10 {
        let _ = poll_once(outbound.stats()).await;
        assert!(poll_once(outbound.closed()).await.is_none());
        assert!(poll_once(dialer.closed()).await.is_none());
    }
    let (one, other) = join!(outbound.stats(), inbound.stats());
    assert!(one.unwrap().bytes_sent > 0 && other.unwrap().bytes_received > 0);
}
