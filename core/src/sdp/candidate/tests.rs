//! Candidates of everybody who sends some, and lines that are none.

use std::format;
use std::string::ToString;

use super::*;
use crate::testing::Dice;

/// The first, the sixth and the seventh are recorded, the others written after their writers' habits; each with what floe
/// makes of it.
const KNOWN: [(&str, &str); 12] = [
    // Chromium, from a page: its addresses are hidden.
    (
        "candidate:3390363830 1 udp 2113937151 f358ccc2-ae0e-4164-90d1-71b49ac820b9.local 54138 \
         typ host generation 0 ufrag bfqL network-cost 999",
        "candidate:3390363830 1 udp 2113937151 f358ccc2-ae0e-4164-90d1-71b49ac820b9.local 54138 \
         typ host ufrag bfqL",
    ),
    (
        "candidate:842163049 1 udp 1677729535 203.0.113.4 50123 typ srflx raddr 0.0.0.0 rport 0 \
         generation 0 ufrag RjHi network-id 1 network-cost 10",
        "candidate:842163049 1 udp 1677729535 203.0.113.4 50123 typ srflx raddr 0.0.0.0 rport 0 \
         ufrag RjHi",
    ),
    (
        "candidate:4233069003 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0",
        "candidate:4233069003 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active",
    ),
    // Firefox, with capitals.
    (
        "candidate:1 1 UDP 1685987327 203.0.113.5 61665 typ srflx raddr 0.0.0.0 rport 9",
        "candidate:1 1 udp 1685987327 203.0.113.5 61665 typ srflx raddr 0.0.0.0 rport 9",
    ),
    (
        "candidate:3 2 TCP 2105458942 192.0.2.5 9 typ host tcptype so",
        "candidate:3 2 tcp 2105458942 192.0.2.5 9 typ host tcptype so",
    ),
    // libdatachannel, in JSON.
    (
        "a=candidate:2 1 UDP 2116026111 fd00::2 45548 typ host",
        "candidate:2 1 udp 2116026111 fd00::2 45548 typ host",
    ),
    (
        "a=candidate:1 1 UDP 2114977791 192.0.2.2 45548 typ host",
        "candidate:1 1 udp 2114977791 192.0.2.2 45548 typ host",
    ),
    // aiortc: a hash for a foundation.
    (
        "candidate:d0a2f4cd26a1e28ce6b62d95cf35bbf1 1 udp 1694498815 203.0.113.7 46325 typ srflx \
         raddr 192.0.2.10 rport 46325",
        "candidate:d0a2f4cd26a1e28ce6b62d95cf35bbf1 1 udp 1694498815 203.0.113.7 46325 typ srflx \
         raddr 192.0.2.10 rport 46325",
    ),
    // pion.
    (
        "candidate:1986380506 1 udp 16777215 198.51.100.9 61234 typ relay raddr 192.0.2.4 rport 5002",
        "candidate:1986380506 1 udp 16777215 198.51.100.9 61234 typ relay raddr 192.0.2.4 rport 5002",
    ),
    (
        "candidate:847231 1 tcp 1671430143 192.0.2.4 8443 typ host tcptype passive",
        "candidate:847231 1 tcp 1671430143 192.0.2.4 8443 typ host tcptype passive",
    ),
    // Before RFC 6544, and with spaces too many.
    (
        "candidate:5  1 tcp 1 2001:db8::1  80 typ prflx raddr nowhere rport 7 lonely ",
        "candidate:5 1 tcp 1 2001:db8::1 80 typ prflx tcptype passive",
    ),
    // As go-libp2p fabricates it, ended as a line.
    (
        "a=candidate:1 1 UDP 1 192.0.2.1 4001 typ host\r\n",
        "candidate:1 1 udp 1 192.0.2.1 4001 typ host",
    ),
];

#[test]
fn candidates_of_everybody_are_read_and_written() {
    for (line, ours) in KNOWN {
        let candidate = Candidate::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(candidate.to_string(), ours, "{line}");
        assert_eq!(Candidate::parse(ours), Ok(candidate), "{line}");
        assert_eq!(Candidate::parse(&format!("a={ours}\r\n")), Ok(candidate), "{line}");
    }
}

#[test]
fn where_to_send() {
    let udp_addr = |line| Candidate::parse(line).unwrap().udp_addr().map(|addr| addr.to_string());
    let all = KNOWN.map(|(line, _)| udp_addr(line));
    let some: [Option<&str>; 12] = [
        None, // a name
        Some("203.0.113.4:50123"),
        None, // TCP
        Some("203.0.113.5:61665"),
        None,
        Some("[fd00::2]:45548"),
        Some("192.0.2.2:45548"),
        Some("203.0.113.7:46325"),
        Some("198.51.100.9:61234"),
        None,
        None,
        Some("192.0.2.1:4001"),
    ];
    assert_eq!(all.each_ref().map(Option::as_deref), some);
    assert_eq!(udp_addr("candidate:1 2 udp 1 192.0.2.1 4001 typ host"), None, "a second component");
}

#[test]
fn a_candidate_of_our_own() {
    let foundation = Foundation::new("1").unwrap();
    let addr = "[2001:db8::1]:4001".parse().unwrap();
    let mut candidate = Candidate::new(foundation, 2_130_706_431, addr, CandidateKind::Host);
    assert_eq!(candidate.udp_addr(), Some(addr));
    assert_eq!(candidate.to_string(), "candidate:1 1 udp 2130706431 2001:db8::1 4001 typ host");
    candidate.related = Some(("192.0.2.1".parse().unwrap(), 7));
    assert!(candidate.to_string().ends_with(" typ host raddr 192.0.2.1 rport 7"));
    assert_eq!(Candidate::parse(&candidate.to_string()), Ok(candidate));
}

#[test]
fn what_is_no_candidate_is_refused() {
    use CandidateError::*;
    let long = format!("candidate:{}", "1 ".repeat(600));
    let foundation = "f".repeat(33);
    for (line, error) in [
        ("", Malformed),
        ("candidate", Malformed),
        ("candidate:", Malformed),
        ("null", Malformed),
        ("b=candidate:1 1 udp 1 192.0.2.1 1 typ host", Malformed),
        ("candidate:1 1 udp 1 192.0.2.1 1", Malformed),
        ("candidate:1 1 udp 1 192.0.2.1 1 tip host", Malformed),
        ("candidate:1 1 udp 1 192.0.2.1 1 typ", Malformed),
        ("candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=ice-lite", Malformed),
        ("candidate:1 1 udp 1 192.0.2.1 1 typ host x \0", Malformed),
        (&long, TooLong { len: long.len() }),
        ("candidate:a:b 1 udp 1 192.0.2.1 1 typ host", Foundation),
        (&format!("candidate:{foundation} 1 udp 1 192.0.2.1 1 typ host"), Foundation),
        ("candidate:1 0 udp 1 192.0.2.1 1 typ host", Component),
        ("candidate:1 257 udp 1 192.0.2.1 1 typ host", Component),
        ("candidate:1 +1 udp 1 192.0.2.1 1 typ host", Component),
        ("candidate:1 1 ssltcp 1 192.0.2.1 1 typ host", Transport),
        ("candidate:1 1 tcp 1 192.0.2.1 1 typ host tcptype lazy", Transport),
        ("candidate:1 1 udp -1 192.0.2.1 1 typ host", Priority),
        ("candidate:1 1 udp 4294967296 192.0.2.1 1 typ host", Priority),
        ("candidate:1 1 udp 1 192.0.2.256 1 typ host", Address),
        ("candidate:1 1 udp 1 fe80::1%eth0 1 typ host", Address),
        ("candidate:1 1 udp 1 a..local 1 typ host", Address),
        ("candidate:1 1 udp 1 192.0.2.1 0 typ host", Port),
        ("candidate:1 1 udp 1 192.0.2.1 65536 typ host", Port),
        ("candidate:1 1 udp 1 192.0.2.1 1 typ guest", Kind),
        (
            "candidate:1 1 udp 1 192.0.2.1 1 typ host ufrag abc",
            Ufrag(crate::ice::TextError::TooShort { len: 3, min: 4 }),
        ),
    ] {
        assert_eq!(Candidate::parse(line), Err(error), "{line}");
        assert_ne!(error.to_string(), "");
    }
}

#[test]
fn names() {
    let long = "a".repeat(63);
    let longest = format!("{long}.{long}.{long}.{}", "a".repeat(61));
    assert_eq!(longest.len(), HostName::LEN_MAX);
    for name in ["a", "xn--a_b.c3", "3.local", "a.LOCAL", &longest] {
        let is_mdns = name.to_ascii_lowercase().ends_with(".local");
        assert_eq!(HostName::new(name).map(HostName::is_mdns), Some(is_mdns), "{name}");
    }
    for no_name in ["", ".", "a.", ".a", "1.2.3", "1", "a.7", "a b", "ä", &format!("{longest}a")] {
        assert_eq!(HostName::new(no_name), None, "{no_name}");
    }
    assert!(!HostName::new("local").unwrap().is_mdns());
}

#[test]
fn damaged_candidates_are_refused_or_are_candidates() {
    let (mut kept, mut refused) = (0, 0);
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let mut bytes = KNOWN[dice.below(KNOWN.len())].0.as_bytes().to_vec();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.roll() as u8 & 0x7f;
        }
        let line = core::str::from_utf8(&bytes).unwrap();
        match Candidate::parse(line) {
            Ok(candidate) => {
                kept += 1;
                let again = candidate.to_string();
                assert_eq!(Candidate::parse(&again), Ok(candidate), "seed {seed}: {line}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(kept > 200 && refused > 200, "{kept} {refused}");
}
