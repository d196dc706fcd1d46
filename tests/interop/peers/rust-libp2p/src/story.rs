//! The stories a dialer can play, as they are written on the command line.

use std::fmt;

/// One story with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Connecting is all.
    Dial,
    /// So many pings of rust-libp2p's own ping behaviour.
    Ping(u64),
    /// rust-libp2p's own identify behaviour reports who the listener is.
    Identify,
    /// So many bytes come back unchanged; the write half is closed after the last has arrived.
    Echo(u64),
    /// An echo in frames of nearly 16 KiB, which rust-libp2p can send but not receive.
    BigFrames,
    /// perf: so many bytes up, none back.
    Up(u64),
    /// perf: none up, so many bytes back.
    Down(u64),
    /// An echo whose write half is closed before anything is read, read as applications do.
    HalfClose,
    /// So many echo streams, one after the other.
    Streams(u64),
    /// So many echo streams at once.
    Parallel(u64),
}

impl Story {
    /// Reads `ping 5 echo 1048576` and the like: names, each with its number where it has one.
    pub(crate) fn parse_all(words: &[String]) -> Result<Vec<Self>, String> {
        let mut stories = Vec::new();
        let mut words = words.iter().peekable();
        while let Some(name) = words.next() {
            let number = match words.peek().and_then(|word| word.parse::<u64>().ok()) {
                Some(number) => {
                    words.next();
                    Some(number)
                }
                None => None,
            };
            stories.push(match (name.as_str(), number) {
                ("dial", None) => Self::Dial,
                ("ping", number) => Self::Ping(number.unwrap_or(PINGS)),
                ("identify", None) => Self::Identify,
                ("echo", Some(bytes)) => Self::Echo(bytes),
                ("bigframes", None) => Self::BigFrames,
                ("up", Some(bytes)) => Self::Up(bytes),
                ("down", Some(bytes)) => Self::Down(bytes),
                ("halfclose", None) => Self::HalfClose,
                ("streams", Some(count)) => Self::Streams(count),
                ("parallel", Some(count)) => Self::Parallel(count),
                ("echo" | "up" | "down" | "streams" | "parallel", None) => {
                    return Err(format!("the story {name} needs a number"));
                }
                ("dial" | "identify" | "bigframes" | "halfclose", Some(number)) => {
                    return Err(format!("the story {name} takes no number, it was given {number}"));
                }
                _ => return Err(format!("there is no story {name}")),
            });
        }
        Ok(stories)
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial => f.write_str("dial"),
            Self::Ping(count) => write!(f, "ping {count}"),
            Self::Identify => f.write_str("identify"),
            Self::Echo(bytes) => write!(f, "echo {bytes}"),
            Self::BigFrames => f.write_str("bigframes"),
            Self::Up(bytes) => write!(f, "up {bytes}"),
            Self::Down(bytes) => write!(f, "down {bytes}"),
            Self::HalfClose => f.write_str("halfclose"),
            Self::Streams(count) => write!(f, "streams {count}"),
            Self::Parallel(count) => write!(f, "parallel {count}"),
        }
    }
}

/// Enough to tell a round trip from the first one, which also opens the stream.
const PINGS: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Vec<Story>, String> {
        Story::parse_all(&line.split(' ').map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn names_take_the_numbers_that_follow_them() {
        assert_eq!(
            parse("dial ping ping 7 echo 1024 halfclose"),
            Ok(vec![
                Story::Dial,
                Story::Ping(PINGS),
                Story::Ping(7),
                Story::Echo(1024),
                Story::HalfClose
            ])
        );
    }

    #[test]
    fn a_missing_or_superfluous_number_is_a_mistake() {
        assert!(parse("up").is_err());
        assert!(parse("up ping").is_err());
        assert!(parse("dial 3").is_err());
        assert!(parse("3").is_err());
    }
}
