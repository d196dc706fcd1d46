//! A wiretap: what went over the wire lately, so that it can be sent again.

use std::collections::VecDeque;

use floe_core::time::Timestamp;

use super::packet::Packet;

/// The last datagrams that were sent, with the addresses that they have outside.
#[derive(Debug, Default)]
pub(super) struct Tap {
    kept: VecDeque<(Timestamp, Packet)>,
    /// How many are kept.
    len_max: usize,
}

impl Tap {
    pub(super) fn new(len_max: usize) -> Self {
        Self { kept: VecDeque::new(), len_max }
    }

    pub(super) fn hear(&mut self, now: Timestamp, packet: &Packet) {
        if self.len_max > 0 {
            let surplus = (self.kept.len() + 1).saturating_sub(self.len_max);
            self.kept.drain(..surplus);
            self.kept.push_back((now, packet.clone()));
        }
    }

    pub(super) fn kept(&self) -> impl ExactSizeIterator<Item = &(Timestamp, Packet)> {
        self.kept.iter()
    }
}
