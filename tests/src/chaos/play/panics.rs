//! Panics, caught: a play in which something panics has failed like any other.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// A panic: where it was, and what it said.
pub(super) struct Panic {
    pub(super) place: String,
    pub(super) message: String,
}

/// Runs `play`, and tells of its panic instead of panicking.
pub(super) fn caught<T>(play: impl FnOnce() -> T) -> Result<T, Panic> {
    hear();
    HEARD.set(Some(String::new()));
    let played = catch_unwind(AssertUnwindSafe(play));
    let place = HEARD.take().unwrap_or_default();
    played.map_err(|panic| Panic { place, message: message(&*panic) })
}

thread_local! {
    /// Where it panicked last, on threads that catch panics.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics on threads that catch them say where they were, and nothing else.
fn hear() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map_or_else(String::new, ToString::to_string);
            let is_heard =
                HEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| *heard = place).is_some());
            if !is_heard {
                others(panic);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text").chars().take(2_000).collect()
}
