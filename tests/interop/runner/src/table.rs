//! The table for people: a row for each pair and version, a column for each story.

use crate::{
    case,
    proxy::Network,
    verdict::{Outcome, Verdict},
};

/// Writes the table, then what did not simply pass, then the sums.
pub(crate) fn render(verdicts: &[Verdict]) -> String {
    let mut rows = vec![header(verdicts)];
    for row in keys(verdicts, |verdict| {
        let case = &verdict.case;
        (case.dialer.name, case.listener.name, case.version)
    }) {
        let of_row: Vec<_> = verdicts
            .iter()
            .filter(|verdict| {
                let case = &verdict.case;
                (case.dialer.name, case.listener.name, case.version) == row
            })
            .collect();
        // The other side's own speed is the measure: what it does with itself or its kin, in the same run.
        let (dialer, listener) = (&of_row[0].case.dialer, &of_row[0].case.listener);
        let by_itself = case::subject(dialer, listener).alone();
        let alone: Vec<_> = verdicts
            .iter()
            .filter(|verdict| {
                let case = &verdict.case;
                (case.dialer.name, case.listener.name, case.version)
                    == (by_itself.0, by_itself.1, row.2)
            })
            .collect();
        let is_mixed = (row.0, row.1) != by_itself;
        let mut dial = dial_ms(&of_row);
        if is_mixed && !alone.is_empty() {
            dial.push_str(&format!(" ({})", dial_ms(&alone)));
        }
        let mut cells = vec![format!("{} → {}", row.0, row.1), row.2.name().into(), dial];
        cells.extend(keys(verdicts, story).into_iter().map(|name| {
            let mut text = cell(&of_story(&of_row, name));
            if is_mixed && let Some(rate) = rate(&of_story(&alone, name)) {
                text.push_str(&format!(" ({rate:.1})"));
            }
            text
        }));
        rows.push(cells);
    }
    let mut text = align(&rows);
    text.push_str(&remarks(verdicts));
    text.push_str(&sums(verdicts));
    text
}

fn header(verdicts: &[Verdict]) -> Vec<String> {
    let mut cells = ["dialer → listener", "version", "dial ms"].map(String::from).to_vec();
    cells.extend(keys(verdicts, story).into_iter().map(String::from));
    cells
}

fn cell(runs: &[&Verdict]) -> String {
    let Some(worst) = runs.iter().map(|verdict| verdict.outcome).max() else {
        return "–".into();
    };
    let as_worst = runs.iter().filter(|verdict| verdict.outcome == worst).count();
    let mut text = match worst {
        Outcome::Pass => "ok".to_owned(),
        worst => worst.name().into(),
    };
    if as_worst < runs.len() {
        text.push_str(&format!(" {as_worst}/{}", runs.len()));
    }
    let tries: usize = runs.iter().map(|verdict| verdict.spoilt.len()).sum();
    if tries > 0 {
        text.push_str(&format!(" (+{tries} spoilt)"));
    }
    if let Some(rate) = rate(runs) {
        text.push_str(&format!(" {rate:.1} MiB/s"));
    } else if let Some(ms) = median(passed(runs).filter_map(|verdict| verdict.story_ms))
        && ms >= 1.0
    {
        text.push_str(&format!(" {ms:.0} ms"));
    }
    text
}

fn of_story<'a>(runs: &[&'a Verdict], name: &str) -> Vec<&'a Verdict> {
    runs.iter().copied().filter(|verdict| story(verdict) == name).collect()
}

fn dial_ms(runs: &[&Verdict]) -> String {
    // A path that delays says nothing of how fast anybody dials.
    let clear = runs.iter().filter(|verdict| verdict.case.story.network == Network::CLEAR);
    median(clear.filter_map(|verdict| verdict.dial_ms))
        .map_or("–".into(), |ms| format!("{ms:.0}"))
}

/// MiB/s of those that passed, in the middle.
fn rate(runs: &[&Verdict]) -> Option<f64> {
    median(passed(runs).filter_map(|verdict| verdict.rate()))
}

fn passed<'a>(runs: &[&'a Verdict]) -> impl Iterator<Item = &'a Verdict> {
    runs.iter().copied().filter(|verdict| verdict.outcome == Outcome::Pass)
}

/// Everything that did not simply pass, and what a refusal was called.
fn remarks(verdicts: &[Verdict]) -> String {
    let mut text = String::from("\n");
    for verdict in verdicts.iter().filter(|verdict| !verdict.message.is_empty()) {
        text.push_str(&format!(
            "{}  {} #{}: {}\n",
            verdict.outcome.name(),
            verdict.case,
            verdict.run,
            verdict.message
        ));
    }
    for verdict in verdicts {
        for message in &verdict.spoilt {
            let reason = verdict.case.flake(message).map_or("", |flake| flake.reason);
            text.push_str(&format!(
                "PLAYED AGAIN  {} #{}: {message}: {reason}\n",
                verdict.case, verdict.run
            ));
        }
    }
    for verdict in verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Surprise) {
        text.push_str(&format!(
            "SURPRISE  {} #{}: it passed in spite of a defect that is listed for it\n",
            verdict.case, verdict.run
        ));
    }
    text
}

fn sums(verdicts: &[Verdict]) -> String {
    let count = |outcome| verdicts.iter().filter(|verdict| verdict.outcome == outcome).count();
    format!(
        "\n{} passed, {} failed, {} failed by a known defect of a peer, {} passed in spite of one\n",
        count(Outcome::Pass),
        count(Outcome::Fail),
        count(Outcome::Defect),
        count(Outcome::Surprise)
    )
}

fn story(verdict: &Verdict) -> &'static str {
    verdict.case.story.name
}

/// The different keys, in the order in which they come first.
fn keys<K: PartialEq>(verdicts: &[Verdict], key: impl Fn(&Verdict) -> K) -> Vec<K> {
    let mut keys = Vec::new();
    for key in verdicts.iter().map(key) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A Markdown table whose columns also line up in a terminal.
fn align(rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<_> = (0..columns)
        .map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, wide) in row.iter().zip(&widths) {
            text.push_str(&format!("| {cell}{} ", " ".repeat(wide - width(cell))));
        }
        text.push_str("|\n");
        if number == 0 {
            for wide in &widths {
                text.push_str(&format!("|{}", "-".repeat(wide + 2)));
            }
            text.push_str("|\n");
        }
    }
    text
}
