//! The end in the middle of things.

use floe_core::driver::DialError;
use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::{Driven, Manner};
use floe_tests::entropy::seeded;
use floe_tests::net::{Bandwidth, Weather};
use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::two::{Two, exchange, pattern};
use crate::{SERVER, millis, secs};

/// How an endpoint comes to its end while it dials.
#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Dropped,
    DriverDropped,
}

/// At every few milliseconds of a dial: the dial says that it is over, unless it was done; the driver
/// ends within its time; the server is left with nothing.
#[test]
fn while_dialing() {
    for end in [End::Closed, End::Dropped, End::DriverDropped] {
        for n in 0..9 {
            let seed = n;
            seeded(seed, || end_while_dialing(seed, end, n));
        }
    }
}

fn end_while_dialing(seed: u64, end: End, n: u64) {
    let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
    two.serve();
    let (client, place) = (two.client, two.at_client());
    let endpoint = place.endpoint.clone();
    let target = place.other;
    drop(place);
    // Dropped as the dial is given up: the futures of a dial hold the endpoint.
    let dialer = endpoint.clone();
    let dials = two.client(async move {
        let dialed = dialer.dial(&target).await;
        drop(dialer);
        dialed
    });
    two.world.run(millis(30 * n));
    let begun = two.world.now;
    match end {
        End::Closed => {
            let closing = endpoint.clone();
            let job = two.client(async move { closing.close().await });
            two.done_within(secs(3), &job);
        }
        End::Dropped => two.world[client].drop_endpoint(),
        End::DriverDropped => two.world[client].drop_driver(),
    }
    drop(endpoint);
    let dialed = two.done_within(secs(20), &dials);
    match (end, dialed) {
        (End::Closed, Err(DialError::EndpointClosed))
        | (End::DriverDropped, Err(DialError::DriverDropped)) => {}
        (_, Err(DialError::Failed { end: ConnectionEnd::ClosedLocally, .. })) => {}
        (End::Dropped, Err(DialError::Failed { .. })) => {} // It went on, for its own handle.
        (_, Ok(connection)) => {
            let job = two.client(async move { connection.closed().await });
            if !matches!(end, End::Dropped) {
                two.done_within(secs(2), &job);
            }
        }
        (_, Err(error)) => panic!("seed {seed}, {end:?} after {n}: {error:?}"),
    }
    if !matches!(end, End::Dropped) {
        let over = two.world.until(secs(2), |world| world[client].polls().is_none().then_some(()));
        assert!(over.is_some(), "seed {seed}, {end:?} after {n}, since {begun:?}");
    }
    two.world.run(secs(45));
    let endpoint = two.world[two.server].endpoint();
    let job = two.server(async move { endpoint.counters().await });
    let counters = two.done(&job).expect("it is open");
    if !matches!(end, End::Dropped) {
        assert_eq!(counters.connections, 0, "seed {seed}, {end:?} after {n}: {counters:?}");
    }
}

/// A server that is gone without a word and comes back on its address, as after a crash: whoever was
/// connected notices, and finds the new one.
#[test]
fn a_restart() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            two.serve();
            let place = two.at_client();
            let dialer = place.clone();
            let job = two.client(async move { dialer.dial().await });
            let connection = two.done(&job);
            let transfer = two.client(async move {
                let mut stream = connection.open().await.expect("there is room for one");
                let bytes = pattern(1, 10_000);
                while stream.write_all(&bytes).await.is_ok() {}
                connection.closed().await
            });
            two.world.run(millis(500));
            // The same identity, the same certificate, another process.
            let again = Driven::new(seed * 2, SERVER, two.world.epoch, Manner::any(seed), |_| {});
            two.world.replace(two.server, again);
            two.serve();
            let end = two.done_within(secs(60), &transfer);
            println!("seed {seed}: {end:?} at {:?}", two.world.now);
            let job = two.client(async move {
                let connection = place.dial().await;
                let bytes = pattern(seed, 20_000);
                assert!(exchange(&connection, &bytes).await == bytes);
            });
            two.done(&job);
        });
    }
}

/// Nobody holds anything any more, and a slow path delivers all the same; then the peer is told.
#[test]
fn what_is_finished_with_the_last_handle() {
    const LEN: usize = 120_000;
    // Some three seconds for it all: longer than closing may take.
    let slow = Weather {
        bandwidth: Some(Bandwidth { bits_per_second: 320_000, queue: 64_000 }),
        ..Weather::FAIR
    };
    for dead in [false, true] {
        seeded(5, || {
            let mut two = Two::new(5, slow, Manner::KIND);
            let (client, server) = (two.at_client(), two.at_server());
            let leaves = two.client(async move {
                let connection = client.dial().await;
                let mut stream = connection.open().await.expect("there is room for one");
                stream.write_all(&pattern(5, LEN)).await.expect("it is open");
                stream.flush().await.expect("it is open");
                connection.begin_finish();
                // A dropped stream is reset, unless its end was wished for.
                let _ = futures::poll!(stream.close());
            });
            let hears = two.server(async move {
                let connection = server.accept().await;
                let mut stream = connection.accept().await.expect("it is opened");
                let mut heard = Vec::new();
                let read = stream.read_to_end(&mut heard).await;
                (read.is_ok() && heard == pattern(5, LEN), connection.closed().await)
            });
            two.world[two.client].drop_endpoint();
            two.done(&leaves);
            let left = two.world.now;
            if dead {
                two.world.net.add_rule(|_, _| false);
            }
            let client = two.client;
            let over =
                two.world.until(secs(7), |world| world[client].polls().is_none().then_some(()));
            over.expect("the driver ends, whatever becomes of the peer");
            let took = two.world.now.saturating_since(left);
            assert!(took > secs(1), "{took:?}");
            let (is_all, end) = two.done_within(secs(40), &hears);
            let expected = match dead {
                false => (true, ConnectionEnd::ClosedByPeer),
                true => (false, ConnectionEnd::IdleTimeout),
            };
            assert_eq!((is_all, end), expected);
        });
    }
}

/// Both close everything at the same moment, with streams both ways.
#[test]
fn both_at_once() {
    for seed in 0..8 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let (client, server) = (two.at_client(), two.at_server());
            let (one, other) =
                two.play(async move { client.dial().await }, async move { server.accept().await });
            let speak = |connection: floe_core::driver::Connection| async move {
                write_until_the_end(&connection).await;
                connection.closed().await
            };
            let speaks = [two.client(speak(one)), two.server(speak(other))];
            two.world.run(millis(70));
            let [client, server] = [two.at_client(), two.at_server()].map(|place| async move {
                join(place.endpoint.close(), place.endpoint.closed()).await.1
            });
            let (one, other) = two.play(client, server);
            assert!(one.is_ok() && other.is_ok());
            for speaks in speaks {
                let end = two.done_within(secs(2), &speaks);
                let closed = [ConnectionEnd::ClosedLocally, ConnectionEnd::ClosedByPeer];
                assert!(closed.contains(&end), "seed {seed}: {end:?}");
            }
        });
    }
}

async fn write_until_the_end(connection: &floe_core::driver::Connection) {
    let Ok(mut stream) = connection.open().await else { return };
    let bytes = pattern(9, 50_000);
    while stream.write_all(&bytes).await.is_ok() {}
}
