//! Data channel establishment: read as a plain reading of RFC 8832 does, whole or not at all.

use floe_core::fuzz::{Establishment, parse_dcep as parse};

use crate::hostile::dcep_open;
use crate::input::Input;

/// The bytes as a message; then the same bytes as choices of one.
pub fn dcep(data: &[u8]) {
    assert_eq!(parse(data), plainly(data), "{data:02x?}");
    let message = dcep_open(&mut Input::new(data));
    let read = parse(&message);
    assert_eq!(read, plainly(&message), "{message:02x?}");
    if let Some(Establishment::Open(_)) = read {
        for len in 0..message.len() {
            assert_eq!(parse(&message[..len]), None, "{len} bytes of {message:02x?}");
        }
        assert_eq!(parse(&[&message[..], &[0]].concat()), None, "and one more byte");
    }
}

/// RFC 8832 §5, word for word. Labels are cut after 64 bytes.
fn plainly(message: &[u8]) -> Option<Establishment> {
    let mut rest = message.iter().copied();
    let mut number =
        |bytes| (0..bytes).try_fold(0, |sum, _| Some(sum << 8 | u64::from(rest.next()?)));
    match number(1)? {
        0x02 => Some(Establishment::Ack),
        0x03 => {
            let (_kind, _priority, _reliability) = (number(1)?, number(2)?, number(4)?);
            let (label, protocol) = (number(2)? as usize, number(2)? as usize);
            let texts: Vec<u8> = rest.collect();
            let is_whole = texts.len() == label + protocol;
            is_whole.then(|| Establishment::Open(texts[..label.min(64)].to_vec()))
        }
        _ => None,
    }
}
