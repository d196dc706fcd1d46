//! The watcher of an endpoint's addresses.

use core::fmt;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use futures::stream::Stream;

use super::hub::Hub;
use super::interfaces::{Change, Told};
use crate::fingerprint::Fingerprint;
use crate::multiaddr::DirectAddr;
use crate::peer_id::PeerId;

/// A change of the addresses that peers can dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddrChange {
    /// Peers can dial this one from now on.
    New(DirectAddr),
    /// This one is gone: no interface has it any more.
    Expired(DirectAddr),
}

/// Watches the addresses of an endpoint as interfaces come and go; from
/// [`Endpoint::watch_addrs`](super::Endpoint::watch_addrs).
///
/// First come the addresses there are, as [`AddrChange::New`], then each change within some two seconds.
/// Those that are noticed together come sorted by IP address. Only what differs from what was told is
/// told: a watcher that is asked rarely skips addresses that came and went, and needs no more memory for
/// it.
///
/// It is a [`Stream`] too. It does not keep its endpoint open.
pub struct ListenAddrs {
    hub: Arc<Hub>,
    told: Told,
    certhash: Fingerprint,
    peer: PeerId,
}

impl ListenAddrs {
    pub(super) fn new(hub: Arc<Hub>, certhash: Fingerprint, peer: PeerId) -> Self {
        let told = hub.watch();
        Self { hub, told, certhash, peer }
    }

    /// Waits for the next change. `None` once the endpoint is closed.
    ///
    /// Dropping the future loses no change.
    pub async fn next(&mut self) -> Option<AddrChange> {
        poll_fn(|context| self.poll_change(context)).await
    }

    fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<Option<AddrChange>> {
        let change = ready!(self.hub.interfaces.poll_change(context, &mut self.told));
        let full = |addr| listen_addr(addr, self.certhash, self.peer);
        Poll::Ready(change.map(|change| match change {
            Change::New(addr) => AddrChange::New(full(addr)),
            Change::Expired(addr) => AddrChange::Expired(full(addr)),
        }))
    }
}

impl Stream for ListenAddrs {
    type Item = AddrChange;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<AddrChange>> {
        self.get_mut().poll_change(context)
    }
}

impl Drop for ListenAddrs {
    fn drop(&mut self) {
        self.hub.interfaces.leave(&mut self.told);
    }
}

impl fmt::Debug for ListenAddrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenAddrs").field("told", &self.told).finish_non_exhaustive()
    }
}

/// What peers dial, for a concrete address of the socket.
pub(super) fn listen_addr(addr: SocketAddr, certhash: Fingerprint, peer: PeerId) -> DirectAddr {
    DirectAddr { certhash: Some(certhash), peer: Some(peer), ..DirectAddr::new(addr) }
}
