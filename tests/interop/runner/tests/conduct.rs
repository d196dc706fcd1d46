//! The runner's own conduct, with a shell script in the place of floe: what it passes, what it fails,
//! and that it leaves no process behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[test]
fn a_good_pair_passes() {
    let ran = run("good");
    assert_eq!(ran.exit, Some(0));
    assert_eq!(ran.line["outcome"], "PASS");
    assert_eq!(ran.line["dial_ms"], 1.5);
    assert_eq!(ran.line["story_ms"], 2.5);
}

#[test]
fn a_failure_is_told_in_the_dialers_own_words() {
    let ran = run("failing-dialer");
    assert_eq!(ran.exit, Some(1));
    assert_eq!(ran.line["outcome"], "FAIL");
    assert!(message(&ran).starts_with("dtls: no such luck"), "{}", ran.line);
}

#[test]
fn a_line_that_is_no_json_breaks_the_contract() {
    let ran = run("chatty-dialer");
    assert_eq!(ran.exit, Some(1));
    assert!(message(&ran).contains("no JSON: Connecting"), "{}", ran.line);
}

#[test]
fn a_listener_that_dies_fails_the_case_though_the_dialer_is_content() {
    let ran = run("dying-listener");
    assert_eq!(ran.exit, Some(1));
    assert!(message(&ran).contains("the listener ended with"), "{}", ran.line);
}

#[test]
fn a_listener_that_ignores_sigterm_fails_the_case_and_is_killed() {
    let ran = run("stubborn-listener");
    assert_eq!(ran.exit, Some(1));
    assert!(message(&ran).contains("did not end after SIGTERM"), "{}", ran.line);
}

#[test]
fn a_dialer_that_hangs_is_killed_with_all_it_has_started() {
    let ran = run("hanging-dialer");
    assert_eq!(ran.exit, Some(1));
    assert!(message(&ran).contains("the dialer was killed after"), "{}", ran.line);
    assert!(!runs(orphan(&ran.orphan).expect("the script has written its number")));
}

#[test]
fn a_runner_that_is_told_to_end_takes_its_children_along() {
    let file = orphan_file("interrupted");
    let mut runner = command("hanging-dialer", &file).stdout(Stdio::null()).spawn().unwrap();
    let child = wait_for(|| orphan(&file));
    kill_process(Pid::from_child(&runner), Signal::TERM).unwrap();
    assert_eq!(runner.wait().unwrap().code(), Some(130));
    wait_for(|| (!runs(child)).then_some(()));
}

struct Ran {
    exit: Option<i32>,
    line: Value,
    orphan: PathBuf,
}

/// Plays the one case floe-cli → floe-cli, v1, ping.
fn run(fake: &str) -> Ran {
    let orphan = orphan_file(fake);
    let output = command(fake, &orphan).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().next().expect("a line for the case");
    Ran { exit: output.status.code(), line: serde_json::from_str(line).unwrap(), orphan }
}

fn command(fake: &str, orphan: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-floe.sh");
    let mut command = Command::new(env!("CARGO_BIN_EXE_interop"));
    command
        .args(["--dialer", "floe-cli", "--listener", "floe-cli", "--version", "v1"])
        .args(["--story", "ping", "--timeout", "1", "--floe"])
        .arg(script)
        .env("FAKE", fake)
        .env("FAKE_ORPHAN", orphan);
    command
}

fn message(ran: &Ran) -> &str {
    ran.line["message"].as_str().unwrap()
}

/// A place for a process number that no other test, and no earlier run, uses.
fn orphan_file(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("orphan-of-{name}"));
    let _ = fs::remove_file(&file);
    file
}

fn orphan(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Whether a process lives; one that is dead and not yet collected by init does not.
fn runs(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

fn wait_for<T>(mut happened: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = happened() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}
