//! Who relays for those that play private `/webrtc`. A relay is a program that says its addresses and carries
//! what is said before there is a direct connection; it has no part in the stories.

use crate::{
    cargo,
    peers::{Places, Program, js_relay},
};

/// One implementation.
#[derive(Debug)]
pub struct Relay {
    /// As it is called on command lines and in tables.
    pub name: &'static str,
    /// Builds or finds the program; the error is for people.
    pub build: fn(&Places) -> Result<Program, String>,
}

/// All of them. Over the first all stories are played, over the others those that show whether a connection
/// comes about.
pub const RELAYS: &[Relay] = &[
    Relay { name: "js-libp2p", build: |_| js_relay() },
    Relay {
        name: "rust-libp2p",
        build: |_| {
            let workspace = Places::interop_workspace();
            cargo::build_locked(&workspace, "peer-rust-libp2p", "relay-rust-libp2p").map(Into::into)
        },
    },
];

impl Relay {
    /// The arguments of all: an IP address to listen on, over TCP and over WebSockets.
    pub fn arguments(ip: std::net::IpAddr) -> Vec<String> {
        ["--ip", &ip.to_string(), "--json"].map(String::from).into()
    }
}

/// By its name.
pub fn find(name: &str) -> Option<&'static Relay> {
    RELAYS.iter().find(|relay| relay.name == name)
}
