//! Shutting down while data is in flight: nobody hangs, everybody hears why, and what was acknowledged is
//! there.

use std::io::{self, ErrorKind};

use floe_core::driver::{Connection, Endpoint, Stream};
use floe_core::rtc::error::{ConnectionEnd, OpenError, StreamEnd};
use futures::channel::mpsc::{self, UnboundedSender};
use futures::future::{join_all, select};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, join};

use crate::node::{Pair, hello, meet, pair, pattern, stream};
use crate::stage::Stage;

pub(crate) async fn an_endpoint_is_closed<S: Stage>() {
    for role in Role::BOTH {
        let sides = sides::<S>(role).await;
        let (endpoint, other) = (sides.endpoint.clone(), sides.other.clone());
        in_flight(sides, async |endpoint, _| endpoint.close().await).await;
        endpoint.closed().await.unwrap();
        // The other endpoint has nothing to do with it.
        hello_of(&other).await;
    }
}

pub(crate) async fn an_endpoint_is_dropped<S: Stage>() {
    for role in Role::BOTH {
        in_flight(sides::<S>(role).await, async |endpoint, _| drop(endpoint)).await;
    }
}

pub(crate) async fn a_connection_is_closed<S: Stage>() {
    for role in Role::BOTH {
        let sides = sides::<S>(role).await;
        let (endpoint, other) = (sides.endpoint.clone(), sides.other.clone());
        in_flight(sides, async |_, connection| connection.close().await).await;
        // Both endpoints live on.
        let (outbound, inbound) = meet(&endpoint, &other).await;
        hello(&outbound, &inbound).await;
    }
}

/// Everything is let go of at once by whoever is in the middle of it: tasks that are cancelled.
pub(crate) async fn everything_is_dropped<S: Stage>() {
    for role in Role::BOTH {
        let Sides { endpoint, connection, other, other_connection } = sides::<S>(role).await;
        let (moving, mut moves) = mpsc::unbounded();
        let mut here = Vec::new();
        let mut there = Vec::new();
        for _ in 0..STREAMS {
            let (one, end) = stream(&connection, &other_connection).await;
            here.push(one);
            there.push(end);
        }
        let stay = join_all(there.into_iter().map(|stream| move_bytes(stream, moving.clone())));
        let leave = async {
            let all = join_all(here.into_iter().map(|stream| move_bytes(stream, moving.clone())));
            let enough = async {
                for _ in 0..2 * STREAMS {
                    moves.next().await.expect("everything moves");
                }
            };
            // Whichever comes first: the bytes never do.
            select(Box::pin(all), Box::pin(enough)).await;
            drop((connection, endpoint));
        };
        let (moved, ()) = join!(stay, leave);
        for moved in &moved {
            // A reset may overtake the end of the connection.
            assert!(matches!(
                moved.read_error.kind(),
                ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
            ));
        }
        assert_eq!(other_connection.closed().await, ConnectionEnd::ClosedByPeer);
        hello_of(&other).await;
    }
}

/// The side that shuts down, and the one that hears of it.
struct Sides {
    endpoint: Endpoint,
    connection: Connection,
    other: Endpoint,
    other_connection: Connection,
}

#[derive(Clone, Copy)]
enum Role {
    Listener,
    Dialer,
}

impl Role {
    const BOTH: [Self; 2] = [Self::Listener, Self::Dialer];
}

async fn sides<S: Stage>(role: Role) -> Sides {
    let Pair { listener, dialer, inbound, outbound } = pair::<S>().await;
    let (endpoint, connection, other, other_connection) = match role {
        Role::Listener => (listener, inbound, dialer, outbound),
        Role::Dialer => (dialer, outbound, listener, inbound),
    };
    Sides { endpoint, connection, other, other_connection }
}

/// Transfers on several streams in both directions, none of which would ever end; shuts down in the
/// middle of them, and looks at what each side has and says.
async fn in_flight(sides: Sides, shut_down: impl AsyncFnOnce(Endpoint, Connection)) {
    let Sides { endpoint, connection, other: _other, other_connection } = sides;
    let (mut farewell, mut late) = stream(&connection, &other_connection).await;
    farewell.write_all(b"farewell").await.unwrap();
    farewell.close().await.unwrap();

    let (moving, mut moves) = mpsc::unbounded();
    let mut here = Vec::new();
    let mut there = Vec::new();
    for _ in 0..STREAMS {
        let (one, end) = stream(&connection, &other_connection).await;
        here.push(move_bytes(one, moving.clone()));
        there.push(move_bytes(end, moving.clone()));
    }
    let shut_down = async {
        for _ in 0..2 * STREAMS {
            moves.next().await.expect("everything moves");
        }
        shut_down(endpoint, connection.clone()).await;
    };
    let (here, there, (), accepted, other_accepted, end, other_end) = join!(
        join_all(here),
        join_all(there),
        shut_down,
        connection.accept(),
        other_connection.accept(),
        connection.closed(),
        other_connection.closed(),
    );
    assert_eq!(end, ConnectionEnd::ClosedLocally);
    assert_eq!(other_end, ConnectionEnd::ClosedByPeer);
    assert!(accepted.is_none() && other_accepted.is_none());
    for (here, there) in here.iter().zip(&there) {
        for moved in [here, there] {
            for error in [&moved.read_error, &moved.write_error] {
                assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
                assert_eq!(cause, Some(&StreamEnd::ConnectionClosed));
            }
        }
        assert!(here.read <= there.written && there.read <= here.written);
    }
    for connection in [&connection, &other_connection] {
        assert_eq!(connection.open().await.unwrap_err(), OpenError::Closed);
        assert_eq!(connection.stats().await, None);
        connection.close().await;
    }
    let mut heard = String::new();
    late.read_to_string(&mut heard).await.expect("it was acknowledged");
    assert_eq!(heard, "farewell");
}

/// How far a stream came in both directions until it failed, and why.
struct Moved {
    read: usize,
    read_error: io::Error,
    written: usize,
    write_error: io::Error,
}

/// Reads and writes a pattern for as long as that works; says when some of it has been read.
async fn move_bytes(stream: Stream, moving: UnboundedSender<()>) -> Moved {
    let (mut reader, mut writer) = stream.split();
    // A whole number of patterns: each piece begins where the last one ended.
    let bytes = pattern(PERIOD * 100);
    let write = async {
        let mut written = 0;
        loop {
            match writer.write(&bytes[written % PERIOD..]).await {
                Ok(n) => written += n,
                Err(error) => return (written, error),
            }
        }
    };
    let read = async {
        let (mut read, mut buffer) = (0, vec![0; 16 * 1024]);
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => panic!("a stream that is cut off has no end"),
                Ok(n) => {
                    assert!(
                        buffer[..n] == bytes[read % PERIOD..][..n],
                        "a byte is lost or doubled"
                    );
                    if read < ENOUGH && read + n >= ENOUGH {
                        moving.unbounded_send(()).expect("somebody waits for it");
                    }
                    read += n;
                }
                Err(error) => return (read, error),
            }
        }
    };
    let ((written, write_error), (read, read_error)) = join!(write, read);
    Moved { read, read_error, written, write_error }
}

/// An endpoint whose peer is gone works: for itself, at least.
async fn hello_of(endpoint: &Endpoint) {
    let (outbound, inbound) = meet(endpoint, endpoint).await;
    hello(&outbound, &inbound).await;
}

const STREAMS: usize = 4;
/// Of [`pattern`].
const PERIOD: usize = 251;
/// Read on every stream in both directions before the end: more than a pipe holds.
const ENOUGH: usize = 100 * 1024;
