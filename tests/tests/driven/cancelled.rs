//! Futures that are given up, at every moment, while datagrams fly in foul weather: nothing is lost or
//! doubled, nothing is stuck, nothing is left over.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use floe_core::demux::is_client_hello;
use floe_core::driver::{Connection, Stream};
use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::{Clock, Manner};
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;
use floe_tests::rng::Rng;
use futures::future::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{AsyncReadExt, AsyncWriteExt, select_biased};

use crate::two::{Place, Two, exchange, pattern};
use crate::{millis, secs};

/// A dial, given up after every few milliseconds of its set-up, until one is done before that.
#[test]
fn a_dial_at_every_moment() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            two.serve();
            let place = two.at_client();
            let job = two.client(async move {
                let dialed = (0..).map(|n| millis(15) * n);
                let mut dialed =
                    dialed.map(|moment| give_up_after(&place.clock, moment, place.dial()));
                let connection = loop {
                    if let Some(connection) = dialed.next().expect("it has no end").await {
                        break connection;
                    }
                };
                let bytes = pattern(seed, 30_000);
                assert!(exchange(&connection, &bytes).await == bytes, "seed {seed}");
                connection.close().await;
            });
            two.done(&job);
            two.world.run(secs(45));
            two.nothing_is_left();
        });
    }
}

/// The first ClientHello of a dial is lost, and the listener is still in the middle of the handshake of a
/// dial that was given up before: what it repeats of that is not taken for the answer to the new one.
#[test]
fn a_dial_after_one_that_was_given_up_in_the_middle_of_dtls() {
    seeded(6, || {
        let mut two = Two::new(6, Weather::FAIR, Manner::KIND);
        two.serve();
        two.world.net.add_rule(|now, packet| {
            let at = now.since_epoch();
            at < millis(40) || at > millis(450) || !is_client_hello(&packet.payload)
        });
        let place = two.at_client();
        let job = two.client(async move {
            // The check is answered after 20 ms, and the ClientHello of this one after 40.
            assert!(give_up_after(&place.clock, millis(25), place.dial()).await.is_none());
            place.dial().await.close().await;
        });
        two.done(&job);
        assert!(two.world.now.since_epoch() < secs(2), "{:?}", two.world.now);
    });
}

/// The same for dials that fall back: the second socket comes and goes with none of them.
#[test]
fn a_dial_that_falls_back_at_every_moment() {
    seeded(5, || {
        let mut two = Two::new(5, Weather::FOUL, Manner::any(5));
        two.serve();
        let main = two.at_client().endpoint.local_addr();
        two.world.net.add_rule(move |_, packet| packet.source != main);
        let place = two.at_client();
        let job = two.client(async move {
            let mut moment = millis(0);
            let connection = loop {
                moment += millis(40);
                if let Some(connection) = give_up_after(&place.clock, moment, place.dial()).await {
                    break connection;
                }
            };
            let bytes = pattern(5, 30_000);
            assert!(exchange(&connection, &bytes).await == bytes);
            connection.close().await;
        });
        two.done(&job);
        two.world.run(secs(45));
        two.nothing_is_left();
    });
}

/// Both applications give up whatever they wait for again and again, and ask again.
#[test]
fn whatever_is_waited_for() {
    for seed in 0..40 {
        seeded(seed, || {
            let mut two = Two::new(seed, Weather::FOUL, Manner::any(seed));
            let (client, server) = (two.at_client(), two.at_server());
            let whims = [seed * 2, seed * 2 + 1].map(|seed| Rc::new(RefCell::new(Rng::new(seed))));
            let [one, other] = whims;
            let (other_clock, other_place) = (server.clock.clone(), server);
            two.server(serve(other_place, Impatient { clock: other_clock, rng: other }));
            let impatient = Impatient { clock: client.clock.clone(), rng: one };
            let job = two.client(talk(client, impatient, seed));
            two.done(&job);
            two.world.run(secs(45));
            two.nothing_is_left();
        });
    }
}

async fn talk(place: Place, impatient: Impatient, seed: u64) {
    // A dial that follows upon another one within the path's jitter can be overtaken by the other's
    // ClientHello, which DTLS cannot tell from its own; it fails at its deadline then.
    let connection = loop {
        if let Some(connection) = impatient.once(place.dial()).await {
            break connection;
        }
        place.clock.sleep(Weather::FOUL.jitter).await;
    };
    for round in 0..3 {
        let bytes = pattern(seed + round, 90_000);
        let mut stream = impatient
            .until_done(async || connection.open().await)
            .await
            .expect("there is room for one more");
        let mut written = 0;
        let mut received = Vec::new();
        let mut buffer = [0; 7_001];
        while written < bytes.len() {
            let write = async || stream.write(&bytes[written..]).await;
            written += impatient.until_done(write).await.expect("it is open");
            // What has come by now is read by the way, so that the echo does not stop both.
            while let Some(read) = stream.read(&mut buffer).now_or_never() {
                received.extend_from_slice(&buffer[..read.expect("it is open")]);
            }
            if written % 3 == 0 {
                impatient.once(stream.flush()).await;
            }
        }
        // Begun at least, or the echo has no end either.
        assert!(stream.close().now_or_never().is_none(), "nobody has acknowledged yet");
        impatient.once(stream.close()).await;
        loop {
            let read = impatient.until_done(async || stream.read(&mut buffer).await).await;
            match read.expect("it comes to its end") {
                0 => break,
                n => received.extend_from_slice(&buffer[..n]),
            }
        }
        assert!(received == bytes, "seed {seed}, round {round}: {} bytes", received.len());
        impatient.until_done(async || stream.close().await).await.expect("it is acknowledged");
        let stats = impatient.until_done(async || connection.stats().await).await;
        assert!(stats.expect("it is up").bytes_sent > 0);
    }
    impatient.until_done(async || connection.close().await).await;
    let end = impatient.until_done(async || connection.closed().await).await;
    assert_eq!(end, ConnectionEnd::ClosedLocally);
}

/// Accepts all, and echoes all, however often it gives that up.
async fn serve(place: Place, impatient: Impatient) {
    let mut serving = FuturesUnordered::new();
    loop {
        let accept = impatient.until_done(async || place.endpoint.accept().await).fuse();
        let mut accept = pin!(accept);
        select_biased! {
            () = serving.select_next_some() => {}
            connection = accept => serving.push(serve_connection(connection.expect("it is open"), &impatient)),
        }
    }
}

async fn serve_connection(connection: Connection, impatient: &Impatient) {
    let mut serving = FuturesUnordered::new();
    loop {
        let accept = impatient.until_done(async || connection.accept().await).fuse();
        let mut accept = pin!(accept);
        select_biased! {
            () = serving.select_next_some() => {}
            stream = accept => match stream {
                Some(stream) => serving.push(echo(stream, impatient)),
                None => break,
            }
        }
    }
    serving.collect().await
}

/// Streams whose opening was given up end in a reset; all others are echoed.
async fn echo(mut stream: Stream, impatient: &Impatient) {
    let mut buffer = [0; 9_001];
    loop {
        let n = match impatient.until_done(async || stream.read(&mut buffer).await).await {
            Ok(0) => break,
            Ok(n) => n,
            Err(_) => return,
        };
        let mut written = 0;
        while written < n {
            let write = async || stream.write(&buffer[written..n]).await;
            match impatient.until_done(write).await {
                Ok(n) => written += n,
                Err(_) => return,
            }
        }
    }
    let _ = impatient.until_done(async || stream.close().await).await;
}

/// Somebody who gives up what takes long, or what is not done at once.
struct Impatient {
    clock: Clock,
    rng: Rc<RefCell<Rng>>,
}

impl Impatient {
    /// Asks anew until it is done before it is given up.
    async fn until_done<T>(&self, mut ask: impl AsyncFnMut() -> T) -> T {
        loop {
            if let Some(done) = self.once(ask()).await {
                return done;
            }
        }
    }

    /// Asks once. `None`: it was given up.
    async fn once<F: Future>(&self, future: F) -> Option<F::Output> {
        let (chance, polls, nanos) = {
            let mut rng = self.rng.borrow_mut();
            (rng.below(4), rng.below(4), rng.below(80_000_000))
        };
        match chance {
            0 => give_up_after_polls(polls, future).await,
            1 => give_up_after(&self.clock, Duration::from_nanos(nanos), future).await,
            _ => Some(future.await),
        }
    }
}

/// Waits for so long at most.
pub(crate) async fn give_up_after<F: Future>(
    clock: &Clock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    let (future, sleep) = (pin!(future.fuse()), pin!(clock.sleep(limit).fuse()));
    let (mut future, mut sleep) = (future, sleep);
    select_biased! {
        output = future => Some(output),
        () = sleep => None,
    }
}

/// Polls so often, whenever it is woken; not at all if that is zero.
async fn give_up_after_polls<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
