//! js-libp2p in a page of headless Chromium: the stories and packages of `js_libp2p.rs`, but the WebRTC of
//! a browser. Chromium is Debian's package; CHROMIUM names another one.

use super::{
    Lack, Peer, Places, Program, Role, Version, dial_arguments, js_libp2p, listen_arguments,
    private_dial_arguments, private_listen_arguments,
};

pub(crate) const PEER: Peer = Peer {
    name: "chromium",
    build: |_: &Places| program(&[]),
    listens: &[],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: Some(js_libp2p::PEER.name),
    in_page: true,
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

/// Behind a relay, where a page can listen. It may tell its addresses, as pages that may use a camera.
pub(crate) const PRIVATE: Peer = Peer {
    build: |_: &Places| program(&["--no-mdns"]),
    listens: &[Version::Private],
    dials: &[Version::Private],
    kin: None,
    listen: private_listen_arguments,
    dial: private_dial_arguments,
    flakes: &[js_libp2p::INIT_IS_GONE],
    ..PEER
};

/// The same as pages are by default: of its addresses it tells random names, which nobody can resolve who has
/// no mDNS. Then the other side can learn them from its checks alone.
pub(crate) const PRIVATE_WITH_MDNS: Peer = Peer {
    name: "chromium-mdns",
    build: |_: &Places| program(&[]),
    // What differs is how the two find each other; `chromium` plays the rest.
    lacks: &[
        Lack { role: Role::Dialer, stories: PLAYED_WITHOUT_MDNS, reason: "`chromium` plays it" },
        Lack { role: Role::Listener, stories: PLAYED_WITHOUT_MDNS, reason: "`chromium` plays it" },
    ],
    ..PRIVATE
};

fn program(arguments: &[&str]) -> Result<Program, String> {
    js_libp2p::page()?;
    js_libp2p::program("src/chromium.js", arguments)
}

const PLAYED_WITHOUT_MDNS: &[&str] = &[
    "identify",
    "echo-1b",
    "echo-1k",
    "bigframes",
    "halfclose",
    "latewrite",
    "stopsending",
    "peerstops",
    "reset",
    "peerresets",
    "streams-200",
    "parallel-100",
    "slowreader",
    "up-4m",
    "down-4m",
    "both-4m",
    "streams-2000",
    "up-32m",
    "down-32m",
    "both-32m",
    "echo-32m",
    "idle-300s",
];
