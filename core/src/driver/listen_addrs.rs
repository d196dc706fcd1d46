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
    DirectAddr::new(addr).with_certhash(certhash).with_peer(peer)
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::time::Duration;

    use futures::{FutureExt, StreamExt};

    use super::super::lone_host::Host;
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn the_driver_looks_by_its_clock_and_only_for_those_who_watch() {
        let host = Arc::new(Host::default());
        let (endpoint, driver) = host.endpoint();
        let mut driver = pin!(driver);
        assert_eq!(host.run(driver.as_mut()), None, "nobody watches, no timer runs");

        let mut watcher = endpoint.watch_addrs();
        assert_eq!(StreamExt::next(&mut watcher).now_or_never(), None);
        let alarm = host.run(driver.as_mut());
        assert_eq!(alarm, Some(Timestamp::from_millis(2_000)));
        let first = endpoint.listen_addrs()[0];
        assert_eq!(watcher.next().now_or_never(), Some(Some(AddrChange::New(first))));

        *host.host.lock().unwrap() = 1;
        host.pass(Duration::from_millis(1_999));
        assert_eq!(host.run(driver.as_mut()), alarm, "it is not woken before");
        assert_eq!(watcher.next().now_or_never(), None);
        host.pass(Duration::from_millis(1));
        assert_eq!(host.run(driver.as_mut()), Some(Timestamp::from_millis(4_000)));
        assert_eq!(
            StreamExt::next(&mut watcher).now_or_never(),
            Some(Some(AddrChange::Expired(first)))
        );
        let second = endpoint.listen_addrs()[0];
        assert_eq!(watcher.next().now_or_never(), Some(Some(AddrChange::New(second))));

        drop(watcher);
        host.pass(Duration::from_secs(2));
        assert_eq!(host.run(driver.as_mut()), None, "nobody watches any more");
        let _waits = endpoint.watch_addrs();
        assert_eq!(host.run(driver.as_mut()), Some(Timestamp::from_millis(6_000)));
    }
}
