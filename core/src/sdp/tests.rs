//! Descriptions of everybody who sends some, and texts that are none.

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::fingerprint::FingerprintError;
use crate::ice::{Password, TextError, Ufrag};
use crate::testing::{Dice, text};

/// What libdatachannel and Chromium sent to each other, and to webrtc-direct's listeners.
fn recorded() -> Vec<String> {
    let signaling = include_str!("../../tests/vectors/signaling.json");
    let signaling: serde_json::Value = serde_json::from_str(signaling).unwrap();
    let is_sdp = |message: &&serde_json::Value| text(&message["type"]).starts_with("SDP");
    let sdp = signaling.as_array().unwrap().iter().filter(is_sdp);
    sdp.map(|message| text(&message["data"]).to_string()).collect()
}

/// The shape of other writers' offers: written by hand after their habits, not recorded.
const SHAPES: [(&str, &str); 5] = [
    ("Firefox", include_str!("../../tests/vectors/sdp/firefox.sdp")),
    ("Safari", include_str!("../../tests/vectors/sdp/safari.sdp")),
    ("aiortc", include_str!("../../tests/vectors/sdp/aiortc.sdp")),
    ("aiortc, before RFC 8841", include_str!("../../tests/vectors/sdp/aiortc-sctpmap.sdp")),
    ("pion", include_str!("../../tests/vectors/sdp/pion.sdp")),
];

fn ours() -> SessionDescription<'static> {
    let credentials = Secrets {
        ufrag: Ufrag::new(b"wxYZ").unwrap(),
        password: Password::new(b"clientPassword1234567890").unwrap(),
    };
    SessionDescription::new(credentials, Fingerprint::from_bytes([0xab; 32]), Setup::ActPass)
}

fn reads_alike(description: &SessionDescription<'_>) {
    let text = description.to_string();
    assert_eq!(SessionDescription::parse(&text).as_ref(), Ok(description), "{text}");
    let with_lf = text.replace("\r\n", "\n");
    assert_eq!(SessionDescription::parse(&with_lf).as_ref(), Ok(description), "{text}");
}

#[test]
fn recorded_descriptions() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 4);
    let mut setups = vec![];
    for text in &recorded {
        let description = SessionDescription::parse(text).unwrap();
        assert!(
            text.contains(&format!("a=ice-ufrag:{}\r\n", description.credentials.ufrag.as_str()))
        );
        let password = description.credentials.password.as_str();
        assert!(text.contains(&format!("a=ice-pwd:{password}\r\n")));
        assert!(text.contains(&description.fingerprint.sdp().to_string()));
        assert_eq!(description.mid, Mid::new("0"));
        assert_eq!((description.sctp_port, description.max_message_size), (5000, 262_144));
        assert!(!description.is_ice_lite && !description.is_end_of_candidates);
        assert_eq!(description.candidates, Candidates::NONE);
        setups.push(description.setup);
        reads_alike(&description);
    }
    assert_eq!(setups, [Setup::ActPass, Setup::Active, Setup::ActPass, Setup::Active]);
}

#[test]
fn offers_of_everybody() {
    for (writer, text) in SHAPES {
        let description =
            SessionDescription::parse(text).unwrap_or_else(|error| panic!("{writer}: {error}"));
        assert_eq!(description.setup, Setup::ActPass, "{writer}");
        assert_eq!(description.sctp_port, 5000, "{writer}");
        assert_eq!(description.fingerprint.as_bytes()[0], 0x4a, "{writer}: sha-256");
        reads_alike(&description);
    }
    let [firefox, safari, aiortc, older, pion] =
        SHAPES.map(|(_, text)| SessionDescription::parse(text).unwrap());
    assert_eq!(firefox.max_message_size, 1_073_741_823);
    assert_eq!(safari.candidates.iter().count(), 2);
    assert!(aiortc.is_end_of_candidates && aiortc.candidates.iter().count() == 2);
    assert_eq!(older.max_message_size, SessionDescription::MAX_MESSAGE_SIZE_DEFAULT);
    assert_eq!(pion.credentials.ufrag.as_str().len(), 16);
}

#[test]
fn what_a_dialer_of_webrtc_direct_makes_up_is_a_description_too() {
    let stray_empty_lines = "v=0\no=- 0 0 IN IP4 0.0.0.0\ns=-\nt=0 0\na=ice-lite\n\
        m=application 4001 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 192.0.2.1\na=mid:0\n\
        a=ice-options:ice2\na=ice-ufrag:libp2p+webrtc+v1/abcdefgh\n\
        a=ice-pwd:libp2p+webrtc+v1/abcdefgh\n\
        a=fingerprint:SHA-256 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab:3e:4b:\
        65:2d:46:3f:6c:ab:54:41:d3:9a\n\na=setup:passive\na=sctp-port:5000\n\
        a=max-message-size:16384\na=candidate:1 1 UDP 1 192.0.2.1 4001 typ host\n\
        a=end-of-candidates\n";
    let description = SessionDescription::parse(stray_empty_lines).unwrap();
    assert!(description.is_ice_lite && description.is_end_of_candidates);
    assert_eq!(description.setup, Setup::Passive);
    let mut candidates = description.candidates.iter();
    let candidate = candidates.next().unwrap();
    assert_eq!(candidate.udp_addr(), Some("192.0.2.1:4001".parse().unwrap()));
    assert_eq!(candidates.next(), None);
    reads_alike(&description);
}

#[test]
fn an_answer_of_our_own() {
    let addr = "192.0.2.1:4001".parse().unwrap();
    let foundation = Foundation::new("1").unwrap();
    let candidates = [Candidate::new(foundation, 7, addr, CandidateKind::Host)];
    let offer = SessionDescription { mid: Mid::new("data"), ..ours() };
    let answer = SessionDescription {
        setup: offer.setup.answer(),
        mid: offer.mid,
        candidates: Candidates::new(&candidates),
        is_end_of_candidates: true,
        ..ours()
    };
    let text = answer.to_string();
    for line in [
        "a=group:BUNDLE data",
        "a=mid:data",
        "a=setup:active",
        "a=max-message-size:16384",
        "a=candidate:1 1 udp 7 192.0.2.1 4001 typ host",
        "a=end-of-candidates",
    ] {
        assert!(text.lines().any(|written| written == line), "{line} in {text}");
    }
    assert!(text.ends_with("\r\n"), "Chromium refuses a last line without an end");
    reads_alike(&answer);
    reads_alike(&SessionDescription { mid: None, max_message_size: 0, ..answer });
    assert_eq!([Setup::Passive, Setup::Active].map(Setup::answer), [Setup::Active, Setup::Passive]);
}

#[test]
fn the_section_outweighs_the_session() {
    let other = "a=ice-ufrag:else\r\na=setup:passive\r\nm=application";
    let text = ours().to_string().replace("m=application", other);
    assert_eq!(SessionDescription::parse(&text), Ok(ours()));
}

#[test]
fn what_cannot_be_used_is_refused() {
    use SdpError::*;
    let good = ours().to_string();
    let without = |line: &str| {
        let kept = good.lines().filter(|kept| !kept.starts_with(line));
        kept.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    let with = |line: &str| format!("{good}{line}\r\n");
    let media = |line: &str| good.replace("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", line);
    let long = with(&format!("a=x:{}", "y".repeat(SessionDescription::LEN_MAX)));
    for (text, error) in [
        (String::new(), Version),
        (without("v="), Version),
        (format!(" {good}"), Version),
        (long.clone(), TooLong { len: long.len() }),
        (with("junk"), Line(16)),
        (with("A=b"), Line(16)),
        (with("a=x:\0"), Line(16)),
        (with("a=x\ra=ice-lite"), Line(16)),
        (without("m="), Sections),
        (with("m=audio 9 UDP/TLS/RTP/SAVPF 111"), Media),
        (with("m=application 9 UDP/DTLS/SCTP webrtc-datachannel"), Sections),
        (media("m=audio 9 UDP/DTLS/SCTP webrtc-datachannel"), Media),
        (media("m=application 9 UDP/DTLS/SCTP"), Media),
        (media("m=application x UDP/DTLS/SCTP webrtc-datachannel"), Media),
        (media("m=application 9 UDP/DTLS/SCTP webrtc"), Media),
        (media("m=application 9 DTLS/SCTP 0"), Media),
        (media("m=application 9 SCTP webrtc-datachannel"), Media),
        (media("m=application 0 UDP/DTLS/SCTP webrtc-datachannel"), Rejected),
        (without("a=ice-ufrag"), Missing(Attribute::IceUfrag)),
        (without("a=ice-pwd"), Missing(Attribute::IcePwd)),
        (without("a=fingerprint"), Missing(Attribute::Fingerprint)),
        (without("a=setup"), Missing(Attribute::Setup)),
        (with("a=ice-ufrag:other"), Repeated(Attribute::IceUfrag)),
        (with("a=setup:active"), Repeated(Attribute::Setup)),
        (with("a=mid:1"), Repeated(Attribute::Mid)),
        (with("a=setup:holdconn"), Invalid(Attribute::Setup)),
        (with("a=mid:a b"), Invalid(Attribute::Mid)),
        (with(&format!("a=mid:{}", "0".repeat(65))), Invalid(Attribute::Mid)),
        (with("a=sctp-port:0"), Invalid(Attribute::SctpPort)),
        (with("a=sctp-port:+1"), Invalid(Attribute::SctpPort)),
        (with("a=max-message-size:big"), Invalid(Attribute::MaxMessageSize)),
        (with("a=ice-ufrag:a"), Ufrag(TextError::TooShort { len: 1, min: 4 })),
        (with("a=ice-pwd:abcdefghijklmnopqrstuvw="), Password(TextError::Byte(b'='))),
        (with("a=fingerprint:sha-256 AB"), Fingerprint(FingerprintError::Sdp)),
    ] {
        assert_eq!(SessionDescription::parse(&text), Err(error), "{text}");
        assert_ne!(error.to_string(), "");
    }
    // What says nothing else, or to somebody else.
    for text in [
        with("a=ice-ufrag:wxYZ"),
        with("a=fingerprint:sha-1 nonsense"),
        with("a=candidate:nonsense"),
        with("b=AS:30"),
        media("m=application 0 UDP/DTLS/SCTP webrtc-datachannel") + "a=bundle-only\r\n",
        media("m=application 9 DTLS/SCTP 5000"),
    ] {
        assert_eq!(SessionDescription::parse(&text), Ok(ours()), "{text}");
    }
}

#[test]
fn damaged_descriptions_are_refused_or_are_descriptions() {
    let recorded = recorded();
    let (mut kept, mut refused) = (0, 0);
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut bytes = match dice.below(2) {
            0 => recorded[dice.below(recorded.len())].clone(),
            _ => SHAPES[dice.below(SHAPES.len())].1.to_string(),
        }
        .into_bytes();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            match dice.below(3) {
                0 => drop(bytes.remove(at)),
                1 => bytes.truncate(at + 1),
                _ => bytes[at] = dice.roll() as u8 & 0x7f,
            }
        }
        let text = core::str::from_utf8(&bytes).unwrap();
        match SessionDescription::parse(text) {
            Ok(description) => {
                kept += 1;
                reads_alike(&description);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(kept > 200 && refused > 200, "{kept} {refused}");
}
