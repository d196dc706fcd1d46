//! Signaling messages: read as far as they go, against quick-protobuf, and back as written.

use floe_core::signaling::{Kind, Message, SignalingError};
use quick_protobuf::BytesReader;

use crate::input::Input;
use crate::says_why;

/// Any bytes as a message with its length, and as one without; then a message of choices.
pub fn signaling(data: &[u8]) {
    match Message::read(data, BODY_LEN_MAX) {
        Ok(Some((message, taken))) => {
            assert!((1..=data.len()).contains(&taken));
            // Cut anywhere, it is not enough; with more behind it, it is the same.
            for len in 0..taken {
                assert_eq!(Message::read(&data[..len], BODY_LEN_MAX), Ok(None));
            }
            assert_eq!(Message::read(&data[..taken], BODY_LEN_MAX), Ok(Some((message, taken))));
            reads_alike(message);
        }
        Ok(None) => assert!(data.len() < BODY_LEN_MAX + 2, "all that it could want is there"),
        Err(error) => says_why(&error),
    }
    if let Ok(message) = Message::parse(data) {
        reads_alike(message);
        compare(data, message);
    }

    let mut input = Input::new(data);
    let kind = Kind::from_wire(u64::from_le_bytes(input.array()) >> (input.byte() % 64));
    reads_alike(Message::new(kind, &String::from_utf8_lossy(input.rest())));
}

fn reads_alike(message: Message<'_>) {
    let mut out = vec![0; message.encoded_len()];
    let len = message.encode(&mut out).expect("the length is that of the message").len();
    assert_eq!(len, out.len());
    assert_eq!(Message::read(&out, len), Ok(Some((message, len))));
    let too_long = Message::read(&out, 1);
    assert!(matches!(too_long, Err(SignalingError::TooLong { .. })), "{too_long:?}");
}

/// What quick-protobuf makes of a message that floe has read.
fn compare(body: &[u8], ours: Message<'_>) {
    let mut reader = BytesReader::from_bytes(body);
    let (mut kind, mut data) = (0, &[][..]);
    let mut read = || -> quick_protobuf::Result<()> {
        while !reader.is_eof() {
            match reader.next_tag(body)? {
                0x08 => kind = reader.read_uint64(body)?,
                0x12 => data = reader.read_bytes(body)?,
                tag => reader.read_unknown(body, tag)?,
            }
        }
        Ok(())
    };
    // Field numbers beyond 32 bits, which are cut there.
    if body.windows(4).any(|bytes| bytes.iter().all(|byte| byte & 0x80 != 0)) {
        return;
    }
    read().unwrap_or_else(|error| panic!("only quick-protobuf refuses {body:02x?}: {error}"));
    assert_eq!((ours.kind, ours.data.as_bytes()), (Kind::from_wire(kind), data));
}

/// Small enough for a fuzzer to reach.
const BODY_LEN_MAX: usize = 300;
