//! One stream: its lifecycle, its decoder, and bounded buffers on both sides.
//!
//! The transition tables of floor 0 decide what a flag or a wish does; this room holds the bytes that
//! go with it. It never touches the engine: [`Streams`](super::streams::Streams) brings messages in
//! with [`Stream::on_message`] and takes them out with [`Stream::next_message`].

#[cfg(test)]
mod tests;

use core::fmt::Display;
use std::vec::Vec;

use bytes::Bytes;
use tracing::{Span, debug, trace};

use super::block::Blocks;
use super::error::{StreamEnd, WriteError};
use super::framed::encode;
use super::output::Read;
use super::pieces::{Pieces, keep};
use super::telemetry;
use crate::frame::{Decoder, Flag, Item, Message};
use crate::stream::{Cause, Lifecycle, ReadHalf, Reply, Wish, WriteHalf};
use crate::time::{Deadline, Timestamp};

/// A stream of a connection, whoever opened it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) channel: u16,
    /// Whether we opened its channel: the opener is who resets the channel in the end.
    pub(super) opened_by_us: bool,
    /// Its channel is still to be opened, before its first message.
    pub(super) unopened: bool,
    lifecycle: Lifecycle,
    decoder: Decoder,
    inbound: Pieces,
    outbound: Blocks,
    outbound_max: usize,
    /// The application has finished the write half; FIN follows the last byte of `outbound`.
    finishing: bool,
    /// The application has ended the read half: for it, that is where the peer's data ends.
    stopped_reading: bool,
    /// A reset has dropped what was not read: the peer's data has no good end any more, although its FIN
    /// came.
    cut_short: bool,
    /// Flags that go out before any more data, in this order.
    pending: Vec<Flag>,
    /// The peer takes flags that say nothing of our half, FIN_ACK and STOP_SENDING, for the end of what it
    /// reads: they wait until our half is done.
    pub(super) holds_flags: bool,
    /// Which of them wait for that now.
    holds_fin_ack: bool,
    holds_stop_sending: bool,
    /// The lifecycle is over: the channel goes as soon as `pending` has gone.
    channel_over: bool,
    /// The channel is gone, by the peer's reset or with the connection.
    pub(super) detached: bool,
    /// The application has no handle any more.
    pub(super) forgotten: bool,
    pub(super) end: Option<StreamEnd>,
    /// A read found nothing: the next arrival is an event.
    wants_readable: bool,
    /// A write found too little room: the next room is an event.
    wants_writable: bool,
    span: Span,
}

/// What the application should be told after something happened to a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The write half is finished, and whether the peer said so.
    pub(super) finished: Option<bool>,
    /// The stream is over in both directions.
    pub(super) closed: Option<StreamEnd>,
}

impl Stream {
    pub(super) fn new(
        channel: u16,
        opened_by_us: bool,
        frame_len_max: usize,
        outbound_max: usize,
        span: Span,
    ) -> Self {
        let by = if opened_by_us { "us" } else { "the peer" };
        span.in_scope(|| debug!(target: telemetry::STREAM, by, "opened"));
        Self {
            channel,
            opened_by_us,
            unopened: opened_by_us,
            lifecycle: Lifecycle::new(),
            decoder: Decoder::new(frame_len_max),
            inbound: Pieces::default(),
            outbound: Blocks::default(),
            outbound_max,
            finishing: false,
            stopped_reading: false,
            cut_short: false,
            pending: Vec::new(),
            holds_flags: false,
            holds_fin_ack: false,
            holds_stop_sending: false,
            channel_over: false,
            detached: false,
            forgotten: false,
            end: None,
            wants_readable: true,
            wants_writable: false,
            span,
        }
    }

    // ── from the network ──

    /// Takes an SCTP message of the stream's channel.
    pub(super) fn on_message(&mut self, now: Timestamp, message: &Bytes) -> News {
        let mut news = News::default();
        let mut input = &message[..];
        loop {
            match self.decoder.decode(&mut input) {
                Ok(None) => return news,
                Ok(Some(Item::Payload(piece))) => {
                    if self.lifecycle.read_half() == ReadHalf::Open && !self.forgotten {
                        self.inbound.push(keep(message, piece));
                        news.readable |= core::mem::take(&mut self.wants_readable);
                    }
                }
                Ok(Some(Item::Flag(flag))) => self.on_cause(now, Cause::Peer(flag), &mut news),
                Err(error) => {
                    self.violate(now, &error, &mut news);
                    return news;
                }
            }
        }
    }

    /// Ends a stream whose peer broke its rules: it is reset, loudly.
    pub(super) fn violate(&mut self, now: Timestamp, why: &dyn Display, news: &mut News) {
        self.span.in_scope(|| debug!(target: telemetry::STREAM, %why, "violation"));
        self.end.get_or_insert(StreamEnd::Violation);
        self.on_cause(now, Cause::App(Wish::Reset), news);
    }

    /// The peer closed the channel under the stream.
    pub(super) fn on_channel_closed(&mut self, now: Timestamp) -> News {
        let mut news = News::default();
        self.on_cause(now, Cause::ChannelClosed, &mut news);
        self.detach();
        news
    }

    /// The connection is over.
    pub(super) fn on_connection_closed(&mut self, now: Timestamp) {
        self.end.get_or_insert(StreamEnd::ConnectionClosed);
        self.on_cause(now, Cause::ConnectionLost, &mut News::default());
        self.detach();
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> News {
        let mut news = News::default();
        if self.lifecycle.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.on_cause(now, Cause::Expired, &mut news);
        }
        news
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.lifecycle.deadline()
    }

    // ── from the application ──

    pub(super) fn read(&mut self, out: &mut [u8]) -> Read {
        let len = self.inbound.read(out);
        self.found(len)
    }

    /// Reads without a copy: moves pieces to the end of `out`, so many that it costs no more than `cost_max`,
    /// and says what there is behind them.
    pub(super) fn read_pieces(&mut self, out: &mut Pieces, cost_max: usize) -> Read {
        self.inbound.hand_over(out, cost_max);
        self.found(self.inbound.len())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, WriteError> {
        self.writable()?;
        let room = self.outbound_max.saturating_sub(self.outbound.len());
        let len = room.min(bytes.len());
        self.outbound.write(&bytes[..len]);
        self.wants_writable |= len < bytes.len();
        Ok(len)
    }

    /// Takes the blocks that there is room for.
    pub(super) fn write_blocks(&mut self, blocks: &mut Blocks) -> Result<(), WriteError> {
        self.writable()?;
        self.outbound.take_from(blocks, self.outbound_max);
        self.wants_writable |= !blocks.is_empty();
        Ok(())
    }

    /// How much may be written until what fills no frame had better wait for more. `None`: it had better wait
    /// now, until there is room for half of all that is taken.
    pub(super) fn spare(&mut self) -> Option<usize> {
        let spare = (self.outbound_max / 2).checked_sub(self.outbound.len());
        self.wants_writable |= spare.is_none();
        spare
    }

    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        self.writable()?;
        self.finishing = true;
        Ok(())
    }

    pub(super) fn stop_reading(&mut self, now: Timestamp) -> News {
        let mut news = News::default();
        self.stopped_reading |= self.lifecycle.read_half() == ReadHalf::Open;
        self.on_cause(now, Cause::App(Wish::StopReading), &mut news);
        news
    }

    pub(super) fn reset(&mut self, now: Timestamp) -> News {
        let mut news = News::default();
        if self.end.is_none() && !self.lifecycle.is_over() {
            self.end = Some(StreamEnd::ResetLocally);
            self.stopped_reading = false;
        }
        self.on_cause(now, Cause::App(Wish::Reset), &mut news);
        news
    }

    /// The application dropped its handle.
    ///
    /// What it has finished is still delivered: only a stream with its write half open is reset.
    pub(super) fn forget(&mut self, now: Timestamp) -> News {
        self.forgotten = true;
        self.inbound = Pieces::default();
        if self.finishing || self.lifecycle.write_half() != WriteHalf::Open {
            self.stop_reading(now)
        } else {
            self.reset(now)
        }
    }

    // ── to the network ──

    /// The next message for the channel: a flag, or as much data as one frame takes.
    pub(super) fn next_message(&mut self, now: Timestamp) -> (Option<Bytes>, News) {
        let mut news = News::default();
        if self.detached {
            return (None, news);
        }
        if self.pending.is_empty() && self.outbound.is_empty() && self.finishing {
            self.finishing = false;
            self.on_cause(now, Cause::App(Wish::Finish), &mut news);
        }
        if !self.pending.is_empty() {
            let flag = self.pending.remove(0);
            return (Some(encode(Message { flag: Some(flag), payload: &[] })), news);
        }
        let message = self.outbound.next_frame();
        if self.wants_writable && self.outbound.len() <= self.outbound_max / 2 {
            self.wants_writable = false;
            news.writable = true;
        }
        (message, news)
    }

    /// What happened while the peer was not known, and so was told to nobody.
    pub(super) fn missed(&self) -> News {
        let closed = self.end.filter(|_| self.lifecycle.is_over());
        News { readable: !self.wants_readable, closed, ..News::default() }
    }

    /// Whether there is something to do when it is the stream's turn to send.
    pub(super) fn wants_turn(&self) -> bool {
        let has_message = !self.pending.is_empty() || !self.outbound.is_empty() || self.finishing;
        !self.detached && (self.unopened || has_message || self.channel_over)
    }

    /// Whether nothing more will be sent and the channel may go.
    pub(super) fn is_channel_over(&self) -> bool {
        self.channel_over && self.pending.is_empty()
    }

    /// Whether the peer will send nothing more: no data, and no FIN_ACK for a FIN that crossed its
    /// STOP_SENDING or answered that.
    pub(super) fn peer_finished(&self) -> bool {
        self.lifecycle.read_half() == ReadHalf::Finished
            && self.lifecycle.write_half() != WriteHalf::Stopped
    }

    /// What the unread bytes cost in memory.
    pub(super) fn unread(&self) -> usize {
        self.inbound.cost()
    }

    /// Bytes taken from the application that no message holds yet.
    pub(super) fn unsent(&self) -> usize {
        self.outbound.len()
    }

    // ── helpers ──

    /// What a read found, if those are bytes so many.
    fn found(&mut self, len: usize) -> Read {
        match self.lifecycle.read_half() {
            _ if len > 0 => Read::Bytes(len),
            _ if !self.inbound.is_empty() => Read::Empty,
            _ if self.cut_short => Read::Reset,
            _ if self.stopped_reading => Read::Finished,
            ReadHalf::Finished | ReadHalf::Stopped => Read::Finished,
            ReadHalf::Reset => Read::Reset,
            ReadHalf::Open => {
                self.wants_readable = true;
                Read::Empty
            }
        }
    }

    fn writable(&self) -> Result<(), WriteError> {
        match self.lifecycle.write_half() {
            _ if self.finishing => Err(WriteError::Finished),
            WriteHalf::Open => Ok(()),
            WriteHalf::FinSent | WriteHalf::Closed => Err(WriteError::Finished),
            WriteHalf::Stopped => Err(WriteError::Stopped),
            WriteHalf::Reset => Err(WriteError::Reset),
        }
    }

    fn detach(&mut self) {
        self.detached = true;
        self.pending.clear();
        self.outbound = Blocks::default();
        self.finishing = false;
    }

    /// Lets the lifecycle decide, does what it says, and notes what the application should hear.
    fn on_cause(&mut self, now: Timestamp, cause: Cause, news: &mut News) {
        let was_over = self.lifecycle.is_over();
        let (write, read) = (self.lifecycle.write_half(), self.lifecycle.read_half());
        let finishing = self.finishing || write == WriteHalf::FinSent;
        let reply =
            self.lifecycle.on(now, cause).expect("only wishes and wake-ups that fit are passed on");
        self.cut_short |= cause == Cause::App(Wish::Reset) && !self.inbound.is_empty();
        self.apply(reply);
        if (self.lifecycle.write_half(), self.lifecycle.read_half()) != (write, read) {
            self.tell_halves(cause);
        }
        if self.lifecycle.write_half() != write {
            self.on_write_half(finishing, cause, news);
        }
        if self.lifecycle.read_half() != read {
            news.readable |= core::mem::take(&mut self.wants_readable);
        }
        if self.lifecycle.is_over() && !was_over {
            let end = self.end.unwrap_or_else(|| self.lifecycle_end(read));
            self.end = Some(end);
            news.closed = Some(end);
            self.span.in_scope(|| debug!(target: telemetry::STREAM, %end, "closed"));
        }
    }

    fn apply(&mut self, reply: Reply) {
        if reply.discard_inbound {
            self.inbound = Pieces::default();
        }
        if reply.discard_outbound {
            self.outbound = Blocks::default();
            self.finishing = false;
        }
        let is_open = self.lifecycle.write_half() == WriteHalf::Open;
        match reply.send {
            Some(Flag::FinAck) if self.holds_flags && is_open => self.holds_fin_ack = true,
            Some(Flag::StopSending) if self.holds_flags && is_open => {
                self.holds_stop_sending = true;
            }
            Some(flag) => self.queue(flag),
            None => {}
        }
        if !is_open {
            let held = [
                (core::mem::take(&mut self.holds_stop_sending), Flag::StopSending),
                (core::mem::take(&mut self.holds_fin_ack), Flag::FinAck),
            ];
            if self.lifecycle.write_half() != WriteHalf::Reset {
                held.into_iter().filter(|(is_held, _)| *is_held).for_each(|(_, it)| self.queue(it));
            }
        }
        self.channel_over |= reply.close_channel;
    }

    fn queue(&mut self, flag: Flag) {
        if !self.pending.contains(&flag) {
            self.pending.push(flag);
        }
    }

    /// `finishing`: the application waits to hear of the end.
    fn on_write_half(&mut self, finishing: bool, cause: Cause, news: &mut News) {
        match self.lifecycle.write_half() {
            WriteHalf::Closed => {
                news.finished = Some(matches!(cause, Cause::Peer(Flag::FinAck)));
            }
            // A writer that waits for room must learn that there will be none.
            WriteHalf::Stopped | WriteHalf::Reset => {
                self.finishing = false;
                news.writable |= core::mem::take(&mut self.wants_writable);
                if finishing {
                    news.finished = Some(false);
                }
            }
            WriteHalf::Open | WriteHalf::FinSent => {}
        }
    }

    fn tell_halves(&self, cause: Cause) {
        let (write, read) = (self.lifecycle.write_half(), self.lifecycle.read_half());
        self.span.in_scope(|| trace!(target: telemetry::STREAM, ?cause, ?write, ?read, "changed"));
    }

    /// `before`: the half that the peer writes, as it was until now.
    fn lifecycle_end(&self, before: ReadHalf) -> StreamEnd {
        match (self.lifecycle.write_half(), self.lifecycle.read_half()) {
            // The peer has all that we wrote, and how a half ends that we wanted no more of is up to it:
            // go-libp2p sends no FIN after STOP_SENDING, it just closes the channel.
            (WriteHalf::Closed, _) if before == ReadHalf::Stopped => StreamEnd::Finished,
            (WriteHalf::Reset, _) | (_, ReadHalf::Reset) => StreamEnd::ResetByPeer,
            _ => StreamEnd::Finished,
        }
    }
}
