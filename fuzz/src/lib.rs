//! What must hold for any input: one function for each thing that reads what a stranger wrote.
//!
//! Each takes arbitrary bytes and panics if floe breaks a promise: by panicking itself, by reading
//! back other than it wrote, by disagreeing with an independent reader, by exceeding a limit. They
//! are plain functions, so that libFuzzer calls them (`fuzz_targets/`, five lines each) and so does
//! `cargo test` on stable, over the committed seeds (`tests/tests/corpus.rs`).
//!
//! Where random bytes would bounce off a checksum or a length, the same input is read as choices too,
//! and something well formed is built from them.

use std::error::Error;

mod attempt;
mod candidate;
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
mod meeting;
mod multiaddr;
mod node;
mod noise_payload;
mod peer_id;
mod public_key;
mod reflexive;
mod sctp;
mod sdp;
mod signaling;
mod signaling_order;
mod signaling_stream;
mod stun;
mod username;

pub use candidate::candidate;
pub use chunks::chunks;
pub use dcep::dcep;
pub use dialer::dialer;
pub use endpoint::endpoint;
pub use established::established;
pub use fingerprint::fingerprint;
pub use frame::frame;
pub use lifecycle::lifecycle;
pub use meeting::meeting;
pub use multiaddr::multiaddr;
pub use noise_payload::noise_payload;
pub use peer_id::peer_id;
pub use public_key::public_key;
pub use reflexive::reflexive;
pub use sctp::sctp;
pub use sdp::sdp;
pub use signaling::signaling;
pub use signaling_order::signaling_order;
pub use signaling_stream::signaling_stream;
pub use stun::stun;
pub use username::username;

/// Each error says something of its own, and so does what is behind it.
fn says_why(error: &(dyn Error + 'static)) {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<_> = chain.map(|error| error.to_string()).collect();
    assert!(texts.iter().all(|text| !text.is_empty()), "{error:?}");
    assert!(texts.windows(2).all(|texts| texts[0] != texts[1]), "{texts:?}");
}

/// What a target calls.
pub type Body = fn(&[u8]);

/// Every body, under the name of its target and its seeds.
pub const BODIES: &[(&str, Body)] = &[
    ("candidate", candidate),
    ("chunks", chunks),
    ("dcep", dcep),
    ("dialer", dialer),
    ("endpoint", endpoint),
    ("established", established),
    ("fingerprint", fingerprint),
    ("frame", frame),
    ("lifecycle", lifecycle),
    ("meeting", meeting),
    ("multiaddr", multiaddr),
    ("noise_payload", noise_payload),
    ("peer_id", peer_id),
    ("public_key", public_key),
    ("reflexive", reflexive),
    ("sctp", sctp),
    ("sdp", sdp),
    ("signaling", signaling),
    ("signaling_order", signaling_order),
    ("signaling_stream", signaling_stream),
    ("stun", stun),
    ("username", username),
];
