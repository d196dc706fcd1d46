//! ICE candidates: read as a plain reading of their words says, written and read again alike, in JSON too.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use floe_core::rtc::CandidateInit;
use floe_core::sdp::{
    Address, Candidate, CandidateError, CandidateKind, Foundation, Mid, Transport,
};

use crate::input::Input;
use crate::says_why;

/// Any bytes as a line and as JSON; then a line of words that candidates have, and others; then a candidate
/// that floe would write.
pub fn candidate(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        reads(text);
        signaled(text);
    }
    let mut input = Input::new(data);
    let line = assembled(&mut input);
    reads(&line);
    let init = CandidateInit::from_json(&format!("{{\"candidate\":{line:?}}}"));
    assert!(init.is_err() || init == Ok(None) || init.is_ok_and(|init| init.unwrap().line == line));
    made(&mut Input::new(data));
}

fn reads(line: &str) {
    match Candidate::parse(line) {
        Ok(candidate) => {
            assert!(line.len() <= Candidate::LEN_MAX);
            is_said(line, &candidate);
            reads_alike(&candidate);
        }
        Err(error) => {
            says_why(&error);
            is_refused(line, error);
        }
    }
}

/// Its words, if the text begins as a candidate.
fn words(line: &str) -> Vec<&str> {
    let value = line.split_once("candidate:").map_or("", |(_, value)| value);
    value.trim_end_matches(['\r', '\n']).split(' ').filter(|word| !word.is_empty()).collect()
}

fn is_said(line: &str, candidate: &Candidate<'_>) {
    let words = words(line);
    assert_eq!(candidate.foundation.as_str(), words[0]);
    assert_eq!(Ok(candidate.component), words[1].parse());
    let transport = if candidate.transport == Transport::Udp { "udp" } else { "tcp" };
    assert!(words[2].eq_ignore_ascii_case(transport));
    assert_eq!(Ok(candidate.priority), words[3].parse());
    match candidate.address {
        Address::Ip(ip) => assert_eq!(Ok(ip), words[4].parse()),
        Address::Name(name) => {
            assert_eq!(name.as_str(), words[4]);
            assert_eq!(candidate.udp_addr(), None);
        }
    }
    assert_eq!(Ok(candidate.port), words[5].parse());
    assert!(candidate.port != 0 && (1..=256).contains(&candidate.component));
    assert_eq!(words[6], "typ");
    // Behind the type, the last pair of a name counts.
    let mut pairs = words[8..].chunks_exact(2).rev();
    let ufrag = pairs.find(|pair| pair[0] == "ufrag").map(|pair| pair[1]);
    assert_eq!(candidate.ufrag.map(|ufrag| ufrag.as_str()), ufrag);
}

/// Only what has a reason is refused.
fn is_refused(line: &str, error: CandidateError) {
    let words = words(line);
    let lacks = |at: usize, holds: fn(&str) -> bool| assert!(!holds(words[at]), "{error}: {line}");
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    match error {
        CandidateError::TooLong { len } => assert!(len == line.len() && len > Candidate::LEN_MAX),
        CandidateError::Foundation => lacks(0, |word| Foundation::new(word).is_some()),
        CandidateError::Component => {
            assert!(
                !words[1].parse().is_ok_and(|it| (1..=256).contains(&it)) || !is_number(words[1])
            );
        }
        CandidateError::Priority => {
            assert!(words[3].parse::<u32>().is_err() || !is_number(words[3]));
        }
        CandidateError::Address => lacks(4, |word| word.parse::<IpAddr>().is_ok()),
        CandidateError::Port => {
            assert!(!words[5].parse::<u16>().is_ok_and(|port| port > 0) || !is_number(words[5]));
        }
        CandidateError::Kind => {
            lacks(7, |word| ["host", "srflx", "prflx", "relay"].contains(&word));
        }
        _ => {}
    }
}

fn reads_alike(candidate: &Candidate<'_>) {
    let line = candidate.to_string();
    assert!(line.len() <= Candidate::LEN_MAX && !line.contains(|it: char| it.is_control()));
    assert_eq!(Candidate::parse(&line).as_ref(), Ok(candidate), "{line}");
    assert_eq!(Candidate::parse(&format!("a={line}\r\n")).as_ref(), Ok(candidate), "{line}");
    let init = CandidateInit::new(candidate, Mid::new("0"));
    assert_eq!(init.candidate().as_ref(), Ok(candidate));
    let json = init.to_json();
    signaled(&json);
    assert_eq!(CandidateInit::from_json(&json), Ok(Some(init)));
}

fn signaled(json: &str) {
    match CandidateInit::from_json(json) {
        Ok(Some(init)) => {
            assert!(json.len() <= CandidateInit::LEN_MAX && !init.line.is_empty());
            // Escaped, it may have become too long.
            let again = init.to_json();
            if again.len() <= CandidateInit::LEN_MAX {
                assert_eq!(CandidateInit::from_json(&again).as_ref(), Ok(&Some(init.clone())));
            }
            match init.candidate() {
                Ok(candidate) => {
                    let ufrag = candidate.ufrag.map(|ufrag| ufrag.as_str());
                    assert!(
                        init.username_fragment.is_none()
                            || ufrag == init.username_fragment.as_deref()
                    );
                }
                Err(error) => says_why(&error),
            }
        }
        Ok(None) => {}
        Err(error) => says_why(&error),
    }
}

/// A line of words, each of which stands there in some candidate, or is taken from the input.
fn assembled(input: &mut Input<'_>) -> String {
    let mut line = input.pick(&["candidate:", "a=candidate:", "", "candidate: "]).to_owned();
    for usual in WORDS {
        line.push_str(&word(input, usual));
        line.push_str(if input.byte() < 250 { " " } else { "  " });
    }
    while !input.is_empty() {
        line.push_str(&word(input, &["raddr", "rport", "tcptype", "ufrag", "generation"]));
        line.push(' ');
        line.push_str(&word(input, VALUES));
        line.push(' ');
    }
    line.push_str(input.pick(&["", "\r\n", "\n", "\r"]));
    line
}

fn word<'a>(input: &mut Input<'a>, usual: &[&'a str]) -> Cow<'a, str> {
    match input.byte() {
        choice if choice < 0xe0 => usual[usize::from(choice) % usual.len()].into(),
        choice => String::from_utf8_lossy(input.take(usize::from(choice & 0x1f))),
    }
}

/// A candidate that floe would write.
fn made(input: &mut Input<'_>) {
    let len = 1 + usize::from(input.byte() & 31);
    let foundation = input.ice_text(len);
    let foundation = Foundation::new(&foundation).expect("1 to 32 ice-chars");
    let ip = match input.byte() & 1 {
        0 => IpAddr::from(input.array::<4>()),
        _ => IpAddr::from(input.array::<16>()),
    };
    let addr = SocketAddr::new(ip, input.u16().max(1));
    let priority = u32::from_le_bytes(input.array());
    let kind = input.pick(&[
        CandidateKind::Host,
        CandidateKind::ServerReflexive,
        CandidateKind::PeerReflexive,
        CandidateKind::Relayed,
    ]);
    let mut candidate = Candidate::new(foundation, priority, addr, kind);
    assert_eq!(candidate.udp_addr(), Some(addr));
    if kind != CandidateKind::Host {
        candidate.related = Some((IpAddr::from(input.array::<4>()), input.u16()));
    }
    reads_alike(&candidate);
}

/// What stands at each place up to the type.
const WORDS: [&[&str]; 8] = [
    &["1", "3390363830", "d0a2f4cd26a1e28ce6b62d95cf35bbf1", "+/aZ", "f-1"],
    &["1", "2", "256", "0", "257", "01"],
    &["udp", "UDP", "tcp", "TCP", "ssltcp"],
    &["2113937151", "1", "4294967295", "4294967296", "-1"],
    &[
        "192.0.2.2",
        "fd00::2",
        "f358ccc2-ae0e-4164-90d1-71b49ac820b9.local",
        "::ffff:192.0.2.1",
        "1.2.3",
        "peer.example",
        "fe80::1%eth0",
    ],
    &["54138", "9", "65535", "65536", "0"],
    &["typ"],
    &["host", "srflx", "prflx", "relay", "guest"],
];

/// What stands behind names.
const VALUES: &[&str] =
    &["0.0.0.0", "0", "9", "active", "passive", "so", "lazy", "bfqL", "abc", "2001:db8::1", "999"];
