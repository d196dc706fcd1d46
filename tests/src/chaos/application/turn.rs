//! A turn of an application: all that it acts with.

use floe_core::time::Timestamp;

use crate::chaos::host::Host;
use crate::chaos::oracle::Oracle;

/// The machine under an application, the time, and who watches.
pub(in crate::chaos) struct Turn<'a> {
    pub(in crate::chaos) host: &'a mut Host,
    pub(in crate::chaos) now: Timestamp,
    pub(in crate::chaos) oracle: &'a mut Oracle,
}

impl Turn<'_> {
    /// What the machine's clock shows.
    pub(super) fn clock(&self) -> Timestamp {
        self.host.clock(self.now)
    }
}
