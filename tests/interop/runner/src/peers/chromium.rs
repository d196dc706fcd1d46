//! js-libp2p in a page of headless Chromium: the stories and packages of `js_libp2p.rs`, but the WebRTC of
//! a browser. Chromium is Debian's package; CHROMIUM names another one.

use super::{Peer, Places, Program, Version, dial_arguments, js_libp2p, listen_arguments};

pub(crate) const PEER: Peer = Peer {
    name: "chromium",
    build: |_: &Places| program(&[]),
    listens: &[],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: Some(js_libp2p::PEER.name),
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[],
    defects: &[],
    flakes: &[],
};

/// As it will be when pages may no longer change the ICE credentials in their SDP, which is all that v1 is.
pub(crate) const WITHOUT_MUNGING: Peer = Peer {
    name: "chromium-nomunge",
    build: |_: &Places| program(&["--no-munging"]),
    barred: &[Version::V1],
    // What differs is whether it connects at all; `chromium` plays the rest with js-libp2p.
    kin: None,
    ..PEER
};

fn program(arguments: &[&str]) -> Result<Program, String> {
    js_libp2p::page()?;
    js_libp2p::program("src/chromium.js", arguments)
}
