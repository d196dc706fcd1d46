//! The stories a dialer can play, as they are written on the command line.

use std::str::FromStr;

/// One story with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    Dial,
    Ping(u64),
    Identify,
    Echo(u64),
    BigFrames,
    HalfClose,
    LateWrite(u64),
    StopSending,
    PeerStops,
    Reset,
    PeerResets,
    Up(u64),
    Down(u64),
    Both(u64),
    Streams(u64),
    Parallel(u64),
    SlowReader(u64),
    Idle(u64),
    Restart,
}

impl Story {
    /// Reads a name and, where it has one, its number.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let number = |number: &String| {
            u64::from_str(number).map_err(|_| format!("{number} is no number of a story"))
        };
        let (name, number) = match words {
            [name] => (name, None),
            [name, count] => (name, Some(number(count)?)),
            _ => return Err("a story is a name and at most one number".into()),
        };
        Ok(match (name.as_str(), number) {
            ("dial", None) => Self::Dial,
            ("ping", Some(count)) => Self::Ping(count),
            ("identify", None) => Self::Identify,
            ("echo", Some(bytes)) => Self::Echo(bytes),
            ("bigframes", None) => Self::BigFrames,
            ("halfclose", None) => Self::HalfClose,
            ("latewrite", Some(bytes)) => Self::LateWrite(bytes),
            ("stopsending", None) => Self::StopSending,
            ("peerstops", None) => Self::PeerStops,
            ("reset", None) => Self::Reset,
            ("peerresets", None) => Self::PeerResets,
            ("up", Some(bytes)) => Self::Up(bytes),
            ("down", Some(bytes)) => Self::Down(bytes),
            ("both", Some(bytes)) => Self::Both(bytes),
            ("streams", Some(count)) => Self::Streams(count),
            ("parallel", Some(count)) => Self::Parallel(count),
            ("slowreader", Some(bytes)) => Self::SlowReader(bytes),
            ("idle", Some(seconds)) => Self::Idle(seconds),
            ("restart", None) => Self::Restart,
            (name, None) => return Err(format!("there is no story {name} without a number")),
            (name, Some(_)) => return Err(format!("there is no story {name} with a number")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Story, String> {
        Story::parse(&line.split(' ').map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn names_take_the_numbers_that_follow_them() {
        assert_eq!(parse("dial"), Ok(Story::Dial));
        assert_eq!(parse("ping 7"), Ok(Story::Ping(7)));
    }

    #[test]
    fn a_missing_or_superfluous_number_is_a_mistake() {
        for line in ["up", "up ping", "dial 3", "3", "ping 5 up"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
