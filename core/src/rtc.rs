//! Floor 1: one engine per peer.

pub mod identity;
pub mod certificate;
mod handshake;
mod engine;
