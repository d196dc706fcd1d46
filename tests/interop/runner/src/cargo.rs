//! Builds programs with cargo, into whatever target directory the environment names.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// The release build of a program of the workspace at `workspace`.
pub(crate) fn build(workspace: &Path, package: &str, bin: &str) -> Result<PathBuf, String> {
    run(workspace, package, bin, &[])
}

/// The same, and nothing but what its Cargo.lock says.
pub(crate) fn build_locked(workspace: &Path, package: &str, bin: &str) -> Result<PathBuf, String> {
    run(workspace, package, bin, &["--locked"])
}

fn run(workspace: &Path, package: &str, bin: &str, more: &[&str]) -> Result<PathBuf, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What an outer cargo tells this program of its own package makes build scripts run again each time.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OWN_PACKAGE.iter().any(|own| name.starts_with(own))) {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["build", "--release", "--message-format=json-render-diagnostics"])
        .args(["--package", package, "--bin", bin])
        .args(more)
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("building {package} failed: {}", output.status));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == bin)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| format!("cargo built {package} but named no program {bin}"))
}

const OWN_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];
