//! The transport: listeners, dials, and one poll for all that happens.

use core::fmt;
use core::net::IpAddr;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::Arc;
use std::vec::Vec;

use futures::future::BoxFuture;
use libp2p_core::transport::{DialOpts, ListenerId, PortUse, TransportError, TransportEvent};
use libp2p_core::{Endpoint as Role, Multiaddr};
use libp2p_identity::{Keypair, PeerId};

use super::error::{Error, SetupError};
use super::listener::{Event, Listener, Upgrade};
use super::muxer::Connection;
use super::sockets::{Binder, Sockets};
use super::{Bind, Config, address};
use crate::driver::{DialError, Endpoint};
use crate::multiaddr::DirectAddr;
use crate::rtc::error::DialRefused;

/// A dial that is under way. Dropping it gives the dial up.
pub type Dial = BoxFuture<'static, Result<(PeerId, Connection), Error>>;

/// The transport of a swarm: webrtc-direct, v1 and v2, on the endpoints that `B` binds.
///
/// Each runtime crate has one in its `libp2p`, for which `B` is chosen. What it does is said
/// [there](super).
pub struct Transport<B> {
    sockets: Sockets<B>,
    listeners: Vec<Listener>,
    /// Whose turn it is to be polled first, so that a busy listener does not starve the others.
    turn: usize,
    /// What is known without being polled for.
    events: VecDeque<Event>,
    /// Whoever polled last and found nothing.
    waker: Option<Waker>,
}

impl<B: Bind + Default> Transport<B> {
    /// A transport for the swarm with this key. It binds nothing until it is told to listen or to dial.
    ///
    /// # Errors
    ///
    /// A [`SetupError`], in the box that `SwarmBuilder::with_other_transport` wants its errors in.
    pub fn new(
        key: &Keypair,
        config: Config,
    ) -> Result<Self, Box<dyn core::error::Error + Send + Sync>> {
        Ok(Self::on(B::default(), key, config)?)
    }
}

impl<B: Bind> Transport<B> {
    /// A transport as [`new`](Self::new) makes it, whose endpoints are bound by `bind`.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    pub fn on(bind: B, key: &Keypair, config: Config) -> Result<Self, SetupError> {
        Ok(Self {
            sockets: Sockets::new(bind, config.complete(key)?),
            listeners: Vec::new(),
            turn: 0,
            events: VecDeque::new(),
            waker: None,
        })
    }

    /// An endpoint that is there already and that a dial to such an address may use.
    fn reused(&mut self, remote: IpAddr) -> Result<Endpoint, Error> {
        let listening = self.listeners.iter().find_map(|listener| listener.endpoint_to(remote));
        listening.map_or_else(|| self.sockets.share(remote), Ok)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<B: Bind> libp2p_core::Transport for Transport<B> {
    type Output = (PeerId, Connection);
    type Error = Error;
    type ListenerUpgrade = Upgrade;
    type Dial = Dial;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        let config = self.sockets.binder().config();
        let certhash = config.certificate.fingerprint();
        let addr = address::to_listen(addr, config)?;
        let endpoint = self.sockets.listen(addr).map_err(TransportError::Other)?;
        self.listeners.push(Listener::new(id, endpoint, certhash));
        self.wake();
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let Some(at) = self.listeners.iter().position(|listener| listener.id() == id) else {
            return false;
        };
        self.listeners.remove(at);
        self.events.push_back(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
        self.wake();
        true
    }

    fn dial(&mut self, addr: Multiaddr, opts: DialOpts) -> Result<Dial, TransportError<Error>> {
        let address = address::to_dial(addr)?;
        if opts.role == Role::Listener {
            return Err(TransportError::Other(Error::HolePunch));
        }
        let endpoint = match opts.port_use {
            PortUse::Reuse => {
                let ip = address.ip().to_canonical();
                Some(self.reused(ip).map_err(TransportError::Other)?)
            }
            PortUse::New => None,
        };
        let binder = self.sockets.binder().clone();
        Ok(Box::pin(async move { dial(&binder, endpoint, &address).await }))
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Event> {
        let this = &mut *self;
        if let Some(event) = this.events.pop_front() {
            return Poll::Ready(event);
        }
        for _ in 0..this.listeners.len() {
            this.turn = (this.turn + 1) % this.listeners.len();
            if let Poll::Ready(event) = this.listeners[this.turn].poll(context) {
                if matches!(event, TransportEvent::ListenerClosed { .. }) {
                    this.listeners.remove(this.turn);
                }
                return Poll::Ready(event);
            }
        }
        this.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

async fn dial<B: Bind>(
    binder: &Arc<Binder<B>>,
    reused: Option<Endpoint>,
    address: &DirectAddr,
) -> Result<(PeerId, Connection), Error> {
    if let Some(endpoint) = reused {
        match endpoint.dial(address).await {
            // Two sockets have room for one connection in each direction, swarms for more; and peers that fill
            // a listener do not keep its node from dialing.
            Err(DialError::Refused(
                DialRefused::AlreadyConnected(_) | DialRefused::TooManyConnections,
            )) => {}
            result => return established(result, endpoint),
        }
    }
    let endpoint = binder.to_dial(address.ip().to_canonical())?;
    established(endpoint.dial(address).await, endpoint)
}

fn established(
    dialed: Result<crate::driver::Connection, DialError>,
    endpoint: Endpoint,
) -> Result<(PeerId, Connection), Error> {
    let connection = dialed.map_err(|error| Error::Dial(Box::new(error)))?;
    let peer = address::peer_id(connection.peer_id());
    let remote = connection.remote_addr();
    Ok((peer, Connection::new(connection, remote, endpoint)))
}

impl<B> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners: Vec<_> = self.listeners.iter().map(Listener::id).collect();
        f.debug_struct("Transport").field("listeners", &listeners).finish_non_exhaustive()
    }
}
