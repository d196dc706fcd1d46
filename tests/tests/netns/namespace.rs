//! A network namespace of a test's own.
//!
//! A test runs its own program again inside `unshare` (util-linux) and, there, itself only; `ip` (iproute2) does the
//! rest. No root is needed where the kernel lets users have namespaces. A machine on which that does not work fails
//! the tests and says what it lacks: to pass would say that what they are about was tried.

use std::env;
use std::fs;
use std::io;
use std::process::{Command, Output};

/// Runs `story` in a new network namespace, by running the test `name`, a path from the root, again.
pub(crate) fn in_a_namespace(name: &str, story: impl FnOnce()) {
    let (_, name) = name.split_once("::").expect("a test is in a module");
    if let Some(outside) = env::var_os(OUTSIDE) {
        // Whoever sets this by hand shall not have their own interfaces changed.
        assert_ne!(outside, namespace(), "this is no namespace of its own");
        return story();
    }
    let unshare = |program: &str| {
        let mut command = Command::new("unshare");
        command.arg(if is_root() { "-n" } else { "-rn" }).arg(program);
        command
    };
    need("util-linux", Command::new("unshare").arg("--version").output());
    need("iproute2", Command::new("ip").arg("-V").output());
    need(
        "leave to make network namespaces (as root or by `unshare -rn`)",
        unshare("true").output(),
    );
    let program = env::current_exe().expect("the test knows its program");
    let output = unshare(program.to_str().expect("its path is UTF-8"))
        .args([name, "--exact", "--nocapture"])
        .env(OUTSIDE, namespace())
        .output()
        .expect("unshare exists");
    let said = said(&output);
    assert!(output.status.success(), "in its namespace {name} failed:\n{said}");
    assert!(said.contains("1 passed"), "in its namespace {name} was not run:\n{said}");
}

/// Set inside a namespace: which one is outside.
const OUTSIDE: &str = "FLOE_TESTS_NETNS_OUTSIDE";

fn namespace() -> std::ffi::OsString {
    fs::read_link("/proc/self/ns/net").expect("Linux says which namespace this is").into()
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says who this is");
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("it has a user");
    // Real, effective, …
    uids.split_whitespace().nth(1) == Some("0")
}

pub(crate) fn ip(what: &[&str], words: &[&str]) {
    let output = Command::new("ip").args(what).args(words).output().expect("iproute2 is there");
    assert!(output.status.success(), "ip {what:?} {words:?}: {}", said(&output));
}

pub(crate) fn need(what: &str, tried: io::Result<Output>) {
    match tried {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("these tests need {what}: {}", said(&output)),
        Err(error) => panic!("these tests need {what}: {error}"),
    }
}

pub(crate) fn said(output: &Output) -> String {
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}
