//! Session descriptions: everybody's lines in any order, and what floe writes. What is read of them was said
//! in them, what is written is read alike, and no line is smuggled.

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::{Password, Secrets, Ufrag};
use floe_core::sdp::{
    Candidate, CandidateKind, Candidates, Foundation, Mid, SdpError, SessionDescription, Setup,
};

use crate::input::{Input, flip};
use crate::says_why;

/// Any bytes as text; then somebody's offer with lines moved, changed and added; then a description that floe
/// would write.
pub fn sdp(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        reads(text);
    }
    reads(&assembled(&mut Input::new(data)));
    made(&mut Input::new(data));
}

fn reads(text: &str) {
    match SessionDescription::parse(text) {
        Ok(description) => {
            assert!(text.len() <= SessionDescription::LEN_MAX);
            is_said(text, &description);
            reads_alike(&description);
        }
        Err(error) => {
            says_why(&error);
            assert_eq!(
                matches!(error, SdpError::TooLong { .. }),
                text.len() > SessionDescription::LEN_MAX
            );
        }
    }
}

/// Each value is what the section says, or else the session; and neither says two things.
fn is_said(text: &str, description: &SessionDescription<'_>) {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines: Vec<_> = lines.collect();
    assert!(!lines.iter().any(|line| line.contains(|char: char| char.is_ascii_control())));
    let media = lines.iter().position(|line| line.starts_with("m=")).expect("there is a section");
    let (session, section) = lines.split_at(media);
    assert_eq!(section.iter().filter(|line| line.starts_with("m=")).count(), 1);

    let either = |name| said(section, name).or_else(|| said(session, name));
    assert_eq!(either("ice-ufrag").as_deref(), Some(description.credentials.ufrag.as_str()));
    assert_eq!(either("ice-pwd").as_deref(), Some(description.credentials.password.as_str()));
    assert_eq!(either("setup"), Some(description.setup.to_string()));
    assert_eq!(either("fingerprint"), Some(description.fingerprint.sdp().to_string()));
    assert_eq!(said(section, "mid").as_deref(), description.mid.map(Mid::as_str));
    let size = said(section, "max-message-size").unwrap_or("65536".into());
    assert_eq!(size, description.max_message_size.to_string());
    // Older ones have the SCTP port in `m=`.
    let of_media = section[0].split(' ').filter(|word| !word.is_empty()).nth(3);
    let of_media = of_media.and_then(|port| port.parse::<u16>().ok()).map(|port| port.to_string());
    let port = of_media.or_else(|| said(section, "sctp-port")).unwrap_or("5000".into());
    assert_eq!(port, description.sctp_port.to_string());
    assert_ne!(description.sctp_port, 0);

    let candidates = lines.iter().filter(|line| line.starts_with("a=candidate:"));
    let candidates: Vec<_> = candidates.filter_map(|line| Candidate::parse(line).ok()).collect();
    assert!(description.candidates.iter().eq(candidates));
}

/// The one value that an attribute has in these lines, numbers without zeros before them and sha-256 without
/// its name.
fn said(lines: &[&str], name: &str) -> Option<String> {
    let values = lines.iter().filter_map(|line| {
        let value =
            line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?.trim_matches(' ');
        match name {
            "fingerprint" => {
                let (hash, digest) = value.split_once(' ')?;
                let is_sha256 = hash.eq_ignore_ascii_case("sha-256");
                is_sha256.then(|| digest.trim_matches(' ').to_ascii_uppercase())
            }
            "max-message-size" | "sctp-port" => value.parse().ok().map(|it: u64| it.to_string()),
            _ => Some(value.to_owned()),
        }
    });
    let mut values: Vec<_> = values.collect();
    values.dedup();
    assert!(values.len() <= 1, "{name} says two things: {values:?}");
    values.pop()
}

fn reads_alike(description: &SessionDescription<'_>) {
    let text = description.to_string();
    let lines = text.strip_suffix("\r\n").expect("the last line has an end").split("\r\n");
    for line in lines {
        assert_eq!(line.as_bytes()[1], b'=', "{text}");
        assert!(!line.contains(|char: char| char.is_control()), "{text}");
    }
    // Candidates may come to more than a text may have.
    if text.len() <= SessionDescription::LEN_MAX {
        assert_eq!(SessionDescription::parse(&text).as_ref(), Ok(description), "{text}");
    }
}

/// Somebody's offer, changed line by line.
fn assembled(input: &mut Input<'_>) -> String {
    let mut lines: Vec<Vec<u8>> = input.pick(OFFERS).lines().map(|line| line.into()).collect();
    let end = input.pick(&["\r\n", "\n", "\n\n", "\r"]);
    while !input.is_empty() && lines.len() < 60 {
        let (choice, at) = (input.byte(), usize::from(input.byte()) % (lines.len() + 1));
        let line = lines.get_mut(at);
        match (choice & 7, line) {
            (0..=2, _) => lines.insert(at, input.pick(LINES).into()),
            (3, Some(_)) => drop(lines.remove(at)),
            (4, Some(line)) => flip(line, input.u16()),
            (5, Some(line)) => line.extend_from_slice(input.take(usize::from(choice >> 3))),
            (6, Some(_)) => {
                let line = lines.remove(at);
                lines.push(line);
            }
            (7, Some(line)) => {
                let kept = line.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
                line.truncate(kept);
                line.extend_from_slice(input.take(usize::from(choice >> 3)));
            }
            _ => {}
        }
    }
    let mut text = lines.join(end.as_bytes());
    text.extend_from_slice(end.as_bytes());
    String::from_utf8_lossy(&text).into_owned()
}

/// A description that floe would write.
fn made(input: &mut Input<'_>) {
    let (choice, ufrag_len, password_len) = (input.byte(), input.byte(), input.byte());
    let ufrag = input.ice_text(4 + usize::from(ufrag_len).min(252));
    let password = input.ice_text(22 + usize::from(password_len).min(234));
    let credentials = Secrets {
        ufrag: Ufrag::new(ufrag.as_bytes()).expect("4 to 256 ice-chars"),
        password: Password::new(password.as_bytes()).expect("22 to 256 ice-chars"),
    };
    let setup = input.pick(&[Setup::ActPass, Setup::Active, Setup::Passive]);
    let fingerprint = Fingerprint::from_bytes(input.array());
    let mid_len = usize::from(input.byte()) % 70;
    let mid = String::from_utf8_lossy(input.take(mid_len));
    let foundation = Foundation::new("1").expect("an ice-char");
    let candidates: Vec<_> = (0..choice >> 3)
        .map(|_| {
            let priority = u32::from(input.u16());
            Candidate::new(foundation, priority, input.peer_addr(), CandidateKind::Host)
        })
        .collect();
    let mut description = SessionDescription::new(credentials, fingerprint, setup);
    description.mid = Mid::new(&mid);
    description.sctp_port = input.u16().max(1);
    description.max_message_size = u64::from_le_bytes(input.array());
    description.is_ice_lite = choice & 1 != 0;
    description.is_end_of_candidates = choice & 2 != 0;
    description.candidates = Candidates::new(&candidates);
    reads_alike(&description);
    // An answer has a role, and keeps it.
    let answer = description.setup.answer();
    assert_ne!(answer, Setup::ActPass);
    assert!(description.setup == Setup::ActPass || answer.answer() == description.setup);
}

/// The shapes of offers.
const OFFERS: &[&str] = &[
    include_str!("../../core/tests/vectors/sdp/aiortc.sdp"),
    include_str!("../../core/tests/vectors/sdp/aiortc-sctpmap.sdp"),
    include_str!("../../core/tests/vectors/sdp/firefox.sdp"),
    include_str!("../../core/tests/vectors/sdp/pion.sdp"),
    include_str!("../../core/tests/vectors/sdp/safari.sdp"),
];

/// Lines of other descriptions, and some that no description should have.
const LINES: &[&str] = &[
    "",
    "v=0",
    "o=- 3887669799753811582 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "b=AS:30",
    "k=clear:x",
    "a=group:BUNDLE 0 1",
    "a=ice-lite",
    "a=ice-options:ice2,trickle",
    "a=bundle-only",
    "a=end-of-candidates",
    "a=ice-ufrag:bfqL",
    "a=ice-ufrag:a",
    "a=ice-ufrag:libp2p+webrtc+v1/CscIxaMZstdEngdghUO6m5bbbWEBD1QJ",
    "a=ice-pwd:Aihg/mPn+IZ0+ZJUNrFlPmq6",
    "a=ice-pwd:short",
    "a=fingerprint:SHA-256 bb:82:b8:ab:19:d5:2a:36:4e:b7:fc:be:97:62:77:28:87:41:04:75:30:f2:0b:5c:b7:77:b2:e1:1b:21:71:24",
    "a=fingerprint:sha-1 4A:AD:B9:B1",
    "a=fingerprint:sha-256",
    "a=setup:active",
    "a=setup:passive",
    "a=setup:holdconn",
    "a=mid:0",
    "a=mid:data",
    "a=sctp-port:5000",
    "a=sctp-port:0",
    "a=max-message-size:0",
    "a=max-message-size:18446744073709551616",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    "m=application 9 TCP/DTLS/SCTP webrtc-datachannel",
    "m=application 9 DTLS/SCTP 5001",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=candidate:3390363830 1 udp 2113937151 f358ccc2-ae0e-4164-90d1-71b49ac820b9.local 54138 typ host generation 0",
    "a=candidate:3 1 TCP 2105458943 192.0.2.5 9 typ host tcptype active",
    "a=candidate:nonsense",
    "a=x:\ra=ice-lite",
];
