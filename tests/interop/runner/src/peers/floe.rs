//! floe itself: the program `floe` of the workspace around this one.

use super::{Dial, Peer, Places, Version, listen_arguments};
use crate::{cargo, story::Kind};

pub(crate) const PEER: Peer = Peer {
    name: "floe",
    build: |places: &Places| match &places.floe {
        Some(path) => Ok(path.clone().into()),
        None => cargo::build(&Places::floe_workspace(), "floe-cli", "floe").map(Into::into),
    },
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2, Version::Auto],
    listen: listen_arguments,
    dial: arguments,
    // floe has no defects that are excused.
    defects: &[],
    flakes: &[],
};

fn arguments(dial: &Dial<'_>) -> Option<Vec<String>> {
    let command: &[String] = &match dial.story {
        Kind::Ping(count) => vec!["ping".into(), "--count".into(), count.to_string()],
        Kind::Echo(bytes) => vec!["echo".into(), "--bytes".into(), bytes.to_string()],
        Kind::Up(bytes) => perf(bytes, 0),
        Kind::Down(bytes) => perf(0, bytes),
        // `floe dial` has no command for these; the other direction plays them against `floe listen`.
        Kind::Dial
        | Kind::Identify
        | Kind::BigFrames
        | Kind::HalfClose
        | Kind::Streams(_)
        | Kind::Parallel(_) => return None,
    };
    let timeout = dial.timeout_s.to_string();
    let options =
        ["dial", dial.address, "--version", dial.version.name(), "--timeout", &timeout, "--json"];
    Some(options.into_iter().map(String::from).chain(command.iter().cloned()).collect())
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
