//! How things end: closed, dropped, abandoned, in every order.

use std::io::ErrorKind;

use floe_core::driver::DialError;
use floe_core::rtc::error::{ConnectionEnd, OpenError, StreamEnd};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::node::{Pair, address, config, connect, exchange, pair, serve_echo, stream};
use crate::stage::Stage;

pub(crate) async fn closing_an_endpoint<S: Stage>() {
    let Pair { listener, inbound, outbound, dialer: _dialer } = pair::<S>().await;
    let (_here, mut there) = stream(&inbound, &outbound).await;
    let mut buffer = [0];
    let (read, (), accepted) = join!(there.read(&mut buffer), listener.close(), listener.accept());
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert!(accepted.is_none());
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);
    assert!(listener.listen_addrs().is_empty());
    listener.closed().await.unwrap();
}

pub(crate) async fn dropping_an_endpoint<S: Stage>() {
    let Pair { listener, inbound, outbound, dialer: _dialer } = pair::<S>().await;
    let clone = listener.clone();
    drop(listener);
    let (mut client, server) = stream(&outbound, &inbound).await;
    let (received, ()) = join!(exchange(&mut client, b"alive"), serve_echo(server));
    assert_eq!(received, b"alive");
    drop(clone);
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);
}

pub(crate) async fn closing_a_connection<S: Stage>() {
    let Pair { inbound, outbound, listener, dialer } = pair::<S>().await;
    inbound.close().await;
    inbound.close().await;
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally);
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    assert!(outbound.accept().await.is_none());
    assert_eq!(outbound.open().await.unwrap_err(), OpenError::Closed);
    assert_eq!(outbound.stats().await, None);
    // The endpoints live on.
    drop(connect(&dialer, &listener).await);
}

pub(crate) async fn dropping_a_connection<S: Stage>() {
    let Pair { inbound, outbound, listener: _listener, dialer: _dialer } = pair::<S>().await;
    let clone = inbound.clone();
    drop(inbound);
    let (mut client, server) = stream(&outbound, &clone).await;
    let (received, ()) = join!(exchange(&mut client, b"alive"), serve_echo(server));
    assert_eq!(received, b"alive");
    drop(clone);
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
}

/// The last stream closes the connection, not the last handle; but nobody is left to accept streams.
pub(crate) async fn a_stream_keeps_its_connection<S: Stage>() {
    let Pair { inbound, outbound, listener: _listener, dialer: _dialer } = pair::<S>().await;
    let (mut client, server) = stream(&outbound, &inbound).await;
    // It waits to be accepted while the handle goes.
    let mut waiting = outbound.open().await.unwrap();
    waiting.write_all(b"x").await.unwrap();
    drop(inbound);
    let read = waiting.read(&mut [0]).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut late = outbound.open().await.unwrap();
    let read = late.read(&mut [0]).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (received, ()) = join!(exchange(&mut client, b"alive"), serve_echo(server));
    assert_eq!(received, b"alive");
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
}

/// A peer that closes its stream and hears that all has come may close the connection: nothing of it is
/// lost, accepted or not, read or not.
pub(crate) async fn data_before_the_end_of_a_connection_is_read<S: Stage>() {
    let Pair { inbound, outbound, listener: _listener, dialer: _dialer } = pair::<S>().await;
    let (mut first, mut accepted) = stream(&inbound, &outbound).await;
    let mut second = inbound.open().await.unwrap();
    for stream in [&mut first, &mut second] {
        stream.write_all(b"farewell").await.unwrap();
        stream.close().await.unwrap();
    }
    inbound.close().await;
    assert_eq!(outbound.closed().await, ConnectionEnd::ClosedByPeer);
    let mut late = outbound.accept().await.expect("it came before the end");
    for stream in [&mut accepted, &mut late] {
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "farewell");
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
    assert!(outbound.accept().await.is_none());
}

pub(crate) async fn streams_of_a_closed_connection<S: Stage>() {
    let Pair { inbound, outbound, listener: _listener, dialer: _dialer } = pair::<S>().await;
    let (mut here, mut there) = stream(&outbound, &inbound).await;
    here.write_all(b"x").await.unwrap();
    there.read_exact(&mut [0]).await.unwrap();
    let mut buffer = [0];
    let (read, ()) = join!(here.read(&mut buffer), inbound.close());
    let error = read.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    assert_eq!(cause, Some(&StreamEnd::ConnectionClosed));
    assert_eq!(there.read(&mut buffer).await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(here.close().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(here.flush().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
}

pub(crate) async fn nothing_works_after_the_end<S: Stage>() {
    let Pair { listener, dialer, outbound, .. } = pair::<S>().await;
    let at = address(&listener);
    dialer.close().await;
    dialer.close().await;
    assert_eq!(dialer.dial(&at).await.unwrap_err(), DialError::EndpointClosed);
    assert!(dialer.accept().await.is_none());
    assert_eq!(outbound.open().await.unwrap_err(), OpenError::Closed);
    assert!(outbound.accept().await.is_none());
    assert_eq!(outbound.stats().await, None);
    outbound.close().await;
}

pub(crate) async fn the_port_is_free_again<S: Stage>() {
    let Pair { listener, .. } = pair::<S>().await;
    for _ in 0..10 {
        let addr = listener.local_addr();
        listener.close().await;
        let again = S::bind(addr, config(1)).await.expect("the port is free");
        again.close().await;
    }
}

/// Endpoint, connection and stream of one side are dropped in every order; the other side always hears
/// of it.
pub(crate) async fn drops_in_every_order<S: Stage>() {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (order, dialer_drops) in
        ORDERS.into_iter().flat_map(|order| [(order, false), (order, true)])
    {
        let Pair { listener, inbound, outbound, dialer } = pair::<S>().await;
        let (endpoint, connection, other, _other_endpoint) = if dialer_drops {
            (dialer, outbound, inbound, listener)
        } else {
            (listener, inbound, outbound, dialer)
        };
        let (here, mut there) = stream(&connection, &other).await;
        let (mut endpoint, mut connection, mut stream) =
            (Some(endpoint), Some(connection), Some(here));
        for what in order {
            match what {
                0 => drop(endpoint.take()),
                1 => drop(connection.take()),
                _ => drop(stream.take()),
            }
        }
        assert_eq!(other.closed().await, ConnectionEnd::ClosedByPeer, "{order:?}");
        assert!(there.read(&mut [0]).await.is_err(), "{order:?}");
        assert!(other.accept().await.is_none(), "{order:?}");
    }
}
