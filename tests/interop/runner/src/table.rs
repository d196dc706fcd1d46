//! The tables for people: one for each peer, a row for each story, a column for each pair and version, or relay. The
//! peer with itself is a column like the others, for its own speed is the measure.

use interop::proxy::Network;

use crate::verdict::{Outcome, Verdict};

/// Writes the tables, then what did not simply pass, then the sums.
pub(crate) fn render(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for peer in keys(verdicts, |verdict| verdict.case.subject()) {
        let of_peer: Vec<_> =
            verdicts.iter().filter(|verdict| verdict.case.subject() == peer).collect();
        text.push_str(&format!("{}\n", table(&of_peer)));
    }
    text.push_str(&remarks(verdicts));
    text.push_str(&sums(verdicts));
    text
}

fn table(verdicts: &[&Verdict]) -> String {
    let pair = |verdict: &&Verdict| {
        let case = &verdict.case;
        (case.dialer.name, case.listener.name, case.version, case.relay.map(|relay| relay.name))
    };
    let columns: Vec<Vec<&Verdict>> = keys(verdicts, pair)
        .into_iter()
        .map(|column| verdicts.iter().filter(|verdict| pair(verdict) == column).copied().collect())
        .collect();
    let titles = columns.iter().map(|runs| {
        let case = &runs[0].case;
        let over = match case.relay {
            Some(relay) => format!("over {}", relay.name),
            None => case.version.name().into(),
        };
        format!("{} → {} {over}", case.dialer.name, case.listener.name)
    });
    let mut rows = vec![row("story", titles), row("time to connect", columns.iter().map(dial_ms))];
    for name in keys(verdicts, |verdict| story(verdict)) {
        rows.push(row(name, columns.iter().map(|runs| cell(&of_story(runs, name)))));
    }
    align(&rows)
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
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
    if let Some(round_trips) = runs.iter().filter_map(|verdict| verdict.round_trips).max() {
        text.push_str(&format!(" {round_trips} round trips"));
    } else if let Some(rate) = rate(runs) {
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

fn dial_ms(runs: &Vec<&Verdict>) -> String {
    // A path that delays says nothing of how fast anybody dials.
    let clear = runs.iter().filter(|verdict| verdict.case.story.network == Network::CLEAR);
    median(clear.filter_map(|verdict| verdict.dial_ms))
        .map_or("–".into(), |ms| format!("{ms:.0} ms"))
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
    text
}

fn sums(verdicts: &[Verdict]) -> String {
    let count = |outcome| verdicts.iter().filter(|verdict| verdict.outcome == outcome).count();
    format!(
        "\n{} passed, {} failed, {} failed by a known defect of a peer, {} better than expected\n",
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
fn keys<V, K: PartialEq>(verdicts: &[V], key: impl Fn(&V) -> K) -> Vec<K> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case, play::Seen};

    #[test]
    fn each_peer_has_a_table_with_itself_as_a_column() {
        let wanted =
            ["floe -> go-libp2p v1 ping", "go-libp2p -> go-libp2p v1 ping", "floe -> floe v1 dial"];
        let cases =
            case::all().into_iter().filter(|case| wanted.contains(&case.to_string().as_str()));
        let verdicts: Vec<_> = cases.map(|case| Verdict::of(case, 1, Seen::default())).collect();
        let text = render(&verdicts);
        let starts = |line: &&str| line.starts_with("| story");
        let titles: Vec<_> = text.lines().filter(starts).collect();
        assert_eq!(titles.len(), 2, "{text}");
        assert!(titles[0].contains("floe → floe v1"), "{text}");
        assert!(titles[1].contains("floe → go-libp2p v1 | go-libp2p → go-libp2p v1 |"), "{text}");
        assert!(text.contains("| ping            | FAIL"), "{text}");
        assert!(text.ends_with(
            "0 passed, 3 failed, 0 failed by a known defect of a peer, 0 better than expected\n"
        ));
    }
}
