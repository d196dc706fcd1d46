//! The handle of an endpoint.

use core::net::SocketAddr;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

use futures::io::{AsyncRead, AsyncWrite};

use super::connection::{Alive, Connection};
use super::error::{DialError, Ending};
use super::hub::Hub;
use super::link::{Begin, Link};
use super::listen_addrs::{ListenAddrs, listen_addr};
use super::names::Resolver;
use super::talk::Talk;
use crate::fingerprint::Fingerprint;
use crate::multiaddr::DirectAddr;
use crate::peer_id::PeerId;
use crate::rtc::Config;
use crate::rtc::endpoint::{Counters, Target};
use crate::rtc::private::Meeting;

/// One UDP socket and all connections on it, for dialing and for being dialed.
///
/// The runtime crates' `bind` makes one, and their front pages show a dial and a listener that run.
///
/// Cheap to clone; all clones mean the same endpoint. When the last one is dropped, everything is
/// closed: peers are told, connections and streams that are still held report their end. (Connections
/// do not keep their endpoint alive: whoever owns the socket decides.)
#[derive(Clone, Debug)]
#[must_use = "dropping the last handle of an endpoint closes it"]
pub struct Endpoint {
    owned: Arc<Owned>,
}

/// What all clones own together.
#[derive(Debug)]
struct Owned {
    hub: Arc<Hub>,
    peer_id: PeerId,
    fingerprint: Fingerprint,
}

impl Endpoint {
    pub(super) fn new(hub: Arc<Hub>, config: &Config) -> Self {
        let peer_id = config.identity.peer_id();
        let fingerprint = config.certificate.fingerprint();
        Self { owned: Arc::new(Owned { hub, peer_id, fingerprint }) }
    }

    /// Our own peer id.
    pub fn peer_id(&self) -> PeerId {
        self.owned.peer_id
    }

    /// The address that the socket is bound to; its IP address may be a wildcard.
    pub fn local_addr(&self) -> SocketAddr {
        self.owned.hub.local
    }

    /// The addresses that peers can dial: concrete, with certhash and peer id. A socket that is bound to
    /// a wildcard has one for each address of an interface; they are looked up afresh on each call, and
    /// sorted. Empty once the endpoint is closed.
    pub fn listen_addrs(&self) -> Vec<DirectAddr> {
        let (certhash, peer) = (self.owned.fingerprint, self.owned.peer_id);
        let concrete = self.owned.hub.interfaces.addrs().unwrap_or_default();
        concrete.into_iter().map(|addr| listen_addr(addr, certhash, peer)).collect()
    }

    /// Watches these addresses: first those there are, then each that comes or goes.
    ///
    /// While anyone watches an endpoint that is bound to a wildcard, the interfaces are looked up every
    /// two seconds; dropping the watcher ends that.
    pub fn watch_addrs(&self) -> ListenAddrs {
        let Owned { hub, peer_id, fingerprint } = &*self.owned;
        ListenAddrs::new(hub.clone(), *fingerprint, *peer_id)
    }

    /// Dials a peer: an address, or a [`Target`] made from one and adjusted (version, deadline). Done
    /// when the peer is authenticated.
    ///
    /// Dropping the future gives the dial up.
    ///
    /// Our own address is dialed like any other: it leads to a connection with ourselves, which we accept
    /// as well. Whoever does not want that looks at the peer id, as libp2p's swarms do.
    ///
    /// # Errors
    ///
    /// [`DialError`], which says which step failed and which were done when.
    pub async fn dial(
        &self,
        target: impl TryInto<Target, Error: Into<DialError>> + Send,
    ) -> Result<Connection, DialError> {
        let target = target.try_into().map_err(Into::into)?;
        let target = target.reachable_from(self.local_addr())?;
        self.begin(Begin::Dial(target)).await
    }

    /// Comes to a private connection with `peer`: one between two nodes that nobody can dial, as both are behind
    /// NATs. `stream` is a stream of a relayed connection to it, on which `/webrtc-signaling/0.0.1` was negotiated;
    /// we opened it, so we offer. Done when the connection is up.
    ///
    /// Who the peer is says the relayed connection, which must have proven it: here `peer` is taken as said, and DTLS
    /// insists on the certificate that the stream names.
    ///
    /// The endpoint owns the stream from here on. It reads and writes what little there is to say, closes the stream
    /// when it was of use, which may be after the future is done, and drops it when it was not: a stream that is
    /// dropped open should be reset. Dropping the future gives the attempt up.
    ///
    /// ```
    /// use floe_core::peer_id::PeerId;
    /// # use floe_core::driver::{Connection, DialError, Endpoint};
    /// # use futures::io::{AsyncRead, AsyncWrite};
    ///
    /// # async fn signaling<S>(relayed: S, endpoint: &Endpoint, peer: PeerId) -> Result<(), DialError>
    /// # where S: AsyncRead + AsyncWrite + Send + 'static {
    /// let connection = endpoint.dial_private(relayed, peer).await?;
    /// println!("{} is at {}", connection.peer_id(), connection.remote_addr());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`DialError`]: it is [`Refused`](DialError::Refused) while too many are under way, and
    /// [`Failed`](DialError::Failed) says what came in between, of signaling or of the connection itself. If
    /// the peer has dialed us meanwhile and its attempt is what goes on, that is
    /// [`ConnectionEnd::Replaced`](crate::rtc::error::ConnectionEnd::Replaced): whoever
    /// [accepts](Self::accept_private) that has the connection.
    pub async fn dial_private(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: PeerId,
    ) -> Result<Connection, DialError> {
        self.meet(stream, Meeting::offering(peer)).await
    }

    /// The same as [`dial_private`](Self::dial_private), for the side that the stream was opened to: it answers.
    ///
    /// [`accept`](Self::accept) has nothing to do with it, and it goes on when the endpoint has
    /// [stopped accepting](Self::stop_accepting), as it was asked for.
    ///
    /// # Errors
    ///
    /// As [`dial_private`](Self::dial_private).
    pub async fn accept_private(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: PeerId,
    ) -> Result<Connection, DialError> {
        self.meet(stream, Meeting::answering(peer)).await
    }

    /// What [`dial_private`](Self::dial_private) and [`accept_private`](Self::accept_private) do, with a
    /// [`Meeting`] that may be adjusted (deadline).
    ///
    /// # Errors
    ///
    /// As [`dial_private`](Self::dial_private).
    pub async fn meet(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        meeting: Meeting,
    ) -> Result<Connection, DialError> {
        self.begin(Begin::Meet(meeting, Talk::new(stream))).await
    }

    async fn begin(&self, begin: Begin) -> Result<Connection, DialError> {
        let hub = &self.owned.hub;
        let link = Link::beginning(begin);
        // From here on, dropping the future drops the only handle, which gives the attempt up.
        let alive = Arc::new(Alive::new(link.clone(), hub.clone()));
        if !link.ask(&hub.mail) {
            return Err(DialError::from(&hub.ended().await));
        }
        let (id, established) = link.established().await?;
        Ok(Connection::new(alive, id, established))
    }

    /// Waits for the next connection that a peer has dialed; it is authenticated. `None` once the
    /// endpoint is closed, or [accepts none](Self::stop_accepting) any more.
    ///
    /// Up to 256 connections wait to be accepted; further ones are closed as they come.
    /// Dropping the future loses no connection.
    pub async fn accept(&self) -> Option<Connection> {
        let hub = &self.owned.hub;
        let (link, id, established) = hub.accept().await?;
        let alive = Arc::new(Alive::new(link, hub.clone()));
        Some(Connection::new(alive, id, established))
    }

    /// From now on, names of mDNS behind which peers of private connections hide are looked up by this one. Without
    /// any they are passed over.
    pub fn set_resolver(&self, resolver: impl Resolver) {
        self.owned.hub.set_resolver(Arc::new(resolver));
    }

    /// Accepts no connections any more: those that peers dial from now on are refused, and those that wait
    /// to be accepted are closed. All others go on, and the endpoint can dial, and meet peers.
    pub fn stop_accepting(&self) {
        self.owned.hub.close_ears();
    }

    /// The endpoint's numbers; `None` once it is closed.
    pub async fn counters(&self) -> Option<Counters> {
        self.owned.hub.counters().await
    }

    /// Closes all connections and the endpoint. Done when peers have been told and the socket is free.
    ///
    /// What streams have not delivered yet is lost, but on connections that are being
    /// [finished](Connection::finish): they have their time first. The endpoint closes also if the future is
    /// dropped, once it was polled.
    pub async fn close(&self) {
        self.owned.hub.close();
        // Whether the socket failed before no longer matters to whoever closes it.
        self.owned.hub.ended().await;
    }

    /// Waits until the endpoint is closed, for whatever reason; a dropped driver closes it too.
    ///
    /// # Errors
    ///
    /// The error of the socket that ended it, if it was one.
    pub async fn closed(&self) -> Result<(), Arc<io::Error>> {
        match self.owned.hub.ended().await {
            Ending::SocketFailed(error) => Err(error),
            Ending::Closed | Ending::DriverDropped => Ok(()),
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.hub.close();
    }
}
