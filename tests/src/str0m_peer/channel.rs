//! One data channel of a session: what came in, what is to go out, and what is answered by rule.

use std::collections::VecDeque;

use super::Manner;
use super::frames::{self, Cut, Flag};

/// A data channel that is used as a stream.
#[derive(Debug)]
pub struct Channel {
    /// Payload received so far, in order.
    pub received: Vec<u8>,
    /// Flags received so far, in order.
    pub flags: Vec<Flag>,
    /// Messages received.
    pub messages: usize,
    /// Length of the longest message received.
    pub message_len_max: usize,
    /// Whether the peer opened it.
    pub is_inbound: bool,
    /// Whether both sides have closed it.
    pub is_closed: bool,
    /// What cannot be read.
    pub error: Option<String>,
    /// When to close the channel: after what is queued was sent.
    pub(super) closes: bool,
    pub(super) outbox: VecDeque<Vec<u8>>,
    partial: Vec<u8>,
    cut: Cut,
    echo: bool,
    acknowledge: bool,
}

impl Channel {
    pub(super) fn new(manner: &Manner, is_inbound: bool) -> Self {
        Self {
            received: Vec::new(),
            flags: Vec::new(),
            messages: 0,
            message_len_max: 0,
            is_inbound,
            is_closed: false,
            error: None,
            closes: false,
            outbox: VecDeque::new(),
            partial: Vec::new(),
            cut: manner.cut,
            echo: manner.echo && is_inbound,
            acknowledge: manner.acknowledge,
        }
    }

    /// Channel 0, which carries Noise: no stream, and nothing is answered by rule.
    pub(super) fn zero() -> Self {
        let manner = Manner { echo: false, acknowledge: false, ..Manner::default() };
        Self::new(&manner, false)
    }

    /// Whether a flag came in.
    pub fn got(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Queues bytes, in frames that every implementation can read.
    pub fn send(&mut self, bytes: &[u8]) {
        let frames: Vec<_> = bytes.chunks(PAYLOAD_MAX).map(frames::data).collect();
        self.outbox.extend(self.cut.cut(&frames));
    }

    /// Queues a flag in a frame of its own.
    pub fn send_flag(&mut self, flag: Flag) {
        self.outbox.extend(self.cut.cut(&[frames::flag(flag)]));
    }

    /// Queues a message as it is.
    pub fn send_raw(&mut self, message: &[u8]) {
        self.outbox.push_back(message.to_vec());
    }

    /// Closes the channel once what is queued was sent.
    pub fn close(&mut self) {
        self.closes = true;
    }

    /// Takes a message of the peer.
    pub(super) fn handle(&mut self, message: &[u8]) {
        self.messages += 1;
        self.message_len_max = self.message_len_max.max(message.len());
        self.partial.extend_from_slice(message);
        while let Some(frame) = frames::take(&mut self.partial) {
            match frame {
                Ok((flag, payload)) => self.handle_frame(flag, &payload),
                Err(error) => self.error = Some(error.to_owned()),
            }
        }
    }

    fn handle_frame(&mut self, flag: Option<Flag>, payload: &[u8]) {
        if !payload.is_empty() {
            self.received.extend_from_slice(payload);
            if self.echo {
                self.send(payload);
            }
        }
        let Some(flag) = flag else { return };
        self.flags.push(flag);
        if flag == Flag::Fin {
            if self.acknowledge {
                self.send_flag(Flag::FinAck);
            }
            if self.echo {
                self.send_flag(Flag::Fin);
            }
        }
    }
}

/// go reads through a buffer of 4096 bytes: prefix 2, tag 1, length 2.
const PAYLOAD_MAX: usize = 4096 - 5;
