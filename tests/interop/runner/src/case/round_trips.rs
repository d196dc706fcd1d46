//! How many round trips pairs are known to take until the dialer is connected, and how a count is judged by that:
//! more is a failure, and fewer a surprise, after which the table has to be mended. Of others it is only told.

use interop::{
    peers::Version::{self, V1, V2},
    story::Kind,
};

use super::Case;

/// What was counted, in the light of what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// So many as are known, or nothing is known.
    Right(u32),
    /// Fewer, which this says in words.
    Fewer(u32, String),
}

impl Count {
    /// The fewest of the counts are right: what a dialer has sent again has counted too.
    pub(crate) fn judge(case: &Case, counted: &[u32]) -> Result<Option<Self>, String> {
        let Kind::RoundTrips = case.story.kind else { return Ok(None) };
        let dialers = case.story.kind.dialers();
        let fewest = match counted.iter().min() {
            Some(fewest) if counted.len() == dialers => *fewest,
            _ => return Err(format!("{} of {dialers} dialers have connected", counted.len())),
        };
        let known = known(case.dialer.name, case.listener.name, case.version);
        let words = |known| format!("{fewest} round trips in place of {known} ({counted:?})");
        match known {
            Some(known) if fewest > known => Err(words(known)),
            Some(known) if fewest < known => Ok(Some(Self::Fewer(fewest, words(known)))),
            _ => Ok(Some(Self::Right(fewest))),
        }
    }

    /// How many.
    pub(crate) const fn number(&self) -> u32 {
        match self {
            Self::Right(number) | Self::Fewer(number, _) => *number,
        }
    }
}

fn known(dialer: &str, listener: &str, version: Version) -> Option<u32> {
    let same = |pair: &&Known| (pair.0, pair.1, pair.2) == (dialer, listener, version);
    KNOWN.iter().find(same).map(|pair| pair.3)
}

/// Dialer, listener, version, round trips.
type Known = (&'static str, &'static str, Version, u32);

/// Counted here, again and again and beside other work. What CI plays is in it, and what was as stable.
const KNOWN: &[Known] = &[
    ("floe", "floe", V1, 5),
    ("floe", "floe", V2, 5),
    ("floe", "floe-cli", V1, 5),
    ("floe", "floe-cli", V2, 5),
    ("floe-cli", "floe", V1, 5),
    ("floe-cli", "floe", V2, 5),
    ("floe-cli", "floe-cli", V1, 5),
    ("floe-cli", "floe-cli", V2, 5),
    ("floe", "go-libp2p", V1, 7),
    ("floe", "go-libp2p", V2, 7),
    ("go-libp2p", "floe", V1, 8),
    ("go-libp2p", "floe", V2, 8),
    ("js-libp2p", "floe", V1, 6),
    ("js-libp2p", "floe", V2, 6),
    ("chromium", "floe", V1, 5),
    ("chromium", "floe", V2, 5),
    ("floe", "js-libp2p", V1, 6),
    ("floe", "rust-libp2p", V1, 7),
    ("rust-libp2p", "floe", V1, 7),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;

    fn judge(line: &str, counted: &[u32]) -> Result<Option<Count>, String> {
        let case = case::all().into_iter().find(|case| case.to_string() == line).unwrap();
        Count::judge(&case, counted)
    }

    #[test]
    fn the_fewest_of_all_dialers_is_the_count() {
        assert_eq!(judge("floe -> floe v2 round-trips", &[7, 5, 6]), Ok(Some(Count::Right(5))));
    }

    #[test]
    fn more_than_known_is_a_failure() {
        let message = judge("floe -> floe v1 round-trips", &[6, 7, 6]).unwrap_err();
        assert_eq!(message, "6 round trips in place of 5 ([6, 7, 6])");
    }

    #[test]
    fn fewer_than_known_is_no_failure_but_told() {
        let count = judge("floe -> floe v1 round-trips", &[5, 4, 5]).unwrap().unwrap();
        assert_eq!(count.number(), 4);
        assert!(
            matches!(count, Count::Fewer(_, words) if words.starts_with("4 round trips in place of 5"))
        );
    }

    #[test]
    fn every_dialer_must_have_been_counted() {
        assert!(judge("floe -> floe v1 round-trips", &[5, 5]).is_err());
        assert!(judge("floe -> floe v1 round-trips", &[]).is_err());
    }

    #[test]
    fn peers_among_themselves_are_told_and_other_stories_are_not_counted() {
        let line = "go-libp2p -> go-libp2p v1 round-trips";
        assert_eq!(judge(line, &[9, 9, 9]), Ok(Some(Count::Right(9))));
        assert_eq!(judge("floe -> floe v1 lossy-ping", &[9]), Ok(None));
    }

    /// The same peers as in `.ci/run`.
    #[test]
    fn what_ci_plays_is_known() {
        let played = ["floe", "floe-cli", "go-libp2p", "js-libp2p", "rust-libp2p"];
        let with_floe = case::all().into_iter().filter(|case| {
            let pair = [case.dialer.name, case.listener.name];
            let expected = matches!(case.expected, case::Expected::Pass { .. });
            case.story.name == "round-trips"
                && pair.contains(&"floe")
                && pair.iter().all(|name| played.contains(name))
                && expected
        });
        let mut count = 0;
        for case in with_floe {
            let known = known(case.dialer.name, case.listener.name, case.version);
            assert!(known.is_some(), "{case}");
            count += 1;
        }
        assert_eq!(count, 15);
    }

    #[test]
    fn what_is_known_are_cases_and_floe_is_on_a_side() {
        let lines: Vec<_> = case::all().iter().map(ToString::to_string).collect();
        for (dialer, listener, version, _) in KNOWN {
            let line = format!("{dialer} -> {listener} {} round-trips", version.name());
            assert!(lines.contains(&line), "{line}");
            assert!(["floe", "floe-cli"].iter().any(|ours| [dialer, listener].contains(&ours)));
        }
    }
}
