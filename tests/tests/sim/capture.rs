//! Keys and captures: what was captured of a connection can be decrypted with what it says.
//!
//! Decrypted with `ring`, which floe's DTLS does not use, by the formulas of RFC 5246 §6.3, RFC 5288 and
//! RFC 9147 §4.2, from nothing but the datagrams and the lines.

use std::sync::{Arc, Mutex};

use floe_core::ice::Version;
use floe_core::rtc::Event;
use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::keylog::{KeyLogLabel, KeyLogLine};
use floe_tests::net::{Packet, Weather};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hmac;

use crate::pair::{both_connected, dial, two};
use crate::{CLIENT, SERVER, secs};

/// What a wiretap has, and what it knows.
struct Session {
    packets: Vec<Packet>,
    lines: Vec<KeyLogLine>,
}

/// The cipher suites that can be negotiated here, apart from their exchange of keys.
#[derive(Clone, Copy)]
struct Suite {
    hash: hmac::Algorithm,
    cipher: &'static aead::Algorithm,
    mask: &'static quic::Algorithm,
}

impl Session {
    /// A connection on which both sides have said something, captured from its beginning.
    fn record(seed: u64, dtls: DtlsVersions) -> Self {
        println!("seed {seed}");
        let (mut world, client, server) = two(seed, Weather::FAIR, |config| {
            config.dtls = dtls;
            config.log_keys();
        });
        let packets = Arc::new(Mutex::new(Vec::new()));
        let tap = packets.clone();
        world.net.add_rule(move |_, packet| {
            tap.lock().unwrap().push(packet.clone());
            true
        });
        dial(&mut world, client, server, |target| target.version = Some(Version::V2)).unwrap();
        let (at_client, _) = both_connected(&mut world, client, server);
        let ours = world[client].endpoint.open_stream(at_client).unwrap();
        world[client].endpoint.stream(ours).unwrap().write(QUESTION).unwrap();
        let theirs = world.until(secs(5), |world| world[server].opened()).unwrap();
        world[server].endpoint.stream(theirs).unwrap().write(ANSWER).unwrap();
        let answer = world.until(secs(5), |world| {
            let (read, _) = world[client].read(ours, 100);
            (!read.is_empty()).then_some(read)
        });
        assert_eq!(answer.as_deref(), Some(ANSWER));
        assert_eq!(world[client].keys, world[server].keys, "both sides have the same secrets");
        let lines = world[client].keys.clone();
        let packets = packets.lock().unwrap().clone();
        Self { packets, lines }
    }

    fn line(&self, label: KeyLogLabel) -> &KeyLogLine {
        let line =
            self.lines.iter().find(|line| line.label() == label).expect("there is such a line");
        let hello = self.hello(CLIENT, 1);
        assert_eq!(*line.client_random(), hello[27..59], "it is found by its ClientHello");
        line
    }

    /// The ClientHello (1) or the ServerHello (2).
    fn hello(&self, from: std::net::SocketAddr, kind: u8) -> &[u8] {
        let mut packets = self.packets.iter().filter(|packet| packet.source == from);
        let hello =
            packets.find(|packet| packet.payload[0] == 22 && packet.payload[13] == kind).unwrap();
        &hello.payload
    }

    fn suite(&self) -> Suite {
        let hello = self.hello(SERVER, 2);
        let at = 60 + usize::from(hello[59]); // Behind the session's id.
        let suite = u16::from_be_bytes([hello[at], hello[at + 1]]);
        match suite {
            0xc02b | 0x1301 => {
                Suite { hash: hmac::HMAC_SHA256, cipher: &aead::AES_128_GCM, mask: &quic::AES_128 }
            }
            0xc02c | 0x1302 => {
                Suite { hash: hmac::HMAC_SHA384, cipher: &aead::AES_256_GCM, mask: &quic::AES_256 }
            }
            _ => panic!("suite {suite:#x} is not expected between two of floe"),
        }
    }

    /// What `open` makes of the datagrams that `from` has sent.
    fn decrypted(
        &self,
        from: std::net::SocketAddr,
        mut open: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Vec<Vec<u8>> {
        let packets = self.packets.iter().filter(|packet| packet.source == from);
        packets.filter_map(|packet| open(&packet.payload)).collect()
    }

    /// The data that `from` sent, of DTLS 1.2.
    fn data_12(&self, from: std::net::SocketAddr) -> Vec<Vec<u8>> {
        let Suite { hash, cipher, .. } = self.suite();
        let line = self.line(KeyLogLabel::ClientRandom);
        let server_random = &self.hello(SERVER, 2)[27..59];
        let seed = [b"key expansion", server_random, line.client_random()].concat();
        let master = hmac::Key::new(hash, line.secret());
        let (mut a, mut block) = (seed.clone(), Vec::new());
        while block.len() < 2 * (cipher.key_len() + 4) {
            a = hmac::sign(&master, &a).as_ref().to_vec();
            block.extend(hmac::sign(&master, &[&a[..], &seed].concat()).as_ref());
        }
        let of_server = usize::from(from == SERVER);
        let key = &block[of_server * cipher.key_len()..][..cipher.key_len()];
        let iv = &block[2 * cipher.key_len() + of_server * 4..][..4];
        let key = LessSafeKey::new(UnboundKey::new(cipher, key).unwrap());
        self.decrypted(from, |record| {
            if record[0] != 23 {
                return None;
            }
            let nonce = [iv, &record[13..21]].concat().try_into().unwrap();
            let len = u16::try_from(record.len() - 13 - 8 - 16).unwrap();
            let aad = [&record[3..11], &record[..3], &len.to_be_bytes()].concat();
            let mut sealed = record[21..].to_vec();
            let nonce = Nonce::assume_unique_for_key(nonce);
            let opened = key.open_in_place(nonce, Aad::from(aad), &mut sealed);
            Some(opened.expect("it is authentic").to_vec())
        })
    }

    /// The data that `from` sent, of DTLS 1.3.
    fn data_13(&self, from: std::net::SocketAddr) -> Vec<Vec<u8>> {
        let Suite { hash, cipher, mask } = self.suite();
        let label = match from == SERVER {
            true => KeyLogLabel::ServerTrafficSecret0,
            false => KeyLogLabel::ClientTrafficSecret0,
        };
        let secret = hmac::Key::new(hash, self.line(label).secret());
        let expand = |label: &[u8], len: usize| {
            let label = [b"dtls13", label].concat();
            let lens = [0, len as u8, label.len() as u8];
            let info = [&lens[..], &label, &[0, 1]].concat();
            hmac::sign(&secret, &info).as_ref()[..len].to_vec()
        };
        let key = UnboundKey::new(cipher, &expand(b"key", cipher.key_len())).unwrap();
        let (key, iv) = (LessSafeKey::new(key), expand(b"iv", 12));
        let mask = quic::HeaderProtectionKey::new(mask, &expand(b"sn", cipher.key_len())).unwrap();
        self.decrypted(from, |record| {
            // The unified header of epoch 3, without connection id, with 16 bits of sequence number.
            if record[0] & 0b1111_1011 != 0b0010_1011 {
                return None;
            }
            let header = if record[0] & 4 == 0 { 3 } else { 5 };
            let mask = mask.new_mask(&record[header..header + 16]).unwrap();
            let mut aad = record[..header].to_vec();
            (aad[1], aad[2]) = (aad[1] ^ mask[0], aad[2] ^ mask[1]);
            let mut nonce: [u8; 12] = iv.clone().try_into().unwrap();
            (nonce[10], nonce[11]) = (nonce[10] ^ aad[1], nonce[11] ^ aad[2]);
            let nonce = Nonce::assume_unique_for_key(nonce);
            let mut sealed = record[header..].to_vec();
            let opened = key.open_in_place(nonce, Aad::from(aad), &mut sealed);
            // Padding is zeros, and before it stands the type: data, or an ACK of the handshake.
            let opened = opened.expect("it is authentic");
            let len = opened.iter().rposition(|&byte| byte != 0).expect("it has a type") + 1;
            opened[..len].strip_suffix(&[23]).map(<[u8]>::to_vec)
        })
    }
}

fn contains(records: &[Vec<u8>], words: &[u8]) -> bool {
    // SCTP is between ports 5000.
    assert!(records.iter().all(|record| record[..4] == [0x13, 0x88, 0x13, 0x88]));
    records.iter().any(|record| record.windows(words.len()).any(|window| window == words))
}

#[test]
fn captured_dtls_12_is_decrypted_by_its_lines() {
    for seed in 0..4 {
        let session = Session::record(seed, DtlsVersions::V12);
        assert!(contains(&session.data_12(CLIENT), QUESTION));
        assert!(contains(&session.data_12(SERVER), ANSWER));
    }
}

#[test]
fn captured_dtls_13_is_decrypted_by_its_lines() {
    for seed in 0..4 {
        let session = Session::record(seed, DtlsVersions::V13);
        assert!(contains(&session.data_13(CLIENT), QUESTION));
        assert!(contains(&session.data_13(SERVER), ANSWER));
    }
}

#[test]
fn an_endpoint_that_is_not_asked_says_no_secret() {
    let (mut world, client, server) = two(1, Weather::FAIR, |_| {});
    // Where all worlds are captured, all are asked.
    if std::env::var_os("FLOE_PCAP").is_none() {
        dial(&mut world, client, server, |_| {}).unwrap();
        both_connected(&mut world, client, server);
        assert_eq!((world[client].keys.len(), world[server].keys.len()), (0, 0));
    }
    let is_key = |event: &Event| matches!(event, Event::KeyLog { .. });
    assert!(!world[client].events.iter().any(is_key), "keys are kept apart from other events");
}

const QUESTION: &[u8] = b"is this the way to the station?";
const ANSWER: &[u8] = b"no, and it never was.";
