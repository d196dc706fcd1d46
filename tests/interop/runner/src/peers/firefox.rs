//! js-libp2p in a page of headless Firefox, behind a relay. Firefox is Debian's package; FIREFOX names another one.

use super::{Peer, Places, Program, chromium, js_libp2p};

pub(crate) const PRIVATE: Peer =
    Peer { name: "firefox", build: |_: &Places| program(&["--no-mdns"]), ..chromium::PRIVATE };

/// The same as pages are by default, see `chromium.rs`.
pub(crate) const PRIVATE_WITH_MDNS: Peer =
    Peer { name: "firefox-mdns", build: |_: &Places| program(&[]), ..chromium::PRIVATE_WITH_MDNS };

fn program(arguments: &[&str]) -> Result<Program, String> {
    js_libp2p::page()?;
    js_libp2p::program("src/firefox.js", arguments)
}
