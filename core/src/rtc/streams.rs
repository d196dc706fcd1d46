//! The streams of one connection: which there are, whose turn it is to send, what the application
//! hears of them.
//!
//! Data-channel ids are used again, so streams are kept by a serial number and channels only point at
//! them. Whoever has something to send waits in one queue and gets one message a turn, so that a bulk
//! transfer and a ping share the path message by message. Nothing here walks all streams in the
//! course of ordinary work: an idle stream costs its memory and no time.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tracing::{debug, trace};

use super::block::Blocks;
use super::channel_ids::ChannelIds;
use super::config::Limits;
use super::endpoint::StreamStats;
use super::engine::Engine;
use super::error::{OpenError, WriteError};
use super::output::{ConnectionId, Event, Read, StreamId};
use super::pieces::Pieces;
use super::queue::Queue;
use super::stream::{News, Stream};
use super::telemetry::{self, Tally};
use crate::time::{Deadline, Timestamp};

/// Every stream of a connection that the application has a handle of, or that is not over.
#[derive(Debug)]
pub(super) struct Streams {
    connection: ConnectionId,
    by_serial: FxHashMap<u32, Stream>,
    by_channel: FxHashMap<u16, u32>,
    next_serial: u32,
    ids: ChannelIds,
    /// Streams that have a message to send, each once.
    turns: Queue<u32>,
    deadlines: BTreeSet<(Timestamp, u32)>,
    /// Unread bytes of all streams.
    unread: usize,
    /// Streams whose unread bytes are at the limit of one stream.
    hoarders: usize,
    /// The limit of the connection was reached, and half of it has not been read since: a window update for
    /// every few bytes would be a packet for every read.
    brimming: bool,
    /// Channels beyond the limits that a peer without a name has opened.
    refused: usize,
    /// Before authentication nothing is told to the application.
    surfaced: bool,
    /// Opened by the peer before that, in order.
    early: VecDeque<u32>,
    /// The peer takes FIN_ACK and STOP_SENDING for the end of what it reads.
    holds_flags: bool,
    /// Of channels that go beyond a limit.
    refusals: Tally,
    limits: StreamLimits,
}

/// The limits that concern streams.
#[derive(Clone, Copy, Debug)]
struct StreamLimits {
    streams: usize,
    early_streams: usize,
    early_stream_bytes: usize,
    stream_receive_bytes: usize,
    connection_receive_bytes: usize,
    stream_send_bytes: usize,
    frame_bytes: usize,
}

impl Streams {
    pub(super) fn new(connection: ConnectionId, ids: ChannelIds, limits: &Limits) -> Self {
        Self {
            connection,
            by_serial: FxHashMap::default(),
            by_channel: FxHashMap::default(),
            next_serial: 0,
            ids,
            turns: Queue::new(),
            deadlines: BTreeSet::new(),
            unread: 0,
            hoarders: 0,
            brimming: false,
            refused: 0,
            surfaced: false,
            early: VecDeque::new(),
            holds_flags: false,
            refusals: Tally::default(),
            limits: StreamLimits {
                streams: limits.streams,
                early_streams: limits.early_streams,
                early_stream_bytes: limits.early_stream_bytes,
                stream_receive_bytes: limits.stream_receive_bytes,
                connection_receive_bytes: limits.connection_receive_bytes,
                stream_send_bytes: limits.stream_send_bytes,
                frame_bytes: limits.frame_bytes,
            },
        }
    }

    /// The peer is authenticated: the application hears of the streams from now on.
    pub(super) fn surface(&mut self, events: &mut VecDeque<Event>) {
        self.surfaced = true;
        for serial in core::mem::take(&mut self.early) {
            if let Some(stream) = self.by_serial.get(&serial) {
                let (id, missed) = (self.id(serial, stream.channel), stream.missed());
                events.push_back(Event::Opened { id });
                self.tell(id, missed, events);
            }
        }
    }

    /// The peer is rust-libp2p on webrtc-rs. It does not know FIN_ACK and fails the stream that it comes on:
    /// where its FIN ends a question, the answer would be lost. And STOP_SENDING, like any frame without
    /// payload, ends what it reads: what we wrote last would be lost. Both are sent once our own half is done,
    /// when such a peer reads no more; it waits for neither.
    pub(super) fn hold_flags(&mut self) {
        self.holds_flags = true;
    }

    /// A channel for what is no stream.
    pub(super) fn take_channel(&mut self) -> Option<u16> {
        self.ids.take()
    }

    /// The peer takes so many SCTP streams.
    pub(super) fn allow(&mut self, streams: u16) {
        self.ids.allow(streams);
    }

    pub(super) fn len(&self) -> usize {
        self.by_serial.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_serial.is_empty()
    }

    pub(super) fn unread(&self) -> usize {
        self.unread
    }

    pub(super) fn unsent(&self) -> usize {
        self.turns.iter().filter_map(|serial| self.by_serial.get(serial)).map(Stream::unsent).sum()
    }

    /// What a stream holds itself: not what the engine does for it.
    pub(super) fn stats(&self, id: StreamId) -> Option<StreamStats> {
        let stream = self.by_serial.get(&id.serial)?;
        Some(StreamStats { send_buffered: stream.unsent(), receive_buffered: stream.unread() })
    }

    /// Whether the channel of a stream is still that stream's, and not a later one's.
    pub(super) fn has_channel(&self, id: StreamId) -> bool {
        self.by_channel.get(&id.channel) == Some(&id.serial)
    }

    /// Whether nothing more should be taken from the peer until the application reads.
    pub(super) fn is_full(&self) -> bool {
        self.hoarders > 0 || self.brimming
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.deadlines.first().map(|&(at, _)| Deadline { at, why: "the end of a stream" })
    }

    // ── from the network ──

    /// The peer opened a channel; false if it goes too far.
    pub(super) fn on_opened(
        &mut self,
        now: Timestamp,
        channel: u16,
        engine: &mut Engine,
        events: &mut VecDeque<Event>,
    ) -> bool {
        // A channel that comes back without having been reset: its old stream lost it.
        self.on_channel_closed(now, channel, events);
        if let Some(limit) = self.reached() {
            trace!(target: telemetry::STREAM, channel, limit, "refused");
            if let Some(times) = self.refusals.count(now) {
                debug!(target: telemetry::STREAM, limit, times, "a limit is reached");
            }
            self.refused += usize::from(!self.surfaced);
            engine.send(channel, Bytes::from_static(RESET_FRAME));
            // Who is known may be refused as often as it likes, if it closes what was refused.
            let lingering = engine.channels().saturating_sub(self.limits.streams);
            return self.refused <= REFUSED_MAX && lingering <= REFUSED_MAX;
        }
        let serial = self.insert(channel, false);
        if self.surfaced {
            let id = self.id(serial, channel);
            events.push_back(Event::Opened { id });
        } else {
            self.early.push_back(serial);
        }
        true
    }

    /// A message came on a channel; one without a stream belongs to a stream that is forgotten.
    pub(super) fn on_message(
        &mut self,
        now: Timestamp,
        channel: u16,
        message: &Bytes,
        events: &mut VecDeque<Event>,
    ) {
        let early_max = self.limits.early_stream_bytes;
        let surfaced = self.surfaced;
        if let Some(&serial) = self.by_channel.get(&channel) {
            self.with(serial, events, |stream| {
                let mut news = stream.on_message(now, message);
                if !surfaced && stream.unread() > early_max {
                    stream.violate(now, &"more than `early_stream_bytes`", &mut news);
                }
                news
            });
        }
    }

    /// The peer reset a channel.
    pub(super) fn on_channel_closed(
        &mut self,
        now: Timestamp,
        channel: u16,
        events: &mut VecDeque<Event>,
    ) {
        if let Some(serial) = self.by_channel.remove(&channel) {
            self.with(serial, events, |stream| stream.on_channel_closed(now));
        }
    }

    /// Both directions of a channel are reset: its id may be used again.
    pub(super) fn on_channel_free(&mut self, channel: u16) {
        self.ids.give_back(channel);
    }

    /// The connection is over. What was received may still be read.
    pub(super) fn on_connection_closed(&mut self, now: Timestamp) {
        self.turns.clear();
        self.deadlines.clear();
        self.by_channel.clear();
        for stream in self.by_serial.values_mut() {
            stream.on_connection_closed(now);
        }
        let surfaced = self.surfaced;
        self.by_serial.retain(|_, stream| surfaced && !stream.forgotten);
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, events: &mut VecDeque<Event>) {
        while let Some(&(at, serial)) = self.deadlines.first()
            && at <= now
        {
            self.with(serial, events, |stream| stream.handle_timeout(now));
            // A deadline that did not move would be found again for ever.
            self.deadlines.remove(&(at, serial));
        }
    }

    // ── from the application ──

    /// Opens a stream; it may be written to at once. Its channel is opened in its first turn.
    pub(super) fn open(&mut self) -> Result<StreamId, OpenError> {
        if self.by_serial.len() >= self.limits.streams {
            return Err(OpenError::TooManyStreams);
        }
        let channel = self.ids.take().ok_or(OpenError::TooManyStreams)?;
        let serial = self.insert(channel, true);
        self.turns.push(serial);
        Ok(self.id(serial, channel))
    }

    pub(super) fn contains(&self, id: StreamId) -> bool {
        self.by_serial.get(&id.serial).is_some_and(|stream| !stream.forgotten)
    }

    pub(super) fn read(
        &mut self,
        id: StreamId,
        out: &mut [u8],
        events: &mut VecDeque<Event>,
    ) -> Read {
        let mut read = Read::Reset;
        self.with(id.serial, events, |stream| {
            read = stream.read(out);
            News::default()
        });
        read
    }

    pub(super) fn read_pieces(
        &mut self,
        id: StreamId,
        out: &mut Pieces,
        cost_max: usize,
        events: &mut VecDeque<Event>,
    ) -> Read {
        let mut read = Read::Reset;
        self.with(id.serial, events, |stream| {
            read = stream.read_pieces(out, cost_max);
            News::default()
        });
        read
    }

    pub(super) fn write(
        &mut self,
        id: StreamId,
        bytes: &[u8],
        events: &mut VecDeque<Event>,
    ) -> Result<usize, WriteError> {
        let mut written = Err(WriteError::Reset);
        self.with(id.serial, events, |stream| {
            written = stream.write(bytes);
            News::default()
        });
        written
    }

    pub(super) fn write_blocks(
        &mut self,
        id: StreamId,
        blocks: &mut Blocks,
        events: &mut VecDeque<Event>,
    ) -> Result<(), WriteError> {
        let mut written = Err(WriteError::Reset);
        self.with(id.serial, events, |stream| {
            written = stream.write_blocks(blocks);
            News::default()
        });
        written
    }

    pub(super) fn spare(&mut self, id: StreamId) -> Option<usize> {
        self.by_serial.get_mut(&id.serial).map_or(Some(0), Stream::spare)
    }

    pub(super) fn finish(
        &mut self,
        id: StreamId,
        events: &mut VecDeque<Event>,
    ) -> Result<(), WriteError> {
        let mut finished = Err(WriteError::Reset);
        self.with(id.serial, events, |stream| {
            finished = stream.finish();
            News::default()
        });
        finished
    }

    pub(super) fn stop_reading(
        &mut self,
        now: Timestamp,
        id: StreamId,
        events: &mut VecDeque<Event>,
    ) {
        self.with(id.serial, events, |stream| stream.stop_reading(now));
    }

    pub(super) fn reset(&mut self, now: Timestamp, id: StreamId, events: &mut VecDeque<Event>) {
        self.with(id.serial, events, |stream| stream.reset(now));
    }

    pub(super) fn forget(&mut self, now: Timestamp, id: StreamId, events: &mut VecDeque<Event>) {
        self.with(id.serial, events, |stream| stream.forget(now));
    }

    // ── to the network ──

    /// Hands messages to the engine, one a stream and turn, as long as it takes them.
    pub(super) fn send(
        &mut self,
        now: Timestamp,
        engine: &mut Engine,
        events: &mut VecDeque<Event>,
    ) {
        while engine.budget() > 0
            && let Some(serial) = self.turns.pop()
        {
            self.with(serial, events, |stream| {
                if core::mem::take(&mut stream.unopened) && !engine.open(stream.channel) {
                    // A rude peer uses an id of ours.
                    return stream.on_channel_closed(now);
                }
                let (message, news) = stream.next_message(now);
                if let Some(message) = message {
                    engine.send(stream.channel, message);
                }
                news
            });
            self.close_channel_if_over(serial, engine);
        }
    }

    // ── helpers ──

    /// The limit that leaves no room for another channel of the peer's, if one does.
    fn reached(&self) -> Option<&'static str> {
        if self.by_serial.len() >= self.limits.streams {
            Some("streams")
        } else if !self.surfaced && self.early.len() >= self.limits.early_streams {
            Some("early_streams")
        } else {
            None
        }
    }

    fn insert(&mut self, channel: u16, opened_by_us: bool) -> u32 {
        let serial = self.next_serial;
        self.next_serial = self.next_serial.wrapping_add(1);
        let limits = &self.limits;
        let span = telemetry::stream(self.id(serial, channel));
        let mut stream =
            Stream::new(channel, opened_by_us, limits.frame_bytes, limits.stream_send_bytes, span);
        stream.holds_flags = self.holds_flags;
        self.by_serial.insert(serial, stream);
        self.by_channel.insert(channel, serial);
        serial
    }

    const fn id(&self, serial: u32, channel: u16) -> StreamId {
        StreamId { connection: self.connection, channel, serial }
    }

    /// Does something to a stream and keeps the books: unread bytes, deadline, turn, events.
    fn with(
        &mut self,
        serial: u32,
        events: &mut VecDeque<Event>,
        change: impl FnOnce(&mut Stream) -> News,
    ) {
        let Some(stream) = self.by_serial.get_mut(&serial) else { return };
        let (unread, deadline) = (stream.unread(), stream.deadline());
        let news = change(stream);
        let hoard = self.limits.stream_receive_bytes;
        self.unread = self.unread - unread + stream.unread();
        let full = self.limits.connection_receive_bytes;
        self.brimming = self.unread >= full || (self.brimming && self.unread > full / 2);
        self.hoarders += usize::from(stream.unread() >= hoard);
        self.hoarders -= usize::from(unread >= hoard);
        if stream.deadline() != deadline {
            if let Some(old) = deadline {
                self.deadlines.remove(&(old.at, serial));
            }
            if let Some(new) = stream.deadline() {
                self.deadlines.insert((new.at, serial));
            }
        }
        let (channel, forgotten) = (stream.channel, stream.forgotten);
        if stream.wants_turn() {
            self.turns.push(serial);
        }
        if self.surfaced && !forgotten {
            self.tell(self.id(serial, channel), news, events);
        }
        self.drop_if_done(serial);
    }

    fn tell(&self, id: StreamId, news: News, events: &mut VecDeque<Event>) {
        if news.readable {
            events.push_back(Event::Readable { id });
        }
        if news.writable {
            events.push_back(Event::Writable { id });
        }
        if let Some(acknowledged) = news.finished {
            events.push_back(Event::Finished { id, acknowledged });
        }
        if let Some(end) = news.closed {
            events.push_back(Event::StreamClosed { id, end });
        }
    }

    /// Resets the channel of a stream that is over, if that is for us to do.
    ///
    /// The side that opened a channel resets it, and the other answers: an acceptor that resets first
    /// can hit the next channel of that id, because some stacks reuse ids at once.
    fn close_channel_if_over(&mut self, serial: u32, engine: &mut Engine) {
        let Some(stream) = self.by_serial.get_mut(&serial) else { return };
        if !stream.is_channel_over() || stream.detached {
            return;
        }
        stream.detached = true;
        let (channel, ours, finished) =
            (stream.channel, stream.opened_by_us, stream.peer_finished());
        self.by_channel.remove(&channel);
        if ours {
            engine.reset(channel, finished);
        }
        self.drop_if_done(serial);
    }

    /// Lets go of a stream that nobody can ask about any more.
    fn drop_if_done(&mut self, serial: u32) {
        if let Some(stream) = self.by_serial.get(&serial)
            && stream.forgotten
            && stream.detached
        {
            self.unread -= stream.unread();
            self.brimming &= self.unread > self.limits.connection_receive_bytes / 2;
            if let Some(deadline) = stream.deadline() {
                self.deadlines.remove(&(deadline.at, serial));
            }
            self.by_serial.remove(&serial);
        }
    }
}

/// Each costs an entry in SCTP although it is refused. go-libp2p takes 256 channels before it knows a peer;
/// who opens four times as many is no honest peer.
const REFUSED_MAX: usize = 1024;
/// RESET_STREAM, as a frame: the answer to a channel beyond the limits.
const RESET_FRAME: &[u8] = &[2, 0x08, 2];
