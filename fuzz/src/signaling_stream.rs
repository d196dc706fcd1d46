//! The bytes of a signaling stream: heard alike however they are cut, and as the messages in them say.

use std::net::IpAddr;

use floe_core::rtc::CandidateInit;
use floe_core::rtc::signaling::{Event, Failure};
use floe_core::sdp::{Address, Candidate, SessionDescription, Setup, Transport};
use floe_core::signaling::{Kind, Message};

use crate::attempt::Attempt;
use crate::input::Input;

/// The first byte says who hears it, how many candidates it keeps, and how it is cut; the rest is what comes.
pub fn signaling_stream(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    let (is_offerer, limit) = (choice & 1 != 0, usize::from(choice >> 1 & 3));
    let stream = input.rest();

    let mut whole = Attempt::new(is_offerer, limit);
    whole.handle_bytes(stream);
    let expected = expected(is_offerer, limit, stream);
    match expected {
        Ok(candidates) => assert_eq!(told(&whole), candidates),
        Err(failure) => assert_eq!(whole.failure, failure),
    }

    let mut cut = Attempt::new(is_offerer, limit);
    for piece in stream.chunks(1 + usize::from(choice >> 3)) {
        cut.handle_bytes(piece);
    }
    // What is not told before a failure is not told.
    if whole.failure.is_none() {
        assert_eq!(cut.events, whole.events);
    }
    assert_eq!((cut.failure, &cut.actions), (whole.failure, &whole.actions));

    whole.machine.handle_end();
    whole.drain();
    let due = whole.machine.deadline().map(|due| due.at);
    if let Some(due) = due {
        whole.machine.handle_timeout(due);
        whole.drain();
    }
    assert!(whole.machine.is_over() && whole.failure.is_some());
}

fn told(attempt: &Attempt) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Candidate(candidate) => Some(candidate.as_sdp().to_string()),
        _ => None,
    };
    attempt.events.iter().filter_map(line).collect()
}

/// What a plain reading of all messages together makes of them: the candidates, or a failure, if there is one.
fn expected(
    is_offerer: bool,
    limit: usize,
    mut stream: &[u8],
) -> Result<Vec<String>, Option<Failure>> {
    let mut messages = Vec::new();
    let unreadable = loop {
        match Message::read(stream, BODY_LEN_MAX) {
            Ok(Some((message, len))) => {
                messages.push(message);
                stream = &stream[len..];
            }
            Ok(None) => break None,
            Err(error) => break Some(Failure::Message(error)),
        }
    };
    let is_sdp = |message: &&Message<'_>| matches!(message.kind, Kind::SdpOffer | Kind::SdpAnswer);
    let Some(description) = messages.iter().find(is_sdp) else { return Err(unreadable) };
    let wanted = if is_offerer { Kind::SdpAnswer } else { Kind::SdpOffer };
    if description.kind != wanted {
        return Err(Some(Failure::Unexpected(description.kind)));
    }
    let sdp = SessionDescription::parse(description.data)
        .map_err(|error| Some(Failure::Description(error)))?;
    if is_offerer && sdp.setup == Setup::ActPass {
        let (offered, answered) = (sdp.setup, sdp.setup);
        return Err(Some(Failure::Setup { offered, answered }));
    }
    let ufrag = sdp.credentials.ufrag;
    let mut said: Vec<String> = sdp
        .candidates
        .iter()
        .filter(|it| it.ufrag.is_none_or(|it| it == ufrag) && is_usable(it))
        .map(|candidate| candidate.to_string())
        .collect();
    let mut kept_early = 0;
    let mut is_early = true;
    for message in &messages {
        is_early &= !std::ptr::eq(message, description);
        if message.kind == Kind::IceDone {
            break;
        }
        if !is_early && sdp.is_end_of_candidates {
            break;
        }
        if message.kind != Kind::IceCandidate {
            continue;
        }
        let Ok(init) = CandidateInit::from_json(message.data) else { continue };
        let Some(init) = init else { break };
        let Ok(candidate) = init.candidate() else { continue };
        if !is_usable(&candidate) || (is_early && kept_early == limit) {
            continue;
        }
        kept_early += usize::from(is_early);
        if candidate.ufrag.is_none_or(|it| it == ufrag) {
            said.push(candidate.to_string());
        }
    }
    said.truncate(limit);
    Ok(said)
}

fn is_usable(candidate: &Candidate<'_>) -> bool {
    let is_one_host = match candidate.address {
        Address::Ip(IpAddr::V4(ip)) => {
            !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast()
        }
        Address::Ip(IpAddr::V6(ip)) => !ip.is_unspecified() && !ip.is_multicast(),
        Address::Name(name) => name.is_mdns(),
    };
    is_one_host && candidate.transport == Transport::Udp && candidate.component == 1
}

/// What a machine takes for a message.
const BODY_LEN_MAX: usize = SessionDescription::LEN_MAX + 1024;
