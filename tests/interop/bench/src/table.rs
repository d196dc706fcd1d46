//! The tables, in Markdown.

use std::fmt::Write as _;

use crate::{
    contender::{Contender, FLOE},
    measure::Measured,
    row::{Figure, Row},
    statistics::Spread,
};

/// All measurements of one row and one contender.
pub(crate) type Cell = Vec<Result<Measured, String>>;

/// Those that there are: of a row, in the order of the contenders; empty where nothing was to be measured.
pub(crate) struct Results<'a> {
    pub(crate) contenders: Vec<&'a Contender>,
    pub(crate) rows: Vec<(&'a Row, Vec<Cell>)>,
}

impl Results<'_> {
    /// A table for each group, then what failed.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for of_group in self.rows.chunk_by(|one, next| one.0.group == next.0.group) {
            let names: Vec<_> = self.contenders.iter().map(|contender| contender.name).collect();
            let _ = writeln!(text, "\n### {}\n\n| | {} |", of_group[0].0.group, names.join(" | "));
            let _ = writeln!(text, "|---|{}", "---|".repeat(names.len()));
            for (row, cells) in of_group {
                for (place, figure) in row.figures.iter().enumerate() {
                    let label = match place {
                        0 => format!("**{}**, {}", row.what, figure.label),
                        _ => figure.label.to_string(),
                    };
                    let _ =
                        writeln!(text, "| {label} | {} |", self.line(cells, figure).join(" | "));
                }
            }
        }
        text + &self.failures()
    }

    fn line(&self, cells: &[Cell], figure: &Figure) -> Vec<String> {
        let floe = self.contenders.iter().position(|contender| contender.name == FLOE);
        let floe = floe.and_then(|floe| spread(&cells[floe], figure)).map(|spread| spread.median);
        let cells = self.contenders.iter().zip(cells);
        cells
            .map(|(contender, cell)| match contender.name {
                FLOE => words(cell, figure, None),
                _ => words(cell, figure, floe),
            })
            .collect()
    }

    /// Whether every measurement of this contender came to its end without a failure.
    pub(crate) fn is_clean(&self, name: &str) -> bool {
        let place = self.contenders.iter().position(|contender| contender.name == name);
        place.is_none_or(|place| {
            let mut of = self.rows.iter().flat_map(|(_, cells)| &cells[place]);
            of.all(|measured| measured.as_ref().is_ok_and(Measured::is_clean))
        })
    }

    /// In words: what a cell has no room for.
    fn failures(&self) -> String {
        let mut text = String::new();
        for (row, cells) in &self.rows {
            for (contender, cell) in self.contenders.iter().zip(cells) {
                for why in whole_failures(cell)
                    .into_iter()
                    .chain(piece_failures(cell))
                    .chain(dial_failures(cell))
                {
                    let _ = writeln!(text, "- {}, {}: {why}", contender.name, row.name);
                }
            }
        }
        match text.is_empty() {
            true => "\nNothing failed.\n".into(),
            false => format!("\nWhat failed:\n\n{text}"),
        }
    }
}

fn whole_failures(cell: &Cell) -> Option<String> {
    let failed: Vec<_> = cell.iter().filter_map(|measured| measured.as_ref().err()).collect();
    Some(format!("{} of {}: {}", failed.len(), cell.len(), in_a_line(failed.first()?)))
}

fn piece_failures(cell: &Cell) -> Option<String> {
    let measured: Vec<_> = cell.iter().flatten().collect();
    let failed: Vec<_> = measured.iter().filter_map(|measured| measured.failed()).collect();
    let (_, message) = failed.first()?;
    let sum: u64 = failed.iter().map(|(failed, _)| failed).sum();
    let done: f64 = measured.iter().filter_map(|measured| measured.number("done")).sum();
    Some(format!("{sum} of {} pieces: {}", done as u64 + sum, in_a_line(message)))
}

/// Of which no figure suffers.
fn dial_failures(cell: &Cell) -> Option<String> {
    let failed: u64 = cell.iter().flatten().map(Measured::dials_failed).sum();
    (failed > 0).then(|| format!("{failed} dials before the work failed and were made again"))
}

fn in_a_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn spread(cell: &Cell, figure: &Figure) -> Option<Spread> {
    Spread::of(&cell.iter().flatten().filter_map(figure.of).collect::<Vec<_>>())
}

/// A cell: the median, the lowest and the highest, and how many times floe's median that is.
fn words(cell: &Cell, figure: &Figure, floe: Option<f64>) -> String {
    if cell.is_empty() {
        return "–".into();
    }
    let failed = match cell.iter().filter(|measured| measured.is_err()).count() {
        0 => String::new(),
        failed => format!("failed {failed} of {}", cell.len()),
    };
    let Some(spread) = spread(cell, figure) else {
        return if failed.is_empty() { "nothing came".into() } else { failed };
    };
    let mut words = format!("**{}**", number(spread.median));
    if cell.len() > 1 {
        let _ = write!(words, " ({}–{})", number(spread.low), number(spread.high));
    }
    if let Some(floe) = floe.filter(|floe| *floe > 0.0) {
        let _ = write!(words, " ×{}", number(spread.median / floe));
    }
    if cell.iter().flatten().any(|measured| measured.failed().is_some()) {
        words.push_str(" †");
    }
    format!("{words} {failed}").trim_end().into()
}

/// Two digits, or all before the point.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        value if value >= 0.0995 => 2,
        0.0 => 0,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{contender, row::ROWS};

    fn rate(mib: f64) -> Result<Measured, String> {
        let told = json!({ "ms": 1000.0, "bytes": mib * f64::from(1 << 20) });
        Ok(Measured { told, ..Measured::default() })
    }

    fn results(cells: Vec<Cell>) -> Results<'static> {
        let contenders = ["floe", "go-quic", "raw-udp"].map(|name| contender::find(name).unwrap());
        Results { contenders: contenders.into(), rows: vec![(&ROWS[0], cells)] }
    }

    #[test]
    fn a_cell_has_the_median_the_spread_and_the_ratio_to_floe() {
        let cells = vec![vec![rate(100.0), rate(80.0), rate(90.0)], vec![rate(45.0)], vec![]];
        let text = results(cells).render();
        assert!(text.contains("MiB/s | **90** (80–100) | **45** ×0.50 | – |"), "{text}");
        assert!(text.contains("Nothing failed."), "{text}");
    }

    #[test]
    fn failures_are_told_in_the_cell_and_below() {
        let failed = || Err(String::from("it\nhangs"));
        let cells = vec![vec![rate(1.0), failed()], vec![failed(), failed()], vec![]];
        let results = results(cells);
        let text = results.render();
        assert!(text.contains("| **1.0** (1.0–1.0) failed 1 of 2 | failed 2 of 2 |"), "{text}");
        assert!(text.contains("- go-quic, up-16k: 2 of 2: it hangs"), "{text}");
        assert!(!results.is_clean("floe"));
    }

    #[test]
    fn pieces_that_failed_are_counted() {
        let told = json!({ "ms": 1.0, "bytes": 1, "done": 8, "failed": 2, "message": "reset" });
        let measured = || Ok(Measured { told: told.clone(), ..Measured::default() });
        let results = results(vec![vec![measured(), measured()], vec![], vec![]]);
        let text = results.render();
        assert!(text.contains("- floe, up-16k: 4 of 20 pieces: reset"), "{text}");
        assert!(text.contains(" †"), "{text}");
        assert!(!results.is_clean("floe"));
        assert!(results.is_clean("go-quic"));
    }

    #[test]
    fn numbers_have_as_many_digits_as_mean_something() {
        let numbers = [0.0, 0.0123, 0.123, 1.23, 9.96, 1234.5].map(number);
        assert_eq!(numbers, ["0", "0.012", "0.12", "1.2", "10", "1234"]);
    }
}
