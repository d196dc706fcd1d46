//! Chaos by the hundred thousand: plays scripts by their seeds, shrinks those that fail, prints them as tests.
//!
//! ```sh
//! cargo run --release -p floe-tests --bin chaos -- --seeds 100000 --from 0 --jobs 2
//! cargo run --release -p floe-tests --bin chaos -- --seed 77     # one, with its script
//! ```

use std::collections::BTreeMap;
use std::io::{Write, stderr};
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
        while jobs.iter().any(|job| !job.is_finished()) {
            thread::sleep(PROGRESS);
            let (done, took) = (done.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
            let rate = done as f64 / took;
            let failed: u64 = found.lock().expect("nobody panics with it").0.values().sum();
            let _ = write!(stderr(), "\r{done} of {}, {rate:.1}/s, {failed} failed", options.seeds);
        }
    });
    let (rules, total) = found.into_inner().expect("nobody panics with it");
    eprintln!();
    println!("{total}");
    println!("{} seeds from {} in {:.0?}", options.seeds, options.from, start.elapsed());
    for (rule, times) in &rules {
        println!("{times} × {rule}");
    }
    if rules.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const USAGE: &str = "usage: chaos [--seeds COUNT] [--from SEED] [--jobs THREADS] [--shrink PLAYS]\n       \
                     chaos --seed SEED";
const PROGRESS: Duration = Duration::from_millis(500);
