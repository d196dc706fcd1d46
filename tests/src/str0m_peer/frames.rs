//! Framing of data-channel messages, once more from the specification: `uvarint(length) ‖ protobuf`
//! with the fields 1 (flag) and 2 (message). Written for clearness on growing vectors.

use std::collections::VecDeque;

/// What a frame can say beside its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// The sender writes no more.
    Fin,
    /// The sender reads no more.
    StopSending,
    /// The sender gives up the stream.
    Reset,
    /// The sender has got FIN.
    FinAck,
}

impl Flag {
    const ALL: [Self; 4] = [Self::Fin, Self::StopSending, Self::Reset, Self::FinAck];
}

/// How frames are cut into messages: what real senders do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// One frame, one message.
    Whole,
    /// Length and body are messages of their own, as go and js do.
    LengthApart,
    /// Messages of so many bytes, wherever frames begin or end, as websys does.
    Every(usize),
}

impl Cut {
    /// Cuts frames into messages.
    pub(super) fn cut(self, frames: &[Vec<u8>]) -> VecDeque<Vec<u8>> {
        match self {
            Self::Whole => frames.iter().cloned().collect(),
            Self::LengthApart => frames
                .iter()
                .flat_map(|frame| {
                    let (_, len) = read_uvarint(frame).expect("our own frame is well formed");
                    [frame[..len].to_vec(), frame[len..].to_vec()]
                })
                .collect(),
            Self::Every(len) => frames.concat().chunks(len).map(<[u8]>::to_vec).collect(),
        }
    }
}

/// The frame of a payload.
pub(crate) fn data(payload: &[u8]) -> Vec<u8> {
    let mut body = vec![0x12];
    write_uvarint(&mut body, payload.len());
    body.extend_from_slice(payload);
    with_length(body)
}

/// The frame of a flag.
pub(super) fn flag(flag: Flag) -> Vec<u8> {
    with_length(vec![0x08, flag as u8])
}

/// What was in a frame, or why it was none.
pub(crate) type Frame = Result<(Option<Flag>, Vec<u8>), &'static str>;

/// Takes the first whole frame from `bytes`, which a byte stream fills.
pub(crate) fn take(bytes: &mut Vec<u8>) -> Option<Frame> {
    let (len, prefix) = read_uvarint(bytes)?;
    if bytes.len() < prefix + len {
        return None;
    }
    let body: Vec<u8> = bytes.drain(..prefix + len).skip(prefix).collect();
    Some(parse(&body).ok_or("a frame's body is no protobuf"))
}

fn parse(mut body: &[u8]) -> Option<(Option<Flag>, Vec<u8>)> {
    let (mut flag, mut payload) = (None, Vec::new());
    while !body.is_empty() {
        let (key, len) = read_uvarint(body)?;
        body = &body[len..];
        let (value, len) = read_uvarint(body)?;
        body = &body[len..];
        match key & 7 {
            0 if key >> 3 == 1 => flag = Flag::ALL.get(value).copied(),
            0 => {}
            2 => {
                let bytes = body.get(..value)?;
                body = &body[value..];
                if key >> 3 == 2 {
                    payload = bytes.to_vec();
                }
            }
            _ => return None,
        }
    }
    Some((flag, payload))
}

fn with_length(body: Vec<u8>) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 3);
    write_uvarint(&mut frame, body.len());
    frame.extend(body);
    frame
}

pub(super) fn write_uvarint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The number at the start of `bytes` and how long it is; `None` if it is not all there.
pub(super) fn read_uvarint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elementary_frames_are_those_of_the_specification() {
        assert_eq!(flag(Flag::Fin), [0x02, 0x08, 0x00]);
        assert_eq!(flag(Flag::StopSending), [0x02, 0x08, 0x01]);
        assert_eq!(flag(Flag::Reset), [0x02, 0x08, 0x02]);
        assert_eq!(flag(Flag::FinAck), [0x02, 0x08, 0x03]);
        assert_eq!(data(b"hello"), [0x07, 0x12, 0x05, b'h', b'e', b'l', b'l', b'o']);
        assert_eq!(data(&[0; 300])[..5], [0xaf, 0x02, 0x12, 0xac, 0x02]);
    }

    #[test]
    fn however_it_is_cut_it_reads_the_same() {
        let frames = [data(&[7; 5000]), flag(Flag::Fin), data(b"x")];
        for cut in [Cut::Whole, Cut::LengthApart, Cut::Every(7)] {
            let (mut bytes, mut read) = (Vec::new(), Vec::new());
            for message in cut.cut(&frames) {
                bytes.extend(message);
                while let Some(frame) = take(&mut bytes) {
                    read.push(frame.expect("a good frame"));
                }
            }
            let expected =
                [(None, vec![7; 5000]), (Some(Flag::Fin), Vec::new()), (None, b"x".to_vec())];
            assert_eq!(read, expected, "{cut:?}");
        }
    }
}
