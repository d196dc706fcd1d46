//! An endpoint that listens, and what swarms hear of it.

use core::future::{self, Ready};
use core::net::IpAddr;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use libp2p_core::Multiaddr;
use libp2p_core::transport::{ListenerId, TransportEvent};
use libp2p_identity::PeerId;

use super::address;
use super::error::Error;
use super::muxer::Connection;
use crate::driver::{self, AddrChange, Endpoint, ListenAddrs};
use crate::fingerprint::Fingerprint;
use crate::multiaddr::DirectAddr;

/// A connection that a peer has dialed; it is done when the swarm hears of it.
pub type Upgrade = Ready<Result<(PeerId, Connection), Error>>;

pub(super) type Event = TransportEvent<Upgrade, Error>;

/// Dropping it refuses connections from then on. Those that were accepted go on.
pub(super) struct Listener {
    id: ListenerId,
    endpoint: Endpoint,
    /// What it is bound to, as swarms know the near end of a connection.
    local: Multiaddr,
    addrs: ListenAddrs,
    arrivals: stream::Fuse<BoxStream<'static, driver::Connection>>,
}

impl Listener {
    pub(super) fn new(id: ListenerId, endpoint: Endpoint, certhash: Fingerprint) -> Self {
        let local = DirectAddr::new(endpoint.local_addr()).with_certhash(certhash);
        let arrivals = stream::unfold(endpoint.clone(), async |endpoint| {
            Some((endpoint.accept().await?, endpoint))
        });
        Self {
            id,
            local: address::multiaddr(local),
            addrs: endpoint.watch_addrs(),
            arrivals: arrivals.boxed().fuse(),
            endpoint,
        }
    }

    pub(super) fn id(&self) -> ListenerId {
        self.id
    }

    /// The endpoint, if a dial to such an address can leave by it: loopback addresses are reached from the
    /// loopback only, and nothing else is.
    pub(super) fn endpoint_to(&self, remote: IpAddr) -> Option<Endpoint> {
        let local = self.endpoint.local_addr().ip();
        let same_family = local.is_ipv4() == remote.is_ipv4();
        let same_host = local.is_unspecified() || local.is_loopback() == remote.is_loopback();
        (same_family && same_host).then(|| self.endpoint.clone())
    }

    /// The next event; [`ListenerClosed`](TransportEvent::ListenerClosed) is the last.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        let listener_id = self.id;
        if let Poll::Ready(Some(change)) = Pin::new(&mut self.addrs).poll_next(context) {
            // Swarms know whose addresses they are.
            let told = |addr: DirectAddr| address::multiaddr(addr.without_peer());
            return Poll::Ready(match change {
                AddrChange::New(addr) => {
                    TransportEvent::NewAddress { listener_id, listen_addr: told(addr) }
                }
                AddrChange::Expired(addr) => {
                    TransportEvent::AddressExpired { listener_id, listen_addr: told(addr) }
                }
            });
        }
        Poll::Ready(match ready!(self.arrivals.poll_next_unpin(context)) {
            Some(connection) => self.incoming(connection),
            None => {
                let cause = self.endpoint.closed().now_or_never().and_then(Result::err);
                TransportEvent::ListenerClosed { listener_id, reason: Err(Error::Stopped(cause)) }
            }
        })
    }

    fn incoming(&self, connection: driver::Connection) -> Event {
        let peer = address::peer_id(connection.peer_id());
        let remote = connection.remote_addr();
        let send_back_addr = address::of_peer(remote);
        let connection = Connection::new(connection, remote, self.endpoint.clone());
        TransportEvent::Incoming {
            listener_id: self.id,
            upgrade: future::ready(Ok((peer, connection))),
            local_addr: self.local.clone(),
            send_back_addr,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.endpoint.stop_accepting();
    }
}
