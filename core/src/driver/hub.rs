//! What the handles of an endpoint and the driver share.

use core::fmt;
use core::mem;
use core::net::SocketAddr;
use core::task::Poll;
use std::boxed::Box;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

use super::link::Link;
use super::mail::{Letter, Mailbox};
use super::watched::Watched;
use crate::rtc::ConnectionId;
use crate::rtc::output::Established;

/// Connections that peers have dialed and nobody has accepted yet. Further ones are closed.
///
/// 256, twice the backlog that listening TCP sockets have by habit: an application that lets so many
/// wait will not serve them.
pub(super) const BACKLOG: usize = 256;

pub(super) struct Hub {
    pub(super) mail: Mailbox,
    /// The address that the socket is bound to.
    pub(super) local: SocketAddr,
    /// Asks the socket for its concrete addresses; none once the driver is gone.
    pub(super) addresses: Box<dyn Fn() -> Vec<SocketAddr> + Send + Sync>,
    state: Watched<State>,
}

/// A connection that a peer has dialed.
pub(super) type Arrival = (Arc<Link>, ConnectionId, Established);

#[derive(Debug, Default)]
struct State {
    /// A letter about the endpoint is in the box.
    posted: bool,
    arrivals: VecDeque<Arrival>,
    close: bool,
    /// The driver has ended, perhaps because the socket failed.
    ended: Option<Result<(), Arc<io::Error>>>,
}

impl Hub {
    pub(super) fn new(
        local: SocketAddr,
        addresses: Box<dyn Fn() -> Vec<SocketAddr> + Send + Sync>,
    ) -> Arc<Self> {
        let (mail, state) = (Mailbox::default(), Watched::new(State::default()));
        Arc::new(Self { mail, local, addresses, state })
    }

    pub(super) async fn accept(&self) -> Option<Arrival> {
        let ready = |state: &mut State| match state.arrivals.pop_front() {
            Some(arrival) => Poll::Ready(Some(arrival)),
            None if state.close || state.ended.is_some() => Poll::Ready(None),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Asks the driver to close everything and end.
    pub(super) fn close(&self) {
        let first = self.state.change(|state| {
            state.close = true;
            !mem::replace(&mut state.posted, true)
        });
        if first {
            self.mail.post(Letter::Endpoint);
        }
    }

    pub(super) async fn ended(&self) -> Result<(), Arc<io::Error>> {
        let ready = |state: &mut State| match &state.ended {
            Some(result) => Poll::Ready(result.clone()),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Hands a connection to whoever accepts. `false`: too many wait already.
    pub(super) fn arrived(&self, arrival: Arrival) -> bool {
        self.state.change(|state| {
            let room = state.arrivals.len() < BACKLOG;
            if room {
                state.arrivals.push_back(arrival);
            }
            room
        })
    }

    /// The driver ends. Connections that nobody has accepted are over and need no handle.
    pub(super) fn end(&self, result: Result<(), Arc<io::Error>>) {
        let unwanted = self.state.change(|state| {
            state.ended.get_or_insert(result);
            mem::take(&mut state.arrivals)
        });
        drop(unwanted);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("local", &self.local).finish_non_exhaustive()
    }
}
