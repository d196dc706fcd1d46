//! The program `floe` of the workspace around this one, as its users have it. What it can be asked for
//! is played with floe's peer program only; against everybody else that one stands for both.

use super::{Dial, Lack, Peer, Places, Role, Version, listen_arguments};
use crate::{cargo, story::Kind};

pub(crate) const PEER: Peer = Peer {
    name: "floe-cli",
    build: |places: &Places| match &places.floe {
        Some(path) => Ok(path.clone().into()),
        None => cargo::build(&Places::floe_workspace(), "floe-cli", "floe").map(Into::into),
    },
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2, Version::Auto],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: arguments,
    // Its echo sends bytes of its own choice and compares them itself.
    tells_hash: false,
    lacks: &[
        Lack {
            role: Role::Dialer,
            stories: &[
                "dial",
                "identify",
                "bigframes",
                "halfclose",
                "latewrite",
                "stopsending",
                "peerstops",
                "reset",
                "peerresets",
                "both-4m",
                "both-32m",
                "streams-200",
                "streams-2000",
                "parallel-100",
                "slowreader",
                "restart",
                "idle-300s",
                "lossy-streams-50",
            ],
            reason: "it has commands for ping, echo and perf",
        },
        Lack {
            role: Role::Listener,
            stories: &["latewrite", "stopsending", "peerstops", "reset", "peerresets"],
            reason: "it serves no protocols that exist for tests alone",
        },
    ],
    defects: &[],
    flakes: &[],
};

fn arguments(dial: &Dial<'_>) -> Vec<String> {
    let command: &[String] = &match dial.story {
        Kind::Ping(count) => vec!["ping".into(), "--count".into(), count.to_string()],
        Kind::Echo(bytes) => vec!["echo".into(), "--bytes".into(), bytes.to_string()],
        Kind::Up(bytes) => perf(bytes, 0),
        Kind::Down(bytes) => perf(0, bytes),
        // Whoever is not whom the address names is found out before any command.
        _ => vec!["ping".into()],
    };
    let timeout = dial.timeout_s.to_string();
    let options =
        ["dial", dial.address, "--version", dial.version.name(), "--timeout", &timeout, "--json"];
    options.into_iter().map(String::from).chain(command.iter().cloned()).collect()
}

fn perf(up: u64, down: u64) -> Vec<String> {
    vec![
        "perf".into(),
        "--upload-bytes".into(),
        up.to_string(),
        "--download-bytes".into(),
        down.to_string(),
    ]
}
