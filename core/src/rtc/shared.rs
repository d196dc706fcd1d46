//! What all connections of an endpoint share, lent to one of them at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::Config;
use super::engine::DtlsContext;
use super::entropy::Entropy;
use super::epoch::Epoch;
use super::outbox::Outbox;
use super::output::Event;

/// The endpoint's things that a connection needs to do its work.
pub(super) struct Shared {
    pub(super) config: Arc<Config>,
    pub(super) epoch: Epoch,
    pub(super) entropy: Entropy,
    /// Built once: its self-test alone is a third of a handshake's work.
    pub(super) dtls: Arc<DtlsContext>,
    pub(super) outbox: Outbox,
    pub(super) events: VecDeque<Event>,
}
