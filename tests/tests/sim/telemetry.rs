//! What is told through `tracing`: operators filter by it, so it stays as `floe_core::rtc` lists it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use floe_core::ice::Version;
use floe_core::rtc::Limits;
use floe_core::time::Timestamp;
use floe_tests::floe::Floe;
use floe_tests::net::{Packet, Weather};
use floe_tests::node::Node;
use floe_tests::stun;
use floe_tests::world::World;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, subscriber};

use crate::pair::{Pair, both_connected, dial, two};
use crate::{CLIENT, OTHER, SERVER, secs};

/// Each target.
const TARGETS: [&str; 4] = ["floe::endpoint", "floe::connection", "floe::stream", "floe::driver"];

#[test]
fn a_connection_tells_its_life_from_the_dial_to_the_end() {
    let log = Log::at(Level::DEBUG);
    let (stream, client_peer, server_peer) = log.listen(|| {
        let mut pair = Pair::new(1, Weather::FAIR);
        let (ours, theirs) = pair.open();
        let Pair { mut world, client, server, at_client, .. } = pair;
        let now = world.now;
        world[client].endpoint.stream(ours).expect("it is there").finish().expect("it is open");
        world[server].endpoint.stream(theirs).expect("it is there").reset(now);
        world.run(secs(1));
        world.net.rebind(CLIENT, OTHER);
        world.run(secs(10));
        let now = world.now;
        world[client].endpoint.close(now, at_client);
        world.run(secs(1));
        (ours, world[client].peer_id(), world[server].peer_id())
    });

    let told = |direction| {
        let of = format!("connection{{id=c1 direction={direction} ");
        let lines = log.lines();
        lines.into_iter().filter(|line| line.spans.starts_with(&of)).collect::<Vec<_>>()
    };
    let names = |lines: &[Line]| {
        lines.iter().map(|line| (line.target, line.message.clone())).collect::<Vec<_>>()
    };
    let expected = |lines: &[(&'static str, &str)]| {
        lines.iter().map(|(target, message)| (*target, message.to_string())).collect::<Vec<_>>()
    };

    let dialer = told("outbound");
    let life = expected(&[
        ("floe::connection", "dialing"),
        ("floe::connection", "checking"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "secured"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "connected"),
        ("floe::stream", "opened"),
        ("floe::stream", "closed"),
        ("floe::connection", "closed"),
    ]);
    assert_eq!(names(&dialer), life, "{dialer:#?}");
    let steps: Vec<_> = dialer.iter().filter_map(|line| line.fields.get("step")).collect();
    assert_eq!(steps, ["stun", "dtls", "certhash", "sctp", "noise", "peer-id"]);
    for step in dialer.iter().filter(|line| line.message == "step done") {
        step.has(&["step", "took", "after"]);
    }
    dialer[0].says("expected", server_peer);
    dialer[1].says("version", "v2");
    let [.., opened, stream_closed, closed] = &dialer[..] else { unreachable!("as above") };
    opened.says("by", "us");
    stream_closed.says("end", "the stream was reset by the peer");
    closed.says("end", "the connection was closed by this side");
    closed.has(&["after"]);
    assert_eq!(
        closed.spans,
        format!(
            "connection{{id=c1 direction=outbound remote={SERVER} version=v2 peer={server_peer}}}"
        )
    );
    let (of_connection, of_stream) = opened.spans.split_once(" > ").expect("a span in a span");
    assert_eq!(of_connection, closed.spans);
    assert_eq!(of_stream, format!("stream{{id={stream:?} channel={}}}", stream.channel()));

    let listener = told("inbound");
    let life = expected(&[
        ("floe::connection", "step done"),
        ("floe::connection", "secured"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "step done"),
        ("floe::connection", "connected"),
        ("floe::stream", "opened"),
        ("floe::stream", "closed"),
        ("floe::connection", "moved"),
        ("floe::connection", "closed"),
    ]);
    assert_eq!(names(&listener), life, "{listener:#?}");
    listener[1].has(&["dtls", "certhash"]);
    listener[5].says("peer", client_peer);
    listener[5].says("remote", CLIENT);
    listener[5].has(&["version", "after"]);
    listener[6].says("by", "the peer");
    listener[8].says("from", CLIENT);
    listener[8].says("to", OTHER);
    listener[8].says("times", 1);
    listener[9].says("end", "the connection was closed by the peer");
    assert_eq!(dialer.len() + listener.len(), log.lines().len(), "nothing stands outside of them");
}

#[test]
fn streams_tell_why_they_end() {
    let log = Log::at(Level::TRACE);
    log.listen(|| {
        let mut pair = Pair::new(2, Weather::FAIR);
        let (ours, theirs) = pair.open();
        let Pair { mut world, client, server, .. } = pair;
        for (node, id) in [(client, ours), (server, theirs)] {
            world[node].endpoint.stream(id).expect("it is there").finish().expect("it is open");
        }
        world.run(secs(2));
    });
    let lines = log.lines();
    let of_stream: Vec<_> = lines.iter().filter(|line| line.target == "floe::stream").collect();
    for line in &of_stream {
        assert!(line.spans.contains(" > stream{"), "{line:?}");
    }
    let changes = of_stream.iter().filter(|line| line.message == "changed");
    let causes: BTreeSet<_> = changes.map(|line| line.fields["cause"].clone()).collect();
    let expected = ["App(Finish)", "Peer(Fin)", "Peer(FinAck)"].map(str::to_owned);
    assert_eq!(causes, BTreeSet::from(expected));
    let ends: Vec<_> = of_stream.iter().filter_map(|line| line.fields.get("end")).collect();
    assert_eq!(ends, ["the stream is finished"; 2]);
}

/// Whatever the weather, and whichever version: operators are not alarmed by what is in order, and what
/// they paste into a bug report gives no key away.
#[test]
fn all_goes_well_in_silence_and_no_secret_is_told() {
    for (seed, version) in [(1, Version::V1), (2, Version::V2), (3, Version::V1)] {
        println!("seed {seed}");
        let log = Log::at(Level::TRACE);
        let ufrags = Arc::new(Mutex::new(BTreeSet::new()));
        let payload = "the payload of a stream, in plain words";
        log.listen(|| {
            let weather = if seed == 3 { Weather::FOUL } else { Weather::FAIR };
            let (mut world, client, server) = two(seed, weather, |_| {});
            let seen = ufrags.clone();
            world.net.add_rule(move |_, packet| {
                if let Some(username) = stun::username(&packet.payload) {
                    let username = String::from_utf8(username.to_vec()).expect("it is text");
                    let texts = username.split(':').map(|ufrag| ufrag.rsplit('/').next().unwrap());
                    seen.lock().unwrap().extend(texts.map(str::to_owned));
                }
                true
            });
            dial(&mut world, client, server, |it| it.version = Some(version)).unwrap();
            let (connection, _) = both_connected(&mut world, client, server);
            let stream = world[client].endpoint.open_stream(connection).expect("it can be opened");
            let mut stream = world[client].endpoint.stream(stream).expect("it is there");
            assert_eq!(stream.write(payload.as_bytes()), Ok(payload.len()));
            stream.finish().expect("it is open");
            world.run(secs(30));
            let now = world.now;
            world[client].endpoint.close(now, connection);
            world.run(secs(1));
        });
        let lines = log.lines();
        assert!(lines.len() > 20, "the log is deaf: {lines:#?}");
        let ufrags = ufrags.lock().unwrap();
        assert!(!ufrags.is_empty() && ufrags.iter().all(|it| it.len() >= 4), "{ufrags:?}");
        for line in &lines {
            assert!(TARGETS.contains(&line.target), "{line:?}");
            assert!(line.level >= Level::DEBUG, "{line:?}");
            let text = format!("{line:?}");
            for secret in ufrags.iter().map(String::as_str).chain([payload]) {
                assert!(!text.contains(secret), "{secret} in {line:?}");
            }
        }
    }
}

/// Checks and ClientHellos can be forged by whoever can send datagrams.
#[test]
fn a_flood_is_told_of_once_a_second_and_each_datagram_only_at_trace() {
    let flood = |level| {
        let log = Log::at(level);
        log.listen(|| {
            let (mut world, _, server) = two(1, Weather::FAIR, |config| {
                config.limits.half_open = 10;
                config.limits.handshaking = 100;
            });
            for n in 0..300_u16 {
                let ufrag = format!("libp2p+webrtc+v1/forged{n:08}");
                let source = format!("192.0.{}.{}:4000", n / 200, n % 200).parse().unwrap();
                let check = stun::check([n as u8; 12], &format!("{ufrag}:{ufrag}"), &ufrag);
                let mut send = |payload: Vec<u8>| {
                    let packet = Packet { source, destination: SERVER, payload };
                    world[server].handle_packet(Timestamp::ZERO, &packet);
                };
                send(check);
                // The first fill the table of those that have not begun; then each takes the place of the
                // oldest handshake.
                if n >= 20 {
                    send(client_hello());
                }
                send(vec![0xff; 20]);
            }
            // Until those that came to a handshake are over.
            world.run(secs(15));
        });
        log.lines()
    };
    let lines = flood(Level::DEBUG);
    let mut limits: Vec<_> = lines.iter().filter_map(|line| line.fields.get("limit")).collect();
    limits.sort();
    assert_eq!(limits, ["half_open", "handshaking"], "{lines:#?}");
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in &lines {
        assert_eq!((line.target, &line.message[..]), ("floe::endpoint", "a limit is reached"));
        line.has(&["remote", "times"]);
    }
    let lines = flood(Level::TRACE);
    let dropped: Vec<_> = lines.iter().filter(|line| line.message == "dropped").collect();
    assert_eq!(dropped.len(), 300, "neither STUN nor DTLS");
    for line in dropped {
        assert_eq!(line.target, "floe::endpoint");
        line.has(&["remote", "port", "len", "why"]);
    }
}

#[test]
fn limits_go_by_the_names_of_their_fields() {
    let limits = format!("{:?}", Limits::default());
    for limit in ["half_open", "handshaking", "checks_per_second", "streams", "early_streams"] {
        assert!(limits.contains(&format!("{limit}: ")), "{limit} in {limits}");
    }
    let log = Log::at(Level::DEBUG);
    log.listen(|| {
        let mut world = World::new(4, Weather::FAIR);
        let server = world.add(Floe::new(8, SERVER, world.epoch, |it| it.limits.streams = 3));
        let client = world.add(Floe::new(9, CLIENT, world.epoch, |_| {}));
        dial(&mut world, client, server, |_| {}).expect("it can be dialed");
        let (at_client, _) = both_connected(&mut world, client, server);
        for _ in 0..20 {
            world[client].endpoint.open_stream(at_client).expect("it can be opened");
        }
        world.run(secs(1));
    });
    let lines = log.lines();
    let limits: Vec<_> = lines.iter().filter(|line| line.fields.contains_key("limit")).collect();
    let [line] = limits[..] else { panic!("once a second: {limits:#?}") };
    assert_eq!((line.target, &line.message[..]), ("floe::stream", "a limit is reached"));
    line.says("limit", "streams");
    assert!(line.spans.starts_with("connection{id=c1 direction=inbound"), "{line:?}");
}

/// What no story here brings about has its target too.
#[test]
fn every_event_and_span_names_its_target() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("the file is text");
            for (name, target) in calls(&text) {
                let named = target.starts_with("target: telemetry::")
                    || (path.ends_with("rtc/telemetry.rs") && target.starts_with("target: "));
                assert!(named, "{name} in {} has no target: {target:.40}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 25, "{found} events and spans");
}

/// Calls of macros that tell something, and what stands in them.
fn calls(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let names = ["trace!(", "debug!(", "info!(", "warn!(", "error!(", "span!("];
    names.into_iter().flat_map(move |name| {
        text.match_indices(name).map(move |(at, _)| (name, text[at + name.len()..].trim_start()))
    })
}

/// The record header and the handshake header of a ClientHello, as far as demultiplexing looks.
fn client_hello() -> Vec<u8> {
    let mut hello = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 1];
    hello.resize(113, 0);
    hello
}

/// A subscriber that writes everything down.
#[derive(Clone)]
struct Log {
    level: Level,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    spans: HashMap<u64, SpanLine>,
    entered: Vec<u64>,
    next_id: u64,
    lines: Vec<Line>,
}

struct SpanLine {
    parent: Option<u64>,
    name: &'static str,
    fields: String,
}

/// An event.
#[derive(Clone, Debug)]
struct Line {
    target: &'static str,
    level: Level,
    message: String,
    fields: HashMap<&'static str, String>,
    /// The spans that it stands in, outermost first.
    spans: String,
}

impl Log {
    fn at(level: Level) -> Self {
        Self { level, book: Arc::default() }
    }

    fn listen<T>(&self, story: impl FnOnce() -> T) -> T {
        // As long as there is but one subscriber, `tracing` asks that of the thread which comes to an event
        // first whether anybody wants it, and believes the answer for all threads. Other stories run beside
        // this one and have no subscriber.
        static TWO: LazyLock<[Dispatch; 2]> =
            LazyLock::new(|| [(); 2].map(|()| Dispatch::new(Log::at(Level::ERROR))));
        LazyLock::force(&TWO);
        subscriber::with_default(self.clone(), story)
    }

    /// What floe has told; each of the libraries beneath has targets of its own.
    fn lines(&self) -> Vec<Line> {
        self.book.lock().unwrap().lines.clone()
    }
}

impl Line {
    #[track_caller]
    fn has(&self, fields: &[&str]) {
        for field in fields {
            assert!(self.fields.contains_key(field), "no {field}: {self:?}");
        }
    }

    #[track_caller]
    fn says(&self, field: &str, value: impl fmt::Display) {
        assert_eq!(self.fields.get(field), Some(&value.to_string()), "{self:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("floe") && *metadata.level() <= self.level
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut book = self.book.lock().unwrap();
        book.next_id += 1;
        let id = book.next_id;
        let parent = match attributes.is_contextual() {
            true => book.entered.last().copied(),
            false => attributes.parent().map(Id::into_u64),
        };
        let metadata = attributes.metadata();
        let name = metadata.name();
        assert!(TARGETS.contains(&metadata.target()), "{metadata:?}");
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let fields = fields.text;
        book.spans.insert(id, SpanLine { parent, name, fields });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let mut book = self.book.lock().unwrap();
        let span = book.spans.get_mut(&span.into_u64()).expect("the span is there");
        write!(span.fields, " {}", fields.text).unwrap();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut book = self.book.lock().unwrap();
        let mut at = match event.is_contextual() {
            true => book.entered.last().copied(),
            false => event.parent().map(Id::into_u64),
        };
        let mut spans = Vec::new();
        while let Some(id) = at {
            let span = &book.spans[&id];
            spans.push(format!("{}{{{}}}", span.name, span.fields));
            at = span.parent;
        }
        spans.reverse();
        let message = fields.by_name.remove("message").expect("each event has a message");
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        let spans = spans.join(" > ");
        book.lines.push(Line { target, level, message, fields: fields.by_name, spans });
    }

    fn enter(&self, span: &Id) {
        self.book.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        let left = self.book.lock().unwrap().entered.pop();
        assert_eq!(left, Some(span.into_u64()), "spans are left in the order they were entered");
    }
}

#[derive(Default)]
struct Fields {
    by_name: HashMap<&'static str, String>,
    text: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let space = if self.text.is_empty() { "" } else { " " };
        write!(self.text, "{space}{}={value:?}", field.name()).unwrap();
        self.by_name.insert(field.name(), format!("{value:?}"));
    }
}
