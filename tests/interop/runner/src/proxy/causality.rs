//! How many trips over a path lie one behind the other. Counted and not timed: on a slow machine everything
//! comes later, but no answer comes before what it answers.

use std::sync::atomic::{AtomicU32, Ordering};

/// Who sends and who receives; all dialers together are one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Dialers,
    Listener,
}

/// What each side can know of. A datagram is as deep as the longest chain of datagrams, each of which came to a
/// side before the next one left it, that ends with it.
#[derive(Debug, Default)]
pub(super) struct Causality {
    dialers: AtomicU32,
    listener: AtomicU32,
}

impl Causality {
    /// How deep a datagram is that comes from this side now.
    pub(super) fn sent_by(&self, side: Side) -> u32 {
        self.depth(side) + 1
    }

    /// Notes that a datagram so deep comes to this side, before it does: what answers it must find it noted.
    pub(super) fn comes_to(&self, side: Side, depth: u32) {
        self.of(side).fetch_max(depth, Ordering::AcqRel);
    }

    /// The deepest that has come to this side.
    pub(super) fn depth(&self, side: Side) -> u32 {
        self.of(side).load(Ordering::Acquire)
    }

    const fn of(&self, side: Side) -> &AtomicU32 {
        match side {
            Side::Dialers => &self.dialers,
            Side::Listener => &self.listener,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_deeper_than_what_it_answers() {
        let path = Causality::default();
        let question = path.sent_by(Side::Dialers);
        path.comes_to(Side::Listener, question);
        let answer = path.sent_by(Side::Listener);
        path.comes_to(Side::Dialers, answer);
        assert_eq!((question, answer, path.depth(Side::Dialers)), (1, 2, 2));
        assert_eq!(path.sent_by(Side::Dialers), 3);
    }

    #[test]
    fn what_leaves_before_anything_has_come_is_no_deeper_however_much_it_is() {
        let path = Causality::default();
        assert_eq!([path.sent_by(Side::Dialers), path.sent_by(Side::Dialers)], [1, 1]);
        // Both sides speak first.
        assert_eq!(path.sent_by(Side::Listener), 1);
    }

    #[test]
    fn what_comes_late_takes_nothing_back() {
        let path = Causality::default();
        path.comes_to(Side::Dialers, 4);
        path.comes_to(Side::Dialers, 2);
        assert_eq!(path.depth(Side::Dialers), 4);
        assert_eq!(path.depth(Side::Listener), 0);
    }
}
