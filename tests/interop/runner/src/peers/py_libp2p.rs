//! py-libp2p: `peers/py-libp2p`, pinned by its requirements.txt. Its dialer uses the version that it is told
//! and has no fallback; its listener takes both.

use super::{Peer, Places, Program, Version, dial_arguments, listen_arguments};
use crate::pip;

pub(crate) const PEER: Peer = Peer {
    name: "py-libp2p",
    build,
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[],
    defects: &[],
    flakes: &[],
};

fn build(places: &Places) -> Result<Program, String> {
    let folder = Places::interop_workspace().join("peers/py-libp2p");
    let python = pip::install(&folder, &places.built.join("peer-py-libp2p"))?;
    Ok(Program { path: python, prefix: vec![folder.join("main.py").into()] })
}
