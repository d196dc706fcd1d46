//! Data channels on an association: who opened them, what may be read, when an id is free again.
//!
//! ```text
//!            peer's first message                ACK written
//!  (none) ── OPEN ────────────────────→ opening ────────────→ open ── reset() ─→ discarding ─→ resetting
//!     │ └─── anything else ─→ discarding ─→ resetting          ↑        the peer has finished ──↗
//!     └───── open() ───────────────────────────────────────────┘
//!  any ── the peer's reset: ChannelClosed ── our half is reset too: ChannelFree ─→ (none)
//! ```
//!
//! - Data follows our OPEN at once; the ACK is nobody's condition (RFC 8832 §6).
//! - An OPEN is answered at once, whether or not anything is being pulled. Only if the id is used again
//!   so soon that our half of its last life is not yet known to be reset, the answer has to wait, and
//!   with it the channel's data.
//! - An OPEN of the wrong parity, and anything else as a first message, costs the peer that channel and
//!   nothing more: with the wrong parity both sides could sooner or later open the same id. A second
//!   OPEN on a channel, and texts, are no reason to end anything: the one is ignored, the other is data.
//! - Before our half is reset the peer must be done sending: from then on nothing can be read, and what
//!   still came would fill the receive window for good. So a channel that is reset in mid-stream is
//!   first emptied until the peer has been silent on it for a moment.
//!
//! Accounting is O(channels with unacknowledged bytes), never O(channels).
//!
//! Obeys: RFC 8831 §6, RFC 8832 §6, libp2p webrtc §Multiplexing.

use core::time::Duration;
use std::boxed::Box;
use std::collections::{BTreeMap, VecDeque};
use std::vec::Vec;

use bytes::Bytes;
use tracing::trace;

use super::dcep::{self, Dcep};
use super::sctp::{self, Kind, Sctp};
use super::vocabulary::{Event, Role};
use crate::rtc::telemetry;
use crate::time::Timestamp;

/// The channels of one association.
#[derive(Debug)]
pub(super) struct Channels {
    role: Role,
    channels: BTreeMap<u16, Channel>,
    /// Channels that may have messages to be received. They take turns.
    readable: VecDeque<u16>,
    /// How often the association spoke of messages since all were received.
    announced: usize,
    /// Channels with unacknowledged bytes, and the sum of those.
    busy: Vec<u16>,
    unacknowledged: usize,
    /// Channels that the connection does not know of.
    strangers: usize,
    /// Channels whose OPEN is not answered yet.
    opening: Vec<u16>,
    /// Channels that are emptied before they are reset.
    discarding: Vec<u16>,
}

#[derive(Debug)]
struct Channel {
    phase: Phase,
    /// Whether the connection knows of it.
    known: bool,
    unacknowledged: usize,
    /// Whether it is among the readable ones.
    queued: bool,
}

#[derive(Debug)]
enum Phase {
    /// The peer sent on it; the first message is not looked at yet.
    Fresh,
    /// The peer opened it; its messages wait until it is known to the connection.
    Opening {
        label: Box<[u8]>,
    },
    Open,
    /// Whatever comes is thrown away; something came last at that time.
    Discarding {
        heard: Timestamp,
    },
    /// Our half is being reset.
    Resetting,
}

impl Channels {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            channels: BTreeMap::new(),
            readable: VecDeque::new(),
            announced: 0,
            busy: Vec::new(),
            unacknowledged: 0,
            strangers: 0,
            opening: Vec::new(),
            discarding: Vec::new(),
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Expects a channel that both sides know of without OPEN, before the association is up: its data
    /// may overtake what says that it is (COOKIE-ACK), and would be taken for a stranger's.
    pub(super) fn expect(&mut self, id: u16) {
        self.insert(id, Phase::Open, true);
    }

    /// Makes an expected channel, when the association is up. The peer may have been faster to use it.
    pub(super) fn negotiate(&mut self, sctp: &mut sctp::Association, id: u16) {
        sctp.open(id);
    }

    /// Opens a channel; false if its id is in use.
    pub(super) fn open(&mut self, sctp: &mut sctp::Association, id: u16) -> bool {
        self.open_with(sctp, id, &dcep::OPEN)
    }

    /// Opens a channel that is labelled `init`; false if its id is in use.
    pub(super) fn open_init(&mut self, sctp: &mut sctp::Association, id: u16) -> bool {
        self.open_with(sctp, id, &dcep::OPEN_INIT)
    }

    fn open_with(&mut self, sctp: &mut sctp::Association, id: u16, message: &'static [u8]) -> bool {
        if self.channels.contains_key(&id) || !sctp.open(id) {
            return false;
        }
        let opened = sctp.send(id, Kind::Dcep, Bytes::from_static(message));
        debug_assert!(opened, "a stream that was just opened can be written to");
        self.insert(id, Phase::Open, true);
        true
    }

    /// Queues a message; false if the channel is not open (any more).
    pub(super) fn send(&mut self, sctp: &mut sctp::Association, id: u16, message: Bytes) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        let len = message.len();
        if !matches!(channel.phase, Phase::Open) || !sctp.send(id, Kind::Data, message) {
            return false;
        }
        if channel.unacknowledged == 0 {
            self.busy.push(id);
        }
        channel.unacknowledged += len;
        self.unacknowledged += len;
        true
    }

    /// Bytes sent on all channels that are not acknowledged.
    pub(super) fn unacknowledged_total(&self) -> usize {
        self.unacknowledged
    }

    /// How many there are, those among them that are being closed.
    pub(super) fn len(&self) -> usize {
        self.channels.len()
    }

    /// Bytes sent on a channel that are not acknowledged.
    pub(super) fn unacknowledged(&self, id: u16) -> usize {
        self.channels.get(&id).map_or(0, |channel| channel.unacknowledged)
    }

    /// Looks up what was acknowledged.
    pub(super) fn refresh(&mut self, sctp: &mut sctp::Association) {
        let Self { channels, busy, unacknowledged, .. } = self;
        *unacknowledged = 0;
        busy.retain(|id| {
            let Some(channel) = channels.get_mut(id) else { return false };
            channel.unacknowledged = sctp.unacknowledged(*id);
            *unacknowledged += channel.unacknowledged;
            channel.unacknowledged > 0
        });
    }

    /// Takes the next message.
    pub(super) fn receive(&mut self, sctp: &mut sctp::Association) -> Option<(u16, Bytes)> {
        while let Some(id) = self.readable.pop_front() {
            let Some(channel) = self.channels.get_mut(&id) else { continue };
            channel.queued = false;
            if !matches!(channel.phase, Phase::Open) {
                continue;
            }
            let Some(message) = sctp.receive(id) else { continue };
            // The library announces a message once for each of its chunks; honest ones are longer than this.
            let chunks = 1 + message.content.len() / CHUNK_LEN_HONEST;
            self.announced = self.announced.saturating_sub(chunks);
            channel.queued = true;
            self.readable.push_back(id);
            // Otherwise it is the ACK of our OPEN, an OPEN too many, or an empty message.
            if message.kind == Kind::Data {
                return Some((id, message.content));
            }
        }
        self.announced = 0;
        None
    }

    /// Ends a channel: throws away what was not received, and resets our half once all that was sent is
    /// acknowledged; before that, unless the peer has finished, what it still sends is awaited.
    pub(super) fn reset(
        &mut self,
        now: Timestamp,
        sctp: &mut sctp::Association,
        id: u16,
        peer_finished: bool,
    ) {
        match self.channels.get_mut(&id) {
            Some(channel) if matches!(channel.phase, Phase::Open) => {
                channel.phase = Phase::Discarding { heard: now };
            }
            _ => return,
        }
        while sctp.receive(id).is_some() {}
        if peer_finished {
            self.reset_now(sctp, id);
        } else {
            self.discarding.push(id);
        }
    }

    /// Takes an event of the association; errs if the peer exhausts us.
    pub(super) fn on_event(
        &mut self,
        now: Timestamp,
        sctp: &mut sctp::Association,
        event: sctp::Event,
        events: &mut VecDeque<Event>,
    ) -> Result<(), &'static str> {
        match event {
            sctp::Event::Opened(id) if !self.channels.contains_key(&id) => {
                self.insert(id, Phase::Fresh, false);
                self.strangers += 1;
            }
            sctp::Event::Readable(id) => {
                self.announced += 1;
                self.on_readable(now, sctp, id);
            }
            sctp::Event::Reset(id) => {
                if let Some(channel) = self.channels.remove(&id) {
                    self.unacknowledged -= channel.unacknowledged;
                    self.busy.retain(|busy| *busy != id);
                    if channel.known {
                        events.push_back(Event::ChannelClosed(id));
                    } else {
                        self.strangers -= 1;
                    }
                }
            }
            sctp::Event::ResetDone(id) => events.push_back(Event::ChannelFree(id)),
            _ => {}
        }
        if self.announced > MESSAGES_MAX {
            return Err("the peer sent too many tiny messages");
        }
        if self.strangers > STRANGERS_MAX {
            return Err("the peer uses too many channels that it has not opened");
        }
        Ok(())
    }

    /// Answers the OPENs that are not answered yet, as far as that is possible.
    pub(super) fn acknowledge(
        &mut self,
        sctp: &mut sctp::Association,
        events: &mut VecDeque<Event>,
    ) {
        let Self { channels, opening, readable, strangers, .. } = self;
        opening.retain(|&id| {
            let Some(channel) = channels.get_mut(&id) else { return false };
            let Phase::Opening { label } = &mut channel.phase else { return false };
            if !sctp.send(id, Kind::Dcep, Bytes::from_static(&dcep::ACK)) {
                return true;
            }

            let label = core::mem::take(label);
            channel.phase = Phase::Open;
            channel.known = true;
            *strangers -= 1;
            channel.queued = true;
            readable.push_back(id);
            events.push_back(Event::ChannelOpened { channel: id, label });
            false
        });
    }

    /// Resets the channels that the peer has been silent on for `quiet`, since it knows that nobody reads them:
    /// what comes after the reset cannot be thrown away any more, and fills the receive window.
    pub(super) fn handle_timeout(
        &mut self,
        now: Timestamp,
        sctp: &mut sctp::Association,
        quiet: Duration,
    ) {
        let mut due = Vec::new();
        let channels = &mut self.channels;
        self.discarding.retain(|id| {
            let Some(channel) = channels.get_mut(id) else { return false };
            let Phase::Discarding { heard } = &mut channel.phase else { return false };
            if channel.unacknowledged > 0 {
                *heard = now;
            }
            let is_due = *heard + quiet <= now;
            if is_due {
                due.push(*id);
            }
            !is_due
        });
        for id in due {
            self.reset_now(sctp, id);
        }
    }

    /// When `handle_timeout` is due.
    pub(super) fn deadline(&self, quiet: Duration) -> Option<Timestamp> {
        let phases = self.discarding.iter().filter_map(|id| self.channels.get(id));
        let heard = phases.filter_map(|channel| match channel.phase {
            Phase::Discarding { heard } => Some(heard),
            _ => None,
        });
        heard.min().map(|heard| heard + quiet)
    }

    fn on_readable(&mut self, now: Timestamp, sctp: &mut sctp::Association, id: u16) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        match &mut channel.phase {
            Phase::Fresh => self.on_first_message(now, sctp, id),
            Phase::Open if !channel.queued => {
                channel.queued = true;
                self.readable.push_back(id);
            }
            // The one is queued when it opens, the other is already, the last cannot be read.
            Phase::Opening { .. } | Phase::Open | Phase::Resetting => {}
            Phase::Discarding { heard } => {
                *heard = now;
                while sctp.receive(id).is_some() {}
            }
        }
    }

    fn on_first_message(&mut self, now: Timestamp, sctp: &mut sctp::Association, id: u16) {
        let Some(message) = sctp.receive(id) else { return };
        let label = match (message.kind, Dcep::parse(&message.content)) {
            (Kind::Dcep, Some(Dcep::Open { label })) if self.is_peers(id) => Some(label),
            _ => None,
        };
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if let Some(label) = label {
            channel.phase = Phase::Opening { label };
            self.opening.push(id);
        } else {
            trace!(target: telemetry::CONNECTION, id, "a channel does not begin with an OPEN of the peer's own");
            channel.phase = Phase::Discarding { heard: now };
            self.discarding.push(id);
            while sctp.receive(id).is_some() {}
        }
    }

    fn reset_now(&mut self, sctp: &mut sctp::Association, id: u16) {
        while sctp.receive(id).is_some() {}
        sctp.reset(id);
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.phase = Phase::Resetting;
        }
    }

    fn insert(&mut self, id: u16, phase: Phase, known: bool) {
        self.channels.insert(id, Channel { phase, known, unacknowledged: 0, queued: false });
    }

    /// RFC 8832 §6: "the side acting as the DTLS client MUST use even stream identifiers".
    fn is_peers(&self, id: u16) -> bool {
        let peers_parity = match self.role {
            Role::Client => 1,
            Role::Server => 0,
        };
        id % 2 == peers_parity
    }
}

/// The receive window counts bytes of content, but a message of one byte costs the library some 300.
/// A full window of 1 MiB in messages of 8 bytes is what a slow reader may meet in honesty. The
/// connection's own limits are stricter; this one holds while it does not pull.
const MESSAGES_MAX: usize = 128 * 1024;
/// Honest peers begin each channel with an OPEN of their own, which makes it known at once; a few wait
/// for the id's last life to end. js-libp2p has 1 024 ids.
const STRANGERS_MAX: usize = 1024;
/// Peers fill their packets, of more than 1 000 bytes; half of that is honest still.
const CHUNK_LEN_HONEST: usize = 512;
