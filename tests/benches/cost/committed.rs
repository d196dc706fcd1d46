//! What was counted when somebody last looked.

use std::fs;
use std::process::ExitCode;

/// What a path costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Instructions of dialer and listener, allocations of both.
    pub(crate) counts: [u64; 4],
}

pub(crate) fn write(rows: &[Row]) {
    fs::write(FILE, text(rows)).expect("the file can be written");
    print!("{}", text(rows));
}

/// Prints both, and fails if something has become dearer.
pub(crate) fn compare(rows: &[Row]) -> ExitCode {
    let committed = parse(&fs::read_to_string(FILE).expect("the file is committed"));
    let mut is_dearer = false;
    println!("{HEAD}, each in % of what is committed");
    for row in rows {
        let Some(before) = committed.iter().find(|before| before.name == row.name) else {
            println!("{}  is not committed", line(row));
            is_dearer = true;
            continue;
        };
        let ratio = |at: usize| row.counts[at] as f64 / before.counts[at].max(1) as f64;
        let ratios = [0, 1, 2, 3].map(ratio);
        is_dearer |= ratios.iter().zip(DEARER).any(|(ratio, dearer)| *ratio > dearer);
        let percent = ratios.map(|ratio| format!(" {:>5.1}", ratio * 100.0)).concat();
        println!("{} {percent}", line(row));
    }
    if is_dearer {
        eprintln!("error: a path costs far more than what is committed, or is not in it");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn text(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| line(row) + "\n");
    format!("{HEAD}\n{}", lines.collect::<String>())
}

fn line(row: &Row) -> String {
    let [dialer, listener, allocated, allocated_there] = row.counts;
    format!("{:<48} {dialer:>11} {listener:>11} {allocated:>8} {allocated_there:>8}", row.name)
}

fn parse(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let mut words: Vec<_> = line.split_whitespace().collect();
        let counts = words.split_off(words.len().checked_sub(4)?);
        let counts: Vec<_> = counts.iter().filter_map(|word| word.parse().ok()).collect();
        Some(Row { name: words.join(" "), counts: counts.try_into().ok()? })
    };
    text.lines().filter_map(row).collect()
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/cost/committed.txt");
const HEAD: &str =
    "path                                              instructions: dialer, listener; allocations";
/// What another compiler does otherwise, or cryptography on another processor, stays below this: instructions of both
/// sides, and allocations, which hardly depend on either.
const DEARER: [f64; 4] = [1.25, 1.25, 1.1, 1.1];
