//! The virtual WAN: plays its tables and writes them to `tests/wan.md`, or says what has changed there.
//!
//! ```sh
//! cargo run --release -p floe-tests --bin wan
//! cargo run --release -p floe-tests --bin wan -- --check
//! cargo run --release -p floe-tests --bin wan -- --only 'goodput 20 ms'  # some, to look at
//! ```
//!
//! It ends with 0 if all is as it was, with 1 if it is not, and with 2 if it was not understood.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{fs, thread};

use floe_tests::wan::{committed, tables};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => write(),
        ["--check"] => check(),
        ["--only", wanted] => {
            played(Some(wanted));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: wan [--check | --only NAME]");
            ExitCode::from(2)
        }
    }
}

fn write() -> ExitCode {
    fs::write(committed(), played(None)).expect("the file can be written");
    ExitCode::SUCCESS
}

/// Compares by line, as each line is a row.
fn check() -> ExitCode {
    let now = played(None);
    let before = fs::read_to_string(committed()).unwrap_or_default();
    if now == before {
        return ExitCode::SUCCESS;
    }
    println!("{} has changed:", committed().display());
    let lines = before.lines().map(Some).chain([None].into_iter().cycle());
    let count = before.lines().count().max(now.lines().count());
    let others = now.lines().map(Some).chain([None].into_iter().cycle());
    for (before, now) in lines.zip(others).take(count).filter(|(before, now)| before != now) {
        before.inspect(|line| println!("- {line}"));
        now.inspect(|line| println!("+ {line}"));
    }
    ExitCode::FAILURE
}

/// Plays those that are wanted, and all is written down.
fn played(wanted: Option<&str>) -> String {
    let tables = tables();
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| name.contains(wanted));
    let all = tables.iter().flat_map(|table| table.cells());
    let cells: Vec<_> = all.filter(|cell| is_wanted(cell.name())).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let start = Instant::now();
            let result = cell.play();
            eprintln!("{}: {result}, in {:.1?}", cell.name(), start.elapsed());
        }
    };
    thread::scope(|scope| (0..JOBS).for_each(|_| drop(scope.spawn(work))));
    let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
    format!("{HEAD}\n{}", tables.join("\n"))
}

const HEAD: &str = "\
# The virtual WAN

Two floe nodes with the default configuration, 16 KiB writes, in virtual time: exact, so a change of one digit is a
change of behaviour. Drop-tail queue of one bandwidth-delay product, 16 datagrams at least; loss is each way, by
datagram, and of a fixed seed. Lines count UDP payload, MiB/s what is read. Written by
`cargo run --release -p floe-tests --bin wan`, held by `… -- --check`.
";
const JOBS: usize = 2;
