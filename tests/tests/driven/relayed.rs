//! Two nodes that meet over a relay, and what their applications do most.

use std::time::Duration;

use floe_core::driver::{Connection, DialError, Endpoint};
use floe_core::peer_id::PeerId;
use floe_core::rtc::error::ConnectionEnd;
use floe_tests::chaos::driven::{Driven, Job, Manner};
use floe_tests::net::Weather;
use floe_tests::relay::{End, Relay};
use floe_tests::world::Handle;

use crate::millis;
use crate::two::{Two, echo, exchange, pattern};

/// Two nodes and the relay between them.
pub(crate) struct Relayed {
    pub(crate) two: Two,
    pub(crate) relay: Handle<Relay>,
}

pub(crate) type Met = Result<Connection, DialError>;

impl Relayed {
    pub(crate) fn new(seed: u64, weather: Weather, manner: Manner) -> Self {
        Self::over(Relay::new(LATENCY), seed, weather, manner)
    }

    pub(crate) fn over(relay: Relay, seed: u64, weather: Weather, manner: Manner) -> Self {
        let mut two = Two::new(seed, weather, manner);
        let relay = two.world.add(relay);
        Self { two, relay }
    }

    pub(crate) fn stream(&mut self) -> (End, End) {
        self.two.world[self.relay].stream()
    }

    pub(crate) fn endpoint(&self, node: Handle<Driven>) -> Endpoint {
        self.two.world[node].endpoint()
    }

    pub(crate) fn peer_id(&self, node: Handle<Driven>) -> PeerId {
        self.two.world[node].peer_id()
    }

    /// `node` meets `peer` over its end of a stream.
    pub(crate) fn meet(
        &mut self,
        node: Handle<Driven>,
        peer: Handle<Driven>,
        end: End,
        offers: bool,
    ) -> Job<Met> {
        self.meet_after(millis(0), node, peer, end, offers)
    }

    /// The same, a while later.
    pub(crate) fn meet_after(
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
    pub(crate) fn begin(&mut self) -> (Job<Met>, Job<Met>) {
        let (near, far) = self.stream();
        let (client, server) = (self.two.client, self.two.server);
        (self.meet(client, server, near, true), self.meet(server, client, far, false))
    }

    pub(crate) fn connect(&mut self) -> (Connection, Connection) {
        let (dials, accepts) = self.begin();
        let dialed = self.two.done(&dials).expect("they reach each other");
        let accepted = self.two.done(&accepts).expect("they reach each other");
        (dialed, accepted)
    }

    /// Both can talk, in both directions; then nothing is left of it.
    pub(crate) fn is_of_use(&mut self, dialed: Connection, accepted: Connection) {
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

/// The time for something to arrive by the relay.
pub(crate) const LATENCY: Duration = millis(50);
