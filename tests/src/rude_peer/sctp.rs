//! SCTP (RFC 9260) as far as it takes to be let in, by hand: no timer, no window, no shame.

mod chunk;
mod crc32c;

use std::collections::{BTreeMap, VecDeque};

use self::chunk::{
    COOKIE_ACK, COOKIE_ECHO, DATA, INIT, INIT_ACK, OUTGOING_RESET, RECONFIG, SACK, STATE_COOKIE,
    parameter, u32_at,
};
use self::crc32c::crc32c;

pub use self::chunk::{Chunk, DATA_BEGIN, DATA_END, DATA_WHOLE, PPID_BINARY, PPID_DCEP};

/// A transmission sequence number.
pub type Tsn = u32;

/// One association, as the peer of floe's sees it.
#[derive(Debug)]
pub struct Sctp {
    /// The tag that floe's packets to it have.
    pub own_tag: u32,
    /// The tag that its packets to floe have.
    pub peer_tag: u32,
    /// The receive window that it tells of. With none it takes nothing, not even what asks for more.
    pub window: u32,
    is_up: bool,
    /// The number of its next chunk of data.
    pub next_tsn: Tsn,
    ssns: BTreeMap<u16, u16>,
    /// The last number of the peer's that came in order.
    received: Option<Tsn>,
    zero: VecDeque<Vec<u8>>,
    /// How many DATA chunks came, and how many bytes were in them.
    pub data_received: (u64, u64),
    /// Whether DATA is acknowledged.
    pub acknowledges: bool,
    /// The number of its next request to reset streams.
    pub next_request: u32,
    /// The number of floe's last request to do so, if there was one.
    pub request: Option<u32>,
}

impl Sctp {
    /// An association that is not begun, that counts from `tag` and tells of such a window.
    pub fn new(tag: u32, window: u32) -> Self {
        Self {
            own_tag: tag | 1,
            peer_tag: 0,
            window,
            is_up: false,
            next_tsn: tag,
            ssns: BTreeMap::new(),
            received: None,
            zero: VecDeque::new(),
            data_received: (0, 0),
            acknowledges: true,
            next_request: tag,
            request: None,
        }
    }

    /// Whether both sides know of it.
    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// Takes a message of channel 0.
    pub fn take_zero(&mut self) -> Option<Vec<u8>> {
        self.zero.pop_front()
    }

    /// A packet for the peer.
    pub fn packet(&self, chunks: &[Chunk]) -> Vec<u8> {
        let mut packet = Vec::new();
        packet.extend(PORT.to_be_bytes());
        packet.extend(PORT.to_be_bytes());
        packet.extend(self.peer_tag.to_be_bytes());
        packet.extend([0; 4]);
        for chunk in chunks {
            packet.extend(&chunk.0);
            packet.resize(packet.len().next_multiple_of(4), 0);
        }
        let checksum = crc32c(&packet);
        packet[8..12].copy_from_slice(&checksum.to_le_bytes());
        packet
    }

    /// DATA with the next number and, if it ends a message, the next of its stream.
    pub fn data(&mut self, stream: u16, ppid: u32, flags: u8, content: &[u8]) -> Chunk {
        let ssn = self.ssns.entry(stream).or_default();
        let now = *ssn;
        if flags & DATA_END != 0 {
            *ssn = ssn.wrapping_add(1);
        }
        let tsn = self.next_tsn;
        self.next_tsn = tsn.wrapping_add(1);
        Self::data_at(tsn, stream, now, ppid, flags, content)
    }

    /// DATA with numbers of one's choice.
    pub fn data_at(tsn: Tsn, stream: u16, ssn: u16, ppid: u32, flags: u8, content: &[u8]) -> Chunk {
        let mut value = Vec::with_capacity(12 + content.len());
        value.extend(tsn.to_be_bytes());
        value.extend(stream.to_be_bytes());
        value.extend(ssn.to_be_bytes());
        value.extend(ppid.to_be_bytes());
        value.extend(content);
        Chunk::new(DATA, flags, &value)
    }

    /// DATA_CHANNEL_OPEN on a stream.
    pub fn open(&mut self, stream: u16) -> Chunk {
        self.data(stream, PPID_DCEP, DATA_WHOLE, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// SACK of everything up to `tsn`, with gap reports.
    pub fn sack(&self, tsn: Tsn, gaps: &[(u16, u16)]) -> Chunk {
        let mut value = Vec::new();
        value.extend(tsn.to_be_bytes());
        value.extend(self.window.to_be_bytes());
        value.extend((gaps.len() as u16).to_be_bytes());
        value.extend([0; 2]);
        for (start, end) in gaps {
            value.extend(start.to_be_bytes());
            value.extend(end.to_be_bytes());
        }
        Chunk::new(SACK, 0, &value)
    }

    /// The last number of the peer's that came in order.
    pub fn received(&self) -> Tsn {
        self.received.unwrap_or_default()
    }

    /// RE-CONFIG that resets our half of streams; none are all.
    pub fn reset(&self, request: u32, streams: &[u16]) -> Chunk {
        let mut value = Vec::new();
        value.extend(OUTGOING_RESET.to_be_bytes());
        value.extend((16 + 2 * streams.len() as u16).to_be_bytes());
        value.extend(request.to_be_bytes());
        value.extend(0_u32.to_be_bytes());
        value.extend(self.next_tsn.wrapping_sub(1).to_be_bytes());
        for stream in streams {
            value.extend(stream.to_be_bytes());
        }
        Chunk::new(RECONFIG, 0, &value)
    }

    /// INIT, in the packet that begins an association.
    pub fn init(&mut self) -> Vec<u8> {
        let init = Chunk::new(INIT, 0, &self.introduction(&[]));
        let tag = std::mem::take(&mut self.peer_tag);
        let packet = self.packet(&[init]);
        self.peer_tag = tag;
        packet
    }

    /// Takes a packet and says what to answer.
    pub fn handle(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        let mut rest = packet.get(12..).unwrap_or_default();
        let mut data = false;
        while let Some(header) = rest.get(..4) {
            let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let Some(chunk) = rest.get(..len).filter(|chunk| chunk.len() >= 4) else { break };
            match chunk[0] {
                INIT => {
                    self.peer_tag = u32_at(chunk, 4);
                    self.received = Some(u32_at(chunk, 16).wrapping_sub(1));
                    let init_ack = Chunk::new(INIT_ACK, 0, &self.introduction(&COOKIE));
                    answers.push(self.packet(&[init_ack]));
                }
                INIT_ACK => {
                    self.peer_tag = u32_at(chunk, 4);
                    self.received = Some(u32_at(chunk, 16).wrapping_sub(1));
                    let cookie = parameter(&chunk[4..], 16, STATE_COOKIE).unwrap_or_default();
                    answers.push(self.packet(&[Chunk::new(COOKIE_ECHO, 0, cookie)]));
                }
                COOKIE_ECHO => {
                    self.is_up = true;
                    answers.push(self.packet(&[Chunk::new(COOKIE_ACK, 0, &[])]));
                }
                COOKIE_ACK => self.is_up = true,
                DATA => {
                    data = true;
                    self.on_data(chunk);
                }
                RECONFIG => {
                    let request = parameter(&chunk[4..], 0, OUTGOING_RESET);
                    self.request = request.map(|request| u32_at(request, 0)).or(self.request);
                }
                _ => {}
            }
            rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        }
        if data && self.acknowledges {
            answers.push(self.packet(&[self.sack(self.received(), &[])]));
        }
        answers
    }

    fn on_data(&mut self, chunk: &[u8]) {
        let tsn = u32_at(chunk, 4);
        let is_next = self.received.is_none_or(|received| received.wrapping_add(1) == tsn);
        if !is_next || self.window == 0 {
            return;
        }
        self.received = Some(tsn);
        let content = chunk.get(16..).unwrap_or_default();
        self.data_received.0 += 1;
        self.data_received.1 += content.len() as u64;
        // Noise is shorter than a packet.
        if chunk[8..10] == [0, 0] {
            self.zero.push_back(content.to_vec());
        }
    }

    /// What INIT and INIT-ACK say: tag, window, streams, first number, and then parameters.
    fn introduction(&self, parameters: &[u8]) -> Vec<u8> {
        let mut value = Vec::new();
        value.extend(self.own_tag.to_be_bytes());
        value.extend(self.window.to_be_bytes());
        value.extend([0xff; 4]);
        value.extend(self.next_tsn.to_be_bytes());
        value.extend(parameters);
        // The extensions: RE-CONFIG and FORWARD-TSN.
        value.extend([0x80, 8, 0, 6, RECONFIG, 192, 0, 0]);
        value
    }
}

const PORT: u16 = 5000;
/// The cookie, which is ours to read.
const COOKIE: [u8; 8] = [0, STATE_COOKIE as u8, 0, 8, 1, 2, 3, 4];
