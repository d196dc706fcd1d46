//! What a program that uses floe names: every runtime crate re-exports this room, and nothing else.
//!
//! So the doors of the runtime crates are the same, and nobody needs this crate in a `Cargo.toml` but
//! those who build on its lower floors.

pub use crate::driver::{
    AddrChange, Connection, DialError, Endpoint, ListenAddrs, Observer, Stream, os_seed,
};
pub use crate::fingerprint::Fingerprint;
pub use crate::ice::Version;
pub use crate::multiaddr::{DirectAddr, MultiaddrError};
pub use crate::peer_id::PeerId;
pub use crate::rtc::error::{ConnectionEnd, OpenError, Step, StreamEnd, WriteError};
pub use crate::rtc::output::{Direction, Timeline};
pub use crate::rtc::{
    Certificate, Config, ConfigError, ConnectionId, Counters, DtlsVersions, Limits, Stats,
    StreamId, StreamStats, Target, error, identity,
};
