//! The candidates of a description, wherever they are: in its text, or with whoever writes it.

use core::fmt;

use super::candidate::Candidate;
use super::parse::{attribute, lines};

/// The candidates that stand in a description.
#[derive(Clone, Copy)]
pub struct Candidates<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    List(&'a [Candidate<'a>]),
    /// Lines, each of which has been found to be one.
    Text(&'a str),
}

impl<'a> Candidates<'a> {
    /// No candidates.
    pub const NONE: Self = Self(Source::List(&[]));

    /// These candidates.
    pub const fn new(candidates: &'a [Candidate<'a>]) -> Self {
        Self(Source::List(candidates))
    }

    pub(super) const fn in_lines(text: &'a str) -> Self {
        Self(Source::Text(text))
    }

    /// One after the other. A line that is no candidate as [`Candidate::parse`] reads it is passed over:
    /// there may be kinds that this version does not know (RFC 8839 §5.1).
    pub fn iter(&self) -> impl Iterator<Item = Candidate<'a>> + use<'a> {
        let (list, text) = match self.0 {
            Source::List(list) => (list, ""),
            Source::Text(text) => (&[][..], text),
        };
        let read = lines(text).filter_map(|(_, line)| match attribute(line?)? {
            ("candidate", _) => Candidate::parse(line?).ok(),
            _ => None,
        });
        list.iter().copied().chain(read)
    }
}

impl PartialEq for Candidates<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Candidates<'_> {}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
