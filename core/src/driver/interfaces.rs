//! The addresses that the socket can be reached at, as interfaces come and go.
//!
//! No system tells everybody on every platform when an interface changes, so the driver looks again
//! and again. That costs a few system calls each time, and only a socket that is bound to a wildcard
//! can find anything new: so nobody looks unless someone watches such a socket. Looks are the driver's
//! alone; were watchers to look for themselves, an older finding could replace a newer one.
//!
//! There is one latest list for all. A watcher keeps what it has told and compares, so however slow it
//! is, nothing piles up for it; what came and went in between it never hears of.

use core::cmp::Ordering;
use core::fmt;
use core::mem;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::vec::Vec;

use tracing::debug;

use super::watched::{Place, Watched};
use crate::rtc::telemetry;
use crate::time::Timestamp;

type Ask = dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// What watchers and the driver share.
pub(super) struct Interfaces {
    /// Asks the socket; it knows none once the driver is gone.
    ask: Box<Ask>,
    /// Whether the answer can change: the socket is bound to a wildcard.
    can_change: bool,
    state: Watched<State>,
}

#[derive(Debug, Default)]
struct State {
    watchers: usize,
    /// Someone has begun to watch and the driver has not looked since.
    wanted: bool,
    /// Sorted; none while nobody watches, so that no watcher begins with what was true long ago.
    latest: Option<Vec<SocketAddr>>,
    over: bool,
}

/// What a watcher has told, and where it waits.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Sorted.
    addrs: Vec<SocketAddr>,
    place: Place,
}

/// An address that was not there, or is not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New(SocketAddr),
    Expired(SocketAddr),
}

/// The handle's side.
impl Interfaces {
    pub(super) fn new(local: SocketAddr, ask: Box<Ask>) -> Self {
        let state = Watched::new(State::default());
        Self { ask, can_change: local.ip().is_unspecified(), state }
    }

    /// The addresses now, sorted.
    pub(super) fn addrs(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addrs = (self.ask)()?;
        addrs.sort_unstable();
        addrs.dedup();
        Ok(addrs)
    }

    /// Begins to watch; to be followed by a letter, and in the end by [`leave`](Self::leave).
    pub(super) fn enter(&self) -> Told {
        self.state.with(|state| {
            state.watchers += 1;
            state.wanted = true;
        });
        Told::default()
    }

    /// The next change; none when the endpoint is closed.
    pub(super) fn poll_change(
        &self,
        context: &mut Context<'_>,
        told: &mut Told,
    ) -> Poll<Option<Change>> {
        let Told { addrs, place } = told;
        self.state.poll(context, place, |state| match &state.latest {
            _ if state.over => Poll::Ready(None),
            Some(latest) => match step(addrs, latest) {
                Some(change) => Poll::Ready(Some(change)),
                None => Poll::Pending,
            },
            None => Poll::Pending,
        })
    }

    /// All addresses, if they are not what was told: for who asks again and again and does not wait.
    pub(super) fn catch_up<'a>(&self, told: &'a mut Told) -> Option<&'a [SocketAddr]> {
        let latest = self.state.with(|state| {
            let changed = state.latest.as_ref().filter(|latest| **latest != told.addrs);
            changed.cloned()
        });
        told.addrs = latest?;
        Some(&told.addrs)
    }

    /// Watches no longer.
    pub(super) fn leave(&self, told: &mut Told) {
        self.state.leave(&mut told.place);
        self.state.with(|state| {
            state.watchers -= 1;
            if state.watchers == 0 {
                state.latest = None;
            }
        });
    }

    fn found(&self, addrs: Vec<SocketAddr>) {
        if self.state.with(|state| state.latest.as_ref() == Some(&addrs)) {
            return;
        }
        self.state.change(|state| {
            if state.watchers > 0 {
                state.latest = Some(addrs);
            }
        });
    }

    /// The endpoint is closed: nobody has anything to watch any more.
    pub(super) fn close(&self) {
        self.state.change(|state| state.over = true);
    }
}

/// The driver's side: when to look.
#[derive(Debug, Default)]
pub(super) struct Lookout {
    due: Option<Timestamp>,
}

impl Lookout {
    /// When the driver is to look again, if at all.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Someone may have begun to watch.
    pub(super) fn attend(&mut self, now: Timestamp, interfaces: &Interfaces) {
        if interfaces.state.with(|state| mem::take(&mut state.wanted)) {
            self.due = Some(now);
        }
    }

    /// Looks, if that is due and someone still watches.
    pub(super) fn look(&mut self, now: Timestamp, interfaces: &Interfaces) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        if interfaces.state.with(|state| state.watchers == 0 || state.over) {
            return;
        }
        // Not within the lock: it takes as long as the system likes.
        let again = match interfaces.addrs() {
            Ok(found) => {
                interfaces.found(found);
                interfaces.can_change
            }
            // Not knowing them is no reason to tell that they are gone.
            Err(error) => {
                debug!(target: telemetry::DRIVER, %error, "the interfaces were not looked up");
                true
            }
        };
        self.due = again.then_some(now + INTERVAL);
    }
}

impl fmt::Debug for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interfaces").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Brings `told` a step nearer to `latest`; both are sorted. Says which step: the one of the lowest
/// address that differs.
fn step(told: &mut Vec<SocketAddr>, latest: &[SocketAddr]) -> Option<Change> {
    let same = told.iter().zip(latest).take_while(|(told, latest)| told == latest).count();
    let order = match (told.get(same), latest.get(same)) {
        (Some(told), Some(latest)) => told.cmp(latest),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => return None,
    };
    Some(if order == Ordering::Less {
        Change::Expired(told.remove(same))
    } else {
        told.insert(same, latest[same]);
        Change::New(latest[same])
    })
}

/// Between two looks. A person who plugs in a cable should not wonder whether it was noticed, and half
/// a look a second, of some 50 µs, is nothing to a machine.
const INTERVAL: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
