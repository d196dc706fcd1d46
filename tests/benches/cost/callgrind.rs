//! Counting instructions with valgrind's callgrind.

use std::env;
use std::fs;
use std::process::{Command, Stdio};

/// Instructions of this program on a path, below the functions that are named so.
///
/// # Panics
/// If there is no valgrind, or it fails.
pub(crate) fn count(path: &str, function: &str) -> u64 {
    let program = env::current_exe().expect("we are somewhere");
    let out = env::temp_dir().join(format!("floe-cost-{}-{function}.out", std::process::id()));
    let status = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args([program.as_os_str(), "--path".as_ref(), path.as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("valgrind is installed (Debian's package valgrind)");
    assert!(status.success(), "valgrind failed on {path}: {status}");
    let profile = fs::read_to_string(&out).expect("callgrind writes what it has counted");
    let _ = fs::remove_file(&out);
    let totals = profile.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    totals.expect("a profile has totals").trim().parse().expect("one event is counted")
}
