//! The fingerprints that an address promises: one at least, in their order.
//!
//! There is no empty list of them. An address without certhash has no list at all, so whoever compares
//! a certificate with a list cannot come to believe that nothing was promised and all is well.

use crate::fingerprint::Fingerprint;

/// One to [`MAX`](Self::MAX) fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Certhashes {
    first: Fingerprint,
    /// Without gaps, so that equal lists are equal values.
    others: [Option<Fingerprint>; Self::MAX - 1],
}

impl Certhashes {
    /// The most fingerprints there can be.
    pub(crate) const MAX: usize = 4;

    /// A single one.
    pub(crate) const fn one(certhash: Fingerprint) -> Self {
        Self { first: certhash, others: [None; Self::MAX - 1] }
    }

    /// The first one, which peers that take a single one use.
    pub(crate) const fn first(&self) -> Fingerprint {
        self.first
    }

    /// All of them, the first one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Fingerprint> + use<> {
        let Self { first, others } = *self;
        core::iter::once(first).chain(others.into_iter().flatten())
    }

    /// With one more at the end; `None` if there is no room for it.
    pub(crate) fn and(mut self, certhash: Fingerprint) -> Option<Self> {
        *self.others.iter_mut().find(|room| room.is_none())? = Some(certhash);
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn four_fit_in_their_order() {
        let all: Vec<_> = (1..=4).map(|n| Fingerprint::from_bytes([n; 32])).collect();
        let mut list = Certhashes::one(all[0]);
        for more in &all[1..] {
            list = list.and(*more).unwrap();
        }
        assert_eq!(list.first(), all[0]);
        assert_eq!(list.iter().collect::<Vec<_>>(), all);
        assert_eq!(list.and(all[0]), None);
    }
}
