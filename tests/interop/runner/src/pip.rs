//! Installs what a requirements.txt pins into a virtual environment, and nothing else: every file that comes
//! must have one of the hashes that stand there, whatever has to be built is built by what build.txt pins,
//! and the Python on PATH stays as it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::step::{run, unreadable};

/// Installs the packages of `folder` into `environment`, unless that is what is there. Returns the Python
/// that finds them.
pub(crate) fn install(folder: &Path, environment: &Path) -> Result<PathBuf, String> {
    let folder = &fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let mut wanted = version()?;
    for name in PINNED {
        let path = folder.join(name);
        wanted.extend(fs::read(&path).map_err(|error| unreadable(&path, &error))?);
    }
    let python = environment.join("bin/python");
    let note = environment.join(".installed");
    // `--clear` empties the environment first, so a half-done one has no note.
    if fs::read(&note).ok().as_ref() != Some(&wanted) {
        run(
            folder,
            PYTHON,
            ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), environment.as_os_str()],
        )?;
        for pinned in PINNED {
            run(folder, &python, PIP.iter().chain(&["-r", pinned]))?;
        }
        fs::write(&note, wanted).map_err(|error| unreadable(&note, &error))?;
    }
    Ok(python)
}

/// The Python on PATH: an environment that was made with another one is no use.
fn version() -> Result<Vec<u8>, String> {
    let output = Command::new(PYTHON)
        .args(["-c", REQUIREMENT])
        .stdin(Stdio::null())
        .stderr(io::stderr())
        .output()
        .map_err(|error| format!("{PYTHON} could not be started: {error}"))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("{PYTHON} is not at least Python 3.11: {}", output.status)),
    }
}

const PYTHON: &str = "python3";
/// Says which it is, if it will do.
const REQUIREMENT: &str = "import sys; print(sys.version); sys.exit(sys.version_info < (3, 11))";
/// In this order.
const PINNED: [&str; 2] = ["build.txt", "requirements.txt"];
/// Without isolation, nothing is fetched that no hash stands for.
const PIP: &[&str] = &[
    "-m",
    "pip",
    "--disable-pip-version-check",
    "install",
    "--quiet",
    "--no-build-isolation",
    "--require-hashes",
];
