//! How two connections share a path.

use super::goodput::{mib, rate};
use super::line::Line;
use super::table::{Cell, Row, Table};
use super::traffic::{self, Traffic};
use crate::duration::{millis, secs};
use crate::entropy::seeded;

pub(super) fn table() -> Table {
    let rows = [(20, 10), (20, 100), (100, 10), (100, 100)].into_iter().map(|(rtt, width)| {
        let line = Line { rtt: millis(rtt), loss: 0, width };
        let cells = [false, true].map(|late| {
            let name = format!("fairness {line}{}", if late { ", late" } else { "" });
            Cell::new(name, move || fairness(line, late))
        });
        Row { labels: vec![format!("{rtt} ms"), format!("{width} Mbit/s")], cells: cells.into() }
    });
    Table {
        title: "Two connections on one line",
        note: "Jain's index (1 is fair, 0.5 is all for one), and the MiB/s of each. Begun together, or the second \
               5 s after the first; from 5 s after that on, over 20 s.",
        columns: ["RTT", "line", "begun together", "one late"].map(String::from).into(),
        rows: rows.collect(),
    }
}

fn fairness(line: Line, late: bool) -> String {
    let [one, other] = seeded(super::SEED, || {
        let mut world = traffic::world(line);
        let mut one = Traffic::connect(&mut world, 0);
        let mut other = Traffic::connect(&mut world, 1);
        one.begin(&mut world);
        if late {
            traffic::run(&mut world, secs(5), &mut [&mut one]);
        }
        other.begin(&mut world);
        traffic::run(&mut world, secs(5), &mut [&mut one, &mut other]);
        let before = [one.received, other.received];
        traffic::run(&mut world, SPAN, &mut [&mut one, &mut other]);
        [rate(one.received - before[0], SPAN), rate(other.received - before[1], SPAN)]
    });
    let index = (one + other).powi(2) / (2.0 * (one.powi(2) + other.powi(2)));
    format!("{index:.3} ({:.2} and {:.2})", mib(one), mib(other))
}

const SPAN: std::time::Duration = secs(20);
