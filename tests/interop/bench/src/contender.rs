//! Who is measured: each with itself, one process that listens and one that dials.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use interop::peers::{self, Places, Program};

/// One implementation over one transport.
#[derive(Debug, PartialEq)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// The program, by its name among the interop peers; none for the raw path, which is this program's.
    peer: Option<&'static str>,
    pub(crate) listen: &'static str,
    /// The versions of webrtc-direct that it dials with; for other transports one word as good as any.
    pub(crate) versions: &'static [&'static str],
    /// Who dials where a thousand connections are kept: what the listener pays for them is asked, and some
    /// dialers cannot keep so many.
    pub(crate) crowd_of: &'static str,
}

/// Everybody, floe first: ratios are to its figures.
pub(crate) static CONTENDERS: [Contender; 7] = [
    Contender {
        name: FLOE,
        peer: Some("floe"),
        listen: WEBRTC,
        versions: &["v1", "v2"],
        crowd_of: FLOE,
    },
    Contender {
        name: "libp2p-webrtc",
        peer: Some("rust-libp2p"),
        listen: WEBRTC,
        versions: &["v1"],
        crowd_of: FLOE,
    },
    Contender {
        name: "go-webrtc",
        peer: Some("go-libp2p"),
        listen: WEBRTC,
        versions: &["v1", "v2"],
        crowd_of: FLOE,
    },
    Contender {
        name: "js-webrtc",
        peer: Some("js-libp2p"),
        listen: WEBRTC,
        versions: &["v1"],
        crowd_of: FLOE,
    },
    Contender {
        name: "libp2p-quic",
        peer: Some("rust-libp2p"),
        listen: QUIC,
        versions: &["v1"],
        crowd_of: "libp2p-quic",
    },
    Contender {
        name: "go-quic",
        peer: Some("go-libp2p"),
        listen: QUIC,
        versions: &["v1"],
        crowd_of: "libp2p-quic",
    },
    Contender {
        name: RAW,
        peer: None,
        listen: "/ip4/127.0.0.1/udp/0",
        versions: &["v1"],
        crowd_of: RAW,
    },
];

pub(crate) const FLOE: &str = "floe";
pub(crate) const RAW: &str = "raw-udp";

/// By its name.
pub(crate) fn find(name: &str) -> Option<&'static Contender> {
    CONTENDERS.iter().find(|contender| contender.name == name)
}

/// The programs that are built, by the contender's name.
pub(crate) type Programs = HashMap<&'static str, Program>;

impl Contender {
    pub(crate) fn is_raw(&self) -> bool {
        self.peer.is_none()
    }

    /// Builds or finds its program. The error is for people.
    pub(crate) fn build(&self, own: &Path) -> Result<Program, String> {
        let Some(peer) = self.peer else {
            return Ok(Program { path: own.into(), prefix: vec![crate::raw::COMMAND.into()] });
        };
        let built = own.parent().map(PathBuf::from).unwrap_or_default();
        let peer = peers::find(peer).ok_or_else(|| format!("there is no peer {peer}"))?;
        let program = (peer.build)(&Places { built, floe: None })?;
        // What a program tells of each connection would be measured too. `env` becomes the program.
        let prefix = ["RUST_LOG=off".into(), program.path.into()].into_iter().chain(program.prefix);
        Ok(Program { path: "env".into(), prefix: prefix.collect() })
    }
}

const WEBRTC: &str = "/ip4/127.0.0.1/udp/0/webrtc-direct";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
