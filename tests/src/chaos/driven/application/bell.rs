//! The bell of one half of a stream: whether it is worth asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Wake, Waker};

/// The waker of one half of a stream, and whether it was woken.
#[derive(Debug)]
pub(super) struct Bell {
    rung: AtomicBool,
    woken: Arc<AtomicU64>,
}

impl Bell {
    /// One that rings: nobody has looked yet.
    pub(super) const fn rung(woken: Arc<AtomicU64>) -> Self {
        Self { rung: AtomicBool::new(true), woken }
    }

    pub(super) fn has_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }

    /// Rings without waking anybody: we are there already.
    pub(super) fn ring_for_us(&self) {
        self.rung.store(true, Ordering::Relaxed);
    }

    /// Silences it until it is woken again.
    pub(super) fn silenced(self: &Arc<Self>) -> Waker {
        self.rung.store(false, Ordering::Relaxed);
        Waker::from(self.clone())
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if !self.rung.swap(true, Ordering::Relaxed) {
            self.woken.fetch_add(1, Ordering::Relaxed);
        }
    }
}
