//! What a path does to datagrams: plain data, like all of a script.

use std::fmt;

/// What a path does to datagrams, in one direction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// Milliseconds that each takes; one at least.
    pub delay: u64,
    /// Up to so many more, at random: datagrams overtake each other.
    pub jitter: u64,
    /// Lost, of a million.
    pub loss: u64,
    /// Lost in bursts (Gilbert-Elliott).
    pub burst: Option<Burst>,
    /// Doubled, of a million.
    pub duplicate: u64,
    /// A bit changed, of a million; only of what DTLS protects.
    pub corrupt: u64,
    /// A bit changed, of a million, whatever it is. UDP's checksum keeps such damage away from real nodes;
    /// set-ups may fail of it.
    pub corrupt_any: u64,
    /// Cut short, of a million.
    pub truncate: u64,
    /// Longer ones are lost, and nobody is told.
    pub mtu: Option<usize>,
    /// How much gets through.
    pub rate: Option<Rate>,
}

/// Bursts of loss, by a chain of two states (Gilbert-Elliott): good, where nothing is lost of it, and bad,
/// where everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// From good to bad, of a million datagrams.
    pub begin: u64,
    /// From bad to good, of a million datagrams.
    pub end: u64,
}

/// A bottleneck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes that get through in a second.
    pub bytes: u64,
    /// Bytes that wait for that; more are lost.
    pub queue: u64,
}

impl Path {
    /// 10 ms, and nothing else.
    pub const FAIR: Self = Self {
        delay: 10,
        jitter: 0,
        loss: 0,
        burst: None,
        duplicate: 0,
        corrupt: 0,
        corrupt_any: 0,
        truncate: 0,
        mtu: None,
        rate: None,
    };
}

/// Only what is not fair.
impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { delay, jitter, loss, duplicate, corrupt, corrupt_any, truncate, .. } = *self;
        let numbers = [
            ("delay", delay, Self::FAIR.delay),
            ("jitter", jitter, 0),
            ("loss", loss, 0),
            ("duplicate", duplicate, 0),
            ("corrupt", corrupt, 0),
            ("corrupt_any", corrupt_any, 0),
            ("truncate", truncate, 0),
        ];
        if *self == Self::FAIR {
            return f.write_str("Path::FAIR");
        }
        f.write_str("Path { ")?;
        for (name, number, _) in numbers.iter().filter(|(_, number, fair)| number != fair) {
            write!(f, "{name}: {number}, ")?;
        }
        if let Some(burst) = self.burst {
            write!(f, "burst: Some({burst:?}), ")?;
        }
        if let Some(mtu) = self.mtu {
            write!(f, "mtu: Some({mtu}), ")?;
        }
        if let Some(rate) = self.rate {
            write!(f, "rate: Some({rate:?}), ")?;
        }
        f.write_str("..Path::FAIR }")
    }
}
