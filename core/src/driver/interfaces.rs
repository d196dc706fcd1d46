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
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Mutex};

    use futures::task::noop_waker_ref;

    use super::*;

    /// A host whose interfaces a test plugs and pulls.
    struct Host {
        /// None: the system does not say.
        has: Arc<Mutex<Option<Vec<SocketAddr>>>>,
        asked: Arc<AtomicUsize>,
        interfaces: Interfaces,
        lookout: Lookout,
    }

    impl Host {
        fn new(local: [u8; 4]) -> Self {
            let (has, asked) =
                (Arc::new(Mutex::new(Some(Vec::new()))), Arc::new(AtomicUsize::new(0)));
            let (given, counted) = (has.clone(), asked.clone());
            let ask = move || {
                counted.fetch_add(1, SeqCst);
                given.lock().unwrap().clone().ok_or(io::ErrorKind::OutOfMemory.into())
            };
            let interfaces = Interfaces::new((local, PORT).into(), Box::new(ask));
            Self { has, asked, interfaces, lookout: Lookout::default() }
        }

        fn set(&self, hosts: &[u8]) {
            *self.has.lock().unwrap() = Some(hosts.iter().map(|host| addr(*host)).collect());
        }

        /// What the driver does on a turn in which it found a letter.
        fn turn(&mut self, now: Timestamp) {
            self.lookout.attend(now, &self.interfaces);
            self.lookout.look(now, &self.interfaces);
        }

        /// Lets the time come at which the driver looks again.
        fn later(&mut self) {
            let due = self.lookout.due().expect("someone watches");
            self.turn(due);
        }

        fn next(&self, told: &mut Told) -> Poll<Option<Change>> {
            self.interfaces.poll_change(&mut Context::from_waker(noop_waker_ref()), told)
        }

        /// All changes there are.
        fn changes(&self, told: &mut Told) -> Vec<Change> {
            let mut changes = Vec::new();
            while let Poll::Ready(change) = self.next(told) {
                changes.push(change.expect("the endpoint is open"));
            }
            changes
        }
    }

    const PORT: u16 = 4001;
    const WILDCARD: [u8; 4] = [0; 4];

    fn addr(host: u8) -> SocketAddr {
        ([192, 0, 2, host], PORT).into()
    }

    fn new(hosts: &[u8]) -> Vec<Change> {
        hosts.iter().map(|host| Change::New(addr(*host))).collect()
    }

    #[test]
    fn a_watcher_begins_with_what_there_is_and_hears_of_each_change() {
        let mut host = Host::new(WILDCARD);
        host.set(&[9, 1, 9, 5]);
        let mut told = host.interfaces.enter();
        assert_eq!(host.next(&mut told), Poll::Pending, "the driver has not looked");
        host.turn(Timestamp::ZERO);
        assert_eq!(host.changes(&mut told), new(&[1, 5, 9]), "sorted, each once");
        host.later();
        assert_eq!(host.changes(&mut told), [], "nothing has changed");
        host.set(&[7, 9, 3]);
        assert_eq!(host.changes(&mut told), [], "nobody has looked");
        host.later();
        let moves = [
            Change::Expired(addr(1)),
            Change::New(addr(3)),
            Change::Expired(addr(5)),
            Change::New(addr(7)),
        ];
        assert_eq!(host.changes(&mut told), moves);
        host.set(&[]);
        host.later();
        assert_eq!(host.changes(&mut told), [3, 7, 9].map(|host| Change::Expired(addr(host))));
    }

    #[test]
    fn what_cannot_be_looked_up_has_not_changed() {
        let mut host = Host::new(WILDCARD);
        host.set(&[1]);
        let mut told = host.interfaces.enter();
        host.turn(Timestamp::ZERO);
        assert_eq!(host.changes(&mut told), new(&[1]));
        *host.has.lock().unwrap() = None;
        host.later();
        assert_eq!(host.changes(&mut told), []);
        host.set(&[1, 2]);
        host.later();
        assert_eq!(host.changes(&mut told), new(&[2]));
    }

    #[test]
    fn watchers_are_independent() {
        let mut host = Host::new(WILDCARD);
        host.set(&[1]);
        let mut quick = host.interfaces.enter();
        host.turn(Timestamp::ZERO);
        assert_eq!(host.changes(&mut quick), new(&[1]));
        let mut slow = host.interfaces.enter();
        host.set(&[2]);
        host.later();
        assert_eq!(host.changes(&mut quick), [Change::Expired(addr(1)), Change::New(addr(2))]);
        host.set(&[3]);
        host.later();
        assert_eq!(host.changes(&mut quick), [Change::Expired(addr(2)), Change::New(addr(3))]);
        assert_eq!(host.changes(&mut slow), new(&[3]), "what is gone by now it need not know");
        host.interfaces.leave(&mut quick);
        host.set(&[3, 4]);
        host.later();
        assert_eq!(host.changes(&mut slow), new(&[4]));
    }

    #[test]
    fn nobody_looks_unless_someone_watches() {
        let mut host = Host::new(WILDCARD);
        host.turn(Timestamp::ZERO);
        assert_eq!((host.lookout.due(), host.asked.load(SeqCst)), (None, 0));

        let mut told = host.interfaces.enter();
        host.turn(Timestamp::ZERO);
        host.turn(Timestamp::ZERO + INTERVAL / 2);
        assert_eq!(host.lookout.due(), Some(Timestamp::ZERO + INTERVAL));
        assert_eq!(host.asked.load(SeqCst), 1, "other turns do not look");

        host.interfaces.leave(&mut told);
        host.later();
        assert_eq!((host.lookout.due(), host.asked.load(SeqCst)), (None, 1));
    }

    #[test]
    fn an_address_that_was_chosen_is_looked_up_once() {
        let mut host = Host::new([192, 0, 2, 1]);
        host.set(&[1]);
        for watchers in 1..3 {
            let mut told = host.interfaces.enter();
            host.turn(Timestamp::ZERO);
            assert_eq!(host.changes(&mut told), new(&[1]));
            assert_eq!((host.lookout.due(), host.asked.load(SeqCst)), (None, watchers));
        }
    }

    #[test]
    fn what_was_true_long_ago_is_forgotten() {
        let mut host = Host::new(WILDCARD);
        host.set(&[1]);
        let mut told = host.interfaces.enter();
        host.turn(Timestamp::ZERO);
        assert_eq!(host.changes(&mut told), new(&[1]));
        host.interfaces.leave(&mut told);
        host.set(&[2]);
        let mut told = host.interfaces.enter();
        assert_eq!(host.changes(&mut told), []);
        host.turn(Timestamp::ZERO);
        assert_eq!(host.changes(&mut told), new(&[2]));
    }

    #[test]
    fn a_closed_endpoint_has_nothing_to_watch() {
        let mut host = Host::new(WILDCARD);
        host.set(&[1]);
        let mut told = host.interfaces.enter();
        host.turn(Timestamp::ZERO);
        host.interfaces.close();
        assert_eq!(host.next(&mut told), Poll::Ready(None));
        assert_eq!(host.next(&mut host.interfaces.enter()), Poll::Ready(None));
        host.later();
        assert_eq!((host.lookout.due(), host.asked.load(SeqCst)), (None, 1));
    }
}
