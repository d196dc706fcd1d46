//! Bytes through the driver: slow readers, many streams, an end with data in flight.

use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::Manner;
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;
use futures::future::join_all;
use futures::{AsyncReadExt, AsyncWriteExt, join};

use crate::two::{Two, exchange, pattern};
use crate::{millis, secs};

/// A reader who does not read stops the writer, within what the limits allow; when it reads, slowly, all
/// comes.
#[test]
fn a_slow_reader_stops_the_writer_and_gets_all() {
    seeded(1, || {
        const LIMIT: usize = 300_000;
        const LEN: usize = 4_000_000;
        let mut two = Two::with(1, Weather::FOUL, Manner::ROUGH, |config| {
            config.limits.stream_receive_bytes = LIMIT;
            config.limits.receive_window = 128 * 1024;
        });
        let (client, server) = (two.at_client(), two.at_server());
        let bytes = pattern(1, LEN);
        let expected = bytes.clone();
        let written = std::rc::Rc::new(std::cell::Cell::new(0));
        let progress = written.clone();
        let writes = two.client(async move {
            let connection = client.dial().await;
            let mut stream = connection.open().await.expect("there is room for one");
            for chunk in bytes.chunks(10_000) {
                stream.write_all(chunk).await.expect("it is open");
                progress.set(progress.get() + chunk.len());
            }
            stream.close().await.expect("it is acknowledged");
            connection.close().await;
            connection.closed().await
        });
        let reads = two.server(async move {
            let connection = server.accept().await;
            let mut stream = connection.accept().await.expect("it is opened");
            server.clock.sleep(secs(60)).await;
            let mut heard = vec![0; LEN];
            let mut at = 0;
            while at < heard.len() {
                let end = (at + 9_000).min(heard.len());
                at += stream.read(&mut heard[at..end]).await.expect("there is more");
                server.clock.sleep(millis(2)).await;
            }
            assert_eq!(stream.read(&mut [0]).await.expect("it comes to its end"), 0);
            assert!(heard == expected);
            // Whose last word is lost would not be acknowledged any more if this side closed.
            connection.closed().await
        });
        two.world.run(secs(20));
        let stopped = written.get();
        two.world.run(secs(30));
        assert_eq!(written.get(), stopped, "a writer goes on though nobody reads");
        // The reader's limit and its window, and what this side keeps: two pipes, the stream's bytes, and
        // what SCTP takes beyond.
        let most = LIMIT + 128 * 1024 + 2 * 64 * 1024 + 256 * 1024 + 2 * 1024 * 1024;
        assert!((LIMIT / 2..most).contains(&stopped), "{stopped} bytes were taken");
        assert_eq!(two.done(&writes), ConnectionEnd::ClosedLocally);
        assert_eq!(two.done(&reads), ConnectionEnd::ClosedByPeer);
    });
}

#[test]
fn sixty_four_streams_both_ways_in_foul_weather() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let (client, server) = (two.at_client(), two.at_server());
            let side = async |connection: floe_core::driver::Connection, seed: u64| {
                let speak = join_all((0..32).map(async |n| {
                    let bytes = pattern(seed + n, 12_000 + n as usize);
                    assert!(exchange(&connection, &bytes).await == bytes, "stream {n} of {seed}");
                }));
                let hear = join_all((0..32).map(async |_| {
                    let stream = connection.accept().await.expect("there is one more");
                    crate::two::echo(stream).await;
                }));
                join!(speak, hear);
                connection
            };
            let ((), end) = two.play(
                async move {
                    let connection = side(client.dial().await, seed * 1000).await;
                    // The last acknowledgements of what the other said.
                    client.clock.sleep(secs(20)).await;
                    connection.close().await;
                },
                async move {
                    let connection = side(server.accept().await, seed * 1000 + 500).await;
                    connection.closed().await
                },
            );
            assert_eq!(end, ConnectionEnd::ClosedByPeer, "seed {seed}");
            two.nothing_is_left();
        });
    }
}

/// A connection that is closed in the midst of a transfer: of each stream that was closed and acknowledged
/// by then, the reader finds every byte, although it reads only afterwards.
#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_connection_is_closed() {
    for seed in 0..16 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let (client, server) = (two.at_client(), two.at_server());
            let (acknowledged, heard) = two.play(
                async move {
                    let connection = client.dial().await;
                    let acknowledged = std::cell::RefCell::new(Vec::new());
                    let speak = join_all((0..12_u8).map(async |n| {
                        let mut stream = connection.open().await?;
                        stream.write_all(&[n]).await.ok();
                        let bytes = pattern(n.into(), 3_000 * usize::from(n) + 1);
                        let done = async {
                            stream.write_all(&bytes).await?;
                            stream.close().await
                        };
                        if done.await.is_ok() {
                            acknowledged.borrow_mut().push(n);
                        }
                        Ok::<(), floe_core::rtc::error::OpenError>(())
                    }));
                    let close = async {
                        client.clock.sleep(millis(150 + 40 * seed)).await;
                        connection.close().await;
                    };
                    join!(speak, close);
                    acknowledged.into_inner()
                },
                async move {
                    let connection = server.accept().await;
                    connection.closed().await;
                    let mut heard = Vec::new();
                    while let Some(mut stream) = connection.accept().await {
                        let mut bytes = Vec::new();
                        let ended = stream.read_to_end(&mut bytes).await.is_ok();
                        let Some((n, rest)) = bytes.split_first() else { continue };
                        let all = pattern((*n).into(), 3_000 * usize::from(*n) + 1);
                        assert!(all.starts_with(rest), "seed {seed}, stream {n}");
                        assert!(!ended || all == rest, "seed {seed}, stream {n}");
                        if ended {
                            heard.push(*n);
                        }
                    }
                    heard
                },
            );
            for n in &acknowledged {
                assert!(heard.contains(n), "seed {seed}: stream {n}, of {acknowledged:?}");
            }
            println!("seed {seed}: {} of 12 acknowledged", acknowledged.len());
        });
    }
}
