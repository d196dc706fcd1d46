//! The handshake against recorded bytes, against itself, and against peers that misbehave.

use core::error::Error;
use std::boxed::Box;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::frame::Message;
use crate::rtc::identity::vectors::{self, Vector};
use crate::rtc::identity::{BadSignature, KeyType, Keypair, PublicKeyError, Signer};
use crate::testing::{Dice, bytes, hex, text, vectors};

const PROLOGUE: [u8; prologue::LEN] = [9; prologue::LEN];

fn identity(seed: u8) -> Identity {
    Keypair::ed25519_from_seed([seed; 32]).into()
}

fn listener() -> Handshake {
    Handshake::listener(identity(1), &PROLOGUE, Secrets::from_seed([3; 32]))
}

fn dialer() -> Handshake {
    dialer_expecting(None)
}

fn dialer_expecting(expected: Option<PeerId>) -> Handshake {
    Handshake::dialer(identity(2), expected, &PROLOGUE, Secrets::from_seed([4; 32]))
}

/// Lets two sides talk, and says what each made of it. An error ends the talk.
fn talk(
    listener: &mut Handshake,
    dialer: &mut Handshake,
) -> (Result<Progress, HandshakeError>, Result<Progress, HandshakeError>) {
    let first = listener.start().unwrap();
    let second = match dialer.handle(&first) {
        Ok(progress) => progress.send.unwrap(),
        error => return (Ok(Progress::default()), error),
    };
    match listener.handle(&second) {
        Ok(progress) => {
            let dialed = dialer.handle(progress.send.as_ref().unwrap());
            (Ok(progress), dialed)
        }
        error => (error, Ok(Progress::default())),
    }
}

fn done(result: Result<Progress, HandshakeError>) -> Authenticated {
    result.unwrap().done.unwrap()
}

#[test]
fn both_roles_match_the_recorded_bytes() {
    let vectors = vectors();
    let noise = &vectors["noise"];
    let array = |name: &str| -> [u8; 32] { bytes(&noise[name]).try_into().unwrap() };
    let prologue = bytes(&noise["prologue"]).try_into().unwrap();
    let keypair = |name: &str| Keypair::ed25519_from_seed(array(name));
    let secrets = |static_key: &str, ephemeral_key: &str| Secrets {
        static_key: array(static_key),
        ephemeral_key: array(ephemeral_key),
    };
    let mut listener = Handshake::listener(
        keypair("B_identity_ed25519_seed").into(),
        &prologue,
        secrets("B_static_priv", "B_ephemeral_priv"),
    );
    let mut dialer = Handshake::dialer(
        keypair("A_identity_ed25519_seed").into(),
        Some(keypair("B_identity_ed25519_seed").public_key().peer_id()),
        &prologue,
        secrets("A_static_priv", "A_ephemeral_priv"),
    );
    assert_eq!(listener.noise.local_static()[..], bytes(&noise["B_static_pub"]));
    assert_eq!(dialer.noise.local_static()[..], bytes(&noise["A_static_pub"]));

    let check = |record: &[u8], message: &str, frame: &str| {
        assert_eq!(record[2..], bytes(&noise[message]), "{message}");
        let mut buffer = [0; 512];
        let framed = Message { flag: None, payload: record }.encode(&mut buffer).unwrap();
        assert_eq!(framed, bytes(&noise[frame]), "{frame}");
    };
    let first = listener.start().unwrap();
    check(&first, "msg1_B_to_A", "frame1_on_channel0");
    assert_eq!(listener.start(), None);
    assert_eq!(dialer.start(), None);

    let progress = dialer.handle(&first).unwrap();
    assert_eq!(progress.done, None);
    let second = progress.send.unwrap();
    check(&second, "msg2_A_to_B", "frame2_on_channel0");

    let progress = listener.handle(&second).unwrap();
    let third = progress.send.unwrap();
    check(&third, "msg3_B_to_A", "frame3_on_channel0");
    let dialing = progress.done.unwrap();
    assert_eq!(dialing.peer.to_string(), text(&noise["A_peer_id"]));
    assert_eq!(dialing.public_key.to_protobuf(), bytes(&noise["A_identity_key_protobuf"]));

    let progress = dialer.handle(&third).unwrap();
    assert_eq!(progress.send, None);
    assert_eq!(progress.done.unwrap().peer.to_string(), text(&noise["B_peer_id"]));
    for side in [&listener, &dialer] {
        assert_eq!(side.noise.handshake_hash(), bytes(&noise["handshake_hash"]));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let records = || {
        let (mut listener, mut dialer) = (listener(), dialer());
        let first = listener.start().unwrap();
        let second = dialer.handle(&first).unwrap().send.unwrap();
        let third = listener.handle(&second).unwrap().send.unwrap();
        [first, second, third]
    };
    assert_eq!(records(), records());
}

#[test]
fn bytes_may_arrive_cut_anywhere() {
    let seed = 0x5eed_0001;
    let mut dice = Dice(seed);
    for round in 0..30 {
        // The first round delivers byte by byte, the others in pieces, empty ones among them.
        let mut deliver = |to: &mut Handshake, record: &[u8]| {
            let mut rest = record;
            loop {
                let len = if round == 0 { 1 } else { dice.below(80).min(rest.len()) };
                let (piece, after) = rest.split_at(len);
                rest = after;
                let progress = to.handle(piece).unwrap();
                if rest.is_empty() {
                    return progress;
                }
                assert!(progress.send.is_none() && progress.done.is_none(), "seed {seed:#x}");
            }
        };
        let (mut listener, mut dialer) = (listener(), dialer());
        let first = listener.start().unwrap();
        let second = deliver(&mut dialer, &first).send.unwrap();
        let third = deliver(&mut listener, &second);
        assert_eq!(third.done.unwrap().peer, identity(2).peer_id(), "seed {seed:#x}");
        let last = deliver(&mut dialer, &third.send.unwrap());
        assert_eq!(last.done.unwrap().peer, identity(1).peer_id(), "seed {seed:#x}");
    }
}

#[test]
fn different_prologues_end_at_message_2() {
    let mut other = PROLOGUE;
    other[87] ^= 1;
    let mut dialer = Handshake::dialer(identity(2), None, &other, Secrets::from_seed([4; 32]));
    let (listened, _) = talk(&mut listener(), &mut dialer);
    assert!(matches!(listened, Err(HandshakeError::Noise { message: 2 })), "{listened:?}");
}

#[test]
fn the_dialer_insists_on_the_peer_it_dialed() {
    let right = identity(1).peer_id();
    let (_, dialed) = talk(&mut listener(), &mut dialer_expecting(Some(right)));
    assert_eq!(done(dialed).peer, right);

    let wrong = identity(5).peer_id();
    let (listened, dialed) = talk(&mut listener(), &mut dialer_expecting(Some(wrong)));
    // The listener cannot know: its own proof was only just sent.
    assert_eq!(done(listened).peer, identity(2).peer_id());
    match dialed {
        Err(HandshakeError::WrongPeerId { expected, actual }) => {
            assert_eq!((expected, actual), (wrong, right));
        }
        other => panic!("{other:?}"),
    }
}

/// A key of which only one signature is known: over the static key 32 times 11.
struct Recorded(PublicKey, Vec<u8>);

impl Recorded {
    fn new(vector: Vector) -> Self {
        Self(PublicKey::from_protobuf(&hex(vector.public_key)).unwrap(), hex(vector.signature))
    }
}

impl Signer for Recorded {
    fn public_key(&self) -> PublicKey {
        self.0.clone()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.1.clone())
    }
}

fn recorded_secrets() -> Secrets {
    Secrets { static_key: [0x11; 32], ephemeral_key: [0x22; 32] }
}

const ALL_TYPES: [(Vector, KeyType); 4] = [
    (vectors::RSA, KeyType::Rsa),
    (vectors::ED25519, KeyType::Ed25519),
    (vectors::SECP256K1, KeyType::Secp256k1),
    (vectors::ECDSA, KeyType::Ecdsa),
];

#[test]
fn all_types_of_keys_authenticate_in_both_roles() {
    for (vector, key_type) in ALL_TYPES {
        let peer = vector.peer_id;
        let signer = Identity::new(Recorded::new(vector));
        let mut recorded = Handshake::listener(signer.clone(), &PROLOGUE, recorded_secrets());
        let (_, dialed) = talk(&mut recorded, &mut dialer());
        let dialed = done(dialed);
        assert_eq!(
            (dialed.peer.to_string().as_str(), dialed.public_key.key_type()),
            (peer, key_type)
        );

        let mut recorded = Handshake::dialer(signer, None, &PROLOGUE, recorded_secrets());
        let (listened, _) = talk(&mut listener(), &mut recorded);
        assert_eq!(done(listened).peer.to_string(), peer);
    }
}

#[test]
fn all_types_of_forged_signatures_are_refused_in_both_roles() {
    for (vector, _) in ALL_TYPES {
        let mut signer = Recorded::new(vector);
        let last = signer.1.last_mut().unwrap();
        *last ^= 1;
        let signer = Identity::new(signer);
        let forged = |result: Result<Progress, HandshakeError>| {
            let refused = HandshakeError::Payload(PayloadError::BadSignature);
            assert_eq!(result.unwrap_err().to_string(), refused.to_string());
        };
        let mut recorded = Handshake::listener(signer.clone(), &PROLOGUE, recorded_secrets());
        let mut dialing = dialer();
        let (_, dialed) = talk(&mut recorded, &mut dialing);
        forged(dialed);
        assert!(matches!(dialing.handle(&[0]), Err(HandshakeError::Over)));

        let mut recorded = Handshake::dialer(signer, None, &PROLOGUE, recorded_secrets());
        let (listened, _) = talk(&mut listener(), &mut recorded);
        forged(listened);
    }
}

#[test]
fn a_signature_over_another_static_key_is_refused() {
    let signer = Identity::new(Recorded::new(vectors::ED25519));
    let mut replayed = Handshake::dialer(signer, None, &PROLOGUE, Secrets::from_seed([8; 32]));
    let (listened, _) = talk(&mut listener(), &mut replayed);
    let error = listened.unwrap_err();
    assert!(matches!(error, HandshakeError::Payload(PayloadError::BadSignature)), "{error:?}");
}

#[test]
fn any_flipped_bit_in_messages_2_and_3_is_noticed() {
    let seed = 0x5eed_0002;
    let mut dice = Dice(seed);
    for _ in 0..200 {
        let (mut listening, mut dialing) = (listener(), dialer());
        let first = listening.start().unwrap();
        let mut second = dialing.handle(&first).unwrap().send.unwrap();
        let tamper_second = dice.below(2) == 0;
        if tamper_second {
            let at = 2 + dice.below(second.len() - 2);
            // The top bit of an X25519 public key means nothing to the key, but it is hashed.
            second[at] ^= 1 << dice.below(8);
        }
        match listening.handle(&second) {
            Err(HandshakeError::Noise { message: 2 }) => assert!(tamper_second, "seed {seed:#x}"),
            Ok(progress) => {
                assert!(!tamper_second, "seed {seed:#x}");
                let mut third = progress.send.unwrap();
                let at = 2 + dice.below(third.len() - 2);
                third[at] ^= 1 << dice.below(8);
                let dialed = dialing.handle(&third);
                let refused = matches!(dialed, Err(HandshakeError::Noise { message: 3 }));
                assert!(refused, "seed {seed:#x}: {dialed:?}");
            }
            other => panic!("seed {seed:#x}: {other:?}"),
        }
    }
}

#[test]
fn short_messages_are_refused_at_each_step() {
    // The record is whole; the Noise message in it is not.
    let cut = |record: &[u8], len: usize| records::encode(&record[2..2 + len]);
    let first = listener().start().unwrap();
    for len in 0..32 {
        let result = dialer().handle(&cut(&first, len));
        assert!(matches!(result, Err(HandshakeError::Noise { message: 1 })), "{len}: {result:?}");
    }
    let second = dialer().handle(&first).unwrap().send.unwrap();
    for len in 0..second.len() - 2 {
        let mut listening = listener();
        listening.start().unwrap();
        let result = listening.handle(&cut(&second, len));
        assert!(matches!(result, Err(HandshakeError::Noise { message: 2 })), "{len}: {result:?}");
    }
    let mut listening = listener();
    listening.start().unwrap();
    let third = listening.handle(&second).unwrap().send.unwrap();
    for len in 0..third.len() - 2 {
        let mut dialing = dialer();
        dialing.handle(&first).unwrap();
        let result = dialing.handle(&cut(&third, len));
        assert!(matches!(result, Err(HandshakeError::Noise { message: 3 })), "{len}: {result:?}");
    }
}

#[test]
fn long_records_are_refused_at_their_length() {
    let too_long = u16::try_from(records::MESSAGE_LEN_MAX + 1).unwrap();
    for len in [too_long, u16::MAX] {
        let result = dialer().handle(&len.to_be_bytes());
        match result {
            Err(HandshakeError::RecordTooLong { len: told }) => assert_eq!(told, usize::from(len)),
            other => panic!("{other:?}"),
        }
    }
    // The longest that is allowed is waited for.
    let longest = u16::try_from(records::MESSAGE_LEN_MAX).unwrap();
    assert!(dialer().handle(&longest.to_be_bytes()).is_ok());
}

#[test]
fn a_payload_in_message_1_is_ignored() {
    let mut first = listener().start().unwrap();
    first.extend(vec![7; 1000]);
    let first = records::encode(&first[2..]);
    assert!(dialer().handle(&first).unwrap().send.is_some());
}

#[test]
fn nobody_may_speak_out_of_turn_or_after_the_end() {
    let mut early = listener();
    assert!(matches!(early.handle(&[0]), Err(HandshakeError::OutOfTurn)));
    assert_eq!(early.start(), None);

    let mut doubled = listener().start().unwrap();
    doubled.push(0);
    assert!(matches!(dialer().handle(&doubled), Err(HandshakeError::OutOfTurn)));

    let (mut listening, mut dialing) = (listener(), dialer());
    let (listened, dialed) = talk(&mut listening, &mut dialing);
    assert!(listened.is_ok() && dialed.is_ok());
    for side in [&mut listening, &mut dialing] {
        assert!(matches!(side.handle(b"more"), Err(HandshakeError::Over)));
        assert!(side.handle(b"").is_ok());
        assert_eq!(side.start(), None);
    }
}

#[test]
fn a_signer_that_fails_or_overdoes_it_ends_the_handshake() {
    struct Faulty(Option<usize>);
    impl Signer for Faulty {
        fn public_key(&self) -> PublicKey {
            Keypair::ed25519_from_seed([2; 32]).public_key()
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
            self.0.map(|len| vec![0; len]).ok_or_else(|| SignError::new("locked"))
        }
    }
    let first = listener().start().unwrap();
    for len in [None, Some(4096), Some(100_000)] {
        let identity = Identity::new(Faulty(len));
        let mut dialing = Handshake::dialer(identity, None, &PROLOGUE, recorded_secrets());
        let result = dialing.handle(&first);
        assert!(matches!(result, Err(HandshakeError::Sign(_))), "{len:?}: {result:?}");
        assert!(matches!(dialing.handle(&first), Err(HandshakeError::Over)));
    }
}

#[test]
fn errors_name_their_cause() {
    let cause = PayloadError::IdentityKey(PublicKeyError::UnsupportedCurve);
    let error = HandshakeError::Payload(cause);
    let mut chain = vec![error.to_string()];
    let mut source: Option<&dyn Error> = error.source();
    while let Some(error) = source {
        chain.push(error.to_string());
        source = error.source();
    }
    assert_eq!(chain.len(), 3, "{chain:?}");
    let boxed: Box<dyn Error> = Box::new(BadSignature);
    assert!(boxed.to_string().contains("signature"));
}
