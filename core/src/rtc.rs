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
//! Here is the whole of it, for two endpoints with nothing between them but two lists:
//!
//! ```
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//! use std::time::Instant;
//!
//! use floe_core::multiaddr::DirectAddr;
//! use floe_core::rtc::identity::Keypair;
//! use floe_core::rtc::{Certificate, Config, Datagram, Endpoint, Epoch, Event, Output, Target};
//! use floe_core::time::{Deadline, Timestamp};
//!
//! let epoch = Epoch::new(Instant::now());
//! let addrs: [SocketAddr; 2] = ["192.0.2.1:4001".parse()?, "192.0.2.2:4001".parse()?];
//! let keypairs = [1, 2].map(|seed| Keypair::ed25519_from_seed([seed; 32]));
//! let certificates = keypairs.each_ref().map(Certificate::derive);
//! let address = DirectAddr::new(addrs[1])
//!     .with_certhash(certificates[1].fingerprint())
//!     .with_peer(keypairs[1].peer_id());
//! let mut endpoints = Vec::new();
//! for (keypair, certificate) in keypairs.into_iter().zip(certificates) {
//!     let seed = [endpoints.len() as u8; 32]; // elsewhere: the operating system's entropy
//!     endpoints.push(Endpoint::new(Arc::new(Config::new(keypair, certificate)), epoch, seed)?);
//! }
//!
//! let mut now = Timestamp::ZERO;
//! endpoints[0].dial(now, Target::new(&address)?)?;
//! let mut connected = 0;
//! while connected < 2 {
//!     // Drain.
//!     let (mut under_way, mut deadline) = (Vec::new(), None);
//!     for (from, endpoint) in endpoints.iter_mut().enumerate() {
//!         deadline = loop {
//!             match endpoint.poll(now) {
//!                 Output::Transmit(transmit) => {
//!                     under_way.extend(transmit.datagrams().map(|bytes| (from, bytes.to_vec())));
//!                 }
//!                 Output::Event(Event::Connected { established, .. }) => {
//!                     println!("{now:?}: {} with {}", established.direction, established.peer);
//!                     connected += 1;
//!                 }
//!                 Output::Event(event) => panic!("{event:?}"),
//!                 Output::Timeout(next) => break Deadline::earliest(deadline, next),
//!             }
//!         };
//!     }
//!     // Wait: datagrams take no time here, so for the deadline if there are none.
//!     if let (true, Some(deadline)) = (under_way.is_empty(), deadline) {
//!         now = now.max(deadline.at);
//!     }
//!     // Apply.
//!     for (from, bytes) in under_way {
//!         endpoints[1 - from].handle_datagram(now, Datagram::new(addrs[from], &bytes));
//!     }
//!     endpoints.iter_mut().for_each(|endpoint| endpoint.handle_timeout(now));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
//! # Beside it
//!
//! Private `/webrtc` needs more than webrtc-direct: [`private`] says what an endpoint has for it. Two of the machines
//! that it uses can be had by themselves:
//!
//! - [`signaling`]: two nodes tell each other through a relay who and where they are;
//! - [`reflexive`]: STUN servers tell a node behind a NAT where that is from outside.
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
//! | `floe::driver` | sockets that open and fail, datagrams that were not sent (`error`, `times`), connections that nobody accepts, signaling streams that fail (`error`) | errors of receiving that pass |
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
//!   `sctp_proto` warns once for each connection that it is "not using ForwardTSN". That is meant to be so: libp2p
//!   has no use for partial reliability, and with megabytes under way SCTP would work three times as long for it.
//!   `sctp_proto=error` is what the program `floe` has.
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
pub mod private;
pub mod reflexive;
pub mod signaling;

mod admission;
mod allowance;
mod block;
mod candidate_init;
mod channel_ids;
mod channel_zero;
mod connection;
mod engine;
mod framed;
pub(crate) mod handshake;
mod one_host;
mod outbox;
mod phase;
mod pieces;
mod queue;
mod race;
mod routes;
mod shared;
mod stream;
mod streams;
pub(crate) mod telemetry;

#[doc(hidden)]
pub use engine::bare;

pub use block::Blocks;
pub use candidate_init::{CandidateInit, CandidateInitError};
pub use certificate::Certificate;
pub use config::{Config, ConfigError, DtlsVersions, Limits};
pub use endpoint::{Counters, Endpoint, Stats, StreamMut, StreamStats, Target};
pub use epoch::Epoch;
pub use identity::Identity;
pub use keylog::KeyLogLine;
pub use output::{ConnectionId, Datagram, Event, Output, Port, Read, StreamId, Transmit};
pub use pieces::Pieces;

#[cfg(test)]
mod tests {
    use core::error::Error;

    use super::*;

    fn is_an_error<T: Error + Send + Sync + 'static>() {}

    #[test]
    fn errors_can_be_boxed_and_sent_and_kept() {
        is_an_error::<crate::fingerprint::FingerprintError>();
        is_an_error::<crate::frame::FrameError>();
        is_an_error::<crate::ice::TextError>();
        is_an_error::<crate::ice::UnknownVersion>();
        is_an_error::<crate::ice::UsernameError>();
        is_an_error::<crate::ice::stun::StunError>();
        is_an_error::<crate::ice::stun::VerifyError>();
        is_an_error::<crate::multiaddr::MultiaddrError>();
        is_an_error::<crate::multibase::MultibaseError>();
        is_an_error::<crate::peer_id::PeerIdError>();
        is_an_error::<crate::sdp::CandidateError>();
        is_an_error::<crate::sdp::SdpError>();
        is_an_error::<crate::signaling::SignalingError>();
        is_an_error::<crate::stream::Violation>();
        is_an_error::<crate::wire::Overflow>();
        is_an_error::<CandidateInitError>();
        is_an_error::<certificate::CertificateError>();
        is_an_error::<config::ConfigError>();
        is_an_error::<error::ConnectionEnd>();
        is_an_error::<error::DialRefused>();
        is_an_error::<error::OpenError>();
        is_an_error::<error::StreamEnd>();
        is_an_error::<error::UnknownStep>();
        is_an_error::<error::WriteError>();
        is_an_error::<identity::BadSignature>();
        is_an_error::<identity::KeypairError>();
        is_an_error::<identity::PayloadError>();
        is_an_error::<identity::PublicKeyError>();
        is_an_error::<identity::SignError>();
        is_an_error::<reflexive::Failure>();
        is_an_error::<signaling::Failure>();
    }

    #[test]
    fn an_endpoint_goes_to_the_thread_that_drives_it() {
        fn is_send<T: Send + 'static>() {}
        is_send::<Config>();
        is_send::<Endpoint>();
        is_send::<Target>();
        is_send::<Event>();
    }
}
