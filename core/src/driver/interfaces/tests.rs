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
        let (has, asked) = (Arc::new(Mutex::new(Some(Vec::new()))), Arc::new(AtomicUsize::new(0)));
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
