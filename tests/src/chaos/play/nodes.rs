//! Who performs a play: bare endpoints, or nodes behind the driver's loop.

use crate::chaos::bare::Bare;
use crate::chaos::birth::Birth;
use crate::chaos::driven::{Driven, Manner};
use crate::chaos::peer::Peer;

/// Which nodes perform a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// Bare endpoints.
    Bare,
    /// Nodes behind the driver's loop, each on a host of some manner.
    Driven,
}

impl Nodes {
    /// A node that begins so.
    pub fn make(self, birth: &Birth) -> Box<dyn Peer> {
        match self {
            Self::Bare => Box::new(Bare::new(birth)),
            Self::Driven => {
                let manner =
                    if birth.seed.is_multiple_of(2) { Manner::KIND } else { Manner::ROUGH };
                let node = Driven::begin(birth.start(), birth.addr, birth.epoch, manner);
                Box::new(node.with_application())
            }
        }
    }
}
