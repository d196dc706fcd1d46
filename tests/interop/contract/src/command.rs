//! The command line that the runner expects of a peer.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    Purpose,
    bench::{self, Work},
    chain,
    dial::{self, Dialer},
    report,
    serve::{self, Listener},
    story::Story,
};

#[derive(Parser)]
#[command(version, about = "A peer for the interop runner")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM.
    Listen {
        /// Address to listen on.
        #[arg(long, default_value = "/ip4/127.0.0.1/udp/0/webrtc-direct")]
        listen: String,
        /// To be measured: nothing happens that no dialer asked for, and any number may come.
        #[arg(long)]
        bench: bool,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial an address and play a story on the connection.
    Dial {
        /// Where to: `/ip4/…/udp/…/webrtc-direct/certhash/…/p2p/…`.
        address: String,
        /// The story and its number, as `tests/interop/README.md` has them.
        #[arg(required = true)]
        story: Vec<String>,
        /// Version of webrtc-direct.
        #[arg(long, default_value = "v1")]
        version: String,
        /// Seconds that connecting, and the story, may take.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial an address and work, to be measured: `tests/interop/README.md` says what each work is.
    Bench {
        /// Where to, as above.
        address: String,
        #[command(flatten)]
        work: Work,
        /// Version of webrtc-direct; of no meaning to other transports.
        #[arg(long, default_value = "v1")]
        version: String,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a peer.
pub async fn run<L: Listener, D: Dialer>() -> ExitCode {
    match Arguments::parse().command {
        Command::Listen { listen, bench, .. } => listen_on::<L>(&listen, bench).await,
        Command::Dial { address, story, version, timeout, .. } => {
            dial_and_play::<D>(&address, &version, &story, timeout).await
        }
        Command::Bench { address, work, version, .. } => {
            match bench::run::<D>(&address, &version, work).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed("bench", &chain(&*error)),
            }
        }
    }
}

#[derive(Parser)]
#[command(version, about = "A peer for the interop runner, behind a relay")]
struct PrivateArguments {
    #[command(subcommand)]
    command: PrivateCommand,
}

#[derive(Subcommand)]
enum PrivateCommand {
    /// Serve behind a relay until SIGTERM.
    PrivateListen {
        /// The relay: `/ip4/…/tcp/…/p2p/…`.
        #[arg(long)]
        relay: String,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
    /// Dial somebody behind a relay and play a story on the direct connection.
    PrivateDial {
        /// Whom: `<relay>/p2p-circuit/webrtc/p2p/…`.
        address: String,
        /// The story and its number, as `tests/interop/README.md` has them.
        #[arg(required = true)]
        story: Vec<String>,
        /// Seconds that connecting, and the story, may take.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
        /// Accepted because the runner gives it to every peer: the output is always JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a peer of private `/webrtc`. Its listener is given the address of a relay.
pub async fn run_private<L: Listener, D: Dialer>() -> ExitCode {
    match PrivateArguments::parse().command {
        PrivateCommand::PrivateListen { relay, .. } => listen_on::<L>(&relay, false).await,
        PrivateCommand::PrivateDial { address, story, timeout, .. } => {
            dial_and_play::<D>(&address, PRIVATE, &story, timeout).await
        }
    }
}

/// Runs a peer whose implementation has no dialer.
pub async fn run_listener<L: Listener>() -> ExitCode {
    match Arguments::parse().command {
        Command::Listen { listen, bench, .. } => listen_on::<L>(&listen, bench).await,
        Command::Dial { .. } | Command::Bench { .. } => {
            failed("dial", "this implementation only listens")
        }
    }
}

async fn listen_on<L: Listener>(address: &str, bench: bool) -> ExitCode {
    let purpose = if bench { Purpose::Bench } else { Purpose::Stories };
    match serve::run::<L>(address, purpose).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed("listen", &chain(&*error)),
    }
}

async fn dial_and_play<D: Dialer>(
    address: &str,
    version: &str,
    story: &[String],
    timeout: u64,
) -> ExitCode {
    let story = match Story::parse(story) {
        Ok(story) => story,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(USAGE);
        }
    };
    match dial::run::<D>(address, version, story, Duration::from_secs(timeout)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed("dial", &chain(&*error)),
    }
}

fn failed(step: &str, message: &str) -> ExitCode {
    report::error(step, message);
    ExitCode::FAILURE
}

/// What a private dialer tells in place of a version of webrtc-direct.
pub const PRIVATE: &str = "private";
/// What clap exits with as well.
const USAGE: u8 = 2;
