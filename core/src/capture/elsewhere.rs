//! Files that only their owner may read, where the folder they are in decides that.

use std::fs::OpenOptions;

/// Leaves the options as they are: files inherit who may read them.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
