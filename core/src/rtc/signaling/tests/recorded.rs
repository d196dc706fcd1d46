//! What js-libp2p, in Node and in Chromium, said when it was recorded: heard by both sides.

use serde_json::Value;

use super::*;
use crate::testing::{bytes, text};

/// What one side said, and how many candidates that was.
struct Recorded {
    name: String,
    /// The offerer's stream, the answerer's.
    streams: [Vec<u8>; 2],
    candidates: [usize; 2],
}

fn recorded() -> Vec<Recorded> {
    let messages = include_str!("../../../../tests/vectors/signaling.json");
    let messages: Value = serde_json::from_str(messages).unwrap();
    let mut recorded = Vec::<Recorded>::new();
    let mut side = 0;
    for message in messages.as_array().unwrap() {
        let body = bytes(&message["hex"]);
        let read = Message::parse(&body).unwrap();
        // Each recording is an offer and its candidates, then an answer and its candidates.
        match read.kind {
            Kind::SdpOffer => {
                let name = text(&message["capture"]).to_string();
                recorded.push(Recorded { name, streams: [vec![], vec![]], candidates: [0; 2] });
                side = 0;
            }
            Kind::SdpAnswer => side = 1,
            _ => recorded.last_mut().unwrap().candidates[side] += 1,
        }
        let stream = &mut recorded.last_mut().unwrap().streams[side];
        stream.extend(wire(read.kind, read.data));
    }
    recorded
}

/// A machine of ours that hears what `side` said.
fn hearer(side: usize) -> Signaling {
    [answerer, offerer][side]()
}

#[test]
fn js_is_heard_by_either_side() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 2);
    for Recorded { name, streams, candidates } in &recorded {
        for side in [0, 1] {
            let mut machine = hearer(side);
            machine.handle_bytes(&streams[side]);
            let events = told(&mut machine);
            let Event::Description { remote, setup } = &events[0] else { panic!("{events:?}") };
            // js answers that it begins DTLS, and we do.
            assert_eq!(
                (remote.setup, *setup),
                [(Setup::ActPass, Setup::Active), (Setup::Active, Setup::Passive),][side]
            );
            assert_eq!(remote.max_message_size, 262_144);
            assert_eq!(ports(&events).len(), candidates[side], "{name}: all of them");
            assert_eq!(events.len(), 1 + candidates[side]);
            machine.add_candidate(&candidate(1));
            machine.handle_connected(NOW);
            machine.handle_init_closed();
            assert_eq!(done(&mut machine).last(), Some(&StreamAction::Close));
            machine.handle_end();
            assert!(machine.is_over());
        }
    }
}

#[test]
fn it_is_heard_alike_however_it_is_cut() {
    for Recorded { name, streams, .. } in &recorded() {
        for (side, stream) in streams.iter().enumerate() {
            let mut whole = hearer(side);
            whole.handle_bytes(stream);
            let (events, actions) = (told(&mut whole), done(&mut whole));
            for at in 0..=stream.len() {
                let mut machine = hearer(side);
                machine.handle_bytes(&stream[..at]);
                machine.handle_bytes(&stream[at..]);
                assert_eq!(told(&mut machine), events, "{name} cut at {at}");
                assert_eq!(done(&mut machine), actions, "{name} cut at {at}");
            }
            let mut machine = hearer(side);
            stream.iter().for_each(|byte| machine.handle_bytes(&[*byte]));
            assert_eq!((told(&mut machine), done(&mut machine)), (events, actions), "{name}");
        }
    }
}

#[test]
fn it_is_a_failure_only_where_it_ends_before_the_description() {
    for Recorded { streams, .. } in &recorded() {
        for (side, stream) in streams.iter().enumerate() {
            let (_, description) = Message::read(stream, Inbox::BODY_LEN_MAX).unwrap().unwrap();
            for at in 0..=stream.len() {
                let mut machine = hearer(side);
                let _ = done(&mut machine);
                machine.handle_bytes(&stream[..at]);
                machine.handle_end();
                match at < description {
                    true => fails_with(&mut machine, Failure::Ended),
                    false => assert_eq!(told(&mut machine).last(), Some(&Event::EndOfCandidates)),
                }
            }
        }
    }
}
