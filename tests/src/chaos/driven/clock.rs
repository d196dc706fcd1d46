//! A clock of a node's own: a number that the world moves on, and whoever sleeps until it is high enough.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use floe_core::driver;
use floe_core::rtc::Epoch;
use floe_core::time::Timestamp;

use crate::rng::Rng;

/// The clock of a node; all clones are the same one. Nothing moves it but the world.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Epoch,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    now: Timestamp,
    sleepers: BTreeMap<Place, Waker>,
    slept: u64,
    late: Duration,
    rng: Rng,
}

/// When somebody is to be woken; a number tells those of the same moment apart.
type Place = (Timestamp, u64);

impl Clock {
    /// A clock at zero whose sleepers wake up to `late` after their moment, as `seed` has it.
    pub(super) fn new(epoch: Epoch, seed: u64, late: Duration) -> Self {
        let (sleepers, rng) = (BTreeMap::new(), Rng::new(seed));
        let shared = Shared { now: Timestamp::ZERO, sleepers, slept: 0, late, rng };
        Self { epoch, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Goes on to `now` and wakes whoever waited for it.
    pub(super) fn advance(&self, now: Timestamp) {
        let mut woken = Vec::new();
        {
            let mut shared = self.lock();
            shared.now = shared.now.max(now);
            let now = shared.now;
            while let Some(sleeper) = shared.sleepers.first_entry()
                && sleeper.key().0 <= now
            {
                woken.push(sleeper.remove());
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    /// When somebody is to be woken next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.lock().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// Waits for so long.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        let now = self.lock().now;
        self.until(now + duration)
    }

    fn until(&self, at: Timestamp) -> Sleep {
        Sleep { clock: self.clone(), at, place: None }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics with the clock in hand")
    }
}

impl driver::Clock for Clock {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send {
        self.until(at)
    }
}

struct Sleep {
    clock: Clock,
    at: Timestamp,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clone_of_clock();
        let mut shared = clock.lock();
        // Once it has its place it is woken there: timers come late, but once.
        let due = self.place.map_or(self.at, |(at, _)| at);
        if due <= shared.now {
            return Poll::Ready(());
        }
        let place = match self.place {
            Some(place) => place,
            None => {
                let late = shared.late.as_nanos() as u64;
                let late = if late == 0 { 0 } else { shared.rng.below(late) };
                shared.slept += 1;
                (self.at + Duration::from_nanos(late), shared.slept)
            }
        };
        shared.sleepers.insert(place, context.waker().clone());
        drop(shared);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Sleep {
    fn clone_of_clock(&self) -> Clock {
        self.clock.clone()
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let stale = self.place.and_then(|place| self.clock.lock().sleepers.remove(&place));
        drop(stale);
    }
}
