//! floe behind a relay: `peers/floe-libp2p` in this workspace, a swarm of rust-libp2p that floe's private transport
//! carries.

use super::{
    Defect, Lack, Peer, Places, Role, Version, floe, private_dial_arguments,
    private_listen_arguments,
};
use crate::cargo;

pub(crate) const PRIVATE: Peer = Peer {
    build: |_: &Places| {
        cargo::build_locked(&Places::interop_workspace(), "peer-floe-libp2p", "peer-floe-libp2p")
            .map(Into::into)
    },
    listens: &[Version::Private],
    dials: &[Version::Private],
    listen: private_listen_arguments,
    dial: private_dial_arguments,
    // What floe's own stream can, a swarm cannot ask for: `peers/floe` plays it.
    lacks: &[
        Lack { role: Role::Dialer, stories: &["stopsending", "reset"], reason: CLOSES_ONLY },
        Lack { role: Role::Listener, stories: &["peerstops", "peerresets"], reason: CLOSES_ONLY },
    ],
    defects: &[Defect {
        role: Role::Listener,
        stories: &["parallel-100", "both-4m"],
        // Its streams come one after the other.
        except: &["floe"],
        reason: "not floe's: streams that come faster than they are accepted are dropped, the queue holds one",
        source: "libp2p-stream 0.5.0-alpha, src/shared.rs, \"Channel is full, dropping inbound stream\"",
    }],
    ..floe::PEER
};

const CLOSES_ONLY: &str = "libp2p::Stream has no way to stop reading and go on writing, and dropped it is closed, not \
                           reset, as on TCP and QUIC";
