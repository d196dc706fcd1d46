//! The two protobuf shapes that identities need: read field by field, write field by field.
//!
//! Messages here have at most three fields, so the code drives quick-protobuf's primitives by hand.
//! One field is read at a time from what is left of the message: a length can then be compared with
//! the bytes that are really there before anything is added to it.

use std::vec::Vec;

use quick_protobuf::{BytesReader, Writer};

/// The fields of one message, in wire order, unknown ones included.
pub(super) struct Fields<'a>(&'a [u8]);

/// One field's value. Fixed-width numbers occur in no message of ours; they are only skipped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed,
    Bytes(&'a [u8]),
}

/// Not a protobuf message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let bytes = self.0;
        let mut reader = BytesReader::from_bytes(bytes);
        let tag = reader.read_varint64(bytes).map_err(|_| Malformed)?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
        if number == 0 {
            return Err(Malformed);
        }
        let (varint, len) = match tag & 7 {
            0 => (Some(reader.read_varint64(bytes).map_err(|_| Malformed)?), 0),
            1 => (None, 8),
            2 => (None, reader.read_varint64(bytes).map_err(|_| Malformed)?),
            5 => (None, 4),
            _ => return Err(Malformed), // groups, and wire types that do not exist
        };
        let (_, after) = bytes.split_at(bytes.len() - reader.len());
        let len = usize::try_from(len).map_err(|_| Malformed)?;
        let (value, rest) = after.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        let value = match (varint, tag & 7) {
            (Some(varint), _) => Value::Varint(varint),
            (None, 2) => Value::Bytes(value),
            (None, _) => Value::Fixed,
        };
        Ok((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Appends the varint field `number` to `message`.
pub(super) fn write_varint(message: &mut Vec<u8>, number: u32, value: u64) {
    Writer::new(message)
        .write_with_tag(number << 3, |writer| writer.write_varint(value))
        .expect("writing to a Vec cannot fail");
}

/// Appends the bytes field `number` to `message`.
pub(super) fn write_bytes(message: &mut Vec<u8>, number: u32, value: &[u8]) {
    Writer::new(message)
        .write_with_tag(number << 3 | 2, |writer| writer.write_bytes(value))
        .expect("writing to a Vec cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Vec::new();
        write_varint(&mut message, 1, 300);
        write_bytes(&mut message, 2, b"hello");
        message.extend([0x1d, 1, 2, 3, 4]); // field 3, fixed32
        let fields: Vec<_> = Fields::of(&message).collect();
        assert_eq!(
            fields,
            [Ok((1, Value::Varint(300))), Ok((2, Value::Bytes(b"hello"))), Ok((3, Value::Fixed))]
        );
    }

    #[test]
    fn malformed_messages_end_in_one_error() {
        let cases: [&[u8]; 9] = [
            &[0x08],                                                       // tag without value
            &[0x12, 0x02, 0xff],                                           // length past the end
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], // huge length
            &[0x00, 0x00],                                                 // field number zero
            &[0x0b],                                                       // group
            &[0x0f, 0x00],                                                 // no such wire type
            &[0x1d, 1, 2, 3],                                              // short fixed32
            &[0x19, 1, 2, 3],                                              // short fixed64
            &[0x80; 11],                                                   // varint without end
        ];
        for message in cases {
            let fields: Vec<_> = Fields::of(message).collect();
            assert_eq!(fields, vec![Err(Malformed)], "{message:02x?}");
        }
    }
}
