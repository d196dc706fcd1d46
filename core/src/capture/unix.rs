//! Files that only their owner may read, on Unix.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

/// What is made with these options is of no use to anybody else.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}
