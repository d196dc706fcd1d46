//! The program as its users run it: over real sockets, by its output and exit codes.

mod floe;
#[cfg(target_os = "linux")]
mod interfaces;
mod web;

use serde_json::json;

use floe::{Folder, Listener, floe};

/// A certhash and a peer id that nobody has.
const OTHER_CERTHASH: &str = "uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
const OTHER_PEER: &str = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";

/// An address without what follows `component`.
fn up_to<'a>(addr: &'a str, component: &str) -> &'a str {
    addr.split_once(component).unwrap_or_else(|| panic!("{addr} has a {component}")).0
}

#[test]
fn the_demonstration_goes_well() {
    let run = floe(&["demo", "--bytes", "300k"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("All went well"), "{run:?}");
    for part in ["webrtc-direct v2", "webrtc-direct v1", "/p2p/12D3", "10 round trips", "download"]
    {
        assert!(run.stdout.contains(part), "{part} is not in {run:?}");
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn the_demonstration_tells_machines_the_same() {
    let run = floe(&["demo", "--bytes", "1_000", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let story = ["listening", "connected", "result", "result"];
    let kinds: Vec<_> = run.events().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(kinds, [&story[..], &story, &["result"]].concat());
    let last = run.events().pop();
    assert_eq!(
        last,
        Some(json!({"event": "result", "command": "demo", "ok": true, "bytes_each_way": 1000}))
    );
}

#[test]
fn a_listener_serves_every_protocol_in_both_versions() {
    let mut listener = Listener::start(&[]);
    let addr = listener.addr();
    let peer = addr.rsplit_once("/p2p/").expect("the address ends with a peer id").1;
    for (version, spoken) in [("v1", "v1"), ("v2", "v2"), ("auto", "v2")] {
        for (command, action) in [
            ("ping", &["ping", "--count", "3"][..]),
            ("echo", &["echo", "--bytes", "200KiB"]),
            ("perf", &["perf", "--upload-bytes", "300k", "--download-bytes", "100KiB"]),
            ("identify", &["identify"]),
        ] {
            let run = floe(&[&["dial", &addr, "--json", "--version", version], action].concat());
            assert_eq!(run.code, Some(0), "{run:?}");
            assert_eq!(run.stderr, "");
            let connected = run.event("connected");
            assert_eq!(connected["peer"], peer);
            assert_eq!(connected["version"], spoken);
            assert!(connected["ms"].is_f64());
            let result = run.event("result");
            assert_eq!(result["command"], command);
            assert_eq!(result["ok"], true);
            match command {
                "ping" => assert_eq!(result["count"], 3),
                "echo" => assert_eq!(result["bytes"], 200 * 1024),
                "perf" => {
                    assert_eq!(result["upload_bytes"], 300_000);
                    assert_eq!(result["download_bytes"], 100 * 1024);
                }
                _ => {
                    assert_eq!(result["agent"], concat!("floe/", env!("CARGO_PKG_VERSION")));
                    assert_eq!(result["listen_addrs"], json!([up_to(&addr, "/p2p/")]));
                    assert_eq!(result["protocols"].as_array().map(Vec::len), Some(4));
                }
            }
            let connected = listener.event();
            assert_eq!(connected["event"], "connected");
            assert_eq!(connected["version"], spoken);
            let closed = listener.event();
            assert_eq!(closed["event"], "closed");
            assert_eq!(closed["peer"], connected["peer"]);
        }
    }
}

#[test]
fn every_runtime_does_the_same() {
    const RUNTIMES: [&str; 3] = ["tokio", "smol", "async-std"];
    for (runtime, other) in RUNTIMES.into_iter().zip(RUNTIMES.into_iter().cycle().skip(1)) {
        let mut listener = Listener::start(&["--runtime", runtime]);
        let addr = listener.addr();
        for action in [&["ping", "--count", "2"][..], &["perf", "--upload-bytes", "1MiB"]] {
            let run = floe(&[&["dial", &addr, "--runtime", other], action].concat());
            assert_eq!(run.code, Some(0), "{other} to {runtime}: {run:?}");
        }
        let run = floe(&["demo", "--runtime", runtime, "--bytes", "100k"]);
        assert_eq!(run.code, Some(0), "{runtime}: {run:?}");
    }
}

#[test]
fn what_went_over_the_wire_and_its_keys_can_be_had() {
    let folder = Folder::new("capture");
    let (pcap, keys) = (folder.file("wire.pcapng"), folder.file("keys"));
    for runtime in ["tokio", "smol", "async-std"] {
        let options = ["--runtime", runtime, "--pcap", &pcap, "--keylog", &keys];
        let run = floe(&[&["demo", "--bytes", "10k"], &options[..]].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stderr.contains("keys are written to a file"), "{run:?}");
        let wire = std::fs::read(&pcap).expect("the capture was written");
        // A section header of pcapng; more than what 10 kB cost each way, for each version.
        assert!(wire.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && wire.len() > 40_000, "{runtime}");
    }
    let keys = std::fs::read_to_string(&keys).expect("the key log was written");
    assert!(keys.lines().count() >= 2 * 3, "each run has a session for each version: {keys}");
    assert!(keys.lines().all(|line| line.split(' ').count() == 3), "{keys}");
}

#[test]
fn results_for_people_are_on_stdout() {
    let mut listener = Listener::start(&[]);
    let addr = listener.addr();
    let run = floe(&["dial", &addr, "ping", "--count", "2"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("connected to 12D3"), "{run:?}");
    assert!(lines[1].starts_with("ping 1: ") && lines[2].starts_with("ping 2: "), "{run:?}");
    assert!(lines[3].starts_with("2 round trips"), "{run:?}");
}

#[test]
fn a_dial_that_fails_says_where() {
    let mut listener = Listener::start(&[]);
    let addr = listener.addr();
    let failed_step = |addr: &str, timeout: &str| {
        let run = floe(&["dial", addr, "--json", "--timeout", timeout, "ping"]);
        assert_eq!(run.code, Some(1), "{run:?}");
        run.event("error")["step"].clone()
    };
    let wrong_certhash = format!("{}/certhash/{OTHER_CERTHASH}", up_to(&addr, "/certhash/"));
    assert_eq!(failed_step(&wrong_certhash, "10s"), "certhash");
    let wrong_peer = format!("{}/p2p/{OTHER_PEER}", up_to(&addr, "/p2p/"));
    assert_eq!(failed_step(&wrong_peer, "10s"), "peer-id");
    drop(listener);
    assert_eq!(failed_step(&addr, "300ms"), "stun");
    let run = floe(&["dial", &addr, "--timeout", "300ms", "ping"]);
    assert!(run.stderr.starts_with("floe: nothing answered at 127.0.0.1:"), "{run:?}");
    assert_eq!(run.stdout, "");
}

#[test]
fn a_probe_of_a_good_node_finds_every_step_in_order() {
    let mut listener = Listener::start(&[]);
    let run = floe(&["probe", "--json", &listener.addr()]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let mut steps = run.events();
    steps.retain(|event| event["event"] == "step");
    let names: Vec<_> = steps.iter().map(|step| step["step"].clone()).collect();
    assert_eq!(names, ["stun-v2", "stun-v1", "dtls", "certhash", "sctp", "noise", "peer-id"]);
    assert!(steps.iter().all(|step| step["outcome"] == "ok" && step["ms"].is_f64()), "{run:?}");
    assert_eq!(run.event("result")["ok"], true);
}

#[test]
fn a_probe_says_what_is_wrong() {
    let mut listener = Listener::start(&[]);
    let addr = listener.addr();
    let diagnosis = |addr: &str, failed: &str| {
        let run = floe(&["probe", "--json", addr]);
        assert_eq!(run.code, Some(1), "{run:?}");
        let steps = run.events();
        let outcomes = |outcome| {
            steps.iter().filter(move |step| step["outcome"] == outcome).map(|step| &step["step"])
        };
        assert!(outcomes("failed").any(|step| step == failed), "{run:?}");
        assert!(outcomes("not-reached").all(|step| step != failed), "{run:?}");
        let result = run.event("result");
        assert_eq!(result["ok"], false);
        result["diagnosis"].as_str().expect("a sentence").to_owned()
    };
    let (socket, peer) = (up_to(&addr, "/certhash/"), &addr[up_to(&addr, "/p2p/").len()..]);

    let restarted = diagnosis(&format!("{socket}/certhash/{OTHER_CERTHASH}{peer}"), "certhash");
    assert!(restarted.contains("same node") && restarted.contains(&addr), "{restarted}");
    let incomplete = diagnosis(socket, "certhash");
    assert!(incomplete.contains(&addr), "{incomplete}");
    let other = diagnosis(&format!("{}/p2p/{OTHER_PEER}", up_to(&addr, "/p2p/")), "peer-id");
    assert!(other.contains("Another node") && other.contains(&addr), "{other}");

    drop(listener);
    let run = floe(&["probe", "--json", "--timeout", "2s", &addr]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let gone = run.event("result")["diagnosis"].to_string();
    // Not every system passes on that the port is closed.
    assert!(gone.contains("nobody listens") || gone.contains("Nothing at all"), "{gone}");
}

#[test]
fn wrong_usage_is_exit_code_2_and_a_hint() {
    let addr = format!("/ip4/192.0.2.1/udp/4001/webrtc-direct/certhash/{OTHER_CERTHASH}");
    for (args, hint) in [
        (&["dial", "/ip4/192.0.2.1/udp/4001/webrtc-direct", "ping"][..], "floe probe"),
        (&["dial", "/ip4/192.0.2.1/udp/4001/webrtc", "ping"], "/webrtc-direct"),
        (&["dial", &addr], "Usage"),
        (&["dial", &addr, "echo", "--bytes", "many"], "not a number"),
        (&["listen", "--runtime", "rayon"], "tokio"),
        (&["listen", "--web", "0.0.0.0:8080"], "ssh -L 8080:127.0.0.1:8080"),
        (&["listen", "--web", "[2001:db8::1]:80"], "loopback"),
        (&[], "Usage"),
    ] {
        let run = floe(args);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(hint), "{hint} is not in {run:?}");
        assert_eq!(run.stdout, "");
    }
    for args in [&["--help"][..], &["dial", "--help"], &["--version"]] {
        assert_eq!(floe(args).code, Some(0));
    }
}

#[test]
fn a_listener_may_have_several_sockets() {
    let mut listener = Listener::start(&["--listen", "/ip4/127.0.0.1/udp/0/webrtc-direct"]);
    let (one, two) = (listener.addr(), listener.addr());
    assert_ne!(one, two);
    for addr in [one, two] {
        assert_eq!(floe(&["dial", &addr, "ping", "--count", "1"]).code, Some(0));
    }
}

#[test]
fn a_key_file_keeps_certhash_and_peer_id() {
    let folder = Folder::new("key");
    let key = folder.file("node.key");
    let identity = || {
        let mut listener = Listener::start(&["--key", &key]);
        let addr = listener.addr();
        addr[up_to(&addr, "/certhash/").len()..].to_owned()
    };
    let first = identity();
    assert_eq!(first, identity());
    let mut stranger = Listener::start(&[]);
    assert!(!stranger.addr().ends_with(&first));

    std::fs::write(&key, "no key").expect("the file can be written");
    let run = floe(&["listen", "--json", "--key", &key]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.event("error")["step"], "key");
}

#[cfg(unix)]
#[test]
fn signals_close_connections_and_end_with_0() {
    for signal in ["TERM", "INT"] {
        let mut listener = Listener::start(&[]);
        let addr = listener.addr();
        // A dialer that would go on for longer than any test may take.
        let dialer = std::thread::spawn(move || {
            floe(&["dial", &addr, "--json", "--timeout", "1h", "ping", "--count", "1_000_000_000"])
        });
        assert_eq!(listener.event()["event"], "connected");
        assert_eq!(listener.terminate(signal).code(), Some(0));
        let run = dialer.join().expect("the dialer's thread does not panic");
        assert_eq!(run.code, Some(1));
        assert!(run.stdout.contains(r#"{"event":"error""#));
    }
}
