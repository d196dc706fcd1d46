//! Records as a peer seals them, and what becomes of them. That real libraries seal so, the engine's own tests
//! show.

use std::vec::Vec;

use super::*;

const DATA_13: u8 = 23;
const ACK_13: u8 = 26;

/// What a peer has that seals records.
struct Sealer {
    keys: Keys,
}

impl Sealer {
    fn v12() -> Self {
        Self { keys: Keys::V12 { key: [1; 16], salt: [2; 4] } }
    }

    fn v13() -> Self {
        Self { keys: Keys::V13 { key: [1; 16], iv: [2; 12], number_key: [3; 16] } }
    }

    fn opener(&self) -> Opener {
        Opener::new(&self.keys)
    }

    /// A record of this type, which 1.2 shows and 1.3 hides.
    fn seal(&self, number: u64, content_type: u8, content: &[u8]) -> Vec<u8> {
        match &self.keys {
            Keys::V12 { key, salt } => {
                let explicit = (number | 1 << 48).to_be_bytes();
                let mut aad = [explicit.as_slice(), &[content_type, 0xfe, 0xfd]].concat();
                aad.extend((content.len() as u16).to_be_bytes());
                let nonce = [salt.as_slice(), &explicit].concat();
                let sealed = sealed(key, &nonce, &aad, content);
                let len = (8 + sealed.len() as u16).to_be_bytes();
                [&[content_type, 0xfe, 0xfd], &explicit[..], &len, &explicit, &sealed].concat()
            }
            Keys::V13 { key, iv, number_key } => {
                let content = [content, &[content_type, 0, 0]].concat();
                let len = (content.len() as u16 + 16).to_be_bytes();
                let mut header = [&[0b0010_1111], &number.to_be_bytes()[6..], &len].concat();
                let mut nonce = *iv;
                nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, it)| *byte ^= it);
                let sealed = sealed(key, &nonce, &header, &content);
                let number_key =
                    aead::quic::HeaderProtectionKey::new(&aead::quic::AES_128, number_key);
                let mask = number_key.unwrap().new_mask(&sealed[..16]).unwrap();
                header[1..3].iter_mut().zip(mask).for_each(|(byte, it)| *byte ^= it);
                [header, sealed].concat()
            }
        }
    }
}

fn sealed(key: &[u8], nonce: &[u8], aad: &[u8], content: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&aead::AES_128_GCM, key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut sealed = content.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed).unwrap();
    sealed
}

fn data(content: &'static [u8]) -> Opened {
    Opened::Data(Bytes::from_static(content))
}

#[test]
fn data_is_opened_once_in_any_order() {
    for sealer in [Sealer::v12(), Sealer::v13()] {
        let mut opener = sealer.opener();
        for number in [0, 2, 1, 40, 39, 100] {
            let record = sealer.seal(number, DATA_13, b"hello");
            assert_eq!(opener.open(&record), data(b"hello"), "{number}");
            assert_eq!(opener.open(&record), Opened::Nothing, "{number} again");
        }
        assert_eq!(opener.open(&sealer.seal(101, DATA_13, b"")), data(b""));
    }
}

#[test]
fn what_is_forged_is_dropped_once_the_keys_are_known_to_be_right() {
    for sealer in [Sealer::v12(), Sealer::v13()] {
        let mut opener = sealer.opener();
        let good = sealer.seal(7, DATA_13, b"hello");
        for at in 0..good.len() {
            let mut forged = good.clone();
            forged[at] ^= 1;
            assert_eq!(opener.open(&forged), Opened::Foreign, "{at}");
            assert_eq!(opener.open(&good[..at]), Opened::Foreign, "{at}");
        }
        assert_eq!(opener.open(&good), data(b"hello"), "a forgery takes no number");
        let mut forged = sealer.seal(8, DATA_13, b"hello");
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(opener.open(&forged), Opened::Nothing);
    }
}

#[test]
fn what_is_no_data_or_of_another_epoch_is_the_librarys() {
    let sealer = Sealer::v12();
    let mut opener = sealer.opener();
    assert_eq!(opener.open(&sealer.seal(0, 21, &[1, 0])), Opened::Foreign);
    let mut other_epoch = sealer.seal(1, DATA_13, b"hello");
    other_epoch[4] = 2;
    assert_eq!(opener.open(&other_epoch), Opened::Foreign);
    let sealer = Sealer::v13();
    let mut opener = sealer.opener();
    assert_eq!(opener.open(&sealer.seal(0, DATA_13, b"hello")), data(b"hello"));
    let ack = sealer.seal(1, ACK_13, &[0, 0]);
    assert_eq!(opener.open(&ack), Opened::Foreign);
    assert_eq!(opener.open(&ack), Opened::Foreign, "the library has its own memory");
    let mut other_epoch = sealer.seal(2, DATA_13, b"hello");
    other_epoch[0] ^= 1;
    assert_eq!(opener.open(&other_epoch), Opened::Foreign);
    assert_eq!(opener.open(&sealer.seal(3, 0, &[])), Opened::Foreign, "there is no type");
}

#[test]
fn the_library_sees_enough_of_1_3_to_know_the_numbers() {
    let sealer = Sealer::v13();
    let mut opener = sealer.opener();
    let mut unseen = 0;
    // Far beyond what the header has room for.
    for number in 0..150_000 {
        match opener.open(&sealer.seal(number, DATA_13, b"x")) {
            Opened::Counted => unseen = 0,
            opened => {
                assert_eq!(opened, data(b"x"), "{number}");
                unseen += 1;
            }
        }
        assert!(unseen < 1_024);
    }
    let sealer = Sealer::v12();
    let mut opener = sealer.opener();
    let counted = |number| opener.open(&sealer.seal(number, DATA_13, b"x")) == Opened::Counted;
    assert!(!(0..5_000).any(counted), "1.2 has the whole number in its header");
}

#[test]
fn a_number_is_the_nearest_that_ends_so() {
    for (end, bits, next, number) in [
        (0, 16, 0, 0),
        (0xffff, 16, 0, 0xffff),
        (5, 16, 0x1_0000, 0x1_0005),
        (0xfffe, 16, 0x1_0000, 0xfffe),
        (0x0001, 16, 0x1_fffe, 0x2_0001),
        (0xf0, 8, 0x0105, 0xf0),
        (0x02, 8, 0x01ff, 0x0202),
    ] {
        assert_eq!(nearest(end, bits, next), number, "{end:x} near {next:x}");
    }
}
