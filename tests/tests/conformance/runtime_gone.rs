//! A runtime is shut down under its endpoint: whoever waits hears of it, and nothing new begins.

use std::io::ErrorKind;
use std::net::UdpSocket;

use floe_core::driver::{DialError, Endpoint};
use floe_core::rtc::Target;
use floe_core::rtc::error::{ConnectionEnd, OpenError};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::give_up::poll_once;
use crate::node::{LOOPBACK, address, config, connect, hello, node, stream, until_refused};
use crate::stage::Stage;

/// Reads, writes, ends, dials, accepts and closings are pending, of connections in both directions.
pub(crate) async fn under_everything<S: Stage>() {
    let peer = node::<S>(1).await;
    let (node, runtime) = apart::<S>();
    let (outbound, outbound_there) = connect(&node, &peer).await;
    let (inbound_there, inbound) = connect(&peer, &node).await;
    let (mut reads, _unwritten) = stream(&outbound, &outbound_there).await;
    let (mut writes, _unread) = stream(&inbound, &inbound_there).await;
    while poll_once(writes.write(&[0; 64 * 1024])).await.is_some() {}
    let silent = UdpSocket::bind(LOOPBACK).unwrap();
    let mut nowhere = Target::new(&address(&peer)).unwrap();
    nowhere.remote = silent.local_addr().unwrap();

    let mut buffer = [0];
    let (read, write, opened, accepted, end, other_end, dialed, closed, ()) = join!(
        reads.read(&mut buffer),
        until_refused(&mut writes),
        outbound.accept(),
        node.accept(),
        outbound.closed(),
        inbound.closed(),
        node.dial(nowhere),
        node.closed(),
        async { drop(runtime) },
    );
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(write.kind(), ErrorKind::ConnectionAborted);
    assert!(opened.is_none() && accepted.is_none());
    assert_eq!((end, other_end), (ConnectionEnd::DriverDropped, ConnectionEnd::DriverDropped));
    assert_eq!(dialed.unwrap_err(), DialError::DriverDropped);
    closed.unwrap();

    assert_eq!(node.dial(&address(&peer)).await.unwrap_err(), DialError::DriverDropped);
    assert!(node.listen_addrs().is_empty());
    for connection in [outbound, inbound] {
        assert_eq!(connection.open().await.unwrap_err(), OpenError::Closed);
        assert!(connection.accept().await.is_none());
        assert_eq!(connection.stats().await, None);
        connection.close().await;
    }
    for mut stream in [reads, writes] {
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(stream.flush().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(stream.close().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
    node.close().await;
}

/// Opening, closing, asking and dialing are under way, or just about to be, when it happens: they end in
/// one way or the other.
pub(crate) async fn under_what_is_just_begun<S: Stage>() {
    for _ in 0..20 {
        let peer = node::<S>(1).await;
        let other_peer = node::<S>(3).await;
        let (node, runtime) = apart::<S>();
        let (outbound, inbound) = connect(&node, &peer).await;
        let (mut here, _there) = stream(&outbound, &inbound).await;
        let at = address(&other_peer);
        let ((), opened, _, dialed, _, ()) = join!(
            async { drop(runtime) },
            outbound.open(),
            outbound.stats(),
            node.dial(&at),
            here.close(),
            outbound.close(),
        );
        node.closed().await.unwrap();
        // What came about all the same is over with the rest.
        if let Ok(mut opened) = opened {
            assert!(opened.read(&mut [0]).await.is_err());
        }
        if let Ok(dialed) = dialed {
            assert_eq!(dialed.closed().await, ConnectionEnd::DriverDropped);
        }
        assert_eq!(outbound.stats().await, None);
    }
}

/// The peer is not told, and so does not know; but it can be dialed, and dial, anew.
pub(crate) async fn peers_go_on<S: Stage>() {
    let peer = node::<S>(1).await;
    let (node, runtime) = apart::<S>();
    let addr = node.local_addr();
    let (_outbound, inbound) = connect(&node, &peer).await;
    drop(runtime);
    node.closed().await.unwrap();
    // Born again at the same address.
    let node = S::bind(addr, config(2)).await.expect("the port is free");
    let (outbound, again) = connect(&node, &peer).await;
    hello(&outbound, &again).await;
    assert_eq!(inbound.closed().await, ConnectionEnd::Replaced(again.id()));
}

/// An endpoint in a runtime that ends when the guard is dropped.
pub(crate) fn apart<S: Stage>() -> (Endpoint, impl Send) {
    std::thread::scope(|scope| {
        // A runtime may not be started within another.
        scope.spawn(|| S::bind_apart(LOOPBACK, config(2)).unwrap()).join().unwrap()
    })
}
