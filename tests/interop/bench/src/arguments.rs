//! What is asked for.

use std::{fmt::Write as _, path::PathBuf};

use clap::Parser;

use crate::{
    contender::{CONTENDERS, Contender},
    round_trips,
    row::{Amounts, ROWS, Row},
};

/// Measures floe beside other implementations of libp2p's transports.
///
/// Every measurement is between two fresh processes on this machine; rounds are interleaved. The tables go
/// to standard output, progress to standard error. Ends with 1 if floe failed in a measurement.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// How often to measure everything.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// One round of small amounts: to see that everything works, not to be quoted.
    #[arg(long, conflicts_with_all = ["rounds", "large"])]
    fast: bool,
    /// 10,000 idle connections in place of 1,000, by ten dialers.
    #[arg(long)]
    large: bool,
    /// Only these contenders. May be repeated.
    #[arg(long, value_parser = known_contender)]
    peer: Vec<&'static Contender>,
    /// Only these rows. May be repeated.
    #[arg(long, value_parser = known_row)]
    row: Vec<String>,
    /// A file for every measurement as a line of JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Say what there is to measure, and measure nothing.
    #[arg(long)]
    pub(crate) list: bool,
}

impl Arguments {
    pub(crate) fn contenders(&self) -> impl Iterator<Item = &'static Contender> {
        CONTENDERS.iter().filter(|all| self.peer.is_empty() || self.peer.contains(all))
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static Row> {
        ROWS.iter().filter(|row| self.wants(row.name))
    }

    /// Whether dials over a long path are wanted.
    pub(crate) fn round_trips(&self) -> bool {
        self.wants(round_trips::NAME)
    }

    pub(crate) fn rounds(&self) -> u32 {
        if self.fast { 1 } else { self.rounds }
    }

    pub(crate) fn amounts(&self) -> Amounts {
        match (self.fast, self.large) {
            (true, _) => Amounts::FAST,
            (false, true) => Amounts::LARGE,
            (false, false) => Amounts::USUAL,
        }
    }

    fn wants(&self, row: &str) -> bool {
        self.row.is_empty() || self.row.iter().any(|wanted| wanted == row)
    }
}

/// Contenders and rows, by the names that the options take.
pub(crate) fn list() -> String {
    let mut text = String::from("contenders:\n");
    for contender in &CONTENDERS {
        let _ = writeln!(text, "  {}", contender.name);
    }
    text.push_str("rows:\n");
    for row in &ROWS {
        let _ = writeln!(text, "  {:14} {}", row.name, row.what);
    }
    let _ = writeln!(
        text,
        "  {:14} round trips of a dial, each with itself and with floe",
        round_trips::NAME
    );
    text
}

fn known_contender(name: &str) -> Result<&'static Contender, String> {
    crate::contender::find(name).ok_or_else(|| {
        let names: Vec<_> = CONTENDERS.iter().map(|contender| contender.name).collect();
        format!("they are {}", names.join(", "))
    })
}

fn known_row(name: &str) -> Result<String, String> {
    let names: Vec<_> = ROWS.iter().map(|row| row.name).chain([round_trips::NAME]).collect();
    match names.contains(&name) {
        true => Ok(name.into()),
        false => Err(format!("they are {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["bench"].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn without_arguments_everything_is_measured() {
        let arguments = parse("").unwrap();
        assert_eq!(arguments.rows().count(), ROWS.len());
        assert_eq!(arguments.contenders().count(), CONTENDERS.len());
        assert!(arguments.round_trips());
        let amounts = arguments.amounts();
        assert_eq!((amounts.dialers, amounts.connections), (1, 1_000));
    }

    #[test]
    fn options_narrow_it() {
        let arguments = parse("--peer go-quic --peer floe --row up-1k --large").unwrap();
        let names: Vec<_> = arguments.contenders().map(|contender| contender.name).collect();
        assert_eq!(names, ["floe", "go-quic"]);
        let rows: Vec<_> = arguments.rows().map(|row| row.name).collect();
        assert_eq!(rows, ["up-1k"]);
        assert!(!arguments.round_trips());
        let amounts = arguments.amounts();
        assert_eq!(amounts.dialers * amounts.connections, 10_000);
    }

    #[test]
    fn many_connections_may_be_measured_once() {
        assert_eq!(parse("--large --rounds 1").unwrap().rounds(), 1);
        assert!(parse("--large --fast").is_err());
    }

    #[test]
    fn what_there_is_not_is_a_mistake() {
        for line in ["--peer nobody", "--row none", "--rounds 0", "--fast --rounds 2"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_name_is_taken_twice() {
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
    }
}
