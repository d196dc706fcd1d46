//! RE-CONFIG chunks: who answers and who asks, and both in one chunk.
//!
//! Whoever takes a reset answers it and resets his half. A back end says that in two packets; one chunk may hold
//! both, the answer first.
//!
//! Obeys: RFC 6525 §3.1 (which parameters a chunk may hold), §4.1, §4.4.

use std::vec::Vec;

use super::packet::{self, Chunk, HEADER_LEN, RE_CONFIG};

/// What the one parameter of a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// Re-configuration Response.
    Answer,
    /// A request.
    Request,
}

/// What a chunk holds, if it is a RE-CONFIG of one parameter.
pub(super) fn parameter(chunk: &Chunk<'_>) -> Option<Parameter> {
    let header = chunk.bytes().get(CHUNK_HEADER_LEN..CHUNK_HEADER_LEN + 4)?;
    let len = usize::from(u16::from_be_bytes([header[2], header[3]])).next_multiple_of(4);
    let is_single = chunk.kind == RE_CONFIG && CHUNK_HEADER_LEN + len >= chunk.bytes().len();
    is_single.then_some(match u16::from_be_bytes([header[0], header[1]]) {
        RESPONSE => Parameter::Answer,
        _ => Parameter::Request,
    })
}

/// In which order packets leave: what is no reset, then answers, then requests.
pub(super) fn order(packet: &[u8]) -> u8 {
    match packet::chunks(packet).next() {
        Some(chunk) if chunk.kind == RE_CONFIG => match parameter(&chunk) {
            Some(Parameter::Answer) => 1,
            _ => 2,
        },
        _ => 0,
    }
}

/// Puts the parameter of `packet`, which is one RE-CONFIG, into the RE-CONFIG at the end of `waiting`. The checksum
/// is left to the caller.
pub(super) fn join(waiting: &mut Vec<u8>, packet: &[u8]) {
    let Some(last) = packet::chunks(waiting).last() else { return };
    let at = waiting.len() - last.padded_len();
    let parameters = packet.get(HEADER_LEN + CHUNK_HEADER_LEN..).unwrap_or_default();
    waiting.extend_from_slice(parameters);
    let len = u16::try_from(waiting.len() - at).expect("both fit in a packet");
    waiting[at + 2..at + 4].copy_from_slice(&len.to_be_bytes());
}

/// Type, flags, length.
const CHUNK_HEADER_LEN: usize = 4;
/// The type of a Re-configuration Response, RFC 6525 §4.4.
const RESPONSE: u16 = 16;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn packet(parameters: &[(u16, u16)]) -> Vec<u8> {
        let mut packet = std::vec![0; HEADER_LEN];
        packet.extend([RE_CONFIG, 0, 0, 0]);
        for &(kind, len) in parameters {
            packet.extend(kind.to_be_bytes());
            packet.extend(len.to_be_bytes());
            packet.resize(packet.len() + usize::from(len - 4), 7);
            packet.resize(packet.len().next_multiple_of(4), 0);
        }
        let len = (packet.len() - HEADER_LEN) as u16;
        packet[HEADER_LEN + 2..HEADER_LEN + 4].copy_from_slice(&len.to_be_bytes());
        packet
    }

    fn what(packet: &[u8]) -> Option<Parameter> {
        parameter(&packet::chunks(packet).next().unwrap())
    }

    #[test]
    fn an_answer_and_a_request_become_one_chunk() {
        let (answer, request) = (packet(&[(16, 12)]), packet(&[(13, 18)]));
        assert_eq!(what(&answer), Some(Parameter::Answer));
        assert_eq!(what(&request), Some(Parameter::Request));
        assert_eq!((order(&answer), order(&request), order(&[0; HEADER_LEN])), (1, 2, 0));
        let mut both = answer;
        join(&mut both, &request);
        assert_eq!(both, packet(&[(16, 12), (13, 18)]));
        assert_eq!(what(&both), None, "no third one fits");
    }

    #[test]
    fn lengths_that_lie_are_borne() {
        for len in HEADER_LEN..HEADER_LEN + 12 {
            let mut lies = packet(&[(16, 12)]);
            lies.truncate(len);
            order(&lies);
            lies.resize(len + 2, 255);
            order(&lies);
        }
    }
}
