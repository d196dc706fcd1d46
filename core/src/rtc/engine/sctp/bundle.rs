//! Small packets that leave together, as one: a record and a datagram less for each.
//!
//! A back end that makes a packet of what it has to say, another of what it acknowledges, and a third of what it
//! resets, makes twice as many as it takes. Data goes with acknowledgements, and a reset behind an acknowledgement:
//! never with data, as a receiver that takes it first would have to be asked again. What answers a reset goes with
//! the next one, or another answer, in one chunk.
//!
//! Obeys: RFC 9260 §6.10 (bundling: control chunks first, and what fits); RFC 6525 §3.1.

use std::vec::Vec;

use super::packet::{self, DATA, HEADER_LEN, RE_CONFIG, SACK};
use super::reconfig::{self, Parameter};

/// A packet that waits for the next one.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    bytes: Vec<u8>,
    kind: Option<Kind>,
    /// It is more than one packet, and has no checksum yet.
    is_joined: bool,
}

/// What is in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sack,
    Data,
    SackAndData,
    /// To a reset.
    Answer,
    SackAndAnswer,
    Reset,
    SackAndReset,
}

impl Kind {
    /// Of a packet that may leave with others.
    fn of(packet: &[u8]) -> Option<Self> {
        let mut chunks = packet::chunks(packet);
        let first = chunks.next()?;
        match first.kind {
            SACK if chunks.next().is_none() => Some(Self::Sack),
            DATA if chunks.all(|chunk| chunk.kind == DATA) => Some(Self::Data),
            RE_CONFIG if chunks.next().is_none() => Some(match reconfig::parameter(&first)? {
                Parameter::Answer => Self::Answer,
                Parameter::Request => Self::Reset,
            }),
            _ => None,
        }
    }

    /// Of both, if they may be one.
    const fn with(self, next: Self) -> Option<Self> {
        Some(match (self, next) {
            (Self::Data, Self::Data) => Self::Data,
            (Self::Sack, Self::Data)
            | (Self::Data, Self::Sack)
            | (Self::SackAndData, Self::Data) => Self::SackAndData,
            (Self::Sack, Self::Answer) => Self::SackAndAnswer,
            (Self::Answer, Self::Answer | Self::Reset) => Self::Reset,
            (Self::Sack, Self::Reset) | (Self::SackAndAnswer, Self::Answer | Self::Reset) => {
                Self::SackAndReset
            }
            _ => return None,
        })
    }

    const fn has_answer(self) -> bool {
        matches!(self, Self::Answer | Self::SackAndAnswer)
    }
}

impl Bundle {
    /// Takes a packet, and hands over what can wait no longer.
    pub(super) fn push(&mut self, packet: &[u8], len_max: usize, send: &mut dyn FnMut(&[u8])) {
        let kind = Kind::of(packet);
        let both = self.kind.zip(kind).and_then(|(waiting, next)| waiting.with(next));
        let chunks = packet.get(HEADER_LEN..).unwrap_or_default();
        if let Some(both) = both.filter(|_| self.bytes.len() + chunks.len() <= len_max) {
            if self.kind.is_some_and(Kind::has_answer) {
                reconfig::join(&mut self.bytes, packet);
            } else {
                // An acknowledgement stands before data.
                let at = if kind == Some(Kind::Sack) { HEADER_LEN } else { self.bytes.len() };
                self.bytes.splice(at..at, chunks.iter().copied());
            }
            (self.kind, self.is_joined) = (Some(both), true);
            return;
        }
        self.finish(send);
        if kind.is_some() && packet.len() <= len_max / 2 {
            self.bytes.extend_from_slice(packet);
            self.kind = kind;
        } else {
            packet::fit(packet, len_max, send);
        }
    }

    /// Hands over what is left.
    pub(super) fn finish(&mut self, send: &mut dyn FnMut(&[u8])) {
        if self.kind.take().is_none() {
            return;
        }
        if core::mem::take(&mut self.is_joined) {
            packet::seal(&mut self.bytes);
        }
        send(&self.bytes);
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT_ACK: u8 = packet::HEARTBEAT_ACK;
    /// Types and lengths of parameters.
    const ANSWER: (u16, u16) = (16, 12);
    const REQUEST: (u16, u16) = (13, 18);

    fn packet(chunks: &[(u8, usize)]) -> Vec<u8> {
        let mut packet = std::vec![7; HEADER_LEN];
        for &(kind, len) in chunks {
            let start = packet.len();
            packet.extend_from_slice(&[kind, 3]);
            packet.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            packet.resize(start + len.next_multiple_of(4), 9);
        }
        packet::seal(&mut packet);
        packet
    }

    /// What leaves of these packets, of 400 bytes at most.
    fn bundled(packets: &[&[(u8, usize)]]) -> Vec<Vec<u8>> {
        let (mut bundle, mut sent) = (Bundle::default(), Vec::new());
        let mut send = |packet: &[u8]| sent.push(packet.to_vec());
        for chunks in packets {
            bundle.push(&packet(chunks), 400, &mut send);
        }
        bundle.finish(&mut send);
        sent
    }

    #[test]
    fn what_fits_leaves_as_one_with_a_checksum_that_holds() {
        assert_eq!(
            bundled(&[&[(SACK, 16)], &[(DATA, 40), (DATA, 19)], &[(DATA, 100)]]),
            [packet(&[(SACK, 16), (DATA, 40), (DATA, 19), (DATA, 100)])]
        );
        assert_eq!(bundled(&[&[(SACK, 16)]]), [packet(&[(SACK, 16)])]);
        assert_eq!(bundled(&[]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_does_not_fit_leaves_apart_and_in_order() {
        assert_eq!(
            bundled(&[&[(SACK, 16)], &[(DATA, 380)], &[(DATA, 20)], &[(DATA, 100)]]),
            [packet(&[(SACK, 16)]), packet(&[(DATA, 380)]), packet(&[(DATA, 20), (DATA, 100)])]
        );
    }

    #[test]
    fn an_acknowledgement_stands_before_data_and_a_reset_behind_it() {
        assert_eq!(
            bundled(&[&[(DATA, 20)], &[(SACK, 16)], &[(DATA, 24)]]),
            [packet(&[(SACK, 16), (DATA, 20), (DATA, 24)])]
        );
        assert_eq!(
            bundled(&[&[(SACK, 16)], &[(RE_CONFIG, 20)], &[(RE_CONFIG, 12)]]),
            [packet(&[(SACK, 16), (RE_CONFIG, 20)]), packet(&[(RE_CONFIG, 12)])]
        );
        assert_eq!(
            bundled(&[&[(DATA, 20)], &[(RE_CONFIG, 20)], &[(DATA, 20)]]),
            [packet(&[(DATA, 20)]), packet(&[(RE_CONFIG, 20)]), packet(&[(DATA, 20)])]
        );
    }

    /// These parameters in one RE-CONFIG, behind other chunks.
    fn reset(before: &[(u8, usize)], parameters: &[(u16, u16)]) -> Vec<u8> {
        let mut packet = packet(before);
        packet.extend_from_slice(&reconfig::tests::packet(parameters)[HEADER_LEN..]);
        packet::seal(&mut packet);
        packet
    }

    #[test]
    fn what_answers_a_reset_goes_with_the_next_one_in_one_chunk() {
        let sack = packet(&[(SACK, 16)]);
        let answer = reset(&[], &[ANSWER]);
        let request = reset(&[], &[REQUEST]);
        let bundled = |packets: &[&Vec<u8>]| {
            let (mut bundle, mut sent) = (Bundle::default(), Vec::new());
            let mut send = |packet: &[u8]| sent.push(packet.to_vec());
            packets.iter().for_each(|packet| bundle.push(packet, 400, &mut send));
            bundle.finish(&mut send);
            sent
        };
        let both = reset(&[], &[ANSWER, REQUEST]);
        assert_eq!(bundled(&[&answer, &request]), [both]);
        let all = reset(&[(SACK, 16)], &[ANSWER, REQUEST]);
        assert_eq!(bundled(&[&sack, &answer, &request]), [all]);
        let answers = reset(&[], &[ANSWER, ANSWER]);
        assert_eq!(
            bundled(&[&answer, &answer, &answer, &request, &request]),
            [answers, reset(&[], &[ANSWER, REQUEST]), request],
            "two of them, and nothing behind a request"
        );
    }

    #[test]
    fn what_is_something_else_leaves_alone() {
        assert_eq!(
            bundled(&[&[(SACK, 16)], &[(HEARTBEAT_ACK, 20)], &[(SACK, 16), (DATA, 20)]]),
            [
                packet(&[(SACK, 16)]),
                packet(&[(HEARTBEAT_ACK, 20)]),
                packet(&[(SACK, 16), (DATA, 20)])
            ]
        );
    }
}
