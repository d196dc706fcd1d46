//! Private connections: two nodes meet over a relay that is slow, takes nothing, or goes in the midst of it.

use std::time::Duration;

use floe_core::driver::{Connection, DialError, Endpoint};
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::{ConnectionEnd, DialRefused, Step};
use floe_core::rtc::output::Direction;
use floe_core::rtc::private::Meeting;
use floe_tests::chaos::driven::{Driven, Job, Manner};
use floe_tests::entropy::seeded;
use floe_tests::net::Weather;
use floe_tests::relay::{End, Relay};
use floe_tests::world::Handle;
use futures::future::join_all;

use crate::cancelled::give_up_after;
use crate::two::{Two, echo, exchange, pattern};
use crate::{millis, secs};

/// Two nodes and the relay between them.
struct Relayed {
    two: Two,
    relay: Handle<Relay>,
}

type Met = Result<Connection, DialError>;

impl Relayed {
    fn new(seed: u64, weather: Weather, manner: Manner) -> Self {
        Self::over(Relay::new(LATENCY), seed, weather, manner)
    }

    fn over(relay: Relay, seed: u64, weather: Weather, manner: Manner) -> Self {
        let mut two = Two::new(seed, weather, manner);
        let relay = two.world.add(relay);
        Self { two, relay }
    }

    fn stream(&mut self) -> (End, End) {
        self.two.world[self.relay].stream()
    }

    fn endpoint(&self, node: Handle<Driven>) -> Endpoint {
        self.two.world[node].endpoint()
    }

    fn peer_id(&self, node: Handle<Driven>) -> PeerId {
        self.two.world[node].peer_id()
    }

    /// `node` meets `peer` over its end of a stream.
    fn meet(
        &mut self,
        node: Handle<Driven>,
        peer: Handle<Driven>,
        end: End,
        offers: bool,
    ) -> Job<Met> {
        self.meet_after(millis(0), node, peer, end, offers)
    }

    /// The same, a while later.
    fn meet_after(
        &mut self,
        after: Duration,
        node: Handle<Driven>,
        peer: Handle<Driven>,
        end: End,
        offers: bool,
    ) -> Job<Met> {
        let (endpoint, peer) = (self.endpoint(node), self.peer_id(peer));
        let clock = self.two.world[node].clock();
        self.two.world[node].job(async move {
            clock.sleep(after).await;
            if offers {
                endpoint.dial_private(end, peer).await
            } else {
                endpoint.accept_private(end, peer).await
            }
        })
    }

    /// The client opens a stream to the server: what both come to.
    fn begin(&mut self) -> (Job<Met>, Job<Met>) {
        let (near, far) = self.stream();
        let (client, server) = (self.two.client, self.two.server);
        (self.meet(client, server, near, true), self.meet(server, client, far, false))
    }

    fn connect(&mut self) -> (Connection, Connection) {
        let (dials, accepts) = self.begin();
        let dialed = self.two.done(&dials).expect("they reach each other");
        let accepted = self.two.done(&accepts).expect("they reach each other");
        (dialed, accepted)
    }

    /// Both can talk, in both directions; then nothing is left of it.
    fn is_of_use(&mut self, dialed: Connection, accepted: Connection) {
        let (client, server) = (self.two.client, self.two.server);
        for (opener, accepter, one, other) in
            [(&dialed, &accepted, client, server), (&accepted, &dialed, server, client)]
        {
            let (opener, accepter) = (opener.clone(), accepter.clone());
            let echoes = self.two.world[other].job(async move {
                echo(accepter.accept().await.expect("it is opened")).await;
            });
            let asks = self.two.world[one].job(async move {
                let bytes = pattern(1, 50_000);
                assert!(exchange(&opener, &bytes).await == bytes);
            });
            self.two.done(&asks);
            self.two.done(&echoes);
        }
        let closes = self.two.world[client].job(async move { dialed.close().await });
        let hears = self.two.world[server].job(async move { accepted.closed().await });
        self.two.done(&closes);
        assert_eq!(self.two.done(&hears), ConnectionEnd::ClosedByPeer);
        self.two.nothing_is_left();
    }
}

#[test]
fn both_connect_and_talk() {
    for seed in 0..8 {
        seeded(seed, || {
            let (weather, manner) = match seed {
                0 => (Weather::FAIR, Manner::KIND),
                _ => (Weather::FOUL, Manner::any(seed)),
            };
            let mut relayed = Relayed::new(seed, weather, manner);
            let (dialed, accepted) = relayed.connect();
            let (client, server) = (relayed.two.client, relayed.two.server);
            assert_eq!(dialed.peer_id(), relayed.peer_id(server));
            assert_eq!(accepted.peer_id(), relayed.peer_id(client));
            assert_eq!(dialed.direction(), Direction::Outbound);
            assert_eq!(accepted.direction(), Direction::Inbound);
            assert_eq!((dialed.version(), accepted.version()), (None, None));
            relayed.is_of_use(dialed, accepted);
        });
    }
}

/// A dial that is given up, at every moment, is over for both; one that is not leads to a connection.
#[test]
fn a_dial_at_every_moment() {
    for seed in 0..4 {
        seeded(seed, || {
            let mut relayed = Relayed::new(seed, Weather::FAIR, Manner::any(seed));
            let (client, server) = (relayed.two.client, relayed.two.server);
            for moment in (0..).map(|n| millis(15) * n) {
                let (near, far) = relayed.stream();
                let accepts = relayed.meet(server, client, far, false);
                let (endpoint, peer) = (relayed.endpoint(client), relayed.peer_id(server));
                let clock = relayed.two.at_client().clock;
                let dials = relayed.two.client(async move {
                    give_up_after(&clock, moment, endpoint.dial_private(near, peer)).await
                });
                let dialed = relayed.two.done(&dials);
                let accepted = relayed.two.done(&accepts);
                if let Some(dialed) = dialed {
                    let dialed = dialed.expect("they reach each other");
                    relayed.is_of_use(dialed, accepted.expect("as does the other"));
                    break;
                }
                if let Ok(accepted) = accepted {
                    let hears = relayed.two.server(async move { accepted.closed().await });
                    relayed.two.done(&hears);
                }
                relayed.two.nothing_is_left();
            }
        });
    }
}

/// The relay goes, at every moment. Who has not heard the other's description by then fails at once, who has goes on
/// without it; and either both have the connection or neither.
#[test]
fn the_relay_goes_at_every_moment() {
    let mut met = 0;
    for n in 0..12_u32 {
        let seed = u64::from(n);
        met += u32::from(seeded(seed, || the_relay_goes_after(seed, millis(15) * n)));
    }
    assert!((3..=6).contains(&met), "{met} of 12: descriptions take two ways of 50 ms");
}

fn the_relay_goes_after(seed: u64, moment: Duration) -> bool {
    let mut relayed = Relayed::new(seed, Weather::FAIR, Manner::KIND);
    let (dials, accepts) = relayed.begin();
    relayed.two.world.run(moment);
    let (relay, cut) = (relayed.relay, relayed.two.world.now);
    relayed.two.world[relay].cut();
    let dialed = relayed.two.done_within(secs(20), &dials);
    let failed = relayed.two.world.now.saturating_since(cut);
    match (dialed, relayed.two.done_within(secs(20), &accepts)) {
        (Ok(dialed), Ok(accepted)) => {
            relayed.is_of_use(dialed, accepted);
            true
        }
        (Err(dialed), Err(accepted)) => {
            assert!(is_of_signaling(&dialed), "after {moment:?}: {dialed:?}");
            assert!(failed < millis(1), "after {moment:?}: {dialed:?} came {failed:?} later");
            assert!(is_of_the_set_up(&accepted), "after {moment:?}: {accepted:?}");
            relayed.two.nothing_is_left();
            false
        }
        differ => panic!("after {moment:?}: {differ:?}"),
    }
}

/// Nobody accepts the stream: the dial fails when its time is over, that of the configuration or its own.
#[test]
fn the_peer_never_answers() {
    seeded(1, || {
        let mut relayed = Relayed::new(1, Weather::FAIR, Manner::KIND);
        let (client, server) = (relayed.two.client, relayed.two.server);
        for timeout in [None, Some(secs(3))] {
            let (near, _far) = relayed.stream();
            let (endpoint, mut meeting) =
                (relayed.endpoint(client), Meeting::offering(relayed.peer_id(server)));
            meeting.timeout = timeout;
            let begun = relayed.two.world.now;
            let dials = relayed.two.client(async move { endpoint.meet(near, meeting).await });
            let failed = relayed.two.done(&dials).expect_err("nobody is there");
            assert!(is_of_signaling(&failed), "{failed:?}");
            let took = relayed.two.world.now.saturating_since(begun);
            let limit = timeout.unwrap_or(secs(15));
            assert!(took <= limit && took + secs(6) > limit, "{timeout:?}: {took:?}");
            relayed.two.nothing_is_left();
        }
    });
}

/// A relay that takes nothing holds nobody up: the attempt fails in its time, and others go on.
#[test]
fn a_stream_that_takes_nothing() {
    seeded(1, || {
        let stuck = Relay::new(LATENCY).with_window(0);
        let mut relayed = Relayed::over(stuck, 1, Weather::FAIR, Manner::KIND);
        let (dials, accepts) = relayed.begin();
        relayed.two.serve();
        let place = relayed.two.at_client();
        let goes_on = relayed.two.client(async move {
            let connection = place.dial().await;
            let bytes = pattern(1, 50_000);
            assert!(exchange(&connection, &bytes).await == bytes);
            connection.close().await;
        });
        relayed.two.done_within(secs(5), &goes_on);
        for job in [dials, accepts] {
            let failed = relayed.two.done_within(secs(20), &job).expect_err("nothing was said");
            assert!(is_of_signaling(&failed), "{failed:?}");
        }
        relayed.two.nothing_is_left();
    });
}

/// One that takes little at a time only takes longer.
#[test]
fn a_stream_that_takes_little() {
    seeded(1, || {
        let narrow = Relay::new(millis(1)).with_window(7);
        let mut relayed = Relayed::over(narrow, 1, Weather::FAIR, Manner::any(1));
        let (dialed, accepted) = relayed.connect();
        relayed.is_of_use(dialed, accepted);
    });
}

/// Both dial at once, or while the other's stream is on its way: they come to one connection, which one side has
/// dialed and the other accepted.
#[test]
fn both_dial() {
    for n in 0..6_u32 {
        for client_first in [true, false] {
            let seed = u64::from(n);
            seeded(seed, || both_dial_within(seed, LATENCY / 6 * n, client_first));
        }
    }
}

fn both_dial_within(seed: u64, apart: Duration, client_first: bool) {
    let mut relayed = Relayed::new(seed, Weather::FAIR, Manner::any(seed));
    let (client, server) = (relayed.two.client, relayed.two.server);
    let (one, other) = if client_first { (client, server) } else { (server, client) };
    let mut jobs = Vec::new();
    for (dialer, accepter, after) in [(one, other, millis(0)), (other, one, apart)] {
        let (near, far) = relayed.stream();
        // A stream is there when its first bytes may be.
        jobs.push(relayed.meet_after(after, dialer, accepter, near, true));
        jobs.push(relayed.meet_after(after + LATENCY, accepter, dialer, far, false));
    }
    let met: Vec<_> = jobs.iter().map(|job| relayed.two.done_within(secs(20), job)).collect();
    let sides = [met[0].is_ok(), met[1].is_ok(), met[2].is_ok(), met[3].is_ok()];
    let one_of_both = [[true, true, false, false], [false, false, true, true]];
    assert!(one_of_both.contains(&sides), "seed {seed}, {apart:?} apart: {met:?}");
    let [dialed, accepted] =
        <[_; 2]>::try_from(met.into_iter().flatten().collect::<Vec<_>>()).expect("there are two");
    let (dialed, accepted) = match relayed.peer_id(client) == accepted.peer_id() {
        true => (dialed, accepted),
        false => (accepted, dialed),
    };
    relayed.is_of_use(dialed, accepted);
}

/// As many as may be at once, and one more.
#[test]
fn the_limit_on_meetings() {
    seeded(1, || {
        let mut relayed = Relayed::new(1, Weather::FAIR, Manner::KIND);
        let (client, server) = (relayed.two.client, relayed.two.server);
        let streams: Vec<_> = (0..MEETINGS).map(|_| relayed.stream()).collect();
        let (near, far): (Vec<_>, Vec<_>) = streams.into_iter().unzip();
        let (endpoint, peer) = (relayed.endpoint(client), relayed.peer_id(server));
        let dials = relayed.two.client(async move {
            join_all(near.into_iter().map(|end| endpoint.dial_private(end, peer))).await
        });
        relayed.two.world.run(secs(1));
        let (late, _late) = relayed.stream();
        let refused = relayed.meet(client, server, late, true);
        let refused = relayed.two.done_within(millis(1), &refused).expect_err("they are too many");
        assert_eq!(refused, DialError::Refused(DialRefused::TooManyMeetings));
        drop(far);
        let failed = relayed.two.done_within(secs(1), &dials);
        assert!(failed.iter().all(|met| met.as_ref().is_err_and(is_of_signaling)), "{failed:?}");
        let (dialed, accepted) = relayed.connect();
        relayed.is_of_use(dialed, accepted);
    });
}

/// Who accepts no connections any more still has those that it asks for.
#[test]
fn whoever_has_stopped_accepting() {
    seeded(1, || {
        let mut relayed = Relayed::new(1, Weather::FAIR, Manner::KIND);
        relayed.endpoint(relayed.two.server).stop_accepting();
        relayed.endpoint(relayed.two.client).stop_accepting();
        let (dialed, accepted) = relayed.connect();
        relayed.is_of_use(dialed, accepted);
    });
}

/// How an endpoint comes to its end.
#[derive(Clone, Copy, Debug)]
enum Ends {
    Closed,
    Dropped,
    DriverDropped,
}

/// The end of one endpoint at every moment: its own attempt says so, that of the other fails.
#[test]
fn an_endpoint_ends_at_every_moment() {
    for end in [Ends::Closed, Ends::Dropped, Ends::DriverDropped] {
        for n in 0..8_u64 {
            seeded(n, || end_after(n, end, millis(25) * n as u32));
        }
    }
}

fn end_after(seed: u64, end: Ends, moment: Duration) {
    let mut relayed = Relayed::new(seed, Weather::FAIR, Manner::any(seed));
    let (client, server) = (relayed.two.client, relayed.two.server);
    let (near, far) = relayed.stream();
    let accepts = relayed.meet(server, client, far, false);
    let dials = relayed.meet(client, server, near, true);
    relayed.two.world.run(moment);
    match end {
        Ends::Closed => {
            let endpoint = relayed.endpoint(client);
            let closes = relayed.two.client(async move { endpoint.close().await });
            relayed.two.done_within(secs(3), &closes);
        }
        Ends::Dropped => relayed.two.world[client].drop_endpoint(),
        Ends::DriverDropped => relayed.two.world[client].drop_driver(),
    }
    let dialed = relayed.two.done_within(secs(20), &dials);
    match (end, dialed) {
        (_, Ok(connection)) => {
            let hears = relayed.two.client(async move { connection.closed().await });
            relayed.two.done_within(secs(2), &hears);
        }
        // The future of the attempt holds the endpoint.
        (Ends::Dropped, Err(error)) => panic!("seed {seed}, after {moment:?}: {error:?}"),
        (Ends::Closed, Err(DialError::EndpointClosed))
        | (Ends::DriverDropped, Err(DialError::DriverDropped))
        | (_, Err(DialError::Failed { end: ConnectionEnd::ClosedLocally, .. })) => {}
        (_, Err(error)) => panic!("seed {seed}, {end:?} after {moment:?}: {error:?}"),
    }
    match relayed.two.done_within(secs(20), &accepts) {
        Ok(connection) => {
            let hears = relayed.two.server(async move { connection.closed().await });
            relayed.two.done_within(secs(60), &hears);
        }
        Err(error) => assert!(is_of_the_set_up(&error), "{end:?} after {moment:?}: {error:?}"),
    }
    let endpoint = relayed.endpoint(server);
    let counters = relayed.two.server(async move { endpoint.counters().await });
    let counters = relayed.two.done(&counters).expect("it is open");
    assert_eq!(counters.connections, 0, "seed {seed}, {end:?} after {moment:?}: {counters:?}");
}

fn is_of_signaling(error: &DialError) -> bool {
    error.step() == Some(Step::Signaling)
}

fn is_of_the_set_up(error: &DialError) -> bool {
    error.step().is_some()
}

/// The time for something to arrive by the relay.
const LATENCY: Duration = millis(50);
/// The default of [`Limits::meetings`](floe_core::rtc::Limits::meetings).
const MEETINGS: usize = 64;
