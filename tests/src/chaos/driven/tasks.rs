//! An executor for one thread that does what a seed says: which of the woken tasks is polled next, and
//! now and then one that nobody woke.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use crate::rng::Rng;

/// Tasks, polled when they are woken.
pub(super) struct Tasks {
    tasks: BTreeMap<TaskId, Task>,
    woken: Woken,
    spawned: u64,
    rng: Rng,
    /// Polls since the time went on.
    polls: u64,
}

/// A task; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(u64);

type Woken = Arc<Mutex<BTreeSet<TaskId>>>;

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
    polls: u64,
}

/// What a task came to, once it did.
#[derive(Debug)]
pub struct Job<T>(Arc<Mutex<Option<T>>>);

impl Tasks {
    pub(super) fn new(seed: u64) -> Self {
        let (tasks, woken) = (BTreeMap::new(), Woken::default());
        Self { tasks, woken, spawned: 0, rng: Rng::new(seed), polls: 0 }
    }

    /// A new task, to be polled when the tasks are run next.
    pub(super) fn spawn(&mut self, future: impl Future<Output = ()> + 'static) -> TaskId {
        let id = TaskId(self.spawned);
        self.spawned += 1;
        let waker = Waker::from(Arc::new(Bell { id, woken: self.woken.clone() }));
        waker.wake_by_ref();
        self.tasks.insert(id, Task { future: Box::pin(future), waker, polls: 0 });
        id
    }

    /// The same, for whoever wants to know what it comes to.
    pub(super) fn job<T: 'static>(&mut self, future: impl Future<Output = T> + 'static) -> Job<T> {
        let result = Arc::new(Mutex::new(None));
        let job = Job(result.clone());
        self.spawn(async move {
            let came_to = future.await;
            *result.lock().expect("it is only assigned") = Some(came_to);
        });
        job
    }

    /// Drops a task as it is.
    pub(super) fn give_up(&mut self, id: TaskId) {
        self.tasks.remove(&id);
    }

    /// How often a task was polled; none if it is over.
    pub(super) fn polls(&self, id: TaskId) -> Option<u64> {
        self.tasks.get(&id).map(|task| task.polls)
    }

    /// The time went on: what was polled before is no sign of a task that spins.
    pub(super) const fn time_went_on(&mut self) {
        self.polls = 0;
    }

    /// Polls whoever was woken until nobody is; before that, `spurious` times of a million, somebody who
    /// was not.
    ///
    /// # Panics
    /// If that has no end.
    pub(super) fn run(&mut self, spurious: u64) {
        if self.rng.chance(spurious) && !self.tasks.is_empty() {
            let nth = self.rng.below(self.tasks.len() as u64) as usize;
            let id = self.tasks.keys().nth(nth).copied();
            self.woken.lock().expect("a set of numbers").extend(id);
        }
        while let Some(id) = self.next() {
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            task.polls += 1;
            self.polls += 1;
            assert!(
                self.polls < POLLS_MAX,
                "{id:?}, polled {} times, was woken again and again while time stood still",
                task.polls
            );
            let mut context = Context::from_waker(&task.waker);
            if let Poll::Ready(()) = task.future.as_mut().poll(&mut context) {
                self.tasks.remove(&id);
            }
        }
    }

    /// Takes one of the woken.
    fn next(&mut self) -> Option<TaskId> {
        let mut woken = self.woken.lock().expect("a set of numbers");
        if woken.is_empty() {
            return None;
        }
        let nth = self.rng.below(woken.len() as u64) as usize;
        let id = woken.iter().nth(nth).copied()?;
        woken.take(&id)
    }
}

impl<T> Job<T> {
    /// What it came to, once.
    pub fn take(&self) -> Option<T> {
        self.0.lock().expect("it is only assigned").take()
    }
}

struct Bell {
    id: TaskId,
    woken: Woken,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.woken.lock().expect("a set of numbers").insert(self.id);
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let polls = |task: &Task| task.polls;
        f.debug_map().entries(self.tasks.iter().map(|(id, task)| (id, polls(task)))).finish()
    }
}

/// So many polls while time stands still, and a task spins: a turn of the driver and one of each of a
/// hundred streams for every datagram of a full window are fewer.
const POLLS_MAX: u64 = 200_000;
