//! js-libp2p in Node: `peers/js-libp2p`, pinned by its package.json and package-lock.json, Node included.
//! The published package dials v1 only; what v2 changes is `peers/js-libp2p/v2.patch`, for the dialer.

use std::path::PathBuf;

use super::{
    Defect, Flake, Peer, Places, Program, Role, Version, dial_arguments, listen_arguments,
};
use crate::npm;

pub(crate) const PEER: Peer = Peer {
    name: "js-libp2p",
    build: |_: &Places| program("src/main.js", &[]),
    listens: &[Version::V1],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[],
    defects: &[Defect {
        role: Role::Dialer,
        stories: &["streams-2000"],
        // floe takes a channel for new as soon as its id is opened anew, and has never lost one.
        except: &["floe"],
        reason: ID_TAKEN,
        source: ID_TAKEN_SOURCE,
    }],
    flakes: &[Flake {
        role: Role::Dialer,
        except: &["floe"],
        // Of `streams-200`: the multistream-select of a stream that is gone.
        sign: "of 200: The operation was aborted due to timeout",
        reason: ID_TAKEN,
        source: ID_TAKEN_SOURCE,
    }],
};

const ID_TAKEN: &str = "it opens a channel with the id that has just become free, the lowest, and as \
                        listener closes a channel whose id it does not know to be free yet: one stream \
                        in about a thousand to itself is lost";
const ID_TAKEN_SOURCE: &str = "libdatachannel (node-datachannel 0.33.4), src/impl/peerconnection.cpp: \
                               assignDataChannels takes the id, forwardMessage closes the channel";

/// One of the programs in `peers/js-libp2p`, with what stands before the arguments of the contract.
pub(super) fn program(script: &str, arguments: &[&str]) -> Result<Program, String> {
    let node = npm::install(&folder(), PATCH)?;
    let script = folder().join(script).into_os_string();
    let prefix = [script].into_iter().chain(arguments.iter().map(Into::into)).collect();
    Ok(Program { path: node, prefix })
}

/// Bundles the page that the programs around browsers serve.
pub(super) fn page() -> Result<(), String> {
    npm::script(&npm::install(&folder(), PATCH)?, &folder(), "src/bundle.js")
}

fn folder() -> PathBuf {
    Places::interop_workspace().join("peers/js-libp2p")
}

const PATCH: &str = "v2.patch";
