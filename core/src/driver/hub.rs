//! What the handles of an endpoint and the driver share.

use core::fmt;
use core::mem;
use core::net::SocketAddr;
use core::task::Poll;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::Ending;
use super::interfaces::{Interfaces, Told};
use super::link::Link;
use super::mail::{Letter, Mailbox};
use super::names::Resolver;
use super::question::Question;
use super::watched::Watched;
use crate::rtc::output::Established;
use crate::rtc::{ConnectionId, Counters};

/// Connections that peers have dialed and nobody has accepted yet. Further ones are closed.
///
/// 256, twice the backlog that listening TCP sockets have by habit: an application that lets so many
/// wait will not serve them.
pub(super) const BACKLOG: usize = 256;

pub(super) struct Hub {
    pub(super) mail: Mailbox,
    /// The address that the socket is bound to.
    pub(super) local: SocketAddr,
    pub(super) interfaces: Interfaces,
    /// Who looks up names of mDNS, if anybody does.
    resolver: Mutex<Option<Arc<dyn Resolver>>>,
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
    /// Nobody accepts connections any more.
    deaf: bool,
    counters: Question<Counters>,
    /// The driver has ended.
    ended: Option<Ending>,
}

/// What a letter about the endpoint stands for.
#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) close: bool,
    pub(super) deaf: bool,
    pub(super) counters: bool,
}

impl Hub {
    pub(super) fn new(local: SocketAddr, interfaces: Interfaces) -> Arc<Self> {
        let (mail, state) = (Mailbox::default(), Watched::new(State::default()));
        Arc::new(Self { mail, local, interfaces, resolver: Mutex::default(), state })
    }

    pub(super) fn set_resolver(&self, resolver: Arc<dyn Resolver>) {
        *self.resolver.lock().unwrap_or_else(PoisonError::into_inner) = Some(resolver);
    }

    pub(super) fn resolver(&self) -> Option<Arc<dyn Resolver>> {
        // Nothing inside can panic half-way.
        self.resolver.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn accept(&self) -> Option<Arrival> {
        let ready = |state: &mut State| match state.arrivals.pop_front() {
            Some(arrival) => Poll::Ready(Some(arrival)),
            None if state.close || state.deaf || state.ended.is_some() => Poll::Ready(None),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Asks the driver to refuse connections from now on.
    pub(super) fn close_ears(&self) {
        let unwanted = self.state.change(|state| {
            state.deaf = true;
            mem::take(&mut state.arrivals)
        });
        for (link, ..) in unwanted {
            link.abandon(&self.mail);
        }
        self.post(|_| ());
    }

    /// Asks the driver to close everything and end.
    pub(super) fn close(&self) {
        // Whoever waits for what will not come need not.
        self.state.change(|state| state.close = true);
        self.interfaces.close();
        self.post(|_| ());
    }

    pub(super) async fn counters(&self) -> Option<Counters> {
        let mut ticket = 0;
        if !self.post(|state| ticket = state.counters.ask()) {
            return None;
        }
        let ready = |state: &mut State| match (&state.ended, state.counters.answer_to(ticket)) {
            (Some(_), _) => Poll::Ready(None),
            (None, Some(counters)) => Poll::Ready(counters),
            (None, None) => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Begins to watch the interfaces and makes the driver look.
    pub(super) fn watch(&self) -> Told {
        let told = self.interfaces.enter();
        self.post(|_| ());
        told
    }

    /// Makes a wish and posts a letter. `false`: there is no driver.
    fn post(&self, wish: impl FnOnce(&mut State)) -> bool {
        let first = self.state.with(|state| {
            wish(state);
            !mem::replace(&mut state.posted, true)
        });
        !first || self.mail.post(Letter::Endpoint)
    }

    /// Says what the handles wish; from now on they may post again.
    pub(super) fn attend(&self) -> Wishes {
        self.state.with(|state| {
            state.posted = false;
            Wishes { close: state.close, deaf: state.deaf, counters: state.counters.is_open() }
        })
    }

    pub(super) fn answer(&self, counters: Counters) {
        self.state.change(|state| state.counters.answer(Some(counters)));
    }

    /// Waits until the driver has ended.
    pub(super) async fn ended(&self) -> Ending {
        let ready = |state: &mut State| match &state.ended {
            Some(ending) => Poll::Ready(ending.clone()),
            None => Poll::Pending,
        };
        self.state.until(ready).await
    }

    /// Hands a connection to whoever accepts. `false`: nobody does, or too many wait already.
    pub(super) fn arrived(&self, arrival: Arrival) -> bool {
        self.state.change(|state| {
            let room = !state.deaf && state.arrivals.len() < BACKLOG;
            if room {
                state.arrivals.push_back(arrival);
            }
            room
        })
    }

    /// The driver ends. Connections that nobody has accepted are over and need no handle.
    pub(super) fn end(&self, ending: Ending) {
        let unwanted = self.state.change(|state| {
            state.ended.get_or_insert(ending);
            mem::take(&mut state.arrivals)
        });
        drop(unwanted);
        self.interfaces.close();
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("local", &self.local).finish_non_exhaustive()
    }
}
