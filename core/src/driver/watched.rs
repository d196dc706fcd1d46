//! A value that the driver changes and handles wait for.
//!
//! Every handle may be cloned, so any number of futures may wait on one value; each leaves when it is
//! dropped, so waiting costs nothing afterwards. The mutex is a leaf: neither the driver nor a handle
//! calls anything while holding it, wakers least of all (the drop of a waker may drop a task, the task
//! a handle, and the handle would lock the same value).

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

#[derive(Debug)]
pub(super) struct Watched<T> {
    guarded: Mutex<Guarded<T>>,
}

#[derive(Debug)]
struct Guarded<T> {
    value: T,
    waiting: Vec<(u64, Waker)>,
    next_key: u64,
}

impl<T> Watched<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { guarded: Mutex::new(Guarded { value, waiting: Vec::new(), next_key: 0 }) }
    }

    /// Looks at the value, or changes what nobody waits for.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock().value)
    }

    /// Changes the value and wakes all who wait for it.
    pub(super) fn change<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let (result, waiting) = {
            let mut guarded = self.lock();
            (f(&mut guarded.value), mem::take(&mut guarded.waiting))
        };
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
        result
    }

    /// Waits until `ready` finds what it looks for. What it takes it takes in the poll that completes
    /// the future, so a future that is dropped has taken nothing.
    pub(super) fn until<R, F>(&self, ready: F) -> Until<'_, T, F>
    where
        F: FnMut(&mut T) -> Poll<R> + Unpin,
    {
        Until { watched: self, ready, place: Place::default() }
    }

    /// What [`until`](Self::until) does, once: for those who wait again and again, and keep their place
    /// until they [leave](Self::leave) it.
    pub(super) fn poll<R>(
        &self,
        context: &mut Context<'_>,
        place: &mut Place,
        ready: impl FnOnce(&mut T) -> Poll<R>,
    ) -> Poll<R> {
        let stale;
        let result = {
            let mut guarded = self.lock();
            let result = ready(&mut guarded.value);
            stale = place.0.take().and_then(|key| guarded.leave(key));
            if result.is_pending() {
                place.0 = Some(guarded.enter(context.waker().clone()));
            }
            result
        };
        drop(stale);
        result
    }

    /// Waits no longer.
    pub(super) fn leave(&self, place: &mut Place) {
        if let Some(key) = place.0.take() {
            let stale = self.lock().leave(key);
            drop(stale);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guarded<T>> {
        // A panic inside leaves values that are whole: each closure assigns a few fields.
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait for a value, if it is taken.
#[derive(Debug, Default)]
pub(super) struct Place(Option<u64>);

/// The future of [`Watched::until`].
#[derive(Debug)]
pub(super) struct Until<'a, T, F> {
    watched: &'a Watched<T>,
    ready: F,
    place: Place,
}

impl<T, R, F> Future for Until<'_, T, F>
where
    F: FnMut(&mut T) -> Poll<R> + Unpin,
{
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let Self { watched, ready, place } = self.get_mut();
        watched.poll(context, place, ready)
    }
}

impl<T, F> Drop for Until<'_, T, F> {
    fn drop(&mut self) {
        self.watched.leave(&mut self.place);
    }
}

impl<T> Guarded<T> {
    fn enter(&mut self, waker: Waker) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        self.waiting.push((key, waker));
        key
    }

    fn leave(&mut self, key: u64) -> Option<Waker> {
        let at = self.waiting.iter().position(|(other, _)| *other == key)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;

    use futures::task::noop_waker_ref;

    use super::*;

    fn at_least(limit: u32) -> impl FnMut(&mut u32) -> Poll<u32> + Unpin {
        move |value| if *value >= limit { Poll::Ready(*value) } else { Poll::Pending }
    }

    #[test]
    fn each_waits_for_its_own_condition() {
        let watched = Watched::new(0);
        let mut context = Context::from_waker(noop_waker_ref());
        let mut one = pin!(watched.until(at_least(1)));
        let mut two = pin!(watched.until(at_least(2)));
        assert!(one.as_mut().poll(&mut context).is_pending());
        assert!(two.as_mut().poll(&mut context).is_pending());
        watched.change(|value| *value = 1);
        assert_eq!(one.as_mut().poll(&mut context), Poll::Ready(1));
        assert!(two.as_mut().poll(&mut context).is_pending());
        watched.change(|value| *value = 2);
        assert_eq!(two.as_mut().poll(&mut context), Poll::Ready(2));
    }

    #[test]
    fn whoever_leaves_is_forgotten() {
        let watched = Watched::new(0);
        let mut context = Context::from_waker(noop_waker_ref());
        for _ in 0..3 {
            let mut waits = pin!(watched.until(at_least(1)));
            assert!(waits.as_mut().poll(&mut context).is_pending());
            assert!(waits.as_mut().poll(&mut context).is_pending());
            assert_eq!(watched.lock().waiting.len(), 1);
        }
        assert_eq!(watched.lock().waiting.len(), 0);
    }
}
