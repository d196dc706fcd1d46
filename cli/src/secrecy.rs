//! Files that hold secrets, and who may read them.

use std::fs::File;
use std::path::Path;

/// Says so if others than its owner may read a file of secrets, such as a "key file".
#[cfg(unix)]
pub(crate) fn warn_if_others_may_read(path: &Path, file: &File, what: &str) {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %path.display(), "others than its owner may read the {what}");
    }
}

/// Elsewhere permissions are not so simple.
#[cfg(not(unix))]
pub(crate) fn warn_if_others_may_read(_: &Path, _: &File, _: &str) {}
