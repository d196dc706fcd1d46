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
        is_an_error::<crate::signaling::SignalingError>();
        is_an_error::<crate::stream::Violation>();
        is_an_error::<crate::wire::Overflow>();
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
