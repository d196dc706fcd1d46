//! The behaviour: finds relayed connections for the transport, and streams on them.

use core::convert::Infallible;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::{HashMap, HashSet, VecDeque};
use std::string::{String, ToString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::stream::Stream as _;
use libp2p_core::transport::PortUse;
use libp2p_core::{Endpoint as Role, Multiaddr};
use libp2p_identity::PeerId;
use libp2p_swarm::behaviour::{ConnectionEstablished, NewListenAddr};
use libp2p_swarm::derive_prelude::Either;
use libp2p_swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p_swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, ListenOpts, NetworkBehaviour, NotifyHandler, Stream,
    StreamUpgradeError, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};

use super::super::Error;
use super::address::{Circuit, Way};
use super::handler::{Handler, Open, Report};
use super::letters::{Ask, News, Offer, Wish};
use super::reservations::{Change, Reservations};
use super::seats::Seats;
use super::wishes::{WishId, Wishes};

/// What a swarm has beside its behaviours for private connections: it signals over relayed ones.
///
/// It emits no events of its own. What it does is said [there](super).
pub struct Behaviour {
    asks: UnboundedReceiver<Ask>,
    news: UnboundedSender<News>,
    /// The relayed connections with each peer, the eldest first.
    circuits: HashMap<PeerId, Vec<(ConnectionId, Circuit)>>,
    reservations: Reservations,
    is_listening: Arc<AtomicBool>,
    wishes: Wishes,
    seats: Seats,
    /// With whom our transport has come to a connection that the swarm does not know yet.
    connected: HashSet<PeerId>,
    actions: VecDeque<Action>,
}

type Action = ToSwarm<Infallible, Either<Open, Infallible>>;

impl Behaviour {
    pub(super) fn new(
        local: PeerId,
        seats_max: usize,
        asks: UnboundedReceiver<Ask>,
        news: UnboundedSender<News>,
    ) -> Self {
        Self {
            asks,
            news,
            circuits: HashMap::new(),
            reservations: Reservations::new(local),
            is_listening: Arc::default(),
            wishes: Wishes::default(),
            seats: Seats::new(seats_max),
            connected: HashSet::new(),
            actions: VecDeque::new(),
        }
    }

    fn on_ask(&mut self, ask: Ask) {
        match ask {
            Ask::Listen { listener, circuit } => {
                let opts = ListenOpts::new(circuit.as_multiaddr().clone());
                let (is_needed, changes) =
                    self.reservations.listen(listener, &circuit, opts.listener_id());
                if is_needed {
                    self.actions.push_back(ToSwarm::ListenOn { opts });
                }
                self.on_changes(changes, None);
            }
            Ask::Stream(wish) => self.on_wish(wish),
            Ask::Connected(peer) => {
                self.connected.insert(peer);
            }
        }
    }

    /// Finds a relayed connection for a stream, or has one dialed.
    fn on_wish(&mut self, wish: Wish) {
        let peer_id = wish.peer;
        if let Some((connection, _)) = self.circuits.get(&peer_id).and_then(|all| all.first()) {
            let connection = *connection;
            let event = Either::Left(Open(self.wishes.reusing(wish, connection)));
            let handler = NotifyHandler::One(connection);
            self.actions.push_back(ToSwarm::NotifyHandler { peer_id, handler, event });
            return;
        }
        if let Some(connection) = self.wishes.dialed_for(&wish) {
            return self.wishes.dialing(wish, connection);
        }
        // Whatever else the swarm dials that peer by, this is wanted.
        let opts = DialOpts::peer_id(peer_id)
            .condition(PeerCondition::Always)
            .addresses(std::vec![wish.circuit.to(peer_id)])
            .build();
        self.wishes.dialing(wish, opts.connection_id());
        self.actions.push_back(ToSwarm::Dial { opts });
    }

    /// A connection is gone, or was not to be had.
    fn on_gone(&mut self, connection: ConnectionId, cause: String) {
        let error = Error::Circuit(Arc::new(std::io::Error::other(cause)));
        for wish in self.wishes.gone(connection, &error) {
            self.on_wish(wish);
        }
    }

    /// `cause` says why a reservation is lost, if anything does.
    fn on_changes(&mut self, changes: Vec<Change>, cause: Option<String>) {
        self.is_listening.store(!self.reservations.is_empty(), Ordering::Relaxed);
        let cause = cause.map(|cause| Arc::new(std::io::Error::other(cause)));
        for change in changes {
            match change {
                Change::New { listener, addr } => {
                    self.actions.push_back(ToSwarm::ExternalAddrConfirmed(addr.clone()));
                    self.tell(News::Address { listener, addr });
                }
                Change::Expired { listener, addr } => {
                    if !self.reservations.has_told(&addr) {
                        self.actions.push_back(ToSwarm::ExternalAddrExpired(addr.clone()));
                    }
                    self.tell(News::Expired { listener, addr });
                }
                Change::Lost { listener } => {
                    let reason = Error::Reservation(cause.clone());
                    self.tell(News::Closed { listener, reason });
                }
                Change::Unneeded { relayed } => {
                    self.actions.push_back(ToSwarm::RemoveListener { id: relayed });
                }
            }
        }
    }

    /// Passes an offer on, if there is a listener and a seat for it; else its stream is reset.
    fn on_offer(&mut self, peer: PeerId, connection: ConnectionId, stream: Stream) {
        let mut circuits = self.circuits.get(&peer).into_iter().flatten();
        let Some((_, circuit)) = circuits.find(|(id, _)| *id == connection) else { return };
        let Some(listener) = self.reservations.listener_at(circuit) else { return };
        let Some(seat) = self.seats.take(peer) else { return };
        let offer = Offer { peer, circuit: circuit.clone(), stream, seat };
        self.tell(News::Offer { listener, offer });
    }

    fn tell(&self, news: News) {
        // A swarm that has dropped its transport needs none.
        drop(self.news.unbounded_send(news));
    }

    /// A handler for a relayed connection, with the streams that it was dialed for.
    fn handler(&self, opens: Vec<WishId>) -> THandler<Self> {
        Either::Left(Handler::new(self.is_listening.clone(), opens))
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Either<Handler, dummy::ConnectionHandler>;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        local_addr: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(match Way::of(local_addr) {
            Some(Way::Relayed(_)) => self.handler(Vec::new()),
            _ => Either::Right(dummy::ConnectionHandler),
        })
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection_id: ConnectionId,
        peer: PeerId,
        addr: &Multiaddr,
        _: Role,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        match Way::of(addr) {
            Some(Way::Relayed(_)) => Ok(self.handler(self.wishes.waiting_for(connection_id))),
            Some(Way::Private(..)) => {
                // Our transport says so before it hands over what it has dialed.
                while let Ok(ask) = self.asks.try_recv() {
                    self.on_ask(ask);
                }
                if self.connected.remove(&peer) {
                    Ok(Either::Right(dummy::ConnectionHandler))
                } else {
                    Err(ConnectionDenied::new(Error::Swallowed))
                }
            }
            None => Ok(Either::Right(dummy::ConnectionHandler)),
        }
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => {
                let near = match endpoint {
                    libp2p_core::ConnectedPoint::Dialer { address, .. } => address,
                    libp2p_core::ConnectedPoint::Listener { local_addr, .. } => local_addr,
                };
                if let Some(Way::Relayed(circuit)) = Way::of(near) {
                    self.circuits.entry(peer_id).or_default().push((connection_id, circuit));
                    self.wishes.connected(connection_id);
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                if let Some(circuits) = self.circuits.get_mut(&closed.peer_id) {
                    circuits.retain(|(id, _)| *id != closed.connection_id);
                    if circuits.is_empty() {
                        self.circuits.remove(&closed.peer_id);
                    }
                }
                let cause =
                    closed.cause.map_or_else(|| "it was closed".to_string(), |cause| words(cause));
                self.on_gone(closed.connection_id, cause);
            }
            FromSwarm::DialFailure(failure) => {
                self.on_gone(failure.connection_id, words(failure.error));
            }
            FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }) => {
                let changes = self.reservations.new_addr(listener_id, addr);
                self.on_changes(changes, None);
            }
            FromSwarm::ExpiredListenAddr(expired) => {
                let changes = self.reservations.expired_addr(expired.listener_id, expired.addr);
                self.on_changes(changes, None);
            }
            FromSwarm::ListenerClosed(closed) => {
                let changes = self.reservations.closed(closed.listener_id);
                self.on_changes(changes, closed.reason.err().map(|error| words(error)));
            }
            // A listener that could not begin is never closed.
            FromSwarm::ListenerError(error) if self.reservations.has_made(error.listener_id) => {
                let changes = self.reservations.closed(error.listener_id);
                self.on_changes(changes, Some(words(error.err)));
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        let report = match event {
            Either::Left(report) => report,
            Either::Right(never) => match never {},
        };
        match report {
            Report::Opened(wish, stream) => self.wishes.answer(wish, Ok(stream)),
            Report::Failed(wish, error) => self.wishes.answer(wish, Err(stream_error(error))),
            Report::Offered(stream) => self.on_offer(peer, connection, stream),
        }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Poll::Ready(action);
            }
            match Pin::new(&mut self.asks).poll_next(context) {
                Poll::Ready(Some(ask)) => self.on_ask(ask),
                // A swarm that has dropped its transport asks for nothing.
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        self.wishes.poll_given_up(context);
        Poll::Pending
    }
}

fn stream_error(error: StreamUpgradeError<Infallible>) -> Error {
    match error {
        StreamUpgradeError::NegotiationFailed => Error::NoSignaling,
        StreamUpgradeError::Timeout => {
            Error::Circuit(Arc::new(std::io::ErrorKind::TimedOut.into()))
        }
        StreamUpgradeError::Io(error) => Error::Circuit(Arc::new(error)),
        StreamUpgradeError::Apply(never) => match never {},
    }
}

/// An error that cannot be kept, with all that is beneath it.
fn words(error: &(dyn core::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // Some errors show what is beneath them as well.
        if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
        source = error.source();
    }
    words
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour")
            .field("circuits", &self.circuits)
            .field("reservations", &self.reservations)
            .finish_non_exhaustive()
    }
}
