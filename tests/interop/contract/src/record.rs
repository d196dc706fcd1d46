//! What an acceptor saw of the one stream that is recorded. A process serves one dialer and one story,
//! so one place for all is enough.

use std::io;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::transfer::Tally;

/// The place.
#[derive(Debug)]
pub(crate) struct Record(watch::Sender<Option<Value>>);

impl Record {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// The stream is over in both directions.
    pub(crate) fn set(&self, tally: &Tally, read: &io::Result<()>, written: &io::Result<()>) {
        let words = |done: &io::Result<()>| done.as_ref().err().map(ToString::to_string);
        let told = json!({
            "received": tally.count(),
            "sha256": tally.sha256(),
            "end": if read.is_ok() { "fin" } else { "reset" },
            "stopped": written.is_err(),
            "message": words(read).or_else(|| words(written)).unwrap_or_default(),
        });
        // Also for the runner, who shows it when a case fails.
        eprintln!("recorded: {told}");
        self.0.send_replace(Some(told));
    }

    /// Waits for it.
    pub(crate) async fn get(&self) -> Value {
        let mut place = self.0.subscribe();
        let told = place.wait_for(Option::is_some).await.expect("the sender is here");
        told.clone().expect("it was waited for")
    }
}
