//! The back end on `sctp-proto`.
//!
//! # Who begins
//!
//! SCTP is symmetric and WebRTC lets both sides send INIT. This library cannot do the collision of
//! RFC 9260 §5.2.1: a peer's INIT never reaches an association that it began itself but makes a second
//! one, and two alive at once lose data. So never more than one is, and this is the rule, which every
//! known peer bears:
//!
//! ```text
//! DTLS is up, the peer's INIT is here already  → answer it
//! DTLS is up, no INIT yet                      → send ours
//! the peer's INIT comes while ours waits       → client: drop ours, answer the peer's
//!                                                server: keep it; answer it, and drop ours, only if
//!                                                ours is not answered within 250 ms
//! ours is answered, or the association is up   → the peer's INIT is late: drop it
//! the peer's INIT was answered, then silence    → client, after 1 s: begin again
//! ours is answered, and 750 ms later an INIT    → the peer has begun again: answer it, drop ours
//! ```
//!
//! Under DTLS 1.2 the server is done half a round trip before the client, so its INIT saves a round
//! trip. A peer that does collide properly answers it; one that never does (aiortc) costs 250 ms. Two of
//! us settle on the server's INIT.
//!
//! # What it needs help with
//!
//! `connect` reads the real clock for the first INIT timer, so retransmissions of INIT are timed here.
//! An INIT that comes late, when the association is up, makes the library close it: it is kept away. An
//! ABORT throws away what was received and not read: it is handled here, so that it can still be read.
//! Gap reports are looked at chunk by chunk, whether these were sent or not: those that cannot be are taken out.
//! INIT is mended both ways, for speed: see `terms`.
//! Bundles and SACKs may grow longer than the packet size: they are cut to fit. What it has to acknowledge and to
//! send leaves in packets of its own: small ones are put together, for which an acknowledgement waits a moment. Resets of streams leave
//! before the acknowledgements that belong to them: they are put behind.

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
use tracing::{debug, trace};

use super::bundle::Bundle;
use super::delayed::Delayed;
use super::hoard::Hoard;
use super::resent::Resent;
use super::rtt::Rtt;
use super::window::Window;
use super::{Event, Kind, Message, Sctp, packet, reconfig, terms};
use crate::rtc::engine::Role;
use crate::rtc::telemetry;

/// The association of one connection.
#[derive(Debug)]
pub(in crate::rtc::engine) struct Association {
    role: Role,
    transport: Arc<TransportConfig>,
    endpoint: Endpoint,
    attempt: Option<Attempt>,
    /// The peer's INIT, kept while ours may still be answered.
    deferred: Option<Deferred>,
    /// Until when a client waits for the rest of an association that the peer began.
    patience: Option<Instant>,
    up: bool,
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
    delayed: Delayed,
    /// What the library has made and is not sent yet.
    outgoing: VecDeque<Bytes>,
    /// Empty between two polls; kept for its capacity.
    bundle: Bundle,
    own_tag: u32,
    peer_tag: u32,
    peer_streams: u16,
}

/// The one association that is alive.
#[derive(Debug)]
struct Attempt {
    handle: AssociationHandle,
    association: sctp_proto::Association,
    /// Our INIT, until it is answered.
    init: Option<Init>,
    /// When it was.
    answered: Option<Instant>,
}

/// When our INIT is sent again, and after how long another time.
#[derive(Clone, Copy, Debug)]
struct Init {
    resend_at: Instant,
    interval: Duration,
}

#[derive(Debug)]
struct Deferred {
    until: Instant,
    init: Bytes,
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
            role,
            transport,
            // Without a server configuration the library panics on the peer's INIT.
            endpoint: Endpoint::new(Arc::new(config), Some(Arc::new(server))),
            attempt: None,
            deferred: None,
            patience: None,
            up: false,
            over: false,
            abort: None,
            events: VecDeque::new(),
            last_data: Bytes::new(),
            refused: None,
            hoard: Hoard::new(window),
            rtt: Rtt::default(),
            resent: Resent::default(),
            delayed: Delayed::default(),
            outgoing: VecDeque::new(),
            bundle: Bundle::default(),
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
        let init = Init { resend_at: now + INIT_INTERVAL, interval: INIT_INTERVAL };
        self.attempt = Some(Attempt { handle, association, init: Some(init), answered: None });
    }

    fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        if self.over {
            return;
        }
        self.rtt.on_received(now, &packet);
        let packet = terms::heard(&packet, SLOW_START_MAX).map_or(packet, Bytes::from);
        match packet::first_chunk(&packet) {
            Some(packet::INIT) => return self.on_init(now, packet),
            Some(packet::INIT_ACK) if packet::verification_tag(&packet) == Some(self.own_tag) => {
                self.on_init_ack(now, &packet);
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
            self.delayed.on_bulk();
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
        if let Some(deferred) = self.deferred.take_if(|deferred| deferred.until <= now) {
            debug!(target: telemetry::CONNECTION, "our INIT was not answered; taking the peer's");
            return self.accept(now, deferred.init);
        }
        if self.patience.take_if(|until| *until <= now).is_some() {
            debug!(target: telemetry::CONNECTION, "the peer left the association that it began; beginning another");
            self.drop_attempt();
            return self.connect(now);
        }
        let Some(Attempt { association, init, .. }) = &mut self.attempt else { return };
        match init {
            None => association.handle_timeout(now),
            Some(init) if init.resend_at <= now => {
                // The library counts from the real clock here; this makes its timer due in any case.
                let due = association.poll_timeout().unwrap_or(now).max(now);
                association.handle_timeout(due);
                init.interval = (init.interval * 2).min(INIT_INTERVAL_MAX);
                init.resend_at = now + init.interval;
            }
            Some(_) => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let attempt = self.attempt.as_ref().filter(|_| !self.over)?;
        let timer = match &attempt.init {
            Some(init) => Some(init.resend_at),
            None => attempt.association.poll_timeout(),
        };
        let deferred = self.deferred.as_ref().map(|deferred| deferred.until);
        [timer, deferred, self.patience, self.delayed.due()].into_iter().flatten().min()
    }

    fn poll_packets(&mut self, now: Instant, max: usize, send: &mut dyn FnMut(&[u8])) {
        self.hoard.window_mut().on_time(now, self.rtt.min());
        if self.outgoing.is_empty() {
            let made = self.made(now);
            self.outgoing = self.delayed.pass(now, made).into();
        }
        let burst = self.outgoing.len().min(max);
        for packet in self.outgoing.drain(..burst) {
            self.rtt.on_sent(now, &packet, burst);
            self.resent.on_sent(&packet);
            self.bundle.push(&packet, PACKET_LEN_MAX, send);
        }
        self.bundle.finish(send);
        if self.outgoing.is_empty() {
            self.outgoing = VecDeque::new();
            if let Some(abort) = self.abort.take() {
                send(&abort);
            }
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
                    self.up = true;
                    self.patience = None;
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
        self.delayed.turn_off();
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
        self.delayed.clear();
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
        // The library resets streams before it acknowledges; but pion forgets a stream when that is reset,
        // and credits it with no acknowledgement that comes later: who waits there for room, waits on.
        packets.sort_by_key(|packet| reconfig::order(packet));
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

    fn on_init(&mut self, now: Instant, packet: Bytes) {
        let is_ours = self.attempt.as_ref().map(|a| a.association.side().is_client());
        let waits = self.attempt.as_ref().is_some_and(|attempt| attempt.init.is_some());
        let answered = self.attempt.as_ref().and_then(|attempt| attempt.answered);
        match is_ours {
            _ if self.up => trace!(target: telemetry::CONNECTION, "a late INIT is dropped"),
            Some(true) if answered.is_some_and(|at| at + ABANDONED <= now) => {
                debug!(target: telemetry::CONNECTION, "our cookies were lost, and the peer has begun again; taking its INIT");
                self.accept(now, packet);
            }
            Some(true) if !waits => {
                trace!(target: telemetry::CONNECTION, "an INIT is dropped, as ours is answered")
            }
            Some(true) if self.role == Role::Server => {
                let until = self.deferred.as_ref().map_or(now + DEFER, |deferred| deferred.until);
                self.deferred = Some(Deferred { until, init: packet });
            }
            _ => self.accept(now, packet),
        }
    }

    /// Answers the peer's INIT, whatever there was before.
    fn accept(&mut self, now: Instant, init: Bytes) {
        self.deferred = None;
        self.patience = (self.role == Role::Client).then(|| now + PATIENCE);
        self.note_peer(&init);
        if self.attempt.as_ref().is_some_and(|attempt| attempt.association.side().is_client()) {
            self.drop_attempt();
        }
        self.feed(now, init);
    }

    fn on_init_ack(&mut self, now: Instant, packet: &Bytes) {
        if let Some(attempt) = &mut self.attempt
            && attempt.init.take().is_some()
        {
            attempt.answered = Some(now);
            self.deferred = None;
            self.note_peer(packet);
        }
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
                self.attempt = Some(Attempt { handle, association, init: None, answered: None });
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
        self.delayed.clear();
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
/// RFC 9260 §16 wants 1 s (RFC 4960: 3 s); the path was measured by DTLS to be alive, and what is lost
/// here is the set-up.
const RTO_INITIAL: u64 = 500;
/// Above the delayed acknowledgement of every known peer (200 ms, RFC 9260 §6.2), or each lone message
/// would be sent twice and shrink the congestion window; far below the 1 s of RFC 9260 §16.
const RTO_MIN: u64 = 250;
/// A path that comes back is noticed within so long, not after the 60 s of RFC 9260 §16.
const RTO_MAX: u64 = 5_000;
const INIT_INTERVAL: Duration = Duration::from_millis(RTO_INITIAL);
const INIT_INTERVAL_MAX: Duration = Duration::from_secs(2);
/// Until something is lost the engine's budget says how much may be under way.
const SLOW_START_MAX: u32 = 1 << 30;
/// A packet of a bulk transfer is longer.
const SMALL: usize = 1_000;
/// How long the peer's INIT waits for an answer to ours. A peer that collides properly answers in a
/// round trip; if that takes longer, taking the peer's INIT works as well.
const DEFER: Duration = Duration::from_millis(250);
/// A server that is tired of waiting answers a client's INIT that the client has dropped meanwhile: then
/// both wait for the other. So a client begins again, after the server had time to send INIT twice.
const PATIENCE: Duration = Duration::from_secs(1);
/// An INIT that comes so long after ours was answered is not one that was under way: the peer has not got
/// our COOKIE-ECHO, nor its first repetition after 500 ms, and has begun again.
const ABANDONED: Duration = Duration::from_millis(750);
/// The library wants an address. It is not used for anything.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5000);

#[cfg(test)]
mod tests;
