//! Floor 1: endpoint and connections, sans-IO.
//!
//! This floor puts the rules of floor 0 around one engine per peer and routes datagrams to it. It
//! opens no socket, asks no clock, rolls no dice and spawns nothing: time, entropy and datagrams
//! come in by argument, datagrams and events go out by [`Endpoint::poll`].
//!
//! # The loop
//!
//! Whoever drives an [`Endpoint`] does three things, for ever:
//!
//! 1. **drain**: call [`Endpoint::poll`] until it says [`Output::Timeout`]; send each
//!    [`Output::Transmit`] from the [`Port`] it names, act on each [`Output::Event`];
//! 2. **wait** for a datagram, for the deadline, or for the application;
//! 3. **apply**: [`Endpoint::handle_datagram`] (a whole batch, where the socket gives one),
//!    [`Endpoint::handle_timeout`], or a command such as [`Endpoint::dial`].
//!
//! Applying a batch before draining is not only allowed but the fast way: SCTP's bookkeeping is paid
//! per drain, not per datagram.
//!
//! # Who owns what
//!
//! ```text
//! endpoint ─┬─ admission, half-open peers      before anything expensive exists
//!           ├─ routes: remote address → ids
//!           └─ connection ─┬─ phase            connecting → … → open → closed
//!                          ├─ streams ── stream: Lifecycle + Decoder + bounded buffers
//!                          └─ engine: ICE | DTLS → SCTP → DCEP
//! ```
//!
//! Everything below an endpoint is plain data behind `&mut`: no locks, no shared ownership, no
//! callbacks, so a whole network of endpoints can be stepped by hand in a test.

pub mod certificate;
pub mod config;
pub mod endpoint;
pub mod entropy;
pub mod epoch;
pub mod error;
pub mod identity;
pub mod output;

mod admission;
mod channel_ids;
mod channel_zero;
mod connection;
mod engine;
mod framed;
mod handshake;
mod outbox;
mod phase;
mod queue;
mod race;
mod routes;
mod shared;
mod stream;
mod streams;

pub use certificate::Certificate;
pub use config::{Config, ConfigError, DtlsVersions, Limits};
pub use endpoint::{Counters, Endpoint, Stats, StreamMut, Target};
pub use epoch::Epoch;
pub use identity::Identity;
pub use output::{ConnectionId, Datagram, Event, Output, Port, Read, StreamId, Transmit};
