//! The waker of a signaling stream: it posts a letter.
//!
//! So the driver looks after a stream when the stream calls for it and not before, however many there are, and finds
//! it among the letters like all that calls. As every letter it is posted once, until it is read.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;

use super::hub::Hub;
use super::mail::Letter;
use crate::rtc::ConnectionId;

#[derive(Debug)]
pub(super) struct Bell {
    id: ConnectionId,
    hub: Arc<Hub>,
    /// A letter about this stream is in the box.
    posted: AtomicBool,
}

impl Bell {
    pub(super) fn new(id: ConnectionId, hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self { id, hub, posted: AtomicBool::new(false) })
    }

    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    /// The connection whose stream has called; from now on it may call again.
    pub(super) fn attend(&self) -> ConnectionId {
        self.posted.store(false, Ordering::SeqCst);
        self.id
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.posted.swap(true, Ordering::SeqCst) {
            self.hub.mail.post(Letter::Signaling(self.clone()));
        }
    }
}
