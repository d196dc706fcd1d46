//! How many round trips a dial takes: what it lasts over a path that is so long that nothing else counts,
//! divided by the length of the path.

use std::{fmt::Write as _, time::Duration};

use crate::{
    contender::{Contender, FLOE, Programs, find},
    measure::{LIMIT, Measured, Task, measure},
    statistics::Spread,
};

/// As it is called on the command line.
pub(crate) const NAME: &str = "round-trips";

/// Who dials whom with what.
pub(crate) struct Pair {
    pub(crate) dialer: &'static Contender,
    pub(crate) listener: &'static Contender,
    pub(crate) version: &'static str,
}

/// Each with itself, and floe with each that carries what it carries.
pub(crate) fn pairs(contenders: &[&'static Contender]) -> Vec<Pair> {
    let floe = find(FLOE).expect("floe is among them");
    let mut pairs = Vec::new();
    let mut add = |dialer: &'static Contender, listener: &'static Contender| {
        // Whoever dials a version may not be able to answer it, which its own dialer would show.
        let versions = dialer.versions.iter().filter(|version| {
            listener.versions.contains(version) || dialer.listen != listener.listen
        });
        pairs.extend(versions.map(|version| Pair { dialer, listener, version }));
    };
    for contender in contenders.iter().copied().filter(|contender| !contender.is_raw()) {
        add(contender, contender);
        if contender.name != FLOE && contender.listen == floe.listen {
            add(floe, contender);
            add(contender, floe);
        }
    }
    pairs
}

/// Dials a few times at once: the path has room for all.
pub(crate) fn dial(pair: &Pair, programs: &Programs) -> Result<Measured, String> {
    measure(&Task {
        dialer: &programs[pair.dialer.name],
        dialers: 1,
        listener: &programs[pair.listener.name],
        listen: pair.listener.listen,
        version: pair.version,
        work: ["dials", "--count", "3", "--at-once", "3"].map(String::from).into(),
        delay: RTT / 2,
        limit: LIMIT,
        idle: Duration::ZERO,
    })
}

/// The dials of a measurement in round trips: the shortest, the median, the longest.
pub(crate) fn count(measured: &Measured) -> Option<Spread> {
    let trips = |ms: f64| ms / (RTT.as_secs_f64() * 1e3);
    Spread::of(&measured.each_ms().into_iter().map(trips).collect::<Vec<_>>())
}

/// The table, a pair and version a line.
pub(crate) fn render(counted: &[(Pair, Result<Measured, String>)]) -> String {
    let ms = RTT.as_millis();
    let mut text = format!("\n### Round trips of a dial, on a path of {ms} ms\n\n");
    text.push_str("| dialer → listener | version | round trips |\n|---|---|---|\n");
    for (pair, measured) in counted {
        let words = match measured {
            Ok(measured) => match (count(measured), measured.failed()) {
                (Some(trips), None) => format!("**{:.1}**", trips.median),
                (Some(trips), Some((n, why))) => {
                    format!("**{:.1}**, {n} failed: {why}", trips.median)
                }
                (None, failed) => format!("failed: {}", failed.unwrap_or_default().1),
            },
            Err(message) => format!("failed: {message}"),
        };
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/");
        let version = if pair.dialer.listen.ends_with("quic-v1") { "–" } else { pair.version };
        let (dialer, listener) = (pair.dialer.name, pair.listener.name);
        let _ = writeln!(text, "| {dialer} → {listener} | {version} | {words} |");
    }
    text
}

/// Fifty times what the slowest dial costs on a path without length.
const RTT: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contender::CONTENDERS;

    #[test]
    fn floe_meets_every_peer_that_carries_webrtc() {
        let all: Vec<_> = CONTENDERS.iter().collect();
        let names: Vec<_> = pairs(&all)
            .iter()
            .map(|pair| format!("{} {} {}", pair.dialer.name, pair.listener.name, pair.version))
            .collect();
        for pair in ["floe floe v2", "floe go-webrtc v2", "js-webrtc floe v1", "go-quic go-quic v1"]
        {
            assert!(names.iter().any(|name| name == pair), "{pair} in {names:?}");
        }
        // No listener of theirs answers v2.
        assert!(!names.iter().any(|name| name == "floe libp2p-webrtc v2"), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("raw-udp")), "{names:?}");
    }

    #[test]
    fn time_is_counted_in_round_trips() {
        let told = json!({ "each_ms": [1010.0, 1210.0, 1000.0] });
        let pair = || pairs(&[find(FLOE).unwrap()]).remove(0);
        let text = render(&[
            (pair(), Ok(Measured { told, ..Measured::default() })),
            (pair(), Err("no\nanswer | none".into())),
        ]);
        assert!(text.contains("| floe → floe | v1 | **5.0** |"), "{text}");
        assert!(text.contains("| failed: no answer / none |"), "{text}");
    }
}
