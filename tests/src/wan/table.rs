//! Tables: what they are made of, and how they are written.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::line::Line;
use crate::duration::millis;

/// A table of stories, in Markdown; what was not played yet is a dash.
#[derive(Debug)]
pub struct Table {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    /// Of labels, then of cells.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// What the cells are about, and the cells.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) labels: Vec<String>,
    pub(super) cells: Vec<Cell>,
}

/// A story, and what came out of it.
pub struct Cell {
    name: String,
    story: Box<dyn Fn() -> String + Send + Sync>,
    result: OnceLock<String>,
}

impl Table {
    /// A story on lines of two widths without loss, by their round trips.
    pub(super) fn by_round_trip(
        title: &'static str,
        note: &'static str,
        name: &'static str,
        story: fn(Line) -> String,
    ) -> Self {
        let rows = [2, 20, 100, 300].into_iter().map(|rtt| {
            let cells = [10, 100].map(|width| {
                let line = Line { rtt: millis(rtt), loss: 0, width };
                Cell::new(format!("{name} {line}"), move || story(line))
            });
            Row { labels: vec![format!("{rtt} ms")], cells: cells.into() }
        });
        let columns = ["RTT", "10 Mbit/s", "100 Mbit/s"].map(String::from).into();
        Self { title, note, columns, rows: rows.collect() }
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|row| &row.cells)
    }
}

impl Cell {
    pub(super) fn new(name: String, story: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { name, story: Box::new(story), result: OnceLock::new() }
    }

    /// What it is about.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Plays it, once.
    pub fn play(&self) -> &str {
        self.result.get_or_init(&self.story)
    }
}

/// Where the tables are kept.
pub fn committed() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/wan.md"))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = |cell: &Cell| cell.result.get().map_or("–".into(), String::clone);
        let line =
            |row: &Row| row.labels.iter().cloned().chain(row.cells.iter().map(cell)).collect();
        let lines: Vec<Vec<String>> = self.rows.iter().map(line).collect();
        let width = |at: usize| {
            let column = lines.iter().map(|line| &line[at]).chain([&self.columns[at]]);
            column.map(|text| text.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        writeln!(f, "## {}\n\n{}\n", self.title, self.note)?;
        write_line(f, &self.columns, &widths)?;
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width - 1) + ":").collect();
        write_line(f, &rules, &widths)?;
        lines.iter().try_for_each(|line| write_line(f, line, &widths))
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
    for (cell, &width) in cells.iter().zip(widths) {
        write!(f, "| {cell:>width$} ")?;
    }
    writeln!(f, "|")
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("name", &self.name).field("result", &self.result).finish()
    }
}
