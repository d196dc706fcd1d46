//! What the machine does at each cause; whole exchanges are below.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::fingerprint::Fingerprint;
use crate::ice::{Password, Secrets, Ufrag};
use crate::rtc::CandidateInit;
use crate::sdp::{CandidateKind, Foundation, Mid, SdpError};
use crate::signaling::SignalingError;

mod candidates;
mod ending;
mod orders;
mod recorded;

/// What a peer with this fragment says of itself.
fn description(ufrag: &str, setup: Setup) -> SessionDescription<'_> {
    let credentials = Secrets {
        ufrag: Ufrag::new(ufrag.as_bytes()).unwrap(),
        password: Password::new(b"0123456789abcdefghijkl").unwrap(),
    };
    SessionDescription::new(credentials, Fingerprint::from_bytes([7; 32]), setup)
}

fn offerer() -> Signaling {
    Signaling::offerer(NOW, &description("oooo", Setup::ActPass), Limits::default())
}

fn answerer() -> Signaling {
    Signaling::answerer(NOW, &description("aaaa", Setup::ActPass), Limits::default())
}

/// An offerer whose offer was taken and answered, and an answerer who has said so.
fn described() -> [Signaling; 2] {
    let (mut offerer, mut answerer) = (offerer(), answerer());
    answerer.handle_bytes(&written(&mut offerer));
    offerer.handle_bytes(&written(&mut answerer));
    for machine in [&mut offerer, &mut answerer] {
        assert!(matches!(told(machine)[..], [Event::Description { .. }]));
    }
    [offerer, answerer]
}

fn wire(kind: Kind, data: &str) -> Vec<u8> {
    let message = Message::new(kind, data);
    let mut out = vec![0; message.encoded_len()];
    message.encode(&mut out).unwrap();
    out
}

/// A host candidate at this port.
fn candidate(port: u16) -> Candidate<'static> {
    let addr = ([192, 0, 2, 1], port).into();
    Candidate::new(Foundation::new("1").unwrap(), 7, addr, CandidateKind::Host)
}

/// The message with which others say it.
fn candidate_message(port: u16) -> Vec<u8> {
    wire(Kind::IceCandidate, &CandidateInit::new(&candidate(port), Mid::new("0")).to_json())
}

/// All that is to be written; nothing else may be to be done.
fn written(machine: &mut Signaling) -> Vec<u8> {
    let mut bytes = Vec::new();
    for action in done(machine) {
        let StreamAction::Write(message) = action else { panic!("{action:?}") };
        bytes.extend(message);
    }
    bytes
}

fn done(machine: &mut Signaling) -> Vec<StreamAction> {
    core::iter::from_fn(|| machine.poll_stream()).collect()
}

fn told(machine: &mut Signaling) -> Vec<Event> {
    core::iter::from_fn(|| machine.poll_event()).collect()
}

/// The ports of the candidates among the events.
fn ports(events: &[Event]) -> Vec<u16> {
    let port = |event: &Event| match event {
        Event::Candidate(candidate) => Some(candidate.as_sdp().port),
        _ => None,
    };
    events.iter().filter_map(port).collect()
}

/// The kinds of the messages in what was written.
fn kinds(mut bytes: &[u8]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    while let Some((message, len)) = Message::read(bytes, Inbox::BODY_LEN_MAX).unwrap() {
        kinds.push(message.kind);
        bytes = &bytes[len..];
    }
    assert!(bytes.is_empty());
    kinds
}

fn fails_with(machine: &mut Signaling, failure: Failure) {
    assert_eq!(told(machine), [Event::Failed(failure)]);
    assert_ne!(failure.to_string(), "");
    assert!(!machine.is_over(), "the stream is to be reset");
    assert_eq!(done(machine), [StreamAction::Reset]);
    assert!(machine.is_over() && machine.deadline().is_none());
}

const NOW: Timestamp = Timestamp::from_millis(1_000);
const LATER: Timestamp = Timestamp::from_millis(11_000);

#[test]
fn an_offer_is_written_at_once_with_its_type() {
    let offer = written(&mut offerer());
    // Length of two bytes, then type 0 in words: js-libp2p takes no message without one.
    assert_eq!(offer[2..4], [0x08, 0x00]);
    let (message, _) = Message::read(&offer, 1024).unwrap().unwrap();
    let sdp = SessionDescription::parse(message.data).unwrap();
    assert_eq!(sdp, description("oooo", Setup::ActPass));
    assert_eq!(done(&mut answerer()), []);
}

#[test]
fn an_offer_is_answered_in_its_section() {
    let mut answerer = answerer();
    let mut offer = description("oooo", Setup::ActPass);
    offer.mid = Mid::new("data");
    answerer.handle_bytes(&wire(Kind::SdpOffer, &offer.to_string()));
    let remote = Description::from(&offer);
    assert_eq!(told(&mut answerer), [Event::Description { remote, setup: Setup::Active }]);
    let answer = written(&mut answerer);
    let (message, _) = Message::read(&answer, 1024).unwrap().unwrap();
    let answer = SessionDescription::parse(message.data).unwrap();
    assert_eq!((message.kind, answer.mid), (Kind::SdpAnswer, offer.mid));
    assert_eq!((answer.setup, answer.credentials.ufrag.as_str()), (Setup::Active, "aaaa"));
}

#[test]
fn a_message_without_a_type_is_an_offer() {
    let sdp = description("oooo", Setup::ActPass).to_string();
    let mut typed = wire(Kind::SdpOffer, &sdp);
    typed.drain(2..4);
    let body_len = typed.len() - 2;
    let mut typeless = vec![0; 2];
    typeless.copy_from_slice(&[body_len as u8 | 0x80, (body_len >> 7) as u8]);
    typeless.extend(&typed[2..]);
    let mut answerer = answerer();
    answerer.handle_bytes(&typeless);
    assert!(matches!(told(&mut answerer)[..], [Event::Description { .. }]));
    let mut offerer = offerer();
    let _ = written(&mut offerer);
    offerer.handle_bytes(&typeless);
    fails_with(&mut offerer, Failure::Unexpected(Kind::SdpOffer));
}

#[test]
fn what_comes_in_place_of_a_description() {
    let sdp = description("wxYZ", Setup::Active).to_string();
    for (mut machine, expected) in [(offerer(), Kind::SdpAnswer), (answerer(), Kind::SdpOffer)] {
        let _ = done(&mut machine);
        for bytes in [&b"\x02\x08\x04"[..], b"\x05\x08\x63\x12\x01x"] {
            machine.handle_bytes(bytes);
            assert_eq!(told(&mut machine), [], "an unknown kind is passed over");
        }
        let wrong = [Kind::SdpOffer, Kind::SdpAnswer].into_iter().find(|kind| *kind != expected);
        let unexpected = Failure::Unexpected(wrong.unwrap());
        let bad_sdp = sdp.replace("v=0", "v=1");
        for (bytes, failure) in [
            (wire(wrong.unwrap(), &sdp), unexpected),
            (wire(expected, &bad_sdp), Failure::Description(SdpError::Version)),
            (wire(expected, ""), Failure::Description(SdpError::Version)),
            (b"\x01\x1b".to_vec(), Failure::Message(SignalingError::Malformed)),
            (b"\x03\x12\x01\xff".to_vec(), Failure::Message(SignalingError::NotText)),
            (b"\x81\x88\x01".to_vec(), Failure::Message(SignalingError::TooLong { len: 17_409 })),
        ] {
            let mut machine = machine.clone();
            machine.handle_bytes(&bytes);
            fails_with(&mut machine, failure);
            // Nothing brings it back.
            machine.handle_bytes(&wire(expected, &sdp));
            machine.handle_connected(NOW);
            machine.add_candidate(&candidate(1));
            machine.handle_end();
            machine.handle_timeout(LATER);
            assert_eq!((told(&mut machine), done(&mut machine)), (vec![], vec![]));
        }
    }
}

#[test]
fn an_answer_must_leave_one_side_to_begin_dtls() {
    use Setup::*;
    for (offered, answered, ours) in [
        (ActPass, Active, Some(Passive)),
        (ActPass, Passive, Some(Active)),
        (ActPass, ActPass, None),
        (Active, Passive, Some(Active)),
        (Active, Active, None),
        (Passive, Active, Some(Passive)),
        (Passive, Passive, None),
    ] {
        let mut offerer = Signaling::offerer(NOW, &description("oooo", offered), Limits::default());
        let _ = written(&mut offerer);
        let answer = description("aaaa", answered);
        offerer.handle_bytes(&wire(Kind::SdpAnswer, &answer.to_string()));
        match ours {
            Some(setup) => {
                let remote = Description::from(&answer);
                assert_eq!(told(&mut offerer), [Event::Description { remote, setup }]);
            }
            None => {
                fails_with(&mut offerer, Failure::Setup { offered, answered });
            }
        }
    }
}

#[test]
fn what_follows_the_descriptions_does_not_end_the_attempt() {
    let sdp = description("else", Setup::ActPass).to_string();
    for machine in described() {
        // Passed over, and what is behind it is read.
        for bytes in [
            wire(Kind::SdpOffer, &sdp),
            wire(Kind::SdpAnswer, "no description"),
            wire(Kind::Unknown(4), "x"),
            wire(Kind::IceCandidate, "no JSON"),
            b"\x00".to_vec(),
        ] {
            let mut machine = machine.clone();
            machine.handle_bytes(&[bytes, candidate_message(9)].concat());
            assert_eq!(ports(&told(&mut machine)), [9]);
        }
        // The end of reading, and of nothing else.
        for bytes in [&b"\x01\x1b"[..], b"\x03\x12\x01\xff", b"\xff\xff\x7f", b"\x80\x00"] {
            let mut machine = machine.clone();
            machine.handle_bytes(&[bytes.to_vec(), candidate_message(9)].concat());
            machine.handle_bytes(&candidate_message(9));
            assert_eq!(told(&mut machine), [Event::EndOfCandidates]);
            machine.add_candidate(&candidate(1));
            assert_eq!(kinds(&written(&mut machine)), [Kind::IceCandidate]);
        }
    }
}

#[test]
fn an_attempt_has_its_time() {
    let limits = || Limits { timeout: Duration::from_secs(3), ..Limits::default() };
    let brief = Signaling::answerer(NOW, &description("aaaa", Setup::ActPass), limits());
    assert_eq!(brief.deadline().map(|due| due.at), Some(NOW + Duration::from_secs(3)));
    for (mut machine, failure) in [
        (offerer(), Failure::NoDescription),
        (answerer(), Failure::NoDescription),
        (described()[0].clone(), Failure::NotConnected),
        (described()[1].clone(), Failure::NotConnected),
    ] {
        let _ = done(&mut machine);
        let due = machine.deadline().unwrap();
        assert_eq!(due.at, LATER);
        machine.handle_timeout(due.at - Duration::from_nanos(1));
        assert_eq!(told(&mut machine), []);
        machine.handle_timeout(due.at);
        fails_with(&mut machine, failure);
    }
}

#[test]
fn an_attempt_is_given_up() {
    for mut machine in [offerer(), answerer()].into_iter().chain(described()) {
        machine.add_candidate(&candidate(1));
        machine.abandon();
        // What was not written need not be.
        fails_with(&mut machine, Failure::Abandoned);
    }
}

#[test]
fn credentials_are_not_printed() {
    let [offerer, answerer] = described();
    let printed = format!("{offerer:?} {answerer:?}");
    assert!(!printed.contains("0123456789abcdefghijkl"), "{printed}");
}
