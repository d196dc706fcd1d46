//! How fast floe is beside other implementations of libp2p's transports: the same work for all, each between
//! two fresh processes, interleaved in one run, and a table in Markdown. `README.md` of this workspace says
//! how to read it.

mod arguments;
mod contender;
mod dialers;
mod measure;
mod raw;
mod round_trips;
mod row;
mod statistics;
mod table;
mod usage;

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Parser as _;
use interop::process;
use serde_json::json;

use crate::{
    arguments::Arguments,
    contender::{Contender, FLOE, Programs},
    measure::{Measured, Task, measure},
    row::Row,
    table::{Cell, Results},
};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == raw::COMMAND) {
        return judged(raw::run(&words[1..]).map(|()| true));
    }
    let arguments = Arguments::parse();
    if arguments.list {
        print(&arguments::list());
        return ExitCode::SUCCESS;
    }
    judged(run(&arguments))
}

/// With 1 if floe failed where others may, with 2 if nothing could be measured.
fn judged(outcome: Result<bool, String>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether floe did everything that was asked of it.
fn run(arguments: &Arguments) -> Result<bool, String> {
    process::kill_children_on_signal()?;
    let mut bench = Bench::new(arguments)?;
    let mut results = Results {
        contenders: bench.contenders.clone(),
        rows: arguments
            .rows()
            .map(|row| (row, vec![Cell::new(); bench.contenders.len()]))
            .collect(),
    };
    for round in 1..=arguments.rounds() {
        for (row, cells) in &mut results.rows {
            for (contender, cell) in bench.contenders.clone().into_iter().zip(cells) {
                if !contender.is_raw() || row.raw {
                    cell.push(bench.measure(round, row, contender));
                }
            }
        }
    }
    let mut clean = results.is_clean(FLOE);
    if !results.rows.is_empty() {
        print(&format!(
            "{}\n{}",
            machine(arguments.rounds(), arguments.amounts().dialers),
            results.render()
        ));
    }
    if arguments.round_trips() {
        let pairs = round_trips::pairs(&bench.contenders);
        let counted: Vec<_> = pairs.into_iter().map(|pair| bench.count(pair)).collect();
        clean &= counted.iter().all(|(pair, measured)| {
            let whole = measured.as_ref().is_ok_and(Measured::is_clean);
            whole || [pair.dialer.name, pair.listener.name] != [FLOE; 2]
        });
        print(&round_trips::render(&counted));
    }
    Ok(clean)
}

/// Who is measured, with what, and where each measurement is noted.
struct Bench<'a> {
    arguments: &'a Arguments,
    contenders: Vec<&'static Contender>,
    programs: Programs,
    notes: Option<File>,
}

impl<'a> Bench<'a> {
    /// Builds all who take part. Without one of the others, the rest is still worth a table.
    fn new(arguments: &'a Arguments) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
        let mut programs = Programs::new();
        let mut contenders = Vec::new();
        for contender in arguments.contenders() {
            match contender.build(&own) {
                Ok(program) => {
                    programs.insert(contender.name, program);
                    contenders.push(contender);
                }
                Err(message) if contender.name != FLOE => {
                    eprintln!("{} is left out: {message}", contender.name);
                }
                Err(message) => return Err(message),
            }
        }
        // Who dials in a crowd need not be measured.
        for contender in &contenders {
            if !programs.contains_key(contender.crowd_of) {
                let dialer = contender::find(contender.crowd_of).expect("it is in the list");
                programs.insert(dialer.name, dialer.build(&own)?);
            }
        }
        let create = |path: &Path| {
            File::create(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let notes = arguments.json.as_deref().map(create).transpose()?;
        Ok(Self { arguments, contenders, programs, notes })
    }

    fn measure(
        &mut self,
        round: u32,
        row: &Row,
        contender: &Contender,
    ) -> Result<Measured, String> {
        let amounts = self.arguments.amounts();
        let idle = if row.idle { amounts.idle_seconds } else { 0 };
        let dialer = if row.crowd { contender.crowd_of } else { contender.name };
        let began = Instant::now();
        let measured = measure(&Task {
            dialer: &self.programs[dialer],
            dialers: if row.crowd { amounts.dialers } else { 1 },
            listener: &self.programs[contender.name],
            listen: contender.listen,
            version: contender.versions[0],
            work: row.work(&amounts),
            delay: Duration::ZERO,
            limit: row.limit(&amounts),
            idle: Duration::from_secs(idle),
        });
        let said = match &measured {
            Ok(measured) => {
                let first = &row.figures[0];
                let value = (first.of)(measured).map_or("nothing".into(), table::number);
                format!("{value} {}", first.label)
            }
            Err(message) => format!("failed: {message}"),
        };
        let (rounds, took) = (self.arguments.rounds(), began.elapsed().as_secs_f64());
        eprintln!("{round}/{rounds} {}, {}: {said}, in {took:.1} s", row.name, contender.name);
        self.note(row.name, contender.name, contender.versions[0], &measured);
        measured
    }

    fn count(&mut self, pair: round_trips::Pair) -> (round_trips::Pair, Result<Measured, String>) {
        let measured = round_trips::dial(&pair, &self.programs);
        let names = format!("{} to {}", pair.dialer.name, pair.listener.name);
        eprintln!("{}, {names} over {}", round_trips::NAME, pair.version);
        self.note(round_trips::NAME, &names, pair.version, &measured);
        (pair, measured)
    }

    /// Writes down what was measured, if anybody wants it.
    fn note(&mut self, row: &str, who: &str, version: &str, measured: &Result<Measured, String>) {
        let Some(notes) = &mut self.notes else { return };
        let mut note = json!({ "row": row, "who": who, "version": version });
        match measured {
            Ok(measured) => {
                note["told"] = measured.told.clone();
                for (side, usage) in [("dialer", measured.dialer), ("listener", measured.listener)]
                {
                    note[side] =
                        json!({ "cpu_ms": usage.cpu_ms, "resident_kib": usage.resident_kib });
                }
            }
            Err(message) => note["error"] = message.as_str().into(),
        }
        if let Err(error) = writeln!(notes, "{note}") {
            eprintln!("a measurement is not noted: {error}");
        }
    }
}

/// What the figures depend on.
fn machine(rounds: u32, dialers: u32) -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let rounds = if rounds == 1 { "one round".into() } else { format!("{rounds} rounds") };
    let more = match dialers {
        1 => String::new(),
        more => format!(", but idle connections have {more} dialers"),
    };
    format!(
        "{cores} cores ({model}), {rounds}. In a cell: median (lowest–highest) × times floe's median; † some \
         pieces failed. Listener and dialer are one process each{more}."
    )
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone away is no reason to panic.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
