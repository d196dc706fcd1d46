//! SCTP and its channels by themselves: no DTLS beneath, no connection above.
//!
//! For whoever fuzzes them: packets need no keys, so many thousands are tried in the time of one handshake.
//! It does with them what the engine does, which see. Hidden from the documentation, and no promise.

use core::time::Duration;
use std::collections::VecDeque;
use std::vec::Vec;

use bytes::Bytes;

use super::channels::Channels;
use super::dcep::Dcep;
use super::sctp::{self, Sctp};
use super::vocabulary::{Event, Role};
use super::{NOISE_CHANNEL, QUIET_MIN};
use crate::rtc::epoch::Epoch;
use crate::time::Timestamp;

/// An association and its channels.
#[derive(Debug)]
pub struct Association {
    epoch: Epoch,
    sctp: sctp::Association,
    channels: Channels,
    events: VecDeque<Event>,
    is_up: bool,
    end: Option<&'static str>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The peer opened a channel, with a label that begins so.
    Opened(u16, Vec<u8>),
    /// The peer closed a channel.
    Closed(u16),
    /// A channel's id may be used again.
    Free(u16),
}

impl Association {
    /// An association that is begun: a client's (of DTLS) or a server's.
    pub fn new(is_client: bool, receive_window: u32, epoch: Epoch, now: Timestamp) -> Self {
        let role = if is_client { Role::Client } else { Role::Server };
        let mut channels = Channels::new(role);
        channels.expect(NOISE_CHANNEL);
        let mut sctp = sctp::Association::new(role, receive_window, receive_window);
        sctp.connect(epoch.instant(now));
        Self { epoch, sctp, channels, events: VecDeque::new(), is_up: false, end: None }
    }

    /// Takes a packet.
    pub fn handle_packet(&mut self, now: Timestamp, packet: &[u8]) {
        if self.end.is_none() {
            self.sctp.handle_packet(self.epoch.instant(now), Bytes::copy_from_slice(packet));
            self.pump(now);
        }
    }

    /// Takes the time.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.end.is_none() {
            self.sctp.handle_timeout(self.epoch.instant(now));
            self.channels.handle_timeout(now, &mut self.sctp, QUIET_MIN);
            self.pump(now);
        }
    }

    /// Hands over what is to be sent.
    pub fn flush(&mut self, now: Timestamp, send: &mut dyn FnMut(&[u8])) {
        self.pump(now);
        self.sctp.poll_packets(self.epoch.instant(now), usize::MAX, send);
        self.channels.refresh(&mut self.sctp);
    }

    /// When `handle_timeout`, and then `flush`, is due.
    pub fn deadline(&self) -> Option<Timestamp> {
        let sctp = self.sctp.deadline().map(|at| self.epoch.timestamp(at));
        let channels = self.channels.deadline(QUIET_MIN);
        sctp.into_iter().chain(channels).min().filter(|_| self.end.is_none())
    }

    /// What happened.
    pub fn poll(&mut self) -> Option<Heard> {
        loop {
            return Some(match self.events.pop_front()? {
                Event::ChannelOpened { channel, label } => Heard::Opened(channel, label.into()),
                Event::ChannelClosed(channel) => Heard::Closed(channel),
                Event::ChannelFree(channel) => Heard::Free(channel),
                _ => continue,
            });
        }
    }

    /// What ended it.
    pub fn end(&self) -> Option<&'static str> {
        self.end
    }

    /// Opens a channel.
    pub fn open(&mut self, channel: u16) -> bool {
        self.is_up && self.end.is_none() && self.channels.open(&mut self.sctp, channel)
    }

    /// Queues a message of at least a byte.
    pub fn send(&mut self, channel: u16, message: &[u8]) -> bool {
        self.channels.send(&mut self.sctp, channel, Bytes::copy_from_slice(message))
    }

    /// Takes a message.
    pub fn receive(&mut self) -> Option<(u16, Bytes)> {
        self.is_up.then(|| self.channels.receive(&mut self.sctp)).flatten()
    }

    /// Closes a channel.
    pub fn reset(&mut self, now: Timestamp, channel: u16, peer_finished: bool) {
        self.channels.reset(now, &mut self.sctp, channel, peer_finished);
    }

    /// Tells the peer of the window.
    pub fn window_update(&mut self, now: Timestamp) {
        self.sctp.window_update(self.epoch.instant(now));
    }

    /// Ends it; the next flush says so.
    pub fn abort(&mut self) {
        self.sctp.abort();
        self.end.get_or_insert("aborted");
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Bytes sent that are not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.channels.unacknowledged_total()
    }

    /// Smoothed and shortest round trip, once measured.
    pub fn rtt(&self) -> Option<(Duration, Duration)> {
        self.sctp.rtt().zip(self.sctp.rtt_min())
    }

    fn pump(&mut self, now: Timestamp) {
        while let Some(event) = self.sctp.poll_event() {
            match event {
                sctp::Event::Up { .. } => {
                    self.is_up = true;
                    self.channels.negotiate(&mut self.sctp, NOISE_CHANNEL);
                }
                sctp::Event::Closed => _ = self.end.get_or_insert("closed by the peer"),
                sctp::Event::Failed(cause) => _ = self.end.get_or_insert(cause),
                event => {
                    let Self { channels, sctp, events, .. } = self;
                    if let Err(cause) = channels.on_event(now, sctp, event, events) {
                        self.end.get_or_insert(cause);
                        return;
                    }
                }
            }
        }
        self.channels.acknowledge(&mut self.sctp, &mut self.events);
    }
}

/// What a message of DCEP is, by [`parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Establishment {
    /// OPEN, and the beginning of its label.
    Open(Vec<u8>),
    /// ACK.
    Ack,
}

/// Parses a message of DCEP.
pub fn parse(message: &[u8]) -> Option<Establishment> {
    Dcep::parse(message).map(|dcep| match dcep {
        Dcep::Open { label } => Establishment::Open(label.into()),
        Dcep::Ack => Establishment::Ack,
    })
}
