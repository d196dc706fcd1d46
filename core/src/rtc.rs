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
//!
//! # What is traced
//!
//! Floors 1 and 2 speak through [`tracing`](https://docs.rs/tracing), by four targets that are as stable
//! as the API. `RUST_LOG=floe=debug` tells the life of every connection and stream,
//! `floe=info,floe::connection=trace` all about set-ups, `floe::endpoint=trace` why a datagram was not
//! taken.
//!
//! | target | `debug` | `trace` |
//! |---|---|---|
//! | `floe::endpoint` | `a limit is reached` (`limit`, `remote`, `times`) | `half-open` (`remote`, `version`) and `half-open, and went without DTLS` (`remote`); `dropped` (`remote`, `port`, `len`, `why`) |
//! | `floe::connection` | `dialing` (`expected`), `checking` (`version`, `port`), `step done` (`step`, `took`, `after`), `secured` (`dtls`, `certhash`), `connected` (`peer`, `version`, `remote`, `after`), `moved` (`from`, `to`, `times`), `closed` (`end`, `after`); what SCTP had to put up with | `DTLS begins` (`after`, `cookie`); `closed` before DTLS was up; why DTLS failed, in its own words; when the application does not read, and when it does again |
//! | `floe::stream` | `opened` (`by`), `closed` (`end`), `violation` (`why`); `a limit is reached` (`limit`, `times`) | `changed` (`cause`, `write`, `read`): each FIN, FIN_ACK, STOP_SENDING and RESET, ours and the peer's; `refused` (`channel`, `limit`) |
//! | `floe::driver` | sockets that open and fail, datagrams that were not sent (`error`, `times`), connections that nobody accepts | errors of receiving that pass |
//!
//! What is told of a connection stands in the span `connection` (target `floe::connection`, level `debug`),
//! whose fields are `id`, `direction` (`inbound` or `outbound`), `remote` (where the peer was at first), and
//! as soon as they are known `version` and `peer`. What is told of a stream stands in the span `stream`
//! (`floe::stream`, `debug`; `id`, `channel`) inside of that. Whoever runs several endpoints runs each in a
//! span of their own: a connection's span becomes its child. Durations are those of the clock that comes in:
//! `took` counts from the step before, `after` from the start.
//!
//! - Nothing that goes as it should is told above `debug`; `warn` is for sockets that fail for good.
//! - A flood of datagrams is no flood of lines but at `trace`: an accepted connection is told of at `debug`
//!   from the moment that DTLS is up, as the address before may be forged; limits and moves once a second at
//!   most, with how many there were since (`times`). Limits go by the names that [`Limits`] gives them. Only
//!   an authenticated peer makes a line whenever it likes: one for each stream that it opens.
//! - ICE credentials, keys and payload are never told. That is said of these targets: the libraries beneath
//!   (`is`, `dimpl`, `sctp_proto`) have targets of their own, and `is` prints credentials at `debug`.
//! - What is not enabled costs a look at a flag: no span is made, no field computed.

pub mod certificate;
pub mod config;
pub mod endpoint;
pub mod entropy;
pub mod epoch;
pub mod error;
pub mod identity;
pub mod keylog;
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
pub(crate) mod telemetry;

pub use certificate::Certificate;
pub use config::{Config, Limits};
pub use endpoint::{Counters, Endpoint, Stats, StreamMut, StreamStats, Target};
pub use epoch::Epoch;
pub use identity::Identity;
pub use keylog::KeyLogLine;
pub use output::{ConnectionId, Datagram, Event, Output, Port, Read, StreamId, Transmit};
