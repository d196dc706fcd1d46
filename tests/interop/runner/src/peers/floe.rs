//! floe itself: `peers/floe` in this workspace, a program around floe-tokio that keeps the whole contract.

use super::{Peer, Places, Version, dial_arguments, listen_arguments};
use crate::cargo;

pub(crate) const PEER: Peer = Peer {
    name: "floe",
    build: |_: &Places| {
        cargo::build_locked(&Places::interop_workspace(), "peer-floe", "peer-floe").map(Into::into)
    },
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2, Version::Auto],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    // floe lacks nothing, and it has no defects that are excused.
    lacks: &[],
    defects: &[],
    flakes: &[],
};
