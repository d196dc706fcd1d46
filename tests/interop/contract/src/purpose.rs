//! What a node is made for.

/// Sets how a program makes its node, as far as the two want different things of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To play a story: with everything that a story asks for, such as pings and identify.
    Stories,
    /// To be measured: nothing happens that was not asked for, and no limit stands against the hundreds of
    /// dialers that come from one address.
    Bench,
}
