//! Who takes part. A peer is one file in `peers/`: how to build it, how to start it, what it speaks
//! and which of its own defects make which cells impossible. The runner knows nothing else of it.
//!
//! Every program keeps the same contract (`README.md`, "What a peer must do"); a peer whose command
//! line differs says so in its own file and nowhere else.

mod chromium;
mod firefox;
mod floe;
mod floe_cli;
mod floe_libp2p;
mod go_libp2p;
mod js_libp2p;
mod litep2p;
mod py_libp2p;
mod rust_libp2p;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::story::{Kind, Story};

/// Everybody, floe first.
pub const PEERS: &[Peer] = &[
    floe::PEER,
    floe_cli::PEER,
    go_libp2p::PEER,
    js_libp2p::PEER,
    chromium::PEER,
    chromium::WITHOUT_MUNGING,
    py_libp2p::PEER,
    rust_libp2p::PEER,
    litep2p::PEER,
];

/// Who is there behind a relay, floe first: what some of the same names can do with private `/webrtc`.
pub const PRIVATE: &[Peer] = &[
    floe_libp2p::PRIVATE,
    js_libp2p::PRIVATE,
    chromium::PRIVATE,
    chromium::PRIVATE_WITH_MDNS,
    firefox::PRIVATE,
    firefox::PRIVATE_WITH_MDNS,
];

/// The one all others are measured against.
pub const FLOE: &str = floe::PEER.name;

/// By its name.
pub fn find(name: &str) -> Option<&'static Peer> {
    PEERS.iter().chain(PRIVATE).find(|peer| peer.name == name)
}

/// One implementation.
#[derive(Debug)]
pub struct Peer {
    /// As it is called on command lines and in tables.
    pub name: &'static str,
    /// Builds or finds the program; the error is for people.
    pub build: fn(&Places) -> Result<Program, String>,
    /// What its listener understands; empty if it cannot listen.
    pub listens: &'static [Version],
    /// What its dialer can be told to use; empty if it cannot dial.
    pub dials: &'static [Version],
    /// Those among them that its surroundings forbid: they must fail whoever listens, in time and in words.
    pub barred: &'static [Version],
    /// Who plays the role that it lacks where it is measured without floe.
    pub kin: Option<&'static str>,
    /// Whether it runs in a page, which reaches relays over WebSockets only.
    pub in_page: bool,
    /// The arguments to listen on a multiaddr, or behind the relay that has it.
    pub listen: fn(address: &str) -> Vec<String>,
    /// The arguments to play a story that is not lacking.
    pub dial: fn(&Dial<'_>) -> Vec<String>,
    /// Whether its dialer sends the sequence of the contract in an echo and tells the hash of what came
    /// back; if not, its own comparison must do.
    pub tells_hash: bool,
    /// Stories that it cannot be asked for.
    pub lacks: &'static [Lack],
    /// What fails with certainty, and is excused.
    pub defects: &'static [Defect],
    /// What fails now and then, and is played again.
    pub flakes: &'static [Flake],
}

/// What a dialer is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'a> {
    /// The listener's, as the dialer is to have it.
    pub address: &'a str,
    /// Which version it is to use.
    pub version: Version,
    /// What it is to play.
    pub story: Kind,
    /// What connecting, and the story, may take.
    pub timeout_s: u64,
}

/// Stories that there is no way to ask of a peer, or that another one shows for it: no cells.
#[derive(Debug)]
pub struct Lack {
    /// The part the peer plays.
    pub role: Role,
    /// By their names.
    pub stories: &'static [&'static str],
    /// Said for whoever reads the file.
    pub reason: &'static str,
}

/// A defect of a peer that no other side can cure.
#[derive(Debug)]
pub struct Defect {
    /// The part the peer plays when it shows.
    pub role: Role,
    /// Those in which it shows.
    pub stories: &'static [&'static str],
    /// On the other side of whom it does not show.
    pub except: &'static [&'static str],
    /// What is wrong.
    pub reason: &'static str,
    /// Where in the peer's own source.
    pub source: &'static str,
}

/// A defect of a peer that shows now and then. A failure that bears its sign is played again; how often
/// that was needed is told with the result.
#[derive(Debug)]
pub struct Flake {
    /// The part the peer plays when it shows.
    pub role: Role,
    /// In which it shows; none for all.
    pub stories: &'static [&'static str],
    /// On the other side of whom it does not show.
    pub except: &'static [&'static str],
    /// What the message of such a failure contains, and no other.
    pub sign: &'static str,
    /// What is wrong.
    pub reason: &'static str,
    /// Where in the peer's own source.
    pub source: &'static str,
}

impl Peer {
    /// The pair, dialer first, that shows what it does without floe: with itself or with its kin.
    pub fn alone(&self) -> (&'static str, &'static str) {
        let kin = self.kin.unwrap_or(self.name);
        match (self.dials.is_empty(), self.listens.is_empty()) {
            (true, _) => (kin, self.name),
            (_, true) => (self.name, kin),
            _ => (self.name, self.name),
        }
    }

    /// Whether this story cannot even be asked of it.
    pub fn lacks(&self, role: Role, story: &Story) -> bool {
        self.lacks.iter().any(|lack| lack.role == role && lack.stories.contains(&story.name))
    }

    /// Why a story cannot be asked of this peer in this role, facing `other`.
    pub fn defect(&self, role: Role, other: &str, story: &Story) -> Option<&Defect> {
        self.defects.iter().find(|defect| {
            defect.role == role
                && defect.stories.contains(&story.name)
                && !defect.except.contains(&other)
        })
    }

    /// The defect that may have caused a failure with this message.
    pub fn flake(&self, role: Role, other: &str, story: &Story, message: &str) -> Option<&Flake> {
        self.flakes.iter().find(|flake| {
            flake.role == role
                && (flake.stories.is_empty() || flake.stories.contains(&story.name))
                && !flake.except.contains(&other)
                && message.contains(flake.sign)
        })
    }
}

/// Which side of a connection a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Who begins.
    Dialer,
    /// Who is dialed.
    Listener,
}

/// The version of webrtc-direct that a dialer uses; the listener tells them apart by itself. Or none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    /// By credentials that the dialer puts into its own description.
    V1,
    /// By credentials that the dialer was given.
    V2,
    /// The dialer chooses, and falls back.
    Auto,
    /// Private `/webrtc`, by descriptions that are exchanged over a relay.
    #[value(skip)]
    Private,
}

impl Version {
    /// As it is written on command lines and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Auto => "auto",
            Self::Private => "private",
        }
    }
}

/// A program and what stands before its arguments, such as the script of an interpreter.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is executed.
    pub path: PathBuf,
    /// What stands before the arguments of the contract.
    pub prefix: Vec<OsString>,
}

impl From<PathBuf> for Program {
    fn from(path: PathBuf) -> Self {
        Self { path, prefix: Vec::new() }
    }
}

/// Where things are.
#[derive(Debug)]
pub struct Places {
    /// Where programs go that no cargo builds: beside the runner, in its target directory.
    pub built: PathBuf,
    /// A program floe that is built already.
    pub floe: Option<PathBuf>,
}

impl Places {
    /// floe's own workspace.
    pub fn floe_workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
    }

    /// The workspace of the runner and the peers that are written in Rust.
    pub fn interop_workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }
}

/// The relay among the programs around js-libp2p, for `relays.rs`.
pub(crate) fn js_relay() -> Result<Program, String> {
    js_libp2p::program("src/main.js", &["relay"])
}

/// `listen` for programs of ours.
fn listen_arguments(address: &str) -> Vec<String> {
    ["listen", "--listen", address, "--json"].map(String::from).into()
}

/// `dial` for peer programs of ours: every story by its own name.
fn dial_arguments(dial: &Dial<'_>) -> Vec<String> {
    told(&["dial", "--json", "--version", dial.version.name()], dial)
}

/// `listen` behind a relay.
fn private_listen_arguments(relay: &str) -> Vec<String> {
    ["private-listen", "--relay", relay, "--json"].map(String::from).into()
}

/// `dial` over a relay.
fn private_dial_arguments(dial: &Dial<'_>) -> Vec<String> {
    told(&["private-dial", "--json"], dial)
}

/// A command with its limit, where to, and what is to be played there.
fn told(command: &[&str], dial: &Dial<'_>) -> Vec<String> {
    let timeout = dial.timeout_s.to_string();
    let (name, number) = dial.story.command();
    command
        .iter()
        .copied()
        .chain(["--timeout", &timeout, dial.address, name])
        .map(String::from)
        .chain(number.map(|number| number.to_string()))
        .collect()
}
