//! Handles that are dropped, in every order, with data in flight and datagrams lost.

use std::io::ErrorKind;

use floe_core::driver::{Connection, Stream};
use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::Manner;
use floe_tests::entropy::seeded;
use floe_tests::net::{Bandwidth, Weather};
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::two::{Place, Two, pattern};
use crate::{millis, secs};

/// Endpoint, connection and stream of one side are dropped in every order, at once or one after the
/// other, in the midst of a transfer both ways. The other side hears of it, the driver of the one who drops
/// comes to its end, and what came before the end is whole as far as it goes.
#[test]
fn in_every_order() {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (n, order) in ORDERS.into_iter().enumerate() {
        for (m, (client_drops, gap)) in
            [(false, 0), (true, 0), (false, 35), (true, 35)].into_iter().enumerate()
        {
            let seed = (n * 4 + m) as u64;
            seeded(seed, || drop_in_order(seed, order, client_drops, gap));
        }
    }
}

fn drop_in_order(seed: u64, order: [usize; 3], client_drops: bool, gap: u64) {
    let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
    let (client, server) = (two.at_client(), two.at_server());
    let (at_client, at_server) = two.play(
        async move {
            let connection = client.dial().await;
            let mut stream = connection.open().await.expect("there is room for one");
            stream.write_all(&pattern(1, 100)).await.expect("it is open");
            (connection, stream)
        },
        async move {
            let connection = server.accept().await;
            let mut stream = connection.accept().await.expect("it is opened");
            stream.read_exact(&mut [0; 100]).await.expect("it is written");
            (connection, stream)
        },
    );
    let (one, other, (connection, stream), (other_connection, other_stream)) = if client_drops {
        (two.client, two.server, at_client, at_server)
    } else {
        (two.server, two.client, at_server, at_client)
    };
    // The other writes and reads until it can no more; the one has written, and no more reads.
    let hears = two.world[other].job(until_the_end(other_connection, other_stream));
    let mut stream = stream;
    let bytes = pattern(2, 200_000);
    let speaks = two.world[one].job(async move {
        let written = stream.write(&bytes).await.expect("it is open");
        assert!(written > 0);
        stream
    });
    let mut stream = Some(two.done(&speaks));
    let mut connection = Some(connection);
    two.world.run(millis(20));
    for what in order {
        match what {
            0 => two.world[one].drop_endpoint(),
            1 => drop(connection.take()),
            _ => drop(stream.take()),
        }
        two.world.run(millis(gap));
    }
    let dropped = two.world.now;
    let over = two.world.until(secs(5), |world| world[one].polls().is_none().then_some(world.now));
    let over = over.expect("without handles there is no driver");
    assert!(over.saturating_since(dropped) <= millis(1100), "seed {seed}, {order:?}: {over:?}");
    let (end, heard) = two.done_within(secs(60), &hears);
    // The farewell may be lost, and then silence says it.
    assert!(
        matches!(end, ConnectionEnd::ClosedByPeer | ConnectionEnd::IdleTimeout),
        "seed {seed}, {order:?}: {end:?}"
    );
    assert!(pattern(2, 200_000).starts_with(&heard), "seed {seed}, {order:?}");
}

/// Writes and reads until both fail, and the connection is over.
async fn until_the_end(connection: Connection, stream: Stream) -> (ConnectionEnd, Vec<u8>) {
    let (mut from, mut to) = stream.split();
    let write = async {
        let bytes = pattern(3, 10_000);
        loop {
            if let Err(error) = to.write_all(&bytes).await {
                return error.kind();
            }
        }
    };
    let mut heard = Vec::new();
    let read = async {
        let mut buffer = [0; 5_000];
        loop {
            match from.read(&mut buffer).await {
                Ok(0) => panic!("nobody has closed the stream"),
                Ok(n) => heard.extend_from_slice(&buffer[..n]),
                Err(error) => return error.kind(),
            }
        }
    };
    let kinds = join!(write, read);
    let gone = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted];
    assert!(gone.contains(&kinds.0) && gone.contains(&kinds.1), "{kinds:?}");
    (connection.closed().await, heard)
}

/// A stream that is dropped after it began to close is delivered, though its connection and the endpoint's
/// handle stay; and so is one whose connection handle goes first.
#[test]
fn what_was_closed_is_delivered_though_its_handle_is_dropped() {
    for seed in 0..12 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let (client, server) = (two.at_client(), two.at_server());
            let bytes = pattern(seed, 150_000);
            let expected = bytes.clone();
            two.play(
                async move {
                    let connection = client.dial().await;
                    let mut stream = connection.open().await.expect("there is room for one");
                    stream.write_all(&bytes).await.expect("it is open");
                    begin_to_close(&mut stream).await;
                    drop(stream);
                    assert_eq!(connection.closed().await, ConnectionEnd::ClosedByPeer);
                },
                async move {
                    let heard = hear(&server).await;
                    assert!(heard == expected, "seed {seed}: {}", heard.len());
                },
            );
        });
    }
}

/// What was written just before the handle was dropped leaves before the reset: a peer that finds one
/// datagram after the other reads it.
#[test]
fn what_was_written_last_goes_before_the_reset() {
    let slow = Weather {
        bandwidth: Some(Bandwidth { bits_per_second: 1_000_000, queue: 64_000 }),
        ..Weather::FAIR
    };
    seeded(7, || {
        let mut two = Two::new(7, slow, Manner::KIND);
        let (client, server) = (two.at_client(), two.at_server());
        two.play(
            async move {
                let connection = client.dial().await;
                let mut stream = connection.open().await.expect("there is room for one");
                stream.write_all(b"farewell").await.expect("it is open");
                stream.flush().await.expect("it is open");
                drop(stream);
                assert_eq!(connection.closed().await, ConnectionEnd::ClosedByPeer);
            },
            async move {
                let connection = server.accept().await;
                let mut stream = connection.accept().await.expect("it is opened");
                let mut heard = [0; 8];
                stream.read_exact(&mut heard).await.expect("it came before the reset");
                assert_eq!(&heard, b"farewell");
                let reset = stream.read(&mut heard).await.unwrap_err();
                assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
                connection.close().await;
            },
        );
    });
}

/// Accepts a connection and a stream, reads it to its end, and closes the connection.
async fn hear(place: &Place) -> Vec<u8> {
    let connection = place.accept().await;
    let mut stream = connection.accept().await.expect("it is opened");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.expect("it comes to its end");
    connection.close().await;
    heard
}

/// One poll, after which the end is on its way.
async fn begin_to_close(stream: &mut Stream) {
    let done = futures::FutureExt::now_or_never(stream.close());
    assert!(done.is_none(), "nobody has acknowledged yet");
}
