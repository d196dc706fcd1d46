//! The back end on `sctp-proto`.
//!
//! # What it needs help with
//!
//! - Who begins: a peer's INIT never reaches an association that the library began itself but makes a second one,
//!   and two alive at once lose data. [`Initiation`] decides.
//! - INIT: `connect` reads the real clock for the first timer, so retransmissions are timed here. One that comes
//!   late, when the association is up, makes the library close it: it is kept away. Both ways it is mended, for
//!   speed: see `terms`.
//! - ABORT throws away what was received and not read: it is handled here, so that it can still be read.
//! - Gap reports are looked at chunk by chunk, whether these were sent or not: those that cannot be are taken out.
//! - Bundles and SACKs may grow longer than the packet size: they are cut to fit.
//! - What it has to acknowledge, to send and to reset leaves in packets of its own, resets first: [`Outgoing`].

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use std::vec::Vec;

use bytes::Bytes;
use sctp_proto::{
    AssociationError, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig,
    EndpointEvent, Payload, PayloadProtocolIdentifier as Ppid, ServerConfig, StreamEvent,
    TransportConfig,
};
use tracing::debug;

use super::hoard::Hoard;
use super::initiation::{Due, INIT_INTERVAL, Initiation};
use super::outgoing::Outgoing;
use super::resent::Resent;
use super::rtt::Rtt;
use super::window::Window;
use super::{Event, Kind, Message, Sctp, packet, terms};
use crate::rtc::engine::Role;
use crate::rtc::telemetry;

/// The association of one connection.
#[derive(Debug)]
pub(in crate::rtc::engine) struct Association {
    transport: Arc<TransportConfig>,
    endpoint: Endpoint,
    attempt: Option<Attempt>,
    initiation: Initiation,
    /// Nothing more is taken from the peer; what was taken can still be read.
    over: bool,
    abort: Option<[u8; 20]>,
    events: VecDeque<Event>,
    /// The last packet with data, for `window_update`.
    last_data: Bytes,
    /// The last one that there was no room for.
    refused: Option<Bytes>,
    hoard: Hoard,
    rtt: Rtt,
    resent: Resent,
    outgoing: Outgoing,
    own_tag: u32,
    peer_tag: u32,
    peer_streams: u16,
}

/// The one association that is alive.
#[derive(Debug)]
struct Attempt {
    handle: AssociationHandle,
    association: sctp_proto::Association,
}

impl Sctp for Association {
    fn new(role: Role, receive_window: u32, receive_window_max: u32) -> Self {
        let window = Window::new(receive_window, receive_window_max);
        let transport = Arc::new(transport(window));
        let mut config = EndpointConfig::new();
        config.max_payload_size(CHUNK_LEN as u32);
        let mut server = ServerConfig::new();
        server.transport = transport.clone();
        Self {
            transport,
            // Without a server configuration the library panics on the peer's INIT.
            endpoint: Endpoint::new(Arc::new(config), Some(Arc::new(server))),
            attempt: None,
            initiation: Initiation::new(role),
            over: false,
            abort: None,
            events: VecDeque::new(),
            last_data: Bytes::new(),
            refused: None,
            hoard: Hoard::new(window),
            rtt: Rtt::default(),
            resent: Resent::default(),
            outgoing: Outgoing::default(),
            own_tag: 0,
            peer_tag: 0,
            peer_streams: 0,
        }
    }

    fn connect(&mut self, now: Instant) {
        if self.attempt.is_some() || self.over {
            return;
        }
        let mut client = ClientConfig::new();
        client.transport = self.transport.clone();
        let (handle, association) = self
            .endpoint
            .connect(client, PEER)
            .expect("the address and ports are constants, and there is no other association");
        self.attempt = Some(Attempt { handle, association });
        self.initiation.on_begun(now);
    }

    fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        if self.over {
            return;
        }
        self.rtt.on_received(now, &packet);
        let packet = terms::heard(&packet, SLOW_START_MAX).map_or(packet, Bytes::from);
        match packet::first_chunk(&packet) {
            Some(packet::INIT) => {
                if let Some(init) = self.initiation.on_init(now, packet) {
                    self.accept(now, init);
                }
                return;
            }
            Some(packet::INIT_ACK)
                if packet::verification_tag(&packet) == Some(self.own_tag)
                    && self.initiation.on_answered(now) =>
            {
                self.note_peer(&packet);
            }
            Some(packet::ABORT) if packet::verification_tag(&packet) == Some(self.own_tag) => {
                return self.end(Event::Closed);
            }
            _ => {}
        }
        let last = self.hoard.admit(&packet);
        let is_refused = |chunk: &packet::Chunk<'_>| {
            let tsn = chunk.tsn().filter(|_| chunk.kind == packet::DATA);
            tsn.zip(last).is_some_and(|(tsn, last)| packet::is_after(tsn, last))
        };
        // The library takes no packet in which there is an answer to a HEARTBEAT.
        let is_wanted =
            |chunk: &packet::Chunk<'_>| chunk.kind != packet::HEARTBEAT_ACK && !is_refused(chunk);
        let packet = match packet::with_only(&packet, is_wanted) {
            Some(rest) => {
                if packet::chunks(&packet).any(|chunk| is_refused(&chunk)) {
                    self.refuse(now, packet);
                }
                if packet::first_chunk(&rest).is_none() {
                    return;
                }
                Bytes::from(rest)
            }
            None => packet,
        };
        if packet::chunks(&packet).any(|chunk| chunk.kind == packet::DATA) {
            self.last_data = packet.clone();
        }
        let mended = packet::without_false_gaps(&packet, self.resent.highest_tsn());
        let packet = mended.map_or(packet, Bytes::from);
        // What is small is not followed by more, so nothing but a timer would acknowledge it, in 200 ms.
        let is_small = packet.len() < SMALL;
        let hurried = if is_small { packet::with_immediate_sack(&packet) } else { None };
        if !is_small {
            self.outgoing.delayed.on_bulk();
        }
        self.feed(now, hurried.map_or(packet, Bytes::from));
        if self.attempt.as_ref().is_some_and(|attempt| attempt.association.is_closing()) {
            // SHUTDOWN, wherever in the packet: the peer has sent all it wanted to, and takes nothing that is
            // not under way. The next poll acknowledges that.
            self.end(Event::Closed);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.over {
            return;
        }
        let due = self.initiation.take_due(now);
        let is_waiting = self.initiation.is_waiting();
        match due {
            Some(Due::Answer(init)) => self.accept(now, init),
            Some(Due::Begin) => {
                self.drop_attempt();
                self.connect(now);
            }
            Some(Due::Resend) => {
                if let Some(association) = self.association() {
                    // The library counts from the real clock here; this makes its timer due in any case.
                    let due = association.poll_timeout().unwrap_or(now).max(now);
                    association.handle_timeout(due);
                }
            }
            None if is_waiting => {}
            None => {
                if let Some(association) = self.association() {
                    association.handle_timeout(now);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let attempt = self.attempt.as_ref().filter(|_| !self.over)?;
        let timer = match self.initiation.is_waiting() {
            true => None,
            false => attempt.association.poll_timeout(),
        };
        let delayed = self.outgoing.delayed.due();
        [timer, self.initiation.deadline(), delayed].into_iter().flatten().min()
    }

    fn poll_packets(&mut self, now: Instant, max: usize, send: &mut dyn FnMut(&[u8])) {
        self.hoard.window_mut().on_time(now, self.rtt.min());
        if self.outgoing.is_empty() {
            let made = self.made(now);
            self.outgoing.take(now, made);
        }
        let (rtt, resent) = (&mut self.rtt, &mut self.resent);
        let note = |packet: &Bytes, burst| {
            rtt.on_sent(now, packet, burst);
            resent.on_sent(packet);
        };
        self.outgoing.burst(max, PACKET_LEN_MAX, note, send);
        if self.outgoing.is_empty()
            && let Some(abort) = self.abort.take()
        {
            send(&abort);
        }
    }

    fn has_packets(&self) -> bool {
        !self.outgoing.is_empty()
    }

    fn poll_event(&mut self) -> Option<Event> {
        loop {
            // The end comes last, after everything that happened before it.
            let Some(Attempt { association, .. }) = &mut self.attempt else {
                return self.events.pop_front();
            };
            let Some(event) = association.poll() else { return self.events.pop_front() };
            match event {
                sctp_proto::Event::Connected => {
                    self.initiation.on_up();
                    return Some(Event::Up { as_server: association.side().is_server() });
                }
                sctp_proto::Event::Stream(event) => {
                    if let Some(event) = on_stream_event(association, event) {
                        return Some(event);
                    }
                }
                sctp_proto::Event::HandshakeFailed { .. } => {
                    self.end(Event::Failed("the association could not be set up"));
                }
                sctp_proto::Event::AssociationLost { reason } => self.end(lost(&reason)),
                _ => {}
            }
        }
    }

    fn open(&mut self, stream: u16) -> bool {
        self.association()
            .is_some_and(|association| association.open_stream(stream, Ppid::Binary).is_ok())
    }

    fn send(&mut self, stream: u16, kind: Kind, message: Bytes) -> bool {
        let Some(mut stream) = self.stream(stream) else { return false };
        match kind {
            Kind::Dcep => stream.write_with_ppi(&message, Ppid::Dcep).is_ok(),
            // Chunks are not copied, and go out under the stream's own identifier, Binary.
            Kind::Data => stream.write_chunks(&mut [message]).is_ok(),
            Kind::Empty => stream.write_with_ppi(&[0], Ppid::BinaryEmpty).is_ok(),
        }
    }

    fn receive(&mut self, stream: u16) -> Option<Message> {
        let mut chunks = self.stream(stream)?.read_sctp().ok()??;
        self.hoard.on_read(chunks.chunks.len(), chunks.len());
        let kind = match chunks.ppi {
            Ppid::Dcep => Kind::Dcep,
            Ppid::StringEmpty | Ppid::BinaryEmpty => Kind::Empty,
            _ => Kind::Data,
        };
        let content = chunks.next(chunks.len()).map(|chunk| chunk.bytes).unwrap_or_default();
        Some(Message { kind, content })
    }

    fn unacknowledged(&mut self, stream: u16) -> usize {
        self.stream(stream).and_then(|stream| stream.buffered_amount().ok()).unwrap_or(0)
    }

    fn reset(&mut self, stream: u16) {
        if let Some(mut stream) = self.stream(stream)
            && let Err(error) = stream.close()
        {
            debug!(target: telemetry::CONNECTION, %error, "a stream could not be reset");
        }
    }

    fn acknowledge_at_once(&mut self) {
        self.outgoing.delayed.turn_off();
    }

    fn window_update(&mut self, now: Instant) {
        // The peer would not send it again before its timer is due, and nothing else instead.
        if let Some(refused) = self.refused.take() {
            self.handle_packet(now, refused);
        }
        self.acknowledge(now);
    }

    fn heartbeat(&self) -> [u8; 24] {
        packet::heartbeat(self.peer_tag)
    }

    fn abort(&mut self) {
        if self.attempt.is_some() && self.peer_tag != 0 && !self.over {
            self.abort = Some(packet::abort(self.peer_tag));
        }
        self.over = true;
        self.attempt = None;
        self.outgoing.delayed.clear();
    }

    fn rtt(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    fn rtt_min(&self) -> Option<Duration> {
        self.rtt.min()
    }

    fn path_changed(&mut self) {
        self.rtt = Rtt::default();
    }

    fn retransmits(&self) -> u64 {
        self.resent.count()
    }

    fn peer_streams(&self) -> u16 {
        self.peer_streams
    }
}

impl Association {
    /// There is no room for all data of a packet. Whoever asks for some must hear that there is none, or takes us
    /// for gone.
    fn refuse(&mut self, now: Instant, packet: Bytes) {
        self.acknowledge(now);
        let data = packet::with_only(&packet, |chunk| chunk.kind == packet::DATA);
        self.refused = Some(data.map_or(packet, Bytes::from));
    }

    /// What the library has to send, as it should be.
    fn made(&mut self, now: Instant) -> Vec<Bytes> {
        let made = self.association().and_then(|association| association.poll_transmit(now));
        let Some(Payload::RawEncode(mut packets)) = made.map(|transmit| transmit.payload) else {
            return Vec::new();
        };
        for packet in &mut packets {
            if let Some(packet::INIT | packet::INIT_ACK) = packet::first_chunk(packet) {
                self.own_tag = packet::initiate_tag(packet).unwrap_or_default();
            }
            let hoard = &mut self.hoard;
            let shrunk = packet::with_window(packet, |tsn, window| hoard.on_sack(tsn, window));
            let mended = shrunk.or_else(|| terms::said(packet, hoard.window_mut().bytes()));
            if let Some(mended) = mended {
                *packet = mended.into();
            }
        }
        packets
    }

    /// Makes the next poll acknowledge what has come, which carries the window.
    fn acknowledge(&mut self, now: Instant) {
        if self.last_data.is_empty() || self.over {
            return;
        }
        // A duplicate must be acknowledged; the second in a row at once (RFC 9260 §6.2), the first only after the
        // delay.
        for _ in 0..2 {
            self.feed(now, self.last_data.clone());
        }
    }

    fn association(&mut self) -> Option<&mut sctp_proto::Association> {
        self.attempt.as_mut().map(|attempt| &mut attempt.association)
    }

    fn stream(&mut self, stream: u16) -> Option<sctp_proto::Stream<'_>> {
        self.association()?.stream(stream).ok()
    }

    /// Answers the peer's INIT, whatever there was before.
    fn accept(&mut self, now: Instant, init: Bytes) {
        self.initiation.on_taken(now);
        self.note_peer(&init);
        if self.attempt.as_ref().is_some_and(|attempt| attempt.association.side().is_client()) {
            self.drop_attempt();
        }
        self.feed(now, init);
    }

    fn note_peer(&mut self, init: &[u8]) {
        self.peer_tag = packet::initiate_tag(init).unwrap_or_default();
        self.peer_streams = packet::inbound_streams(init).unwrap_or_default();
        self.hoard.begin(packet::initial_tsn(init).unwrap_or_default());
    }

    fn feed(&mut self, now: Instant, packet: Bytes) {
        match self.endpoint.handle(now, PEER, None, None, packet) {
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                self.drop_attempt();
                self.attempt = Some(Attempt { handle, association });
            }
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                // An association that was dropped is unknown to the endpoint; this makes sure.
                if let Some(attempt) = self.attempt.as_mut().filter(|a| a.handle == handle) {
                    attempt.association.handle_event(event);
                }
            }
            None => {}
        }
    }

    /// Forgets the association, here and in the endpoint, which would go on routing to it.
    fn drop_attempt(&mut self) {
        self.outgoing.clear();
        if let Some(attempt) = self.attempt.take() {
            self.endpoint.handle_event(attempt.handle, EndpointEvent::drained());
        }
    }

    fn end(&mut self, event: Event) {
        if !self.over {
            self.over = true;
            self.events.push_back(event);
        }
    }
}

fn on_stream_event(association: &mut sctp_proto::Association, event: StreamEvent) -> Option<Event> {
    match event {
        StreamEvent::Opened { id } => {
            while let Some(mut stream) = association.accept_stream() {
                // Fails only if the stream is gone already, which its own event will say.
                let _ = stream.set_default_payload_type(Ppid::Binary);
            }
            Some(Event::Opened(id))
        }
        StreamEvent::Readable { id } => Some(Event::Readable(id)),
        StreamEvent::Finished { id } => Some(Event::Reset(id)),
        StreamEvent::ResetComplete { id } => Some(Event::ResetDone(id)),
        StreamEvent::ResetFailed { id, reason } => {
            debug!(target: telemetry::CONNECTION, id, ?reason, "the peer refused to reset a stream; its id is lost");
            None
        }
        _ => None,
    }
}

/// The library also says "closed" when it gave up on a peer that broke the protocol; an ABORT or
/// SHUTDOWN of the peer never comes so far.
fn lost(reason: &AssociationError) -> Event {
    debug!(target: telemetry::CONNECTION, %reason, "the association is lost");
    Event::Failed(match reason {
        AssociationError::ReceiveBufferExhausted => {
            "the peer's incomplete messages fill the receive window"
        }
        _ => "the peer broke the protocol",
    })
}

fn transport(window: Window) -> TransportConfig {
    TransportConfig::default()
        .with_max_receive_buffer_size(window.max())
        .with_max_receive_message_size(RECEIVE_MESSAGE_MAX.min(window.bytes() / 2))
        .with_max_send_message_size(SEND_MESSAGE_MAX)
        // Whether to give up is decided by the connection's own deadlines.
        .with_max_init_retransmits(None)
        .with_max_data_retransmits(None)
        .with_rto_initial_ms(RTO_INITIAL)
        .with_rto_min_ms(RTO_MIN)
        .with_rto_max_ms(RTO_MAX)
}

/// UDP payload of at most 1 200 bytes: what any path carries (RFC 9000 §14 assumes the same). DTLS 1.2
/// adds 13 of header, 8 of nonce and 16 of tag; 1.3 adds less. Rounded down to a multiple of four.
const PACKET_LEN_MAX: usize = (1_200 - 37) / 4 * 4;
/// What is left of it by the headers of SCTP and of one DATA chunk: the most that a packet carries of a message.
pub(crate) const CHUNK_LEN: usize = PACKET_LEN_MAX - 12 - 16;
/// The largest frame of libp2p is 16 KiB and its length; four times as much leaves room to bundle.
const SEND_MESSAGE_MAX: u32 = 64 * 1024;
/// A longer message aborts the association. Peers should send 16 KiB and are known to announce
/// 256 KiB: twice that is not a mistake any more.
const RECEIVE_MESSAGE_MAX: u32 = 512 * 1024;
/// Until the path is measured what is lost is the set-up.
const RTO_INITIAL: u64 = INIT_INTERVAL.as_millis() as u64;
/// Above the delayed acknowledgement of every known peer (200 ms, RFC 9260 §6.2), or each lone message
/// would be sent twice and shrink the congestion window; far below the 1 s of RFC 9260 §16.
const RTO_MIN: u64 = 250;
/// A path that comes back is noticed within so long, not after the 60 s of RFC 9260 §16.
const RTO_MAX: u64 = 5_000;
/// Until something is lost the engine's budget says how much may be under way.
const SLOW_START_MAX: u32 = 1 << 30;
/// A packet of a bulk transfer is longer.
const SMALL: usize = 1_000;
/// The library wants an address. It is not used for anything.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5000);

#[cfg(test)]
mod tests;
