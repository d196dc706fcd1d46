//! How many crates a package brings.

use std::collections::BTreeSet;
use std::error::Error;
use std::process::Command;

use crate::swarm::Kind;

/// Crates in a package's own tree, as it is used here, itself included.
pub(crate) fn crates(kind: Kind) -> Result<usize, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--package", kind.package(), "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().map(|line| line.trim_end_matches(" (*)"));
    Ok(names.collect::<BTreeSet<_>>().len())
}
