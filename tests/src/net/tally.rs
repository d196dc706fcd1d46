//! What became of the datagrams of a way.

/// What became of the datagrams of a way, by number. Rules and NATs are not of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Came to it.
    pub came: u64,
    /// Met a cut.
    pub cut: u64,
    /// Too long.
    pub too_long: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Lost in a burst.
    pub burst_lost: u64,
    /// Found no room in the queue; a doubled one may twice.
    pub overflowed: u64,
    /// Doubled.
    pub doubled: u64,
    /// Damaged.
    pub corrupted: u64,
    /// Cut short.
    pub truncated: u64,
    /// Held back.
    pub held_back: u64,
    /// Will arrive, if no cut or NAT is at the end of it.
    pub passed: u64,
}
