//! Private connections: two nodes meet over a third, which both are connected to and which passes on what they say.

use floe_core::driver::{Connection, DialError, Endpoint, Stream};
use floe_core::rtc::error::{ConnectionEnd, Step};
use floe_core::rtc::output::Direction;
use futures::{AsyncReadExt, AsyncWriteExt, io, join};

use crate::give_up::{at_every_moment, give_up};
use crate::node::{self, hello, node, stream};
use crate::stage::Stage;

/// Connects two endpoints privately; the relay goes when they are.
pub(crate) async fn connect<S: Stage>(
    dialer: &Endpoint,
    listener: &Endpoint,
) -> (Connection, Connection) {
    let relay = Relay::between::<S>(dialer, listener).await;
    relay.connect().await
}

/// A third node, and the two that are connected to it.
struct Relay<'a> {
    dialer: &'a Endpoint,
    listener: &'a Endpoint,
    relay: Endpoint,
    /// As the node has it, and as the relay has it.
    near: (Connection, Connection),
    far: (Connection, Connection),
}

/// What passes on what is said on one stream.
struct Passage {
    incoming: Stream,
    outgoing: Stream,
}

impl<'a> Relay<'a> {
    async fn between<S: Stage>(dialer: &'a Endpoint, listener: &'a Endpoint) -> Self {
        let relay = node::<S>(9).await;
        let near = node::connect(dialer, &relay).await;
        let far = node::connect(listener, &relay).await;
        Self { dialer, listener, relay, near, far }
    }

    /// A stream between the two, and what passes it on.
    async fn stream(&self) -> (Stream, Stream, Passage) {
        let (here, incoming) = stream(&self.near.0, &self.near.1).await;
        let (outgoing, there) = stream(&self.far.1, &self.far.0).await;
        (here, there, Passage { incoming, outgoing })
    }

    async fn connect(&self) -> (Connection, Connection) {
        let stream = self.stream().await;
        self.connect_by(stream).await
    }

    async fn connect_by(
        &self,
        (here, there, passage): (Stream, Stream, Passage),
    ) -> (Connection, Connection) {
        let (dialed, accepted, passed) = join!(
            self.dialer.dial_private(here, self.listener.peer_id()),
            self.listener.accept_private(there, self.dialer.peer_id()),
            passage.run(),
        );
        let met =
            (dialed.expect("they reach each other"), accepted.expect("they reach each other"));
        passed.expect("both close the stream in order");
        met
    }
}

impl Passage {
    /// Passes on what comes, to the end of both halves.
    async fn run(self) -> io::Result<()> {
        let (from_here, mut to_here) = self.incoming.split();
        let (from_there, mut to_there) = self.outgoing.split();
        let up = async {
            io::copy(from_here, &mut to_there).await?;
            to_there.close().await
        };
        let down = async {
            io::copy(from_there, &mut to_here).await?;
            to_here.close().await
        };
        futures::try_join!(up, down)?;
        Ok(())
    }
}

pub(crate) async fn both_ways<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let (outbound, inbound) = connect::<S>(&dialer, &listener).await;
    assert_eq!(
        (outbound.direction(), inbound.direction()),
        (Direction::Outbound, Direction::Inbound)
    );
    assert_eq!((outbound.version(), inbound.version()), (None, None));
    assert_eq!((outbound.peer_id(), inbound.peer_id()), (listener.peer_id(), dialer.peer_id()));
    assert_eq!(outbound.remote_addr(), listener.local_addr());
    assert_eq!(inbound.remote_addr(), dialer.local_addr());
    hello(&outbound, &inbound).await;
    hello(&inbound, &outbound).await;
    outbound.close().await;
    assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
}

/// One that both give up, however far it has come, leaves nothing for a later one to meet.
pub(crate) async fn given_up<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let relay = Relay::between::<S>(&dialer, &listener).await;
    at_every_moment(async |moment| {
        // A relay that gives up halfway mixes its streams up: that is its own.
        let stream = relay.stream().await;
        let met = give_up(moment, relay.connect_by(stream)).await;
        let done = met.is_some();
        drop(met);
        let (outbound, inbound) = relay.connect().await;
        hello(&outbound, &inbound).await;
        outbound.close().await;
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer, "{moment:?}");
        done
    })
    .await;
    // Those with the relay are left.
    for endpoint in [&dialer, &listener] {
        while endpoint.counters().await.expect("it is open").connections > 1 {}
    }
}

/// Without a relay nobody describes themselves.
pub(crate) async fn the_relay_goes<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let relay = Relay::between::<S>(&dialer, &listener).await;
    let (here, there, _passage) = relay.stream().await;
    let (dialed, accepted, ()) = join!(
        dialer.dial_private(here, listener.peer_id()),
        listener.accept_private(there, dialer.peer_id()),
        relay.relay.close(),
    );
    for met in [dialed, accepted] {
        assert_eq!(met.err().and_then(|error| error.step()), Some(Step::Signaling));
    }
}

/// The endpoint of one side is closed in the midst of it.
pub(crate) async fn the_peer_goes<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let relay = Relay::between::<S>(&dialer, &listener).await;
    let (here, there, passage) = relay.stream().await;
    let (dialed, accepted, _, ()) = join!(
        dialer.dial_private(here, listener.peer_id()),
        listener.accept_private(there, dialer.peer_id()),
        passage.run(),
        listener.close(),
    );
    // Unless it was quicker than the close, which comes while the offer is on its way.
    if let Ok(outbound) = dialed {
        outbound.closed().await;
    }
    match accepted {
        Ok(inbound) => assert_eq!(inbound.closed().await, ConnectionEnd::ClosedLocally),
        Err(DialError::EndpointClosed) => {}
        Err(error) => assert_eq!(
            error,
            DialError::Failed {
                end: ConnectionEnd::ClosedLocally,
                timeline: *error.timeline().expect("it was begun"),
            }
        ),
    }
}

/// The same two again and again, over the same relay, with the one before still there or not.
pub(crate) async fn one_after_the_other<S: Stage>() {
    let (listener, dialer) = (node::<S>(1).await, node::<S>(2).await);
    let relay = Relay::between::<S>(&dialer, &listener).await;
    for _ in 0..5 {
        let (outbound, inbound) = relay.connect().await;
        hello(&outbound, &inbound).await;
        drop(outbound);
        assert_eq!(inbound.closed().await, ConnectionEnd::ClosedByPeer);
    }
}
