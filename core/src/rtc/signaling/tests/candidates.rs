//! Candidates: early ones, late ones, and those of no use.

use super::*;

/// The line in the JSON that others write, which has more members than are needed.
fn json(line: &str) -> String {
    format!(r#"{{"candidate":"{line}","sdpMid":"0","sdpMLineIndex":null,"more":[{{}}]}}"#)
}

#[test]
fn those_of_the_peer_wait_for_its_description() {
    for (mut machine, kind) in [(offerer(), Kind::SdpAnswer), (answerer(), Kind::SdpOffer)] {
        machine.handle_bytes(&[candidate_message(1), candidate_message(2)].concat());
        assert_eq!(told(&mut machine), []);
        let mut sdp = description("wxYZ", Setup::Active).to_string();
        sdp.push_str("a=candidate:1 1 udp 7 192.0.2.1 3 typ host\r\n");
        machine.handle_bytes(&[wire(kind, &sdp), candidate_message(4)].concat());
        let events = told(&mut machine);
        assert!(matches!(events[0], Event::Description { .. }));
        assert_eq!(ports(&events), [3, 1, 2, 4], "those of the description first");
    }
}

#[test]
fn ours_wait_for_our_description() {
    let mut answerer = answerer();
    answerer.add_candidate(&candidate(1));
    assert_eq!(done(&mut answerer), []);
    let mut offer = description("oooo", Setup::ActPass);
    offer.mid = Mid::new("data");
    answerer.handle_bytes(&wire(Kind::SdpOffer, &offer.to_string()));
    answerer.add_candidate(&candidate(2));
    let bytes = written(&mut answerer);
    assert_eq!(kinds(&bytes), [Kind::SdpAnswer, Kind::IceCandidate, Kind::IceCandidate]);
    let (_, len) = Message::read(&bytes, 1024).unwrap().unwrap();
    let (message, _) = Message::read(&bytes[len..], 1024).unwrap().unwrap();
    let init = CandidateInit::from_json(message.data).unwrap().unwrap();
    assert_eq!((init.sdp_mid.as_deref(), init.sdp_m_line_index), (Some("data"), Some(0)));
    assert_eq!(init.username_fragment.as_deref(), Some("aaaa"));
    assert_eq!(init.candidate().unwrap().port, 1);
}

#[test]
fn those_that_can_be_used_are_told() {
    for line in [
        "candidate:1 1 udp 7 192.0.2.1 9 typ host",
        "a=candidate:1 1 UDP 7 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0",
        "candidate:1 1 udp 7 fd00::2 9 typ host generation 0 network-cost 999",
        "candidate:1 1 udp 7 127.0.0.1 9 typ host",
        "candidate:1 1 udp 7 f358ccc2-ae0e-4164-90d1-71b49ac820b9.local 9 typ host ufrag oooo",
    ] {
        let [_, mut answerer] = described();
        answerer.handle_bytes(&wire(Kind::IceCandidate, &json(line)));
        let events = told(&mut answerer);
        let [Event::Candidate(candidate)] = &events[..] else { panic!("{line}: {events:?}") };
        assert_eq!(candidate.as_sdp(), Candidate::parse(line).unwrap());
    }
}

#[test]
fn those_of_no_use_are_passed_over() {
    for line in [
        "candidate:1 1 tcp 7 192.0.2.1 9 typ host tcptype active",
        "candidate:1 2 udp 7 192.0.2.1 9 typ host",
        "candidate:1 1 udp 7 192.0.2.1 9 typ host ufrag else",
        "candidate:1 1 udp 7 node.example 9 typ host",
        "candidate:1 1 udp 7 0.0.0.0 9 typ host",
        "candidate:1 1 udp 7 :: 9 typ host",
        "candidate:1 1 udp 7 224.0.0.251 9 typ host",
        "candidate:1 1 udp 7 ff02::fb 9 typ host",
        "candidate:1 1 udp 7 255.255.255.255 9 typ host",
        "candidate:1 1 udp 7 192.0.2.1 0 typ host",
        "candidate",
    ] {
        for described_before in [true, false] {
            let mut answerer = answerer();
            let candidates = [wire(Kind::IceCandidate, &json(line)), candidate_message(9)].concat();
            let offer = written(&mut offerer());
            let bytes = match described_before {
                true => [offer, candidates],
                false => [candidates, offer],
            };
            answerer.handle_bytes(&bytes.concat());
            let events = told(&mut answerer);
            assert_eq!((events.len(), ports(&events)), (2, vec![9]), "{line}: {events:?}");
        }
    }
}

#[test]
fn there_is_a_limit_to_those_of_the_peer() {
    let limit = Limits::default().candidates as u16;
    let crowd: Vec<_> = (1..=limit + 9).flat_map(candidate_message).collect();
    let offer = written(&mut offerer());
    for bytes in [[&offer[..], &crowd].concat(), [&crowd[..], &offer].concat()] {
        let mut answerer = answerer();
        answerer.handle_bytes(&bytes);
        assert_eq!(ports(&told(&mut answerer)), Vec::from_iter(1..=limit), "the first ones");
        answerer.handle_bytes(&candidate_message(7));
        assert_eq!(told(&mut answerer), []);
    }
    // Those of the description count too, and come first.
    let mut sdp = description("oooo", Setup::ActPass).to_string();
    for _ in 0..limit {
        sdp.push_str("a=candidate:1 1 udp 7 192.0.2.1 9 typ host\r\n");
    }
    let mut answerer = answerer();
    answerer.handle_bytes(&[crowd, wire(Kind::SdpOffer, &sdp)].concat());
    assert_eq!(ports(&told(&mut answerer)), vec![9; usize::from(limit)]);
}

#[test]
fn there_is_a_limit_to_ours() {
    let [mut offerer, _] = described();
    for port in 1..=99 {
        offerer.add_candidate(&candidate(port));
    }
    assert_eq!(done(&mut offerer).len(), Limits::default().candidates);
}

#[test]
fn what_ends_the_peers_candidates() {
    for end in [
        wire(Kind::IceCandidate, "null"),
        wire(Kind::IceCandidate, "\"\""),
        wire(Kind::IceCandidate, r#"{"candidate":"","sdpMid":"0"}"#),
        wire(Kind::IceCandidate, ""),
        wire(Kind::IceDone, ""),
    ] {
        let [mut offerer, mut answerer] = described();
        offerer.handle_bytes(&[candidate_message(1), end.clone(), candidate_message(2)].concat());
        let events = told(&mut offerer);
        assert_eq!((ports(&events), &events[1..]), (vec![1], &[Event::EndOfCandidates][..]));
        answerer.handle_bytes(&end);
        answerer.handle_bytes(&end);
        answerer.handle_end();
        assert_eq!(told(&mut answerer), [Event::EndOfCandidates], "told once");
        // Early, it waits like candidates do.
        let mut early = super::answerer();
        early.handle_bytes(&[candidate_message(1), end].concat());
        assert_eq!(told(&mut early), []);
        early.handle_bytes(&written(&mut super::offerer()));
        let events = told(&mut early);
        assert_eq!((ports(&events), &events[2..]), (vec![1], &[Event::EndOfCandidates][..]));
    }
    let mut answerer = answerer();
    let sdp = description("oooo", Setup::ActPass).to_string() + "a=end-of-candidates\r\n";
    answerer.handle_bytes(&wire(Kind::SdpOffer, &sdp));
    assert_eq!(told(&mut answerer)[1..], [Event::EndOfCandidates]);
}

#[test]
fn ice_done_is_said_to_who_says_it_behind_our_last_candidate() {
    // To who does not say it, never.
    let [mut offerer, _] = described();
    offerer.add_candidate(&candidate(1));
    offerer.end_candidates();
    assert_eq!(kinds(&written(&mut offerer)), [Kind::IceCandidate]);
    // An interface comes up: who was not told that none follow hears of it.
    offerer.add_candidate(&candidate(2));
    assert_eq!(kinds(&written(&mut offerer)), [Kind::IceCandidate]);
    // To who says it afterwards: at once, and once.
    offerer.handle_bytes(&wire(Kind::IceDone, ""));
    assert_eq!(kinds(&written(&mut offerer)), [Kind::IceDone]);
    offerer.add_candidate(&candidate(3));
    assert_eq!(kinds(&written(&mut offerer)), []);
    offerer.handle_bytes(&wire(Kind::IceDone, ""));
    offerer.end_candidates();
    offerer.handle_connected(NOW);
    assert_eq!(kinds(&written(&mut offerer)), []);
    // To who says it before: once our candidates are said, or need not be.
    for ends in [Signaling::end_candidates as fn(&mut Signaling), |it| it.handle_connected(NOW)] {
        let [mut offerer, _] = described();
        offerer.handle_bytes(&wire(Kind::IceDone, ""));
        offerer.add_candidate(&candidate(1));
        assert_eq!(kinds(&written(&mut offerer)), [Kind::IceCandidate]);
        ends(&mut offerer);
        assert_eq!(kinds(&written(&mut offerer)), [Kind::IceDone]);
    }
    // To who says it before the offer: behind the answer.
    let mut answerer = answerer();
    answerer.add_candidate(&candidate(1));
    answerer.end_candidates();
    answerer.handle_bytes(&wire(Kind::IceDone, ""));
    assert_eq!(done(&mut answerer), []);
    answerer.handle_bytes(&written(&mut super::offerer()));
    let said = kinds(&written(&mut answerer));
    assert_eq!(said, [Kind::SdpAnswer, Kind::IceCandidate, Kind::IceDone]);
}
