//! One request and its answer: when it is sent again, and when no answer will come (RFC 8489 §6.2.1).

use core::time::Duration;

use crate::ice::stun::TransactionId;
use crate::time::Timestamp;

/// A transaction; afterwards, the wait for the next one.
#[derive(Debug)]
pub(super) struct Transaction {
    id: TransactionId,
    state: State,
}

#[derive(Debug)]
enum State {
    /// So many requests were sent; the next step is due then.
    Asking { sent: u32, due: Timestamp },
    /// It is over; another may begin.
    Over { next: Option<Timestamp> },
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The request is to be sent, for the first time or again.
    Send,
    /// No answer will come.
    GiveUp,
    /// Another transaction is to begin.
    Begin,
}

impl Transaction {
    /// A transaction whose first request is due at `at`.
    pub(super) const fn new(id: TransactionId, at: Timestamp) -> Self {
        Self { id, state: State::Asking { sent: 0, due: at } }
    }

    pub(super) const fn id(&self) -> TransactionId {
        self.id
    }

    /// What is due now, if anything; a step that is late is taken once.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> Option<Step> {
        if self.deadline().is_none_or(|due| now < due) {
            return None;
        }
        match &mut self.state {
            State::Asking { sent: REQUESTS_MAX, .. } => {
                self.finish();
                Some(Step::GiveUp)
            }
            State::Asking { sent, due } => {
                *sent += 1;
                *due =
                    now + if *sent < REQUESTS_MAX { RTO * (1 << (*sent - 1)) } else { LAST_WAIT };
                Some(Step::Send)
            }
            State::Over { next } => {
                *next = None;
                Some(Step::Begin)
            }
        }
    }

    /// It is over; says whether it was not before.
    pub(super) fn finish(&mut self) -> bool {
        let was_asking = matches!(self.state, State::Asking { .. });
        if was_asking {
            self.state = State::Over { next: None };
        }
        was_asking
    }

    /// It is over, and another is to begin at `at`.
    pub(super) fn begin_again(&mut self, at: Timestamp) {
        self.state = State::Over { next: Some(at) };
    }

    /// When something is due.
    pub(super) const fn deadline(&self) -> Option<Timestamp> {
        match self.state {
            State::Asking { due, .. } => Some(due),
            State::Over { next } => next,
        }
    }
}

/// RTO: the wait for the first answer, doubled with each request.
const RTO: Duration = Duration::from_millis(500);
/// Rc: requests altogether.
const REQUESTS_MAX: u32 = 7;
/// Rm times RTO: the wait for an answer to the last one.
const LAST_WAIT: Duration = Duration::from_millis(16 * 500);

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn begun() -> Transaction {
        Transaction::new(TransactionId([7; 12]), at(0))
    }

    #[test]
    fn requests_are_sent_when_the_rfc_says() {
        let mut transaction = begun();
        let mut steps = Vec::new();
        while let Some(due) = transaction.deadline() {
            let before = due - Duration::from_nanos(1);
            assert!(before == due || transaction.handle_timeout(before).is_none());
            steps.push((due, transaction.handle_timeout(due).unwrap()));
        }
        // RFC 8489 §6.2.1 has these very numbers.
        let sent = [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500].map(|due| (at(due), Step::Send));
        let expected: Vec<_> = sent.into_iter().chain([(at(39_500), Step::GiveUp)]).collect();
        assert_eq!(steps, expected);
        assert!(!transaction.finish());
    }

    #[test]
    fn a_late_step_is_taken_once() {
        let mut transaction = begun();
        assert_eq!(transaction.handle_timeout(at(60_000)), Some(Step::Send));
        assert_eq!(transaction.handle_timeout(at(60_000)), None);
        assert_eq!(transaction.deadline(), Some(at(60_500)));
    }

    #[test]
    fn an_answer_ends_it_until_another_begins() {
        let mut transaction = begun();
        transaction.handle_timeout(at(0));
        assert!(transaction.finish());
        assert_eq!((transaction.deadline(), transaction.handle_timeout(at(9))), (None, None));
        transaction.begin_again(at(25));
        assert!(!transaction.finish(), "nor does a second answer end the wait");
        assert_eq!(transaction.handle_timeout(at(24)), None);
        assert_eq!(transaction.handle_timeout(at(25)), Some(Step::Begin));
        assert_eq!(transaction.deadline(), None);
    }
}
