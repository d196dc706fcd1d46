//! When each connection wants to be woken: one deadline each, the earliest first.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::rtc::output::ConnectionId;
use crate::time::{Deadline, Timestamp};

/// The deadlines of all connections; each has one at most.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    deadlines: BTreeSet<(Deadline, ConnectionId)>,
    of: FxHashMap<ConnectionId, Deadline>,
}

impl Calendar {
    /// Replaces the deadline of a connection; `None` if it waits for nothing.
    pub(super) fn set(&mut self, id: ConnectionId, deadline: Option<Deadline>) {
        let old = match deadline {
            Some(deadline) => self.of.insert(id, deadline),
            None => self.of.remove(&id),
        };
        if old == deadline {
            return;
        }
        if let Some(old) = old {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, id));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Deadline> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Takes the connection whose deadline came first, if that has come.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<ConnectionId> {
        let &(_, id) = self.deadlines.first().filter(|(deadline, _)| deadline.at <= now)?;
        self.set(id, None);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Deadline {
        Deadline { at: Timestamp::from_nanos(nanos), why: "a test" }
    }

    #[test]
    fn each_connection_has_its_last_word_and_the_earliest_comes_first() {
        let mut calendar = Calendar::default();
        let [a, b] = [1, 2].map(ConnectionId);
        calendar.set(a, Some(at(10)));
        calendar.set(b, Some(at(20)));
        calendar.set(a, Some(at(30)));
        assert_eq!(calendar.next(), Some(at(20)));
        assert_eq!(calendar.pop_due(Timestamp::from_nanos(19)), None);
        assert_eq!(calendar.pop_due(Timestamp::from_nanos(30)), Some(b));
        assert_eq!(calendar.pop_due(Timestamp::from_nanos(30)), Some(a));
        assert_eq!(calendar.next(), None);
        calendar.set(a, Some(at(10)));
        calendar.set(a, None);
        assert_eq!(calendar.next(), None);
    }
}
