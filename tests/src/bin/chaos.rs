//! Chaos by the hundred thousand: plays scripts by their seeds, shrinks those that fail, prints them as tests.
//!
//! ```sh
//! cargo run --release -p floe-tests --bin chaos -- --seeds 100000 --from 0 --jobs 2
//! cargo run --release -p floe-tests --bin chaos -- --seeds 10000 --driven   # behind the driver's loop
//! cargo run --release -p floe-tests --bin chaos -- --seed 77                # one, with its script
//! ```
//!
//! It ends with 0 if everything came right, with 1 if something did not, and with 2 if it was not understood.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use floe_tests::chaos::play::{Nodes, Summary, play_aloud, play_with};
use floe_tests::chaos::script::Script;
use floe_tests::chaos::shrink::shrink;
use floe_tests::chaos::{Violation, total::Total};

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)) {
        Ok(options) => match options.seed {
            Some(seed) => one(seed, &options),
            None => many(&options),
        },
        Err(what) => {
            eprintln!("{what}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
struct Options {
    seed: Option<u64>,
    from: u64,
    seeds: u64,
    jobs: u64,
    /// Plays that shrinking a failure may take.
    shrink: usize,
    nodes: Nodes,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { seed: None, from: 0, seeds: 1_000, jobs: 2, shrink: 400, nodes: Nodes::Bare };
        while let Some(word) = words.next() {
            let mut number = || {
                let text = words.next().ok_or(format!("{word} wants a number"))?;
                text.parse::<u64>().map_err(|_| format!("{text} is not a number"))
            };
            match word.as_str() {
                "--seed" => options.seed = Some(number()?),
                "--from" => options.from = number()?,
                "--seeds" => options.seeds = number()?,
                "--jobs" => options.jobs = number()?.max(1),
                "--shrink" => options.shrink = number()? as usize,
                "--driven" => options.nodes = Nodes::Driven,
                _ => return Err(format!("{word} is not known")),
            }
        }
        Ok(options)
    }

    fn play(&self, script: &Script) -> Result<Summary, Violation> {
        play_with(script, &|birth| self.nodes.make(birth))
    }

    /// A script that fails, shrunk and as a test.
    fn shrunk(&self, script: &Script, violation: &Violation) -> String {
        let failure = shrink(script, violation, self.shrink, |script| self.play(script).err());
        format!("shrunk in {} plays:\n\n{}", failure.plays, failure.as_test())
    }
}

/// Plays one seed and tells all about it.
fn one(seed: u64, options: &Options) -> ExitCode {
    let script = Script::random(seed);
    println!("{script}");
    match play_aloud(&script, &|birth| options.nodes.make(birth)) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{violation}\n{}", options.shrunk(&script, &violation));
            ExitCode::FAILURE
        }
    }
}

/// Plays many seeds, and tells of those that fail.
fn many(options: &Options) -> ExitCode {
    let start = Instant::now();
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let found = Mutex::new((BTreeMap::<String, u64>::new(), Total::default()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= options.seeds {
                return;
            }
            let seed = options.from + seed;
            let script = Script::random(seed);
            match options.play(&script) {
                Ok(summary) => found.lock().expect("nobody panics with it").1.add(&summary),
                Err(violation) => {
                    let first = {
                        let rules = &mut found.lock().expect("nobody panics with it").0;
                        let times = rules.entry(violation.rule.clone()).or_default();
                        *times += 1;
                        *times == 1
                    };
                    println!("seed {seed}: {violation}");
                    if first {
                        println!("seed {seed}, {}", options.shrunk(&script, &violation));
                    }
                }
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let jobs: Vec<_> = (0..options.jobs).map(|_| scope.spawn(work)).collect();
        let (mut told, is_watched) = (start, stderr().is_terminal());
        while jobs.iter().any(|job| !job.is_finished()) {
            thread::sleep(PROGRESS);
            if !is_watched && told.elapsed() < PROGRESS_UNWATCHED {
                continue;
            }
            told = Instant::now();
            let (done, took) = (done.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
            let rate = done as f64 / took;
            let left = (options.seeds - done.min(options.seeds)) as f64 / rate.max(0.001);
            let failed: u64 = found.lock().expect("nobody panics with it").0.values().sum();
            let (begin, end) = if is_watched { ("\r", "  ") } else { ("", "\n") };
            let seeds = options.seeds;
            let _ = write!(
                stderr(),
                "{begin}{done} of {seeds}, {rate:.1}/s, {left:.0} s left, {failed} failed{end}"
            );
        }
    });
    let (rules, total) = found.into_inner().expect("nobody panics with it");
    eprintln!();
    println!("{total}");
    println!("{} seeds from {} in {:.0?}", options.seeds, options.from, start.elapsed());
    for (rule, times) in &rules {
        println!("{times} × {rule}");
    }
    if !rules.is_empty() {
        let driven = if options.nodes == Nodes::Driven { " --driven" } else { "" };
        println!("again: cargo run --release -p floe-tests --bin chaos -- --seed SEED{driven}");
    }
    if rules.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const USAGE: &str = "usage: chaos [--seeds COUNT] [--from SEED] [--jobs THREADS] [--shrink PLAYS] [--driven]\n       \
                     chaos --seed SEED [--driven]";
const PROGRESS: Duration = Duration::from_millis(500);
/// Into a file.
const PROGRESS_UNWATCHED: Duration = Duration::from_secs(30);
