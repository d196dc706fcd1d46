//! Clocks that jump, and timers that come late.

use floe_core::driver::DialError;
use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::Manner;
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;

use crate::two::{Two, exchange, pattern};
use crate::{millis, secs};

/// A node that slept for an hour, as laptops do: its connections have heard nothing for too long and are
/// over, at once; it spins on none of what was due meanwhile; and it can dial again.
#[test]
fn an_hour_that_is_skipped_ends_connections_and_nothing_else() {
    for (seed, manner) in [(1, Manner::KIND), (2, Manner::ROUGH)] {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FAIR, manner);
            two.serve();
            let place = two.at_client();
            let dialer = place.clone();
            let job = two.client(async move { dialer.dial().await });
            let connection = two.done(&job);
            two.world.run(secs(5));
            let (begun, turns) = (two.world.now, two.world[two.client].turns());
            two.world[two.client].jump(secs(3600));
            let job = two.client(async move { connection.closed().await });
            assert_eq!(two.done(&job), ConnectionEnd::IdleTimeout);
            assert!(two.world.now.saturating_since(begun) <= millis(5));
            two.world.run(millis(5));
            let turns = two.world[two.client].turns() - turns;
            assert!(turns <= 12, "{turns} turns for a jump");
            let job = two.client(async move {
                let connection = place.dial().await;
                let bytes = pattern(seed, 50_000);
                assert!(exchange(&connection, &bytes).await == bytes);
                connection.close().await;
            });
            two.done(&job);
        });
    }
}

/// The same in the midst of a dial, at every moment of it: the dial is over, or it is done; the next one
/// is.
#[test]
fn an_hour_that_is_skipped_while_dialing() {
    for n in 0..12 {
        let seed = n;
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            two.serve();
            let place = two.at_client();
            let dialer = place.clone();
            let job = two.client(async move { dialer.endpoint.dial(&dialer.other).await });
            two.world.run(millis(25 * n));
            let done_before = job.take();
            two.world[two.client].jump(secs(3600));
            let dialed = match done_before {
                Some(dialed) => dialed,
                None => two.done_within(secs(1), &job),
            };
            if let Err(error) = &dialed {
                let timeout = matches!(
                    error,
                    DialError::Failed { end: ConnectionEnd::HandshakeTimeout(_), .. }
                );
                assert!(timeout, "seed {seed}: {error:?}");
            }
            // A connection that was done before is noticed to be over first: until then it is in the way.
            two.world.run(millis(1));
            let job = two.client(async move {
                let connection = place.dial().await;
                let bytes = pattern(seed, 20_000);
                assert!(exchange(&connection, &bytes).await == bytes);
                connection.close().await;
            });
            two.done(&job);
        });
    }
}

/// A server that skips seconds again and again, less than what ends a connection: transfers go on.
#[test]
fn seconds_that_are_skipped_in_mid_transfer() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            two.serve();
            let place = two.at_client();
            let job = two.client(async move { place.dial().await });
            let connection = two.done(&job);
            let job = two.client(async move {
                let bytes = pattern(seed, 400_000);
                assert!(exchange(&connection, &bytes).await == bytes);
                connection.close().await;
            });
            for _ in 0..8 {
                two.world.run(millis(150));
                two.world[two.server].jump(secs(2));
            }
            two.done(&job);
        });
    }
}
