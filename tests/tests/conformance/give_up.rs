//! Giving a future up: polled, dropped, and on with it. At each of its await points, and at any moment of
//! what it waits for.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// When a future is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// After the n-th poll, where nothing polls but what wakes: at one of its await points.
    Wake(u32),
    /// After the n-th poll, one on every turn of the runtime: somewhere in the middle of what it waits
    /// for, which goes on beside it.
    Turn(u32),
}

/// Plays a scene with every moment, of either kind, until one is so late that the future of the scene
/// comes to its end by itself: the scene says whether it did.
pub(crate) async fn at_every_moment(mut scene: impl AsyncFnMut(Moment) -> bool) {
    let mut polls = 1;
    while !scene(Moment::Wake(polls)).await {
        polls += 1;
    }
    // What takes many turns takes a different number each time: what counts is their order of magnitude.
    let mut polls = 1;
    while !scene(Moment::Turn(polls)).await {
        polls *= 2;
    }
}

/// Polls a future until `moment`, drops it, and lets the runtime go on. `None`: it was not done by then.
pub(crate) async fn give_up<F: Future>(moment: Moment, future: F) -> Option<F::Output> {
    let output = {
        let mut future = pin!(future);
        let mut polls = 0;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            polls += 1;
            match moment {
                Moment::Wake(last) | Moment::Turn(last) if polls >= last => Poll::Ready(None),
                Moment::Wake(_) => Poll::Pending,
                Moment::Turn(_) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        })
        .await
    };
    turn().await;
    output
}

/// Polls a future once and drops it.
pub(crate) async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Lets whatever else the task has to do have its turn.
pub(crate) async fn turn() {
    let mut turned = false;
    poll_fn(|context| {
        if std::mem::replace(&mut turned, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
