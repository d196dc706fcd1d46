//! How an attempt ends: closed once connected, reset if it failed, and gone with its stream at any time.

use super::*;

#[test]
fn the_offerer_closes_once_init_is_closed() {
    for init_is_closed_early in [true, false] {
        let [mut offerer, _] = described();
        offerer.add_candidate(&candidate(1));
        if init_is_closed_early {
            offerer.handle_init_closed();
        }
        offerer.handle_connected(NOW);
        offerer.add_candidate(&candidate(2));
        let mut actions = done(&mut offerer);
        if !init_is_closed_early {
            assert_eq!(actions.len(), 1, "{actions:?}");
            offerer.handle_init_closed();
            actions.extend(done(&mut offerer));
        }
        // What was to be written is written before, and nothing else.
        let [StreamAction::Write(bytes), StreamAction::Close] = &actions[..] else {
            panic!("{actions:?}")
        };
        assert_eq!(kinds(bytes), [Kind::IceCandidate]);
        assert!(!offerer.is_over(), "the peer has not closed its half");
        offerer.handle_bytes(&candidate_message(9));
        offerer.handle_bytes(&wire(Kind::IceDone, ""));
        offerer.handle_end();
        assert!(offerer.is_over() && offerer.deadline().is_none());
        assert_eq!(done(&mut offerer), [], "nothing is written behind the end");
    }
}

#[test]
fn the_answerer_closes_once_connected() {
    let [_, mut answerer] = described();
    answerer.handle_end();
    assert_eq!(told(&mut answerer), [Event::EndOfCandidates], "and no failure");
    answerer.add_candidate(&candidate(1));
    assert_eq!(kinds(&written(&mut answerer)), [Kind::IceCandidate], "still of use to the peer");
    answerer.handle_connected(NOW);
    assert_eq!(done(&mut answerer), [StreamAction::Close]);
    assert!(answerer.is_over());
}

#[test]
fn nobody_waits_for_a_peer_that_closes_nothing() {
    let [mut offerer, mut answerer] = described();
    for machine in [&mut offerer, &mut answerer] {
        machine.handle_connected(NOW + Duration::from_secs(5));
        let due = machine.deadline().unwrap();
        assert_eq!(due.at, NOW + Duration::from_secs(15), "from the connection on");
        machine.handle_timeout(LATER);
        assert_eq!(machine.deadline(), Some(due));
        machine.handle_timeout(due.at);
        assert_eq!(machine.deadline(), None);
        assert_eq!(done(machine), [StreamAction::Close], "no reset after success");
        assert_eq!(told(machine), []);
        assert!(machine.is_over());
    }
}

#[test]
fn nobody_is_connected_before_the_peer_is_described() {
    for mut machine in [offerer(), answerer()] {
        let _ = done(&mut machine);
        machine.handle_init_closed();
        machine.handle_connected(NOW);
        assert_eq!(done(&mut machine), []);
        machine.handle_timeout(LATER);
        fails_with(&mut machine, Failure::NoDescription);
    }
}

#[test]
fn a_stream_that_ends_too_early() {
    for machine in [offerer(), answerer()] {
        let mut ended = machine.clone();
        ended.handle_bytes(&candidate_message(1));
        ended.handle_end();
        fails_with(&mut ended, Failure::Ended);

        let mut reset = machine;
        reset.handle_reset();
        assert_eq!(told(&mut reset), [Event::Failed(Failure::Reset)]);
        assert!(reset.is_over());
        assert_eq!(done(&mut reset), [], "there is nothing to write to, or to reset");
    }
}

#[test]
fn a_stream_that_goes_when_it_has_done_its_work() {
    for machine in described() {
        let mut connects = machine.clone();
        connects.handle_reset();
        assert_eq!(told(&mut connects), [Event::EndOfCandidates]);
        connects.add_candidate(&candidate(1));
        assert_eq!(done(&mut connects), []);
        assert!(!connects.is_over());
        connects.handle_connected(NOW);
        assert_eq!(done(&mut connects), []);
        assert!(connects.is_over() && connects.deadline().is_none());

        let mut fails = machine;
        fails.handle_reset();
        fails.handle_timeout(LATER);
        let events = [Event::EndOfCandidates, Event::Failed(Failure::NotConnected)];
        assert_eq!(told(&mut fails), events[1..], "what is not told before a failure is not told");
        assert_eq!(done(&mut fails), []);
        assert!(fails.is_over());
    }
    // A reset that is not needed any more, as the peer's came first.
    let mut both = answerer();
    both.abandon();
    both.handle_reset();
    assert!(both.is_over());
    assert_eq!(done(&mut both), []);
}

#[test]
fn what_was_connected_does_not_fail() {
    for mut machine in described() {
        machine.handle_connected(NOW);
        machine.abandon();
        machine.handle_bytes(b"\x01\x1b");
        machine.handle_reset();
        assert_eq!(told(&mut machine), [Event::EndOfCandidates]);
        assert!(machine.is_over());
    }
}
