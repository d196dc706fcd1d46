//! Who is to be served next: first come, first served, and nobody twice.

use core::hash::Hash;
use std::collections::VecDeque;

use rustc_hash::FxHashSet;

/// A queue that holds each of its members once. Peers do not choose what they are.
#[derive(Debug)]
pub(super) struct Queue<T> {
    order: VecDeque<T>,
    members: FxHashSet<T>,
}

impl<T: Copy + Eq + Hash> Queue<T> {
    pub(super) fn new() -> Self {
        Self { order: VecDeque::new(), members: FxHashSet::default() }
    }

    /// Puts `member` at the end, unless it waits already.
    pub(super) fn push(&mut self, member: T) {
        if self.members.insert(member) {
            self.order.push_back(member);
        }
    }

    /// Takes the member that has waited the longest.
    pub(super) fn pop(&mut self) -> Option<T> {
        let member = self.order.pop_front()?;
        self.members.remove(&member);
        Some(member)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.order.iter()
    }

    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.members.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_twice_and_whoever_was_served_may_come_again() {
        let mut queue = Queue::new();
        [2, 1, 2].into_iter().for_each(|member| queue.push(member));
        assert_eq!(queue.iter().count(), 2);
        assert_eq!(queue.pop(), Some(2));
        queue.push(2);
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(1), Some(2), None]);
        queue.push(3);
        queue.clear();
        queue.push(3);
        assert_eq!(queue.pop(), Some(3));
    }
}
