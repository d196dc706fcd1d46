//! The transport: dials that wait for signaling, and listeners that wait for offers.

use core::fmt;
use core::future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::channel::oneshot;
use futures::future::BoxFuture;
use futures::stream::Stream;
use libp2p_core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p_core::{Endpoint as Role, Multiaddr};
use libp2p_identity::PeerId;

use super::super::{Bind, Connection, Error, address as peers};
use super::address::{self, Circuit, Way};
use super::letters::{Ask, News, Offer, Wish};
use super::sockets::{Place, Sockets};
use crate::driver::{self, DialError};
use crate::multiaddr::MultiaddrError;
use crate::rtc;

/// A connection that is being made. Dropping it gives it up.
pub type Attempt = BoxFuture<'static, Result<(PeerId, Connection), Error>>;

type Event = TransportEvent<Attempt, Error>;

/// What a swarm has beside its transports for private connections.
///
/// Each runtime crate has one in its `libp2p::private`, for which `B` is chosen. What it does is said
/// [there](super).
pub struct Transport<B> {
    /// Shared with dials, which need a place when they have a stream.
    sockets: Arc<Mutex<Sockets<B>>>,
    local: PeerId,
    listeners: Vec<ListenerId>,
    asks: UnboundedSender<Ask>,
    news: UnboundedReceiver<News>,
    /// What is known without being polled for.
    events: VecDeque<Event>,
    /// Whoever polled last and found nothing.
    waker: Option<Waker>,
}

impl<B: Bind> Transport<B> {
    pub(super) fn new(
        bind: B,
        (at, config): (SocketAddr, rtc::Config),
        asks: UnboundedSender<Ask>,
        news: UnboundedReceiver<News>,
    ) -> Self {
        let local = peers::peer_id(config.identity.peer_id());
        Self {
            sockets: Arc::new(Mutex::new(Sockets::new(bind, at, config))),
            local,
            listeners: Vec::new(),
            asks,
            news,
            events: VecDeque::new(),
            waker: None,
        }
    }

    fn listen(&mut self, listener: ListenerId, circuit: Circuit) -> Result<(), Error> {
        // What is wrong with the socket is better said now than to the first peer that comes.
        drop(lock(&self.sockets).shared()?);
        let ask = Ask::Listen { listener, circuit };
        self.asks.unbounded_send(ask).map_err(|_| Error::NoBehaviour)?;
        self.listeners.push(listener);
        Ok(())
    }

    fn on_news(&mut self, news: News) -> Option<Event> {
        Some(match news {
            News::Address { listener: listener_id, addr: listen_addr } => {
                self.listeners.contains(&listener_id).then_some(())?;
                TransportEvent::NewAddress { listener_id, listen_addr }
            }
            News::Expired { listener: listener_id, addr: listen_addr } => {
                self.listeners.contains(&listener_id).then_some(())?;
                TransportEvent::AddressExpired { listener_id, listen_addr }
            }
            News::Closed { listener: listener_id, reason } => {
                self.forget(listener_id).then_some(())?;
                TransportEvent::ListenerClosed { listener_id, reason: Err(reason) }
            }
            News::Offer { listener: listener_id, offer } => {
                self.listeners.contains(&listener_id).then_some(())?;
                self.incoming(listener_id, offer)
            }
        })
    }

    /// A peer offers a connection: the swarm may deny it, or answers by polling the upgrade.
    fn incoming(&mut self, listener_id: ListenerId, offer: Offer) -> Event {
        let Offer { peer, circuit, stream, seat } = offer;
        let send_back_addr = circuit.private_to(peer);
        let place = lock(&self.sockets).answering(peer);
        let (local_addr, upgrade): (_, Attempt) = match place {
            Ok((endpoint, claim)) => {
                let near = address::near(endpoint.local_addr());
                let meeting = async move {
                    let met = endpoint.accept_private(stream, peers::to_floe(peer)).await;
                    drop(seat);
                    established(peer, met, (endpoint, claim))
                };
                (near, Box::pin(meeting))
            }
            Err(error) => {
                (address::near(lock(&self.sockets).at()), Box::pin(future::ready(Err(error))))
            }
        };
        TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr }
    }

    fn forget(&mut self, id: ListenerId) -> bool {
        let before = self.listeners.len();
        self.listeners.retain(|listener| *listener != id);
        self.listeners.len() < before
    }
}

impl<B: Bind> libp2p_core::Transport for Transport<B> {
    type Output = (PeerId, Connection);
    type Error = Error;
    type ListenerUpgrade = Attempt;
    type Dial = Attempt;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        let Some(Way::Private(circuit, peer)) = Way::of(&addr) else {
            return Err(TransportError::MultiaddrNotSupported(addr));
        };
        if peer.is_some_and(|peer| peer != self.local) {
            return Err(TransportError::Other(Error::NotOurs));
        }
        self.listen(id, circuit).map_err(TransportError::Other)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        if !self.forget(id) {
            return false;
        }
        // The behaviour hears of it from the swarm.
        self.events.push_back(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        true
    }

    fn dial(&mut self, addr: Multiaddr, opts: DialOpts) -> Result<Attempt, TransportError<Error>> {
        let Some(Way::Private(circuit, peer)) = Way::of(&addr) else {
            return Err(TransportError::MultiaddrNotSupported(addr));
        };
        if opts.role == Role::Listener {
            return Err(TransportError::Other(Error::HolePunch));
        }
        let target = peer.ok_or(Error::Address(MultiaddrError::NoTarget));
        let peer = target.map_err(TransportError::Other)?;
        drop(lock(&self.sockets).shared().map_err(TransportError::Other)?);
        let sockets = self.sockets.clone();
        let asks = self.asks.clone();
        Ok(Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let wish = Ask::Stream(Wish { peer, circuit, answer });
            asks.unbounded_send(wish).map_err(|_| Error::NoBehaviour)?;
            let stream = answered.await.map_err(|_| Error::NoBehaviour)??;
            let place = lock(&sockets).offering(peer)?;
            let met = place.0.dial_private(stream, peers::to_floe(peer)).await;
            let met = established(peer, met, place)?;
            asks.unbounded_send(Ask::Connected(peer)).map_err(|_| Error::NoBehaviour)?;
            Ok(met)
        }))
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Event> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.events.pop_front() {
                return Poll::Ready(event);
            }
            match Pin::new(&mut this.news).poll_next(context) {
                Poll::Ready(Some(news)) => {
                    let event = this.on_news(news);
                    this.events.extend(event);
                }
                Poll::Ready(None) if !this.listeners.is_empty() => {
                    for listener_id in this.listeners.drain(..) {
                        let reason = Err(Error::NoBehaviour);
                        this.events
                            .push_back(TransportEvent::ListenerClosed { listener_id, reason });
                    }
                }
                Poll::Ready(None) | Poll::Pending => {
                    this.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }
}

fn lock<B>(sockets: &Mutex<Sockets<B>>) -> MutexGuard<'_, Sockets<B>> {
    // Whoever panicked has left nothing half done.
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

fn established(
    peer: PeerId,
    met: Result<driver::Connection, DialError>,
    (endpoint, claim): Place,
) -> Result<(PeerId, Connection), Error> {
    let connection = met.map_err(|error| Error::Dial(Box::new(error)))?;
    if let Some(claim) = &claim {
        claim.establish();
    }
    Ok((peer, Connection::private(connection, endpoint, claim)))
}

impl<B> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::io;
    use std::string::ToString;

    use futures::executor::block_on;
    use futures::future::poll_fn;
    use libp2p_core::Transport as _;
    use libp2p_core::transport::PortUse;
    use libp2p_identity::Keypair;

    use super::super::{Behaviour, Config, new};
    use super::*;
    use crate::driver::Endpoint;

    const PEER: &str = "/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    const CIRCUIT: &str =
        "/memory/1/p2p/12D3KooWCd3eX8r5ihRvzK7P1yPq5aakaBJhG5GNj18YTztPhoCa/p2p-circuit";
    const DIALER: DialOpts = DialOpts { role: Role::Dialer, port_use: PortUse::Reuse };

    /// Has no sockets to give.
    fn refuse(_: SocketAddr, _: rtc::Config) -> io::Result<Endpoint> {
        Err(io::ErrorKind::AddrInUse.into())
    }

    fn transport() -> (Transport<impl Bind>, Behaviour) {
        let seed = crate::rtc::identity::Keypair::ed25519_from_seed([3; 32]);
        let keypair = Keypair::from_protobuf_encoding(&seed.to_protobuf()).unwrap();
        new(refuse, &keypair, Config::default()).unwrap()
    }

    fn parse(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_for_others_is_not_supported() {
        let (mut transport, _behaviour) = transport();
        for text in [
            CIRCUIT.to_string(),
            format!("{CIRCUIT}{PEER}"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc-direct{PEER}"),
            format!("/ip4/192.0.2.1/udp/4001/webrtc{PEER}"),
            format!("/ip4/192.0.2.1/tcp/4001{PEER}"),
        ] {
            let results = [
                transport.listen_on(ListenerId::next(), parse(&text)),
                transport.dial(parse(&text), DIALER).map(drop),
            ];
            for result in results {
                match result {
                    Err(TransportError::MultiaddrNotSupported(addr)) => {
                        assert_eq!(addr, parse(&text));
                    }
                    other => panic!("{text}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn what_is_ours_and_cannot_be_says_why() {
        let (mut transport, _behaviour) = transport();
        let private = parse(&format!("{CIRCUIT}/webrtc"));
        let of_another = parse(&format!("{CIRCUIT}/webrtc{PEER}"));
        let mut listen =
            |addr: &Multiaddr| match transport.listen_on(ListenerId::next(), addr.clone()) {
                Err(TransportError::Other(error)) => error,
                other => panic!("{other:?}"),
            };
        assert!(matches!(listen(&of_another), Error::NotOurs));
        assert!(matches!(listen(&private), Error::Bind(_)));
        let mut dial = |addr: &Multiaddr, opts| match transport.dial(addr.clone(), opts) {
            Err(TransportError::Other(error)) => error,
            other => panic!("{:?}", other.map(drop)),
        };
        assert!(matches!(dial(&private, DIALER), Error::Address(MultiaddrError::NoTarget)));
        assert!(matches!(dial(&of_another, DIALER), Error::Bind(_)));
        let punch = DialOpts { role: Role::Listener, ..DIALER };
        assert!(matches!(dial(&of_another, punch), Error::HolePunch));
    }

    #[test]
    fn without_its_behaviour_listeners_are_closed() {
        let (mut transport, behaviour) = transport();
        let id = ListenerId::next();
        transport.listeners.push(id);
        drop(behaviour);
        match block_on(poll_fn(|context| Pin::new(&mut transport).poll(context))) {
            TransportEvent::ListenerClosed { listener_id, reason: Err(Error::NoBehaviour) } => {
                assert_eq!(listener_id, id);
            }
            other => panic!("{other:?}"),
        }
        assert!(!transport.remove_listener(id));
    }
}
