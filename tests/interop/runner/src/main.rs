//! Plays stories between floe and other implementations of libp2p's WebRTC transports, each in
//! processes of its own, and says which pairs understand each other: one JSON line per case, then a
//! table. `README.md` beside this workspace says how to read it.

mod case;
mod play;
mod sequence;
mod table;
mod verdict;

use std::{
    collections::{BTreeSet, HashMap},
    io::Write as _,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use interop::{
    peers::{self, Places, Program, Role, Version},
    process,
    proxy::Network,
    relays, story,
};

use crate::{
    case::{Case, Expected},
    play::Conditions,
    verdict::{Outcome, Verdict},
};

#[derive(Parser)]
#[command(about = "Runs floe against other implementations of libp2p's WebRTC transports")]
struct Arguments {
    /// Only cases with this peer; `floe` means floe with itself. May be repeated, as all filters.
    #[arg(long, value_parser = known_peer)]
    peer: Vec<String>,
    /// Only cases in which the peer plays this role.
    #[arg(long)]
    role: Option<Role>,
    /// Only cases with this dialer. With a listener beside it, also pairs that are not in the matrix.
    #[arg(long, value_parser = known_peer)]
    dialer: Vec<String>,
    /// Only cases with this listener.
    #[arg(long, value_parser = known_peer)]
    listener: Vec<String>,
    /// Only this version of webrtc-direct.
    #[arg(long)]
    version: Vec<Version>,
    /// Private `/webrtc` in place of webrtc-direct: both are behind a relay.
    #[arg(long, conflicts_with_all = ["version", "loss", "delay"])]
    private: bool,
    /// Only over this relay, and all stories.
    #[arg(long, requires = "private", value_parser = known_relay)]
    relay: Vec<String>,
    /// Only this story.
    #[arg(long, value_parser = known_story)]
    story: Vec<String>,
    /// Without the stories that take long.
    #[arg(long)]
    fast: bool,
    /// Say which cases would run, and run none.
    #[arg(long)]
    list: bool,
    /// How often to run each case.
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Seconds a dialer may take, in place of each story's own limit.
    #[arg(long)]
    timeout: Option<u64>,
    /// The IP address that listeners bind, or relays. Firefox reaches no loopback address.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
    /// Per cent of the datagrams that are lost each way, in every story whose own path is clear.
    #[arg(long, default_value_t = 0.0, value_parser = percentage)]
    loss: f64,
    /// Milliseconds that every datagram takes longer each way, likewise.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Which datagrams are lost.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A program floe that is built already, for the peer floe-cli.
    #[arg(long)]
    floe: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cases: Vec<_> = arguments.cases().into_iter().filter(|case| arguments.want(case)).collect();
    if cases.is_empty() {
        eprintln!("error: no case is left by these arguments; --list without them shows all");
        return ExitCode::from(USAGE);
    }
    if arguments.list {
        list(&cases);
        return ExitCode::SUCCESS;
    }
    match run(&arguments, &cases) {
        Ok(verdicts) => {
            print(&format!("\n{}", table::render(&verdicts)));
            match verdicts.iter().any(|verdict| verdict.outcome == Outcome::Fail) {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            }
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(arguments: &Arguments, cases: &[Case]) -> Result<Vec<Verdict>, String> {
    process::kill_children_on_signal()?;
    let runner = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let built = runner.parent().unwrap_or(Path::new("")).to_path_buf();
    let programs = Programs::build(cases, &Places { built, floe: arguments.floe.clone() })?;
    let one = |case: &Case| {
        let play = |run| {
            let verdict = play(arguments, &programs, case, run);
            print(&format!("{}\n", verdict.line()));
            verdict
        };
        (1..=arguments.repeat).map(play).collect::<Vec<_>>()
    };
    // Who is silent disturbs nobody: those stories are played side by side, behind the others.
    let (silent, busy): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| case.story.kind.silence() > Duration::ZERO);
    let mut verdicts: Vec<_> = busy.into_iter().flat_map(one).collect();
    for crowd in silent.chunks(SIDE_BY_SIDE) {
        verdicts.extend(thread::scope(|scope| {
            let playing: Vec<_> = crowd.iter().map(|case| scope.spawn(|| one(case))).collect();
            let played = playing.into_iter().map(|case| case.join().expect("no case panics"));
            played.flatten().collect::<Vec<_>>()
        }));
    }
    Ok(verdicts)
}

/// Plays a case, and once more if a flake of a peer has spoilt it.
fn play(arguments: &Arguments, programs: &Programs, case: &Case, run: u32) -> Verdict {
    let conditions = Conditions {
        ip: arguments.ip,
        timeout: arguments.timeout.map(Duration::from_secs),
        network: arguments.network(case),
        seed: arguments.seed,
        dialer: &programs.peers[case.dialer.name],
        listener: &programs.peers[case.listener.name],
        relay: case.relay.map(|relay| &programs.relays[relay.name]),
    };
    let mut spoilt = Vec::new();
    let mut verdict = loop {
        let verdict = Verdict::of(*case, run, play::play(case, conditions));
        if spoilt.len() == SPOILT_MAX || !verdict.may_be_spoilt() {
            break verdict;
        }
        spoilt.push(verdict.message);
    };
    verdict.spoilt = spoilt;
    verdict
}

/// Those who take part, by their names.
struct Programs {
    peers: HashMap<&'static str, Program>,
    relays: HashMap<&'static str, Program>,
}

impl Programs {
    /// Builds who takes part, and nobody else.
    fn build(cases: &[Case], places: &Places) -> Result<Self, String> {
        let (mut peers, mut relays) = (HashMap::new(), HashMap::new());
        for case in cases {
            for peer in [case.dialer, case.listener] {
                if !peers.contains_key(peer.name) {
                    peers.insert(peer.name, (peer.build)(places)?);
                }
            }
            if let Some(relay) = case.relay.filter(|relay| !relays.contains_key(relay.name)) {
                relays.insert(relay.name, (relay.build)(places)?);
            }
        }
        Ok(Self { peers, relays })
    }
}

fn list(cases: &[Case]) {
    for case in cases {
        let expected = match case.expected {
            Expected::Pass { .. } => String::new(),
            Expected::Refusal => "  (must fail in time, with an error that says why)".into(),
            Expected::Defect { reason, source } => format!("  (expected-fail: {reason}; {source})"),
        };
        print(&format!("{case}{expected}\n"));
    }
}

impl Arguments {
    fn cases(&self) -> Vec<Case> {
        if self.private {
            return case::private::all(&self.relay);
        }
        match self.dialer.is_empty() || self.listener.is_empty() {
            true => case::all(),
            false => case::between(&self.dialer, &self.listener),
        }
    }

    fn network(&self, case: &Case) -> Network {
        match case.story.network {
            Network::CLEAR => Network { loss: self.loss, delay: Duration::from_millis(self.delay) },
            bad => bad,
        }
    }

    fn want(&self, case: &Case) -> bool {
        let (dialer, listener) = (case.dialer.name, case.listener.name);
        // A peer with itself plays both roles, and so does floe.
        let plays = |name: &str| match self.role {
            None => dialer == name || listener == name,
            Some(Role::Dialer) => dialer == name,
            Some(Role::Listener) => listener == name,
        };
        plays(case.subject())
            && admits(&self.peer, case.subject())
            && admits(&self.dialer, dialer)
            && admits(&self.listener, listener)
            && admits(&self.story, case.story.name)
            && (self.version.is_empty() || self.version.contains(&case.version))
            && (case.story.fast || !self.fast)
    }
}

/// A filter that was not given admits everything.
fn admits(filter: &[String], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted == name)
}

fn known_peer(name: &str) -> Result<String, String> {
    peers::find(name).map(|peer| peer.name.into()).ok_or_else(|| {
        let names = peers::PEERS.iter().chain(peers::PRIVATE).map(|peer| peer.name);
        format!(
            "the peers are {}",
            names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
        )
    })
}

fn known_relay(name: &str) -> Result<String, String> {
    relays::find(name).map(|relay| relay.name.into()).ok_or_else(|| {
        let names: Vec<_> = relays::RELAYS.iter().map(|relay| relay.name).collect();
        format!("the relays are {}", names.join(", "))
    })
}

fn percentage(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(loss) if (0.0..100.0).contains(&loss) => Ok(loss),
        _ => Err("it is a number of per cent, below 100".into()),
    }
}

fn known_story(name: &str) -> Result<String, String> {
    story::find(name).map(|story| story.name.into()).ok_or_else(|| {
        let names: Vec<_> = story::STORIES.iter().map(|story| story.name).collect();
        format!("the stories are {}", names.join(", "))
    })
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone away (`| head`) is no reason to panic.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A flake of one in a hundred spoils three tries in a row once in a million.
const SPOILT_MAX: usize = 2;
/// So many programs, browsers among them, start within the time that connecting may take.
const SIDE_BY_SIDE: usize = 12;
/// Also for what could not be built: nothing was tested.
const USAGE: u8 = 2;
