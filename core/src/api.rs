//! What a program that uses floe names: every runtime crate re-exports this room, beside its own few doors.
//!
//! So what they share is the same, and nobody needs this crate in a `Cargo.toml`: what is not here, the
//! lower floors among it, is in the `floe_core` that each of them re-exports.

pub use crate::driver::{
    AddrChange, Connection, DialError, Endpoint, Flow, ListenAddrs, Lookup, Observed, Observer,
    Resolver, Stream, os_seed,
};
pub use crate::fingerprint::Fingerprint;
pub use crate::ice::Version;
pub use crate::multiaddr::{DirectAddr, MultiaddrError};
pub use crate::peer_id::PeerId;
pub use crate::rtc::error::{ConnectionEnd, OpenError, Step, StreamEnd, WriteError};
pub use crate::rtc::output::{Direction, Timeline};
pub use crate::rtc::private::Meeting;
pub use crate::rtc::{
    Certificate, Config, ConfigError, ConnectionId, Counters, DtlsVersions, KeyLogLine, Limits,
    Stats, StreamId, StreamStats, Target, error, identity,
};
