//! go-libp2p: `peers/go-libp2p`, pinned by its go.mod and go.sum. Its dialer uses the version that it is
//! told and has no fallback; its listener takes both.

use std::process::{Command, Stdio};

use super::{Lack, Peer, Places, Program, Role, Version, dial_arguments, listen_arguments};

pub(crate) const PEER: Peer = Peer {
    name: "go-libp2p",
    build,
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[Lack {
        role: Role::Dialer,
        stories: &["bigframes"],
        reason: "its streams cut what is written as they think best, which is at nearly 16 KiB anyway",
    }],
    defects: &[],
    flakes: &[],
};

/// Go's own cache makes a second build a matter of a second.
fn build(places: &Places) -> Result<Program, String> {
    let program = places.built.join("peer-go-libp2p");
    let status = Command::new("go")
        .args(["build", "-mod=readonly", "-trimpath", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(Places::interop_workspace().join("peers/go-libp2p"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("go could not be started: {error}"))?;
    match status.success() {
        true => Ok(program.into()),
        false => Err(format!("building peer-go-libp2p failed: {status}")),
    }
}
