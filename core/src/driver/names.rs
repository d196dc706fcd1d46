//! Names of mDNS: where they lead is asked of whoever can say so.
//!
//! Browsers hide their addresses behind names that only their own network resolves. floe speaks no mDNS; an
//! application that does lends its [`Resolver`] to an endpoint. Without one the names are passed over, and the peer is
//! found by its own checks. Look-ups live as long as the meeting that they are for, and there are no more of them than
//! the peer may name addresses ([`Limits::candidates_per_peer`](crate::rtc::Limits::candidates_per_peer)).

use core::fmt;
use core::future::Future;
use core::net::IpAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::boxed::Box;
use std::vec::Vec;

use crate::rtc::signaling::RemoteCandidate;
use crate::sdp::Address;

/// Looks up the names behind which the peers of private connections hide their addresses.
///
/// Every function from a name to a future of its address is one:
///
/// ```
/// use std::net::IpAddr;
///
/// async fn look_up(name: String) -> Option<IpAddr> {
///     None // … by multicast DNS (RFC 6762)
/// }
///
/// # fn lend(endpoint: &floe_core::driver::Endpoint) {
/// endpoint.set_resolver(|name: &str| look_up(name.to_owned()));
/// # }
/// ```
pub trait Resolver: Send + Sync + 'static {
    /// Where `name` leads, which ends in `.local`; `None` if that cannot be found out. The future is dropped when
    /// nobody waits for it any more.
    fn resolve(&self, name: &str) -> Lookup;
}

/// The address that a name leads to, some time.
pub type Lookup = Pin<Box<dyn Future<Output = Option<IpAddr>> + Send>>;

impl<F, Fut> Resolver for F
where
    F: Fn(&str) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<IpAddr>> + Send + 'static,
{
    fn resolve(&self, name: &str) -> Lookup {
        Box::pin(self(name))
    }
}

/// What is being looked up for one meeting.
#[derive(Default)]
pub(super) struct Lookups(Vec<(RemoteCandidate, Lookup)>);

impl Lookups {
    /// Begins to look up the name of a candidate.
    pub(super) fn begin(&mut self, candidate: RemoteCandidate, resolver: &dyn Resolver) {
        if let Address::Name(name) = candidate.as_sdp().address {
            let lookup = resolver.resolve(name.as_str());
            self.0.push((candidate, lookup));
        }
    }

    /// A candidate whose name has been looked up, and where it leads.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Option<(RemoteCandidate, IpAddr)> {
        let mut index = 0;
        while let Some((_, lookup)) = self.0.get_mut(index) {
            match lookup.as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(found) => {
                    let (candidate, _) = self.0.swap_remove(index);
                    if let Some(ip) = found {
                        return Some((candidate, ip));
                    }
                }
            }
        }
        None
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(candidate, _)| candidate)).finish()
    }
}
