//! One step of building a peer: a program that is run to its end.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{Command, Stdio},
};

/// Runs it in `folder`.
pub(crate) fn run<A: AsRef<OsStr>>(
    folder: &Path,
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // Standard output belongs to the runner's own lines.
    command.stdout(io::stderr());
    let name = command.get_program().to_string_lossy().into_owned();
    let status =
        command.status().map_err(|error| format!("{name} could not be started: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => {
            let arguments: Vec<_> =
                command.get_args().map(|argument| argument.to_string_lossy()).collect();
            Err(format!("{name} {} failed: {status}", arguments.join(" ")))
        }
    }
}

/// The error of a file that cannot be read or written.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
