//! The table, as Markdown.

use std::error::Error;

use crate::contract::Work;
use crate::round::{Outcomes, Sample};
use crate::swarm::Kind;
use crate::tree;

/// What a row says, and what it is taken from.
type Row = (&'static str, Work, fn(&Sample) -> f64);

pub(crate) fn print(kinds: &[Kind], outcomes: &Outcomes) -> Result<(), Box<dyn Error>> {
    print!("| |");
    kinds.iter().for_each(|kind| print!(" {} |", kind.package()));
    print!("\n|---|");
    kinds.iter().for_each(|_| print!("---|"));
    println!();
    for (what, work, of) in ROWS {
        print!("| {what} |");
        for &kind in kinds {
            let outcome = &outcomes[&(kind, work)];
            let (good, bad) = (outcome.samples.len(), outcome.failures.len());
            if good > 0 {
                print!(" {}", Spread::of(outcome.samples.iter().map(of).collect()));
            }
            if bad > 0 {
                print!(" failed {bad} of {}", good + bad);
            }
            print!(" |");
        }
        println!();
    }
    for (what, works) in FAILURES {
        print!("| {what} |");
        for &kind in kinds {
            let all = works.iter().flat_map(|&work| &outcomes[&(kind, work)].samples);
            let (failed, all) = all.fold((0, 0), |sum, it| (sum.0 + it.failed, sum.1 + it.amount));
            print!(" {failed} of {all} |");
        }
        println!();
    }
    print!("| crates in the tree |");
    for &kind in kinds {
        print!(" {} |", tree::crates(kind)?);
    }
    println!();
    Ok(())
}

/// Median, lowest, highest.
struct Spread(f64, f64, f64);

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let (low, high) = (values.first(), values.last());
        let median = values.get(values.len() / 2);
        Self(*median.unwrap_or(&f64::NAN), *low.unwrap_or(&f64::NAN), *high.unwrap_or(&f64::NAN))
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(median, low, high) = *self;
        let digits = if median < 10.0 { 1 } else { 0 };
        write!(f, "**{median:.digits$}** ({low:.digits$}–{high:.digits$})")
    }
}

fn mib(sample: &Sample) -> f64 {
    sample.amount as f64 / (1 << 20) as f64
}

const ROWS: [Row; 12] = [
    ("dial → established, ms", Work::Dial, |it| it.figure),
    ("CPU of a dial, dialer, ms", Work::Dial, |it| it.dialer.cpu_ms / it.amount as f64),
    ("CPU of a dial, listener, ms", Work::Dial, |it| it.listener.cpu_ms / it.amount as f64),
    ("requests one by one, per s", Work::Requests, |it| it.figure),
    ("requests, 32 at once, per s", Work::RequestsAtOnce, |it| it.figure),
    ("CPU of a request, both, µs", Work::RequestsAtOnce, |it| {
        (it.dialer.cpu_ms + it.listener.cpu_ms) * 1e3 / it.amount as f64
    }),
    ("one stream up, MiB/s", Work::Upload, |it| it.figure),
    ("one stream down, MiB/s", Work::Download, |it| it.figure),
    ("CPU of a MiB up, dialer, ms", Work::Upload, |it| it.dialer.cpu_ms / mib(it)),
    ("CPU of a MiB up, listener, ms", Work::Upload, |it| it.listener.cpu_ms / mib(it)),
    ("memory of an idle connection, listener, KiB", Work::Connections, |it| {
        it.listener.resident_kib / it.figure
    }),
    ("CPU to make and keep it, listener, ms", Work::Connections, |it| {
        it.listener.cpu_ms / it.figure
    }),
];
const FAILURES: [(&str, [Work; 2]); 2] = [
    ("dials that failed", [Work::Dial, Work::Connections]),
    ("requests that failed", [Work::Requests, Work::RequestsAtOnce]),
];
