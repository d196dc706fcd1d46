//! What the processes say to each other: a line of JSON each.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::usage::Usage;

/// What a dialer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Work {
    /// Connects and disconnects so often, one after the other; the figure is milliseconds, the median.
    Dial,
    /// Asks so often, one after the other; the figure is requests per second.
    Requests,
    /// The same with 32 requests under way.
    RequestsAtOnce,
    /// Sends so many bytes on one stream; the figure is MiB per second.
    Upload,
    /// Has so many bytes sent.
    Download,
    /// Keeps so many connections from as many swarms; the figure is those that were made.
    Connections,
}

/// A listener is there.
#[derive(Serialize, Deserialize)]
pub(crate) struct Listening {
    pub(crate) address: libp2p::Multiaddr,
}

/// What a dialer has done.
#[derive(Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) figure: f64,
    /// Spent on it by the dialer.
    pub(crate) usage: Usage,
    /// Dials or requests that failed.
    pub(crate) failed: u64,
}

/// Asks a listener for its [`Usage`].
pub(crate) const USAGE: &str = "usage";
