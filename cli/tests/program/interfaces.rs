//! `floe listen` while interfaces come and go: in a network namespace, where a test may change them.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::floe::Listener;

#[test]
fn a_listener_says_which_addresses_come_and_go() {
    // A line of its input is one step. The program takes the shell's place, so that it can be ended.
    const SCRIPT: &str = r#"
        set -e
        ip link set lo up
        exec 3<&0
        (
            read step; ip addr add 192.0.2.7/32 dev lo
            read step; ip addr del 192.0.2.7/32 dev lo
        ) <&3 &
        exec "$0" listen --json --listen /ip4/0.0.0.0/udp/0/webrtc-direct < /dev/null
    "#;
    let is_root = Command::new("id").arg("-u").output().expect("id exists").stdout == b"0\n";
    // What is missing on a machine where this fails is said on stderr.
    let mut child = Command::new("unshare")
        .args([if is_root { "-n" } else { "-rn" }, "sh", "-c", SCRIPT])
        .arg(env!("CARGO_BIN_EXE_floe"))
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs unshare (util-linux)");
    let mut script = child.stdin.take().expect("stdin is piped");
    let mut step = || script.write_all(b"\n").expect("the script goes on: see what it said");
    let mut listener = Listener::of(child);

    let first = listener.addr();
    assert!(first.starts_with("/ip4/127.0.0.1/udp/"), "{first}");
    let extra = first.replacen("127.0.0.1", "192.0.2.7", 1);
    step();
    assert_eq!(listener.addr(), extra);
    step();
    let expired = listener.event();
    assert_eq!(expired["event"], "expired");
    assert_eq!(expired["addr"], Value::from(extra));
    assert!(listener.terminate("TERM").success());
}
