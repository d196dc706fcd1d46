//! What must hold for any input: one function for each thing that reads what a stranger wrote.
//!
//! Each takes arbitrary bytes and panics if floe breaks a promise: by panicking itself, by reading
//! back other than it wrote, by disagreeing with an independent reader, by exceeding a limit. They
//! are plain functions, so that libFuzzer calls them (`fuzz_targets/`, five lines each) and so does
//! `cargo test` on stable, over the committed seeds (`tests/tests/corpus.rs`).
//!
//! Where random bytes would bounce off a checksum or a length, the same input is read as choices too,
//! and something well formed is built from them.

mod chunks;
mod dcep;
mod dialer;
mod endpoint;
mod established;
mod fingerprint;
mod frame;
mod heard;
mod hmac;
mod hostile;
mod input;
mod lifecycle;
mod multiaddr;
mod node;
mod peer_id;
mod public_key;
mod sctp;
mod signaling;
mod stun;
mod username;

pub use chunks::chunks;
pub use dcep::dcep;
pub use dialer::dialer;
pub use endpoint::endpoint;
pub use established::established;
pub use fingerprint::fingerprint;
pub use frame::frame;
pub use lifecycle::lifecycle;
pub use multiaddr::multiaddr;
pub use peer_id::peer_id;
pub use public_key::public_key;
pub use sctp::sctp;
pub use signaling::signaling;
pub use stun::stun;
pub use username::username;

/// What a target calls.
pub type Body = fn(&[u8]);

/// Every body, under the name of its target and its seeds.
pub const BODIES: &[(&str, Body)] = &[
    ("chunks", chunks),
    ("dcep", dcep),
    ("dialer", dialer),
    ("endpoint", endpoint),
    ("established", established),
    ("fingerprint", fingerprint),
    ("frame", frame),
    ("lifecycle", lifecycle),
    ("multiaddr", multiaddr),
    ("peer_id", peer_id),
    ("public_key", public_key),
    ("sctp", sctp),
    ("signaling", signaling),
    ("stun", stun),
    ("username", username),
];
