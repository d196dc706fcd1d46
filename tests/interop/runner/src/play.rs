//! Plays one case: a fresh listener, one dialer, and what was seen of both.

use std::{
    net::SocketAddr,
    process::ExitStatus,
    time::{Duration, Instant},
};

use interop::{
    address,
    peers::{Dial, Program},
    process::{Heard, Process},
    proxy::{Network, Proxy},
    relays::Relay,
    story::Kind,
};
use serde_json::Value;

use crate::case::{Case, Expected};

/// What was seen. The judgement is `verdict.rs`'s.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last event of each kind.
    pub(crate) connected: Option<Value>,
    pub(crate) result: Option<Value>,
    pub(crate) error: Option<Value>,
    /// How many each dialer has taken to connect, if there is a proxy to count them.
    pub(crate) round_trips: Vec<u32>,
    /// `None` when it had to be killed, or never ran.
    pub(crate) dialer: Option<ExitStatus>,
    /// After SIGTERM; `None` when it had to be killed.
    pub(crate) listener: Option<ExitStatus>,
    /// From the start of the dialer to its end.
    pub(crate) took: Duration,
    /// What the runner itself found wrong: a listener that gave no address, a line that is no JSON.
    pub(crate) faults: Vec<String>,
    /// The last words of all on standard error.
    pub(crate) complaints: String,
}

/// Where and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions<'a> {
    /// The IP address that listeners bind.
    pub(crate) ip: std::net::IpAddr,
    /// In place of the story's own limit.
    pub(crate) timeout: Option<Duration>,
    /// What lies between the two.
    pub(crate) network: Network,
    /// Which datagrams the network loses.
    pub(crate) seed: u64,
    pub(crate) dialer: &'a Program,
    pub(crate) listener: &'a Program,
    /// Where the two are private.
    pub(crate) relay: Option<&'a Program>,
}

pub(crate) fn play(case: &Case, conditions: Conditions<'_>) -> Seen {
    let mut seen = Seen::default();
    if let Err(fault) = stage(case, conditions, &mut seen) {
        seen.faults.push(fault);
    }
    seen
}

fn stage(case: &Case, conditions: Conditions<'_>, seen: &mut Seen) -> Result<(), String> {
    // Whatever becomes of the others, the relay ends last.
    let mut relay = match conditions.relay {
        Some(program) => Some(Process::spawn(program, &Relay::arguments(conditions.ip))?),
        None => None,
    };
    let at = match &mut relay {
        Some(relay) => At::Relay(relaying(relay, case)?),
        None => At::Socket(SocketAddr::new(conditions.ip, 0)),
    };
    let arguments = case.listener.listen;
    let mut host = Host { program: conditions.listener, arguments, process: None, at, proxy: None };
    let played = host.start().and_then(|address| {
        for _ in 0..case.story.kind.dialers() {
            // Each on a path of its own, over which nothing has gone yet.
            host.proxy = between(&address, conditions)?;
            dial(case, conditions, &host.seen_from_outside(&address)?, &mut host, seen)?;
            if !seen.dialer.is_some_and(|status| status.success()) {
                break;
            }
        }
        Ok(())
    });
    if let Some(mut listener) = host.process {
        seen.listener = listener.terminate(Instant::now() + FAREWELL);
        note(&mut seen.complaints, "listener", &listener.complaints());
    }
    if let Some(relay) = relay {
        note(&mut seen.complaints, "relay", &relay.complaints());
    }
    played
}

/// Waits for the addresses of the relay, and takes one that both can reach: over TCP, unless one is in a page.
fn relaying(relay: &mut Process, case: &Case) -> Result<String, String> {
    let event = listening(relay, "relay")?;
    let websocket = case.dialer.in_page || case.listener.in_page;
    let addrs = event["addrs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    addrs
        .map(String::from)
        .find(|address| address::is_websocket(address) == websocket)
        .ok_or_else(|| format!("relay: no address that both can reach in {event}"))
}

/// The listener, which may have more than one life.
struct Host<'a> {
    program: &'a Program,
    arguments: fn(&str) -> Vec<String>,
    process: Option<Process>,
    /// Where it is to listen; once it does, with its port.
    at: At,
    /// What stands before it, in every life.
    proxy: Option<Proxy>,
}

/// Where a listener is reached.
enum At {
    Socket(SocketAddr),
    /// Behind the relay that has this address.
    Relay(String),
}

impl Host<'_> {
    /// Begins its next life and says its address.
    fn start(&mut self) -> Result<String, String> {
        let arguments = match &self.at {
            At::Socket(socket) => (self.arguments)(&address::listen(*socket)),
            At::Relay(relay) => (self.arguments)(relay),
        };
        let process = self.process.insert(Process::spawn(self.program, &arguments)?);
        let event = listening(process, "listener")?;
        let address = event["addr"].as_str().ok_or("listener: no addr in its event")?;
        if let At::Socket(socket) = &mut self.at {
            *socket = address::socket(address)?;
        }
        Ok(address.into())
    }

    /// Ends its life without a warning, and begins the next at the same place.
    fn restart(&mut self) -> Result<String, String> {
        // Dropping kills it and waits until it is dead, so that the port is free.
        drop(self.process.take());
        let address = self.start()?;
        self.seen_from_outside(&address)
    }

    /// Its address as the dialer is to have it.
    fn seen_from_outside(&self, address: &str) -> Result<String, String> {
        match &self.proxy {
            Some(proxy) => address::at(address, proxy.address()),
            None => Ok(address.into()),
        }
    }
}

/// Puts a proxy before the listener unless the path is clear.
fn between(address: &str, conditions: Conditions<'_>) -> Result<Option<Proxy>, String> {
    if conditions.network == Network::CLEAR {
        return Ok(None);
    }
    let listener = address::socket(address)?;
    Proxy::start(listener, conditions.network, conditions.seed)
        .map(Some)
        .map_err(|error| format!("no proxy: {error}"))
}

/// Waits until the program says that it listens.
fn listening(process: &mut Process, who: &str) -> Result<Value, String> {
    let deadline = Instant::now() + START;
    loop {
        match process.hear(deadline) {
            Heard::Line(line) => {
                let event = parse(&line).map_err(|fault| format!("{who}: {fault}"))?;
                if event["event"] == "listening" {
                    return Ok(event);
                }
            }
            Heard::Exit(status) => {
                return Err(format!("the {who} ended before it listened: {status}"));
            }
            Heard::Nothing => {
                return Err(format!("the {who} gave no address in {} s", START.as_secs()));
            }
        }
    }
}

fn dial(
    case: &Case,
    conditions: Conditions<'_>,
    address: &str,
    host: &mut Host<'_>,
    seen: &mut Seen,
) -> Result<(), String> {
    let address = match case.story.kind {
        Kind::WrongCerthash => &address::with_wrong_certhash(address)?,
        Kind::WrongPeer => &address::with_wrong_peer(address)?,
        _ => address,
    };
    let limit = conditions.timeout.unwrap_or_else(|| limit(case));
    let ask =
        Dial { address, version: case.version, story: case.story.kind, timeout_s: limit.as_secs() };
    let patience = limit + GRACE + case.story.kind.silence();
    let began = Instant::now();
    let mut dialer = Process::spawn(conditions.dialer, &(case.dialer.dial)(&ask))?;
    let played = follow(&mut dialer, began + patience, host, seen);
    seen.took = began.elapsed();
    note(&mut seen.complaints, "dialer", &dialer.complaints());
    played
}

/// Hears what the dialer has to say, to its end.
fn follow(
    dialer: &mut Process,
    deadline: Instant,
    host: &mut Host<'_>,
    seen: &mut Seen,
) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match dialer.hear(deadline) {
            Heard::Line(line) => match parse(&line) {
                Ok(event) => match event["event"].as_str() {
                    Some("connected") => {
                        seen.round_trips.extend(host.proxy.as_ref().map(Proxy::round_trips));
                        seen.connected = Some(event);
                    }
                    Some("result") => seen.result = Some(event),
                    Some("error") => seen.error = Some(event),
                    Some("ready") => dialer.say(&host.restart()?)?,
                    // Peers may say more than the contract asks for.
                    _ => {}
                },
                Err(fault) => seen.faults.push(format!("dialer: {fault}")),
            },
            Heard::Exit(status) => {
                seen.dialer = Some(status);
                return Ok(());
            }
            Heard::Nothing => {
                return Err(format!("the dialer was killed after {} s", began.elapsed().as_secs()));
            }
        }
    }
}

/// How long the dialer is told it may take.
fn limit(case: &Case) -> Duration {
    match case.expected {
        Expected::Refusal if !case.story.kind.must_be_refused() => REFUSAL,
        _ => case.story.limit,
    }
}

fn parse(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|_| format!("a line that is no JSON: {line}"))
}

fn note(complaints: &mut String, who: &str, words: &str) {
    if !words.is_empty() {
        if !complaints.is_empty() {
            complaints.push_str(" || ");
        }
        complaints.push_str(&format!("{who}: {words}"));
    }
}

/// What a program needs to start and bind, interpreters and browsers included, also where twenty others
/// want the processor.
const START: Duration = Duration::from_secs(60);
/// What a listener has after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(5);
/// Between the limit a dialer is given and its death: it should report its own failure, and a browser
/// must start before its time begins.
const GRACE: Duration = Duration::from_secs(10);
/// What a dialer is given where nobody will answer: several retransmissions, and no more patience.
const REFUSAL: Duration = Duration::from_secs(5);
