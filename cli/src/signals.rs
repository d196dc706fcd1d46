//! SIGINT and SIGTERM (on Windows Ctrl-C and Ctrl-Break) as a future, whatever the runtime.

use std::process;

use futures::StreamExt;
use futures::channel::mpsc;

use crate::failure::Failure;

/// The wish that this process end.
pub(crate) struct Signals(mpsc::Receiver<()>);

impl Signals {
    /// Takes over the signals of this process; once only.
    ///
    /// The first one is for [`received`](Self::received); whoever sends a second one does not want to
    /// wait for a clean end, and gets none.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let (mut sender, receiver) = mpsc::channel(0);
        let mut caught = false;
        ctrlc::set_handler(move || {
            if caught {
                process::exit(INTERRUPTED);
            }
            caught = true;
            // The receiver may be gone: then the program is about to end anyway.
            let _ = sender.try_send(());
        })
        .map_err(|error| Failure::new("signals", format!("cannot catch signals: {error}")))?;
        Ok(Self(receiver))
    }

    /// Waits for the first signal.
    pub(crate) async fn received(&mut self) {
        // The handler keeps its end for the life of the process, so this does not end by itself.
        self.0.next().await;
    }
}

/// What shells report of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;
