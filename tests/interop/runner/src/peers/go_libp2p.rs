//! go-libp2p: `peers/go-libp2p`, pinned by its go.mod and go.sum. Its dialer uses the version that it is
//! told and has no fallback; its listener takes both.

use std::process::{Command, Stdio};

use super::{Defect, Lack, Peer, Places, Program, Role, Version, dial_arguments, listen_arguments};

pub(crate) const PEER: Peer = Peer {
    name: "go-libp2p",
    build,
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[Lack {
        role: Role::Dialer,
        stories: &["bigframes"],
        reason: "its streams cut what is written as they think best, which is at nearly 16 KiB anyway",
    }],
    // With one line more, `s.notifyWriteStateChanged()` where RESET is processed, both stories pass with
    // go-libp2p on both sides, 4 of 4 each; without it 0 and 1 of 4 do. From floe both pass, as it
    // acknowledges what came before it resets the SCTP stream, and the acknowledgement wakes the writer.
    defects: &[
        Defect {
            role: Role::Listener,
            stories: &["reset"],
            except: &["floe"],
            reason: RESET_WAKES_NO_WRITER,
            source: RESET_SOURCE,
        },
        Defect {
            role: Role::Dialer,
            stories: &["peerresets"],
            except: &["floe"],
            reason: RESET_WAKES_NO_WRITER,
            source: RESET_SOURCE,
        },
    ],
    flakes: &[],
};

const RESET_WAKES_NO_WRITER: &str = "a write that waits for room when RESET comes waits for ever: of all \
                                     flags that end writing, RESET is the one that wakes no writer; an \
                                     acknowledgement would, but pion credits none to a stream that the \
                                     peer has reset";
const RESET_SOURCE: &str = "go-libp2p 0.51.0, p2p/transport/webrtc/stream.go, processIncomingFlag, case \
                            Message_RESET; the wait is in stream_write.go, Write; pion sctp 1.8.39, \
                            association.go: resetStreamsIfAny deletes the stream, handleSack looks it up";

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
