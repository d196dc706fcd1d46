//! The core of floe: libp2p's WebRTC transports, webrtc-direct v1 and v2, without sockets, clocks or
//! threads of their own.
//!
//! # Which crate to take
//!
//! | you have | take |
//! |---|---|
//! | an application on tokio, smol or async-std | `floe-tokio`, `floe-smol`, `floe-async-std`: `bind`, `dial`, `accept` |
//! | a runtime of your own | this crate with feature `runtime`: say how you wait, as a `runtime::Reactor` |
//! | sockets or clocks that are not the system's | this crate with feature `driver`: bring a `driver::Socket` and a `driver::Clock` |
//! | a loop of your own, a simulation, a test | this crate as it is: [`rtc`] |
//! | no allocator | this crate without default features: codecs and state machines |
//!
//! # Floors
//!
//! | feature | floor | rooms | needs |
//! |---|---|---|---|
//! | none | 0: the protocol's rules | [`multiaddr`], [`fingerprint`], [`peer_id`], [`ice`], [`frame`], [`stream`], [`sdp`], [`signaling`], … | `core` |
//! | `std` (default) | 1: endpoint and connections, sans-IO | [`rtc`], with [`rtc::Config`], [`rtc::Certificate`], [`rtc::identity`] | `std` |
//! | `driver` | 2: one async loop for every runtime | `driver`, `api` | `futures` |
//! | `runtime` | beside them: the system's UDP sockets and clock | `runtime` | an operating system |
//! | `libp2p` | beside them: rust-libp2p's `Transport`, `StreamMuxer` and `NetworkBehaviour` | `libp2p` | `libp2p-swarm` |
//! | `capture` | beside them: files for Wireshark, with the keys in them | `capture` | files |
//!
//! A floor knows those beneath it and none above. Nothing on floors 0 and 1 asks for the time, rolls dice
//! or sends: all that comes in by argument.
//!
//! # An example
//!
//! Floor 0 reads what is written on a node's door; [`rtc`] shows two nodes that connect.
//!
//! ```
//! use floe_core::multiaddr::DirectAddr;
//!
//! let address: DirectAddr = "/ip4/192.0.2.1/udp/4001/webrtc-direct\
//!     /certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w"
//!     .parse()?;
//! let fingerprint = address.certhash().expect("this address can be dialed");
//! assert!(fingerprint.sdp().to_string().starts_with("E2:92:9E:4A:"));
//! # Ok::<(), floe_core::multiaddr::MultiaddrError>(())
//! ```
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
pub mod sdp;
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

// Beside the floors: what rust-libp2p's swarms plug in.
#[cfg(feature = "libp2p")]
pub mod libp2p;

// Behind the house: what only fuzz targets may reach.
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;

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
