//! rust-libp2p: `peers/rust-libp2p` in this workspace, pinned by its manifest and Cargo.lock.

use super::{Defect, Flake, Lack, Peer, Places, Role, Version, dial_arguments, listen_arguments};
use crate::cargo;

pub(crate) const PEER: Peer = Peer {
    name: "rust-libp2p",
    build: |_: &Places| {
        cargo::build_locked(&Places::interop_workspace(), "peer-rust-libp2p", "peer-rust-libp2p")
            .map(Into::into)
    },
    listens: &[Version::V1],
    dials: &[Version::V1],
    barred: &[],
    kin: None,
    in_page: false,
    listen: listen_arguments,
    dial: dial_arguments,
    tells_hash: true,
    lacks: &[
        Lack {
            role: Role::Dialer,
            stories: &["stopsending"],
            reason: "libp2p::Stream has no way to stop reading and go on writing",
        },
        Lack {
            role: Role::Listener,
            stories: &["peerstops"],
            reason: "libp2p::Stream has no way to stop reading and go on writing",
        },
    ],
    // What `peers/rust-libp2p/tests/defects.rs` can prove without a network, it proves.
    defects: &[
        Defect {
            role: Role::Dialer,
            stories: &["halfclose"],
            // Itself never sends FIN_ACK, and floe waits with it until such a peer has its answer.
            except: &["rust-libp2p", "floe"],
            reason: "it reads FIN_ACK as an error, and the FIN_ACK comes before the listener's end",
            source: "libp2p-webrtc-utils 0.5.0, src/stream.rs, io_poll_next",
        },
        Defect {
            role: Role::Listener,
            stories: &["bigframes"],
            except: &["floe"],
            reason: "it cannot receive messages above 8192 bytes: the limit that it raises on a \
                     PollDataChannel is lost in the clones that are read",
            source: "libp2p-webrtc 0.10.0-alpha, src/tokio/stream.rs, Stream::new, and webrtc-data \
                     0.17, impl Clone for PollDataChannel",
        },
        // Proven against itself: its `reset` and `peerresets` fail there in the same words.
        Defect {
            role: Role::Dialer,
            stories: &["peerstops"],
            // floe sends such a peer STOP_SENDING once its own half is done.
            except: &["floe"],
            reason: FLAG_READS_AS_END,
            source: FLAG_SOURCE,
        },
        Defect {
            role: Role::Dialer,
            stories: &["peerresets"],
            except: &[],
            reason: FLAG_READS_AS_END,
            source: FLAG_SOURCE,
        },
        Defect {
            role: Role::Listener,
            stories: &["stopsending", "reset"],
            except: &[],
            reason: FLAG_READS_AS_END,
            source: FLAG_SOURCE,
        },
        Defect {
            role: Role::Listener,
            stories: &["parallel-100", "both-4m"],
            // Seen with RUST_LOG=libp2p_stream=debug on the listener. Its own dialer is too slow for that.
            except: &["rust-libp2p"],
            reason: "streams that come faster than they are accepted are dropped: the queue holds one",
            source: "libp2p-stream 0.5.0-alpha, src/shared.rs, \"Channel is full, dropping inbound \
                     stream\"",
        },
    ],
    flakes: &[Flake {
        role: Role::Dialer,
        stories: &[],
        except: &[],
        // Its own words for ten seconds without a connection.
        sign: "Timeout has been reached",
        reason: "if the listener's first Noise message comes in one burst with its COOKIE-ACK, \
                 SCTP stream 0 exists before the dialer opens channel 0, which then fails; about one \
                 dial in a hundred to itself, and more often if a listener does not wait",
        source: "webrtc-sctp 0.17.2, src/association/association_internal.rs, open_stream, called by \
                 webrtc 0.17.2, src/peer_connection/peer_connection_internal.rs",
    }],
};

const FLAG_READS_AS_END: &str = "a frame that has a flag and no payload, such as STOP_SENDING or RESET, is \
                                 read as the end of the stream";
const FLAG_SOURCE: &str = "libp2p-webrtc-utils 0.5.0, src/stream.rs, poll_read; tests/defects.rs, \
                           an_empty_frame_looks_like_the_end";
