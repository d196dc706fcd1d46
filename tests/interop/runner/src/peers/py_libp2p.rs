//! py-libp2p: `peers/py-libp2p`, pinned by its requirements.txt. Its dialer uses the version that it is told
//! and has no fallback; its listener takes both.

use super::{
    Defect, Flake, Peer, Places, Program, Role, Version, dial_arguments, listen_arguments,
};
use crate::pip;

pub(crate) const PEER: Peer = Peer {
    name: "py-libp2p",
    build,
    listens: &[Version::V1, Version::V2],
    dials: &[Version::V1, Version::V2],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[],
    // What `peers/py-libp2p/test_defects.py` can prove without a network, it proves.
    defects: &[
        Defect {
            role: Role::Dialer,
            stories: &["slowreader"],
            except: &[],
            reason: UNREAD_IS_LOST,
            source: UNREAD_SOURCE,
        },
        Defect {
            role: Role::Listener,
            stories: &["echo-32m"],
            // It sends no faster than it reads.
            except: &["py-libp2p"],
            reason: UNREAD_IS_LOST,
            source: UNREAD_SOURCE,
        },
        Defect {
            role: Role::Dialer,
            stories: &["streams-2000"],
            except: &[],
            reason: "it never closes a data channel, and has room for 256: \"Stream limit reached (256)\"",
            source: "py-libp2p 0.8.1, libp2p/transport/webrtc/stream.py, close and _cleanup, and \
                     connection.py, _allocate_outbound_id",
        },
        Defect {
            role: Role::Dialer,
            stories: &["streams-200", "parallel-100"],
            except: SILENT_AT_FIRST,
            reason: EARLY_IS_LOST,
            source: EARLY_SOURCE,
        },
    ],
    flakes: &[
        Flake {
            role: Role::Dialer,
            stories: &[],
            except: SILENT_AT_FIRST,
            // Nobody answers on the new stream, in the words of its multistream-select.
            sign: "MultiselectClientError: ",
            reason: EARLY_IS_LOST,
            source: EARLY_SOURCE,
        },
        Flake {
            role: Role::Listener,
            stories: UNREAD_AT_TIMES,
            except: &["py-libp2p"],
            sign: "the story took too long",
            reason: UNREAD_IS_LOST,
            source: UNREAD_SOURCE,
        },
        Flake {
            role: Role::Listener,
            stories: UNREAD_AT_TIMES,
            except: &["py-libp2p"],
            sign: "came changed",
            reason: UNREAD_IS_LOST,
            source: UNREAD_SOURCE,
        },
        Flake {
            role: Role::Listener,
            stories: &["lossy-ping", "lossy-echo-64k", "lossy-echo-1m", "lossy-streams-50"],
            except: &["floe"],
            // In the words of its own dialer.
            sign: "it took too long",
            reason: "a complete message stays behind if chunks of another stream lie before it, until \
                     its own stream brings more; seen once in two runs, and not traced there",
            source: "aiortc 1.15.0, src/aiortc/rtcsctptransport.py, InboundStream.pop_messages",
        },
    ],
};

const UNREAD_IS_LOST: &str = "it acknowledges what nobody has read and keeps 64 messages of it: the next \
                              one is thrown away (\"read buffer full, dropping message\")";
const UNREAD_SOURCE: &str = "py-libp2p 0.8.1, libp2p/transport/webrtc/stream.py, \
                             _apply_batch_on_trio_thread";
/// Stories in which its program is too slow to read now and then.
const UNREAD_AT_TIMES: &[&str] = &["echo-1m", "bigframes"];

const EARLY_IS_LOST: &str = "what the acceptor of a stream says before the opener's thread knows of the stream \
                             is thrown away, and its own acceptor speaks at once";
const EARLY_SOURCE: &str = "py-libp2p 0.8.1, libp2p/transport/webrtc/connection.py, open_stream: the stream \
                            is registered after its channel is created";
/// Their acceptors say nothing before the opener has spoken.
const SILENT_AT_FIRST: &[&str] = &["floe"];

fn build(places: &Places) -> Result<Program, String> {
    let folder = Places::interop_workspace().join("peers/py-libp2p");
    let python = pip::install(&folder, &places.built.join("peer-py-libp2p"))?;
    Ok(Program { path: python, prefix: vec![folder.join("main.py").into()] })
}
