//! js-libp2p in Node: `peers/js-libp2p`, pinned by its package.json and package-lock.json, Node included.
//! The published package dials v1 only; what v2 changes is `peers/js-libp2p/v2.patch`, for the dialer.

use std::path::PathBuf;

use super::{
    Defect, Flake, Peer, Places, Program, Role, Version, dial_arguments, listen_arguments,
    private_dial_arguments, private_listen_arguments,
};
use crate::npm;

pub(crate) const PEER: Peer = Peer {
    name: "js-libp2p",
    build: |_: &Places| program("src/main.js", &[]),
    listens: &[Version::V1],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[],
    defects: &[Defect {
        role: Role::Listener,
        stories: &["reset"],
        // They leave a moment between the RESET and the closing of the channel; Chromium does not.
        except: &["floe", "js-libp2p"],
        reason: "a message that waits for the JavaScript thread when its channel is closed is thrown \
                 away, here the body of the RESET frame, and a stream whose channel closes without a \
                 word counts as ended well",
        source: "node-datachannel 0.33.4, src/cpp/data-channel-wrapper.cpp, doCleanup: each kind of \
                 event has a queue of its own, and that of messages goes first; @libp2p/webrtc 6.0.33, \
                 src/stream.ts, channel.onclose",
    }],
    flakes: &[Flake {
        role: Role::Listener,
        stories: &[],
        // floe opens the id that has been free for longest, and has never lost a stream.
        except: &["floe"],
        // Nobody answers on the new stream, in the words of js-libp2p's dialers.
        sign: "TimeoutError: ",
        reason: "it now and then loses a channel that is opened on an id which has only just become \
                 free, as libdatachannel and Chromium do, which take the lowest: one of some ten \
                 thousand streams, from Node and from Chromium",
        source: "libdatachannel (in node-datachannel 0.33.4), src/impl/peerconnection.cpp, \
                 assignDataChannels for the choice; the loss is not traced further",
    }],
};

/// Behind a relay.
pub(crate) const PRIVATE: Peer = Peer {
    listens: &[Version::Private],
    dials: &[Version::Private],
    listen: private_listen_arguments,
    dial: private_dial_arguments,
    defects: &[],
    flakes: &[INIT_IS_GONE, FINGERPRINT_NOT_YET_KNOWN, LOST_CHANNEL],
    ..PEER
};

/// As private dialer, in Node and in pages.
pub(super) const INIT_IS_GONE: Flake = Flake {
    role: Role::Dialer,
    stories: &[],
    // floe leaves the channel to the one who has opened it.
    except: &["floe"],
    sign: "dial: TimeoutError: ",
    reason: "it waits for its channel `init` to open, and then to close, even if the listener, as js-libp2p \
             does, has closed it meanwhile: the event that it waits for has been and will not come again",
    source: "@libp2p/webrtc 6.0.33, src/private-to-private/initiate-connection.ts, the two pEvent(channel, …); \
             the listener: src/muxer.ts, onDataChannel",
};

/// As private dialer in Node.
const FINGERPRINT_NOT_YET_KNOWN: Flake = Flake {
    role: Role::Dialer,
    stories: &[],
    except: &[],
    sign: "dial: TimeoutError: ",
    reason: "ICE has the listener's answer before the fingerprint in it is stored, and if DTLS is done within that \
             moment, the certificate is refused; the listener is told so by the alert 48, the dialer by nothing",
    source: "libdatachannel (in node-datachannel 0.33.4), src/peerconnection.cpp, setRemoteDescription, and \
             src/impl/peerconnection.cpp, checkFingerprint",
};

/// As private dialer in Node.
const LOST_CHANNEL: Flake = Flake {
    role: Role::Dialer,
    stories: &["reset", "peerresets", "streams-200", "streams-2000"],
    except: &["floe"],
    sign: "TimeoutError: ",
    reason: "nobody answers on a stream that is opened on an id which has only just become free, not traced further",
    source: "libdatachannel (in node-datachannel 0.33.4), src/impl/peerconnection.cpp, assignDataChannels",
};

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
