//! The core of floe: libp2p's WebRTC transports without sockets, clocks or threads.
#![no_std]
#![forbid(unsafe_code)]
// Tests need some zero for their virtual time.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

#[cfg(any(test, feature = "std"))]
extern crate std;

// Floor 0: the rules, without an allocator. `multibase`, `time` and `wire` are leaves that the others
// stand on.
pub mod demux;
pub mod fingerprint;
pub mod frame;
pub mod ice;
pub mod multiaddr;
pub mod multibase;
pub mod peer_id;
pub mod prologue;
pub mod signaling;
pub mod stream;
pub mod time;
pub mod wire;

#[cfg(test)]
mod testing;

// Floor 1: one engine per peer, still sans-IO.
#[cfg(feature = "std")]
pub mod rtc;

// Floor 2: one async loop for every runtime.
#[cfg(feature = "driver")]
pub mod driver;

// The doors of the house, for runtime crates to re-export.
#[cfg(feature = "driver")]
pub mod api;

// Beside the floors: all that the runtime crates share.
#[cfg(feature = "runtime")]
pub mod runtime;

// Beside the floors: files for those who look at the wire. Files that only their owner may read are made
// differently from system to system.
#[cfg(feature = "capture")]
pub mod capture;
#[cfg(all(feature = "capture", not(unix)))]
#[path = "capture/elsewhere.rs"]
mod owner_only;
#[cfg(all(feature = "capture", unix))]
#[path = "capture/unix.rs"]
mod owner_only;
