//! A socket that fails: what passes harms nothing, what lasts ends the endpoint, and everybody hears of
//! it.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use floe_core::driver::{Connection, DialError, Endpoint};
use floe_core::rtc::Target;
use floe_core::rtc::error::{ConnectionEnd, OpenError, Step};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::faulty::{Fault, Faults};
use crate::give_up::{poll_once, turn};
use crate::node::{
    LOOPBACK, address, config, connect, exchange, hello, meet, node, pattern, serve_echo, stream,
    until_refused,
};
use crate::stage::Stage;

/// Errors about datagrams that were sent come as errors of receiving, and mean nothing for what arrives.
pub(crate) async fn receiving_fails_for_a_moment<S: Stage>() {
    let Faultily { faults, outbound, inbound, .. } = &faultily::<S>().await;
    for fault in [
        Fault::Next(500, ErrorKind::ConnectionRefused),
        Fault::Next(500, ErrorKind::HostUnreachable),
        // About the socket itself; it comes and goes.
        Fault::Next(3, ErrorKind::OutOfMemory),
        Fault::Next(3, ErrorKind::NotConnected),
    ] {
        let (mut client, server) = stream(outbound, inbound).await;
        let bytes = pattern(100_000);
        faults.on_recv(fault);
        let (received, ()) = join!(exchange(&mut client, &bytes), serve_echo(server));
        assert!(received == bytes);
        until_over(faults).await;
    }
    hello(inbound, outbound).await;
}

/// Datagrams that cannot be sent are lost, as datagrams may be: they are sent again.
pub(crate) async fn sending_fails_for_a_moment<S: Stage>() {
    let Faultily { faults, outbound, inbound, .. } = &faultily::<S>().await;
    for kind in [ErrorKind::ConnectionRefused, ErrorKind::PermissionDenied] {
        let (mut client, server) = stream(outbound, inbound).await;
        let bytes = pattern(100_000);
        faults.on_send(Fault::Next(2, kind));
        let (received, ()) = join!(exchange(&mut client, &bytes), serve_echo(server));
        assert!(received == bytes);
        until_over(faults).await;
    }
}

/// A network that is down for a dial is up for the next one.
pub(crate) async fn nothing_can_be_sent<S: Stage>() {
    let Faultily { faults, node, peer, outbound, .. } = faultily::<S>().await;
    outbound.close().await;
    faults.on_send(Fault::Every(ErrorKind::NetworkUnreachable));
    let mut target = Target::new(&address(&peer)).unwrap();
    target.timeout = Some(Duration::from_millis(200));
    let error = node.dial(target).await.unwrap_err();
    assert_eq!(error.step(), Some(Step::Stun));
    faults.on_send(Fault::None);
    let (outbound, inbound) = meet(&node, &peer).await;
    hello(&outbound, &inbound).await;
}

/// The error ends the endpoint, and is what it says to those who ask; nobody waits for ever.
pub(crate) async fn the_socket_is_gone<S: Stage>() {
    let Faultily { faults, node, peer, outbound, inbound } = faultily::<S>().await;
    let addr = node.local_addr();
    let (mut reads, _unwritten) = stream(&outbound, &inbound).await;
    let (mut writes, _unread) = stream(&outbound, &inbound).await;
    while poll_once(writes.write(&[0; 64 * 1024])).await.is_some() {}
    let silent = UdpSocket::bind(LOOPBACK).unwrap();
    let mut nowhere = Target::new(&address(&peer)).unwrap();
    nowhere.remote = silent.local_addr().unwrap();
    faults.on_recv(Fault::Every(ErrorKind::NotConnected));

    let mut buffer = [0];
    let (read, write, opened, accepted, moved, end, dialed, closed, other_closed) = join!(
        reads.read(&mut buffer),
        until_refused(&mut writes),
        outbound.accept(),
        node.accept(),
        outbound.moved_from(outbound.remote_addr()),
        outbound.closed(),
        node.dial(nowhere),
        node.closed(),
        async { node.clone().closed().await },
    );
    for closed in [closed, other_closed, node.closed().await] {
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::NotConnected);
    }
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(write.kind(), ErrorKind::ConnectionAborted);
    assert!(opened.is_none() && accepted.is_none() && moved.is_none());
    let cause = ErrorKind::NotConnected.to_string();
    assert_eq!(end, ConnectionEnd::SocketFailed { cause: cause.clone().into() });
    let failed = DialError::SocketFailed { cause: cause.into() };
    assert_eq!(dialed.unwrap_err(), failed);
    // Nothing new begins.
    assert_eq!(node.dial(&address(&peer)).await.unwrap_err(), failed);
    assert_eq!(node.counters().await, None);
    assert_eq!(node.watch_addrs().next().await, None);
    assert_eq!(outbound.open().await.unwrap_err(), OpenError::Closed);
    assert_eq!(outbound.stats().await, None);
    assert_eq!(reads.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert!(node.listen_addrs().is_empty());
    node.close().await;
    // The socket is free, and a new endpoint takes the place of the old one with its peers.
    let node = S::bind(addr, config(2)).await.expect("the port is free");
    let (outbound, again) = connect(&node, &peer).await;
    hello(&outbound, &again).await;
    assert_eq!(inbound.closed().await, ConnectionEnd::Replaced(again.id()));
}

/// An endpoint on a socket that fails when told to, connected with one on a sound socket.
struct Faultily {
    faults: Faults,
    node: Endpoint,
    peer: Endpoint,
    outbound: Connection,
    inbound: Connection,
}

async fn faultily<S: Stage>() -> Faultily {
    let faults = Faults::default();
    let peer = node::<S>(1).await;
    let node = S::bind_faulty(LOOPBACK, config(2), faults.clone()).await.unwrap();
    let (outbound, inbound) = connect(&node, &peer).await;
    Faultily { faults, node, peer, outbound, inbound }
}

/// Waits until the errors have come: nothing is known of what they would do otherwise.
async fn until_over(faults: &Faults) {
    while !faults.are_over() {
        turn().await;
    }
}
