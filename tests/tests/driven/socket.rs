//! Sockets that are not as they should be.

use std::io::ErrorKind;
use std::iter::repeat_n;

use floe_core::driver::DialError;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_tests::chaos::driven::Manner;
use floe_tests::entropy::seeded;
use floe_tests::net::{Packet, Weather};
use floe_tests::stun;
use futures::AsyncReadExt;
use futures::future::join;

use crate::two::{Place, Two, exchange, pattern};
use crate::{millis, secs};

/// Seconds without room for a datagram, in the midst of a transfer: all comes, and the driver does not ask
/// in vain meanwhile.
#[test]
fn a_send_buffer_that_is_full_for_seconds() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FAIR, Manner::KIND);
            two.serve();
            let place = two.at_client();
            let job = two.client(async move {
                let connection = place.dial().await;
                let bytes = pattern(seed, 1_000_000);
                assert!(exchange(&connection, &bytes).await == bytes);
                connection.close().await;
            });
            two.world.run(millis(300));
            let node = two.client;
            for full in [secs(1), secs(3), secs(7)] {
                two.world[node].fill_send_buffer(full);
                let turns = two.world[node].turns();
                two.world.run(full);
                let turns = two.world[node].turns() - turns;
                println!("seed {seed}: {turns} turns in {full:?}");
                two.world.run(millis(50));
            }
            two.done(&job);
            two.world.run(secs(1));
            two.nothing_is_left();
        });
    }
}

/// Closing has its time, and keeps it though nothing can be sent.
#[test]
fn an_endpoint_whose_send_buffer_stays_full_closes_all_the_same() {
    seeded(1, || {
        let mut two = Two::new(1, Weather::FAIR, Manner::KIND);
        two.serve();
        let place = two.at_client();
        let endpoint = place.endpoint.clone();
        let job = two.client(async move { place.dial().await });
        let connection = two.done(&job);
        two.world[two.client].fill_send_buffer(secs(3600));
        let begun = two.world.now;
        let job = two.client(async move {
            endpoint.close().await;
            connection.closed().await
        });
        assert_eq!(two.done_within(secs(10), &job), ConnectionEnd::ClosedLocally);
        let took = two.world.now.saturating_since(begun);
        assert!(took <= secs(3), "it took {took:?}");
        assert_eq!(two.world[two.client].polls(), None);
    });
}

/// While nothing can be sent, what comes is still heard, and time still passes for the connections.
#[test]
fn a_node_whose_send_buffer_stays_full_goes_on() {
    seeded(2, || {
        let mut two = Two::new(2, Weather::FAIR, Manner::KIND);
        let (client, server) = (two.at_client(), two.at_server());
        let (connection, other) =
            two.play(async move { client.dial().await }, async move { server.accept().await });
        two.world[two.client].fill_send_buffer(secs(3600));
        // Nothing that the client sends arrives: the server notices, and the client hears it say so.
        let begun = two.world.now;
        let here = two.client(async move { connection.closed().await });
        let there = two.server(async move { other.closed().await });
        assert_eq!(two.done_within(secs(60), &there), ConnectionEnd::IdleTimeout);
        assert_eq!(two.done_within(secs(60), &here), ConnectionEnd::ClosedByPeer);
        let took = two.world.now.saturating_since(begun);
        assert!(took <= secs(75), "{took:?}");
    });
}

/// News about other datagrams, by the hundred, and now and then one about the socket itself.
#[test]
fn errors_that_pass_in_mid_transfer() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::KIND);
            two.serve();
            let place = two.at_client();
            let job = two.client(async move { place.dial().await });
            let connection = two.done(&job);
            let job = two.client(async move {
                let bytes = pattern(seed, 300_000);
                assert!(exchange(&connection, &bytes).await == bytes);
                connection.close().await;
            });
            for (n, node) in [two.client, two.server].into_iter().cycle().take(10).enumerate() {
                two.world.run(millis(60));
                let about_others = [ErrorKind::ConnectionRefused, ErrorKind::HostUnreachable];
                two.world[node].fail(repeat_n(about_others[n % 2], 300));
                // With a pause after each, and so few that the socket is not given up.
                two.world[node].fail(repeat_n(ErrorKind::NotConnected, n % 4));
                let manner = two.world[node].manner();
                two.world[node].set_manner(Manner { send_errors: 20_000, ..manner });
            }
            two.done(&job);
        });
    }
}

/// A socket of no use ends the endpoint after a second of asking with pauses, and everybody hears why.
#[test]
fn an_error_that_stays() {
    seeded(3, || {
        let mut two = Two::new(3, Weather::FAIR, Manner::KIND);
        two.serve();
        let place = two.at_client();
        let endpoint = place.endpoint.clone();
        let job = two.client(async move {
            let connection = place.dial().await;
            let stream = connection.open().await.expect("there is room for one");
            (connection, stream)
        });
        let (connection, mut stream) = two.done(&job);
        let (begun, turns) = (two.world.now, two.world[two.client].turns());
        two.world[two.client].break_socket(ErrorKind::NotConnected);
        let job = two.client(async move {
            let read = stream.read(&mut [0]).await;
            let closed = endpoint.closed().await;
            (connection.closed().await, closed, read)
        });
        let (end, closed, read) = two.done_within(secs(5), &job);
        assert!(matches!(end, ConnectionEnd::SocketFailed { .. }), "{end:?}");
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::NotConnected);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
        // 20 strikes with a pause of 50 ms after each, and one more.
        assert_eq!(two.world.now.saturating_since(begun), millis(20 * 50));
        let turns = two.world[two.client].turns() - turns;
        assert!(turns <= 2 * 20 + 10, "{turns} turns for 20 strikes");
    });
}

/// A dial that falls back needs a second socket. Without one it fails at its deadline, and not before: v2
/// may still answer. The connection that is up beside it does not notice, and once v2 is answered again a
/// dial is done.
#[test]
fn a_fallback_without_a_second_socket() {
    seeded(4, || {
        let manner = Manner { no_sibling: true, ..Manner::KIND };
        let mut two = Two::new(4, Weather::FAIR, manner);
        two.serve();
        let other = two.third();
        let place = two.at_client();
        let (endpoint, dialer) = (place.endpoint.clone(), place.endpoint.clone());
        let job = two.client(async move { place.dial().await });
        let connection = two.done(&job);
        two.world.net.add_rule(|_, packet| !is_check_of_v2(packet));
        let job = two.client(async move {
            let error = dialer.dial(&other).await.expect_err("nobody answers");
            let bytes = pattern(4, 50_000);
            assert!(exchange(&connection, &bytes).await == bytes);
            error
        });
        // Consent to send is v2 as well, and is asked for all the time.
        let begun = two.world.now;
        let error = two.done(&job);
        let timeout = ConnectionEnd::HandshakeTimeout(Step::Stun);
        assert!(matches!(&error, DialError::Failed { end, .. } if *end == timeout), "{error:?}");
        assert!((secs(10)..secs(12)).contains(&two.world.now.saturating_since(begun)));
        assert_eq!(two.world[two.client].sibling(), None);
        two.world.net.clear_rules();
        let job = two.client(async move {
            let again = endpoint.dial(&other).await.expect("v2 answers again");
            assert_eq!(again.version(), Some(Version::V2));
        });
        two.done(&job);
    });
}

/// The second socket fails under a connection that fell back: another is opened, and the connection goes on
/// from there, as after any change of address; neither the others nor the endpoint notice.
#[test]
fn a_second_socket_that_fails() {
    seeded(5, || {
        let mut two = Two::new(5, Weather::FAIR, Manner::KIND);
        two.serve();
        let (other, place) = (two.third(), two.at_client());
        let dial = |place: &Place, to: DirectAddr| {
            let endpoint = place.endpoint.clone();
            async move { endpoint.dial(&to).await.expect("somebody answers") }
        };
        let job = two.client(dial(&place, place.other));
        let first = two.done(&job);
        assert_eq!(first.version(), Some(Version::V2));
        let (main, third) = (place.endpoint.local_addr(), other.socket_addr());
        two.world
            .net
            .add_rule(move |_, packet| (packet.source, packet.destination) != (main, third));
        let job = two.client(dial(&place, other));
        let fallen_back = two.done(&job);
        assert_eq!(fallen_back.version(), Some(Version::V1));
        let sibling = two.world[two.client].sibling().expect("it is open");
        two.world[two.client].break_sibling(ErrorKind::NotConnected);
        two.world.run(secs(20));
        let reopened = two.world[two.client].sibling().expect("it is open again");
        assert_ne!(reopened, sibling);
        let job = two.client(async move {
            for connection in [first, fallen_back] {
                let bytes = pattern(5, 50_000);
                assert!(exchange(&connection, &bytes).await == bytes);
            }
        });
        two.done(&job);
    });
}

/// Neither side of a crowd of hosts of any manner notices more than time.
#[test]
fn hosts_of_any_manner() {
    for seed in 0..40 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let manner = Manner::any(seed + 1000);
            two.world[two.server].set_manner(manner);
            two.serve();
            let place = two.at_client();
            let job = two.client(async move {
                let connection = place.dial().await;
                let (one, other) = (pattern(seed, 70_000), pattern(seed + 1, 30_001));
                let echoes = join(exchange(&connection, &one), exchange(&connection, &other)).await;
                assert!(echoes == (one, other), "seed {seed}");
                connection.close().await;
            });
            two.done(&job);
        });
    }
}

fn is_check_of_v2(packet: &Packet) -> bool {
    stun::username(&packet.payload).is_some_and(|name| name.starts_with(b"libp2p+webrtc+v2/"))
}
