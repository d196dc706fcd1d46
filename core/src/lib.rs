//! The core of floe: libp2p's WebRTC transports without sockets, clocks or threads.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

// Floor 0: the rules, without an allocator.
pub mod demux;
pub mod fingerprint;
pub mod frame;
pub mod ice;
pub mod multiaddr;
pub mod peer_id;
pub mod prologue;
pub mod signaling;
pub mod stream;
pub mod time;

// Floor 1: one engine per peer, still sans-IO.
#[cfg(feature = "std")]
pub mod rtc;

// Floor 2: one async loop for every runtime.
#[cfg(feature = "driver")]
pub mod driver;
