//! The command line: what can be said, its defaults, and the help.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;

use crate::address;
use crate::quantity::{parse_bytes, parse_count, parse_duration};
use crate::runtime::Runtime;
use crate::web;

/// libp2p over WebRTC: listen, dial, find out why a node cannot be dialed, or watch a demonstration.
#[derive(Debug, Parser)]
#[command(name = "floe", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect two nodes on this machine over UDP, ping, and transfer both ways
    Demo(Demo),
    /// Listen for peers and serve ping, identify, perf and echo until interrupted
    Listen(Listen),
    /// Dial a node and use one of its protocols
    Dial(Dial),
    /// Find out what works and what does not on the way to a node that cannot be dialed
    Probe(Probe),
}

/// What every command takes.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Common {
    /// Print one JSON object a line instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The asynchronous runtime to run on
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) runtime: Runtime,
}

/// Files for those who look at the wire.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CaptureFiles {
    /// Write every datagram to a pcapng file, with its keys, that Wireshark opens and decrypts
    ///
    /// A new file can be read by its owner only: whoever has it can read the connections.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// Append the keys of all connections to a file, to decrypt what something else has captured
    #[arg(long, global = true, value_name = "FILE", env = "SSLKEYLOGFILE")]
    pub(crate) keylog: Option<PathBuf>,
}

/// Connect two nodes on this machine over UDP, ping, and transfer both ways.
///
/// Each node has its own identity, certificate and socket on the loopback interface. They connect with
/// webrtc-direct v2, then once more with v1.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How much to transfer each way, per version
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_bytes)]
    pub(crate) bytes: u64,
    #[command(flatten)]
    pub(crate) capture: CaptureFiles,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Listen for peers and serve /ipfs/ping/1.0.0, /ipfs/id/1.0.0, /perf/1.0.0 and /echo/1.0.0.
///
/// Prints each address at which the node can be dialed, with its certhash and peer id, one a line on
/// stdout; logs go to stderr (see RUST_LOG). SIGINT and SIGTERM close all connections and end with
/// exit code 0.
#[derive(Args, Debug)]
#[command(after_help = LISTEN_EXAMPLES)]
pub(crate) struct Listen {
    /// Where to listen; may be given several times
    ///
    /// /ip4 or /ip6, a UDP port (0: any that is free) and /webrtc-direct. Default: any free port on all
    /// IPv4 addresses, and one on all IPv6 addresses where the machine has IPv6.
    #[arg(long, value_name = "MULTIADDR", value_parser = address::parse_listen)]
    pub(crate) listen: Vec<DirectAddr>,
    /// File with the node's identity key; made if missing
    ///
    /// Holds libp2p's PrivateKey protobuf (Ed25519), as other implementations write it, readable by its
    /// owner only. The certificate is derived from it, so peer id and certhash stay the same as long as
    /// the file does. Without it, both are new each time.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Serve a page on this machine that dials the node from a browser, step by step
    ///
    /// An IP address of this machine's own loopback interface and a TCP port (0: any that is free).
    /// The page shows what each step of the dial comes to, and how long it takes; then it pings and
    /// measures. It is served to this machine only, because browsers let only pages from localhost, or
    /// from HTTPS, use the cryptography that the dial needs. From another machine: ssh -L
    /// 8080:127.0.0.1:8080 HOST.
    #[arg(long, value_name = "ADDR", value_parser = web::parse_addr)]
    pub(crate) web: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) capture: CaptureFiles,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Dial a node and use one of its protocols.
#[derive(Args, Debug)]
#[command(after_help = DIAL_EXAMPLES)]
pub(crate) struct Dial {
    /// The node's address, as it prints or announces it
    ///
    /// /ip4/…/udp/…/webrtc-direct/certhash/… with an optional /p2p/… at its end, which is then required
    /// to be the peer id of the node that answers.
    #[arg(value_name = "ADDR", value_parser = address::parse_dial)]
    pub(crate) addr: DirectAddr,
    /// The version of webrtc-direct to speak; auto: v2, and v1 as well if v2 is not answered
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) version: DialVersion,
    /// How long to wait for the connection, and then for anything to move
    #[arg(long, global = true, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
    /// File with the identity key to dial with; made if missing. Without it, a new one each time
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) capture: CaptureFiles,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do on a dialed connection.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Action {
    /// Measure round trips with /ipfs/ping/1.0.0
    Ping {
        /// How many
        #[arg(long, value_name = "N", default_value = "5", value_parser = parse_at_least_one)]
        count: u64,
    },
    /// Ask the node who it is, what it speaks and where, with /ipfs/id/1.0.0
    Identify,
    /// Send bytes through /echo/1.0.0 and check every one that comes back
    Echo {
        /// How many
        #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_bytes)]
        bytes: u64,
    },
    /// Measure how fast bytes go up and down with /perf/1.0.0
    Perf {
        /// How many to send
        #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_bytes)]
        upload_bytes: u64,
        /// How many to ask for
        #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_bytes)]
        download_bytes: u64,
    },
}

/// Find out what works and what does not on the way to a node that cannot be dialed.
///
/// Tries STUN in both versions of webrtc-direct, then DTLS, the certhash, SCTP, Noise and the peer id;
/// prints what each came to and how long it took, and says in a sentence what is wrong. Exit code 0 if
/// the node can be dialed, 1 if not.
#[derive(Args, Debug)]
#[command(after_help = PROBE_EXAMPLES)]
pub(crate) struct Probe {
    /// The node's address; without /certhash, the probe finds out what it should be
    #[arg(value_name = "ADDR", value_parser = address::parse_probe)]
    pub(crate) addr: DirectAddr,
    /// How long to wait for the whole set-up of a connection
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Which version to dial with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialVersion {
    V1,
    V2,
    #[default]
    Auto,
}

impl DialVersion {
    /// The one version, if it is one.
    pub(crate) fn only(self) -> Option<Version> {
        match self {
            Self::V1 => Some(Version::V1),
            Self::V2 => Some(Version::V2),
            Self::Auto => None,
        }
    }
}

impl Command {
    /// What every command takes.
    pub(crate) fn common(&self) -> Common {
        match self {
            Self::Demo(demo) => demo.common,
            Self::Listen(listen) => listen.common,
            Self::Dial(dial) => dial.common,
            Self::Probe(probe) => probe.common,
        }
    }
}

fn parse_at_least_one(text: &str) -> Result<u64, String> {
    match parse_count(text)? {
        0 => Err("at least 1 is needed".into()),
        count => Ok(count),
    }
}

const EXAMPLES: &str = "\
Examples:
  floe demo
  floe listen --key node.key
  floe dial /ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/uEi…/p2p/12D3… ping
  floe probe /ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/uEi…

Sizes may be written 64MiB, 1k or 1_000, times 10, 1.5s or 500ms.
Logs go to stderr; RUST_LOG chooses them, for instance RUST_LOG=floe=debug.
Exit codes: 0 success, 1 failure, 2 wrong usage.";

const LISTEN_EXAMPLES: &str = "\
Examples:
  floe listen
  floe listen --key node.key --listen /ip4/0.0.0.0/udp/4001/webrtc-direct
  floe listen --listen /ip4/127.0.0.1/udp/0/webrtc-direct --json
  floe listen --web 127.0.0.1:8080, then open http://127.0.0.1:8080/ in a browser";

const DIAL_EXAMPLES: &str = "\
Examples, with the address that `floe listen` printed in $ADDR:
  floe dial $ADDR ping --count 10
  floe dial $ADDR identify
  floe dial $ADDR --version v1 echo --bytes 1MiB
  floe dial $ADDR --json perf --upload-bytes 64MiB --download-bytes 64MiB";

const PROBE_EXAMPLES: &str = "\
Examples:
  floe probe /ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/uEi…/p2p/12D3…
  floe probe /ip4/192.0.2.1/udp/4001/webrtc-direct";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    const ADDR: &str = "/ip4/192.0.2.1/udp/4001/webrtc-direct\
                        /certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";

    fn parse(args: &[&str]) -> Result<Command, ErrorKind> {
        Cli::try_parse_from([&["floe"], args].concat())
            .map(|cli| cli.command)
            .map_err(|error| error.kind())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_have_their_defaults() {
        let Ok(Command::Dial(dial)) = parse(&["dial", ADDR, "perf"]) else { panic!() };
        assert_eq!(dial.version, DialVersion::Auto);
        assert_eq!(dial.timeout, Duration::from_secs(10));
        assert!(!dial.common.json);
        let Action::Perf { upload_bytes, download_bytes } = dial.action else { panic!() };
        assert_eq!((upload_bytes, download_bytes), (64 << 20, 64 << 20));
        let Ok(Command::Demo(demo)) = parse(&["demo"]) else { panic!() };
        assert_eq!(demo.bytes, 64 << 20);
        let Ok(Command::Listen(listen)) = parse(&["listen"]) else { panic!() };
        assert!(listen.listen.is_empty() && listen.key.is_none());
        assert_eq!(listen.web, None);
    }

    #[test]
    fn options_of_dial_may_stand_before_or_behind_the_action() {
        for args in [
            [
                "dial",
                ADDR,
                "--json",
                "--version",
                "v1",
                "--timeout",
                "1.5s",
                "ping",
                "--count",
                "3",
            ],
            [
                "dial",
                ADDR,
                "ping",
                "--count",
                "3",
                "--timeout",
                "1.5s",
                "--version",
                "v1",
                "--json",
            ],
        ] {
            let Ok(Command::Dial(dial)) = parse(&args) else { panic!("{args:?}") };
            assert!(dial.common.json);
            assert_eq!(dial.version.only(), Some(Version::V1));
            assert_eq!(dial.timeout, Duration::from_millis(1_500));
            assert!(matches!(dial.action, Action::Ping { count: 3 }));
        }
    }

    #[test]
    fn files_to_capture_to_may_stand_behind_the_action() {
        let args = ["dial", ADDR, "ping", "--pcap", "a.pcapng", "--keylog", "keys"];
        let Ok(Command::Dial(dial)) = parse(&args) else { panic!() };
        assert_eq!(dial.capture.pcap.as_deref(), Some("a.pcapng".as_ref()));
        assert_eq!(dial.capture.keylog.as_deref(), Some("keys".as_ref()));
        for command in [&["listen"][..], &["demo"]] {
            assert!(parse(&[command, &args[3..]].concat()).is_ok(), "{command:?}");
        }
        assert!(parse(&["probe", ADDR, "--pcap", "a.pcapng"]).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            &["dial", ADDR][..],
            &["dial", "ping"],
            &["dial", "/ip4/192.0.2.1/tcp/4001", "ping"],
            &["dial", ADDR, "ping", "--count", "0"],
            &["dial", ADDR, "echo", "--bytes", "1x"],
            &["dial", ADDR, "--version", "v3", "ping"],
            &["dial", ADDR, "--timeout", "0", "ping"],
            &["listen", "--listen", "/ip4/127.0.0.1/udp/0"],
            &["listen", "--runtime", "rayon"],
            &["listen", "--web", "0.0.0.0:8080"],
            &["sing"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
        assert_eq!(parse(&["--version"]).unwrap_err(), ErrorKind::DisplayVersion);
    }
}
