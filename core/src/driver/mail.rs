//! The letter box: how handles call for the driver's attention.
//!
//! A letter says only *who* has a wish; the wish itself stands in the state that handle and driver
//! share (a pipe, a link, the hub; of a signaling stream, in itself). Each of those remembers that a letter about it is under way and
//! sends no second one, so the box never holds more letters than there are handles, however fast they
//! wish. The driver takes all letters at once.

use core::mem;
use core::task::{Context, Poll};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

use futures::task::AtomicWaker;

use super::bell::Bell;
use super::link::Link;
use super::pipe::Pipe;

/// Who wishes to be looked at.
#[derive(Debug)]
pub(super) enum Letter {
    /// The endpoint.
    Endpoint,
    /// A connection.
    Connection(Arc<Link>),
    /// A stream.
    Stream(Arc<Pipe>),
    /// The signaling stream of a connection.
    Signaling(Arc<Bell>),
}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    letters: Mutex<Letters>,
    driver: AtomicWaker,
}

#[derive(Debug, Default)]
struct Letters {
    waiting: Vec<Letter>,
    closed: bool,
}

impl Mailbox {
    /// Posts a letter and wakes the driver. `false`: there is no driver any more, and nobody will read
    /// this or any later letter.
    pub(super) fn post(&self, letter: Letter) -> bool {
        let first = {
            let mut letters = self.lock();
            if letters.closed {
                return false;
            }
            letters.waiting.push(letter);
            letters.waiting.len() == 1
        };
        // The driver takes all at once: whoever finds letters before its own need not wake it again.
        if first {
            self.driver.wake();
        }
        true
    }

    /// Ready when there are letters. For the driver only: there is one waker.
    pub(super) fn poll_arrived(&self, context: &mut Context<'_>) -> Poll<()> {
        self.driver.register(context.waker());
        if self.lock().waiting.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Exchanges the letters for `emptied`, which keeps its capacity in use.
    pub(super) fn take(&self, emptied: &mut Vec<Letter>) {
        debug_assert!(emptied.is_empty());
        mem::swap(&mut self.lock().waiting, emptied);
    }

    /// Takes no more letters and gives those that nobody has read.
    pub(super) fn close(&self) -> Vec<Letter> {
        let mut letters = self.lock();
        letters.closed = true;
        mem::take(&mut letters.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        // Nothing inside can panic half-way: a push, a swap.
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Waker;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_box_full_of_letters_wakes_once() {
        let mailbox = Mailbox::default();
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(counter.clone());
        let mut context = Context::from_waker(&waker);
        assert!(mailbox.poll_arrived(&mut context).is_pending());
        assert!(mailbox.post(Letter::Endpoint));
        assert!(mailbox.post(Letter::Endpoint));
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert!(mailbox.poll_arrived(&mut context).is_ready());

        let mut letters = Vec::new();
        mailbox.take(&mut letters);
        assert_eq!(letters.len(), 2);
        assert!(mailbox.poll_arrived(&mut context).is_pending());
        assert!(mailbox.post(Letter::Endpoint));
        assert_eq!(counter.0.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_letter_before_the_driver_looks_is_found() {
        let mailbox = Mailbox::default();
        assert!(mailbox.post(Letter::Endpoint));
        let mut context = Context::from_waker(Waker::noop());
        assert!(mailbox.poll_arrived(&mut context).is_ready());
    }

    #[test]
    fn a_closed_box_refuses_and_gives_back_what_nobody_read() {
        let mailbox = Mailbox::default();
        assert!(mailbox.post(Letter::Endpoint));
        assert_eq!(mailbox.close().len(), 1);
        assert!(!mailbox.post(Letter::Endpoint));
        assert!(mailbox.close().is_empty());
    }
}
