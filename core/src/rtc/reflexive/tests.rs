//! Servers that answer, servers that do not, and those who pretend to be one.

use std::vec;

use super::*;
use crate::testing::rfc_5769_answers;

fn server(number: u8) -> SocketAddr {
    ([198, 51, 100, number], 3478).into()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn begun(servers: u8) -> Reflexive {
    Reflexive::new(at(0), (1..=servers).map(server), [7; 32])
}

/// A message in answer to a request, of a class (`01` success, `11` error), with these attributes.
fn answer(class: u8, request: &Request, attributes: &[u8]) -> Vec<u8> {
    let mut message = vec![1, class, 0, attributes.len() as u8];
    message.extend(&request.datagram[4..]);
    message.extend(attributes);
    message
}

/// Seen at 192.0.2.1 and this port: MAPPED-ADDRESS, which needs no mask.
fn mapped(port: u8) -> [u8; 12] {
    [0, 1, 0, 8, 0, 1, 0, port, 192, 0, 2, 1]
}

fn seen(port: u8) -> SocketAddr {
    ([192, 0, 2, 1], u16::from(port)).into()
}

fn requests(reflexive: &mut Reflexive) -> Vec<Request> {
    core::iter::from_fn(|| reflexive.poll_transmit()).collect()
}

fn events(reflexive: &mut Reflexive) -> Vec<Event> {
    core::iter::from_fn(|| reflexive.poll_event()).collect()
}

/// Waits for the next deadline.
fn wait(reflexive: &mut Reflexive) -> Timestamp {
    let due = reflexive.deadline().expect("something is due").at;
    reflexive.handle_timeout(due);
    due
}

#[test]
fn a_request_is_bare_and_sent_again_alike_until_it_is_answered() {
    let mut reflexive = begun(1);
    let first = requests(&mut reflexive);
    assert_eq!(first.len(), 1);
    let binding = Binding::parse(&first[0].datagram).unwrap();
    assert_eq!((binding.class(), first[0].server), (Class::Request, server(1)));
    assert_eq!(wait(&mut reflexive), at(500));
    assert_eq!(requests(&mut reflexive), first);
    assert!(reflexive.handle_datagram(at(600), server(1), &answer(1, &first[0], &mapped(7))));
    assert_eq!(events(&mut reflexive), [Event::Mapped { server: server(1), address: seen(7) }]);
    assert_eq!((reflexive.deadline(), requests(&mut reflexive)), (None, vec![]));
    // The answer to the other one of the two requests.
    assert!(reflexive.handle_datagram(at(700), server(1), &answer(1, &first[0], &mapped(8))));
    assert_eq!(events(&mut reflexive), []);
}

/// Their transaction id is put in place of ours.
#[test]
fn answers_of_the_rfc() {
    for (message, address) in rfc_5769_answers() {
        let id = TransactionId(message[8..20].try_into().unwrap());
        let mut reflexive = begun(1);
        reflexive.servers[0].transaction = Transaction::new(id, at(0));
        // Cut anywhere it is not the answer, and neither with a bit changed that FINGERPRINT is about.
        for cut in 0..message.len() {
            assert!(!reflexive.handle_datagram(at(1), server(1), &message[..cut]), "{cut} bytes");
        }
        for at_byte in 0..message.len() - 8 {
            let mut changed = message.clone();
            changed[at_byte] ^= 1;
            assert!(!reflexive.handle_datagram(at(1), server(1), &changed), "byte {at_byte}");
        }
        assert!(reflexive.handle_datagram(at(1), server(1), &message));
        assert_eq!(events(&mut reflexive), [Event::Mapped { server: server(1), address }]);
    }
}

#[test]
fn what_is_not_an_answer_is_left_to_others() {
    let mut reflexive = begun(2);
    let request = reflexive.poll_transmit().unwrap();
    wait(&mut reflexive);
    let other = reflexive.poll_transmit().unwrap();
    let good = answer(1, &request, &mapped(7));
    let mut changed = request;
    changed.datagram[19] ^= 1;
    for (from, datagram) in [
        (server(2), good.clone()),
        (server(3), good.clone()),
        ((server(1).ip(), 3479).into(), good.clone()),
        (server(1), answer(1, &changed, &mapped(7))),
        (server(1), answer(1, &other, &mapped(7))),
        (server(1), request.datagram.to_vec()),
        (server(1), [&[0, 0x11], &good[2..]].concat()),
        (server(1), good[..31].to_vec()),
        (server(1), vec![]),
        (server(1), vec![22; 40]),
    ] {
        assert!(!reflexive.handle_datagram(at(60), from, &datagram), "{datagram:02x?}");
    }
    assert_eq!(events(&mut reflexive), []);
    assert!(reflexive.handle_datagram(at(60), server(1), &good));
    assert_eq!(events(&mut reflexive).len(), 1);
}

#[test]
fn an_address_is_told_once_however_many_servers_see_it() {
    let mut reflexive = begun(4);
    let mut asked = requests(&mut reflexive);
    while asked.len() < 4 {
        wait(&mut reflexive);
        asked.extend(requests(&mut reflexive));
    }
    let order: Vec<_> = asked.iter().map(|request| request.server).collect();
    assert_eq!(order, (1..=4).map(server).collect::<Vec<_>>(), "one after the other");
    for (request, port) in asked.iter().zip([7, 7, 8]) {
        let answer = answer(1, request, &mapped(port));
        assert!(reflexive.handle_datagram(at(200), request.server, &answer));
    }
    let told = [(1, 7), (3, 8)]
        .map(|(number, port)| Event::Mapped { server: server(number), address: seen(port) });
    assert_eq!(events(&mut reflexive), told);
    let each: Vec<_> = reflexive.mapped().collect();
    let expected = [Some(7), Some(7), Some(8), None].map(|port| port.map(seen));
    assert_eq!(each, (1..=4).map(server).zip(expected).collect::<Vec<_>>());
}

#[test]
fn servers_that_tell_nothing() {
    for (class, attributes, failure) in [
        (0x11, &[0, 9, 0, 4, 0, 0, 4, 0][..], Failure::Refused(Some(400))),
        (0x11, &[0, 9, 0, 4, 0, 0, 5, 0], Failure::Refused(Some(500))),
        (0x11, &[0, 9, 0, 4, 0, 0, 9, 0], Failure::Refused(None)),
        (0x11, &mapped(7), Failure::Refused(None)),
        (1, &[], Failure::NoAddress),
        (1, &mapped(0), Failure::NoAddress),
        (1, &[0, 1, 0, 8, 0, 1, 0, 7, 0, 0, 0, 0], Failure::NoAddress),
        (1, &[0, 1, 0, 8, 0, 1, 0, 7, 224, 0, 0, 251], Failure::NoAddress),
        (1, &[0, 1, 0, 4, 0, 1, 0, 7], Failure::NoAddress),
    ] {
        let mut reflexive = begun(1);
        let request = reflexive.poll_transmit().unwrap();
        assert!(reflexive.handle_datagram(at(1), server(1), &answer(class, &request, attributes)));
        let failed = Event::Failed { server: server(1), failure };
        assert_eq!(events(&mut reflexive), [failed, Event::Unknown], "{attributes:02x?}");
        assert_eq!(reflexive.deadline(), None);
    }
}

#[test]
fn when_all_are_silent_nothing_is_known() {
    let mut reflexive = begun(2);
    let (mut sent, mut told, mut last) = (0, vec![], at(0));
    while reflexive.deadline().is_some() {
        last = wait(&mut reflexive);
        sent += requests(&mut reflexive).len();
        told.extend(events(&mut reflexive));
    }
    assert_eq!((sent, last), (14, at(39_550)));
    let silent = |number| Event::Failed { server: server(number), failure: Failure::Silent };
    assert_eq!(told, [silent(1), silent(2), Event::Unknown]);
    assert_eq!(events(&mut Reflexive::new(at(0), [], [7; 32])), [Event::Unknown]);
}

#[test]
fn one_that_answers_is_enough() {
    let mut reflexive = begun(2);
    let request = reflexive.poll_transmit().unwrap();
    assert!(reflexive.handle_datagram(at(1), server(1), &answer(1, &request, &mapped(7))));
    while reflexive.deadline().is_some() {
        wait(&mut reflexive);
    }
    let told = events(&mut reflexive);
    let failed = Event::Failed { server: server(2), failure: Failure::Silent };
    assert_eq!(told[1..], [failed], "and something is known");
}

#[test]
fn there_is_a_limit_to_servers_and_none_is_asked_twice() {
    let servers = [1, 1, 2].into_iter().chain(3..99).map(server);
    let reflexive = Reflexive::new(at(0), servers, [7; 32]);
    let asked: Vec<_> = reflexive.mapped().map(|(server, _)| server).collect();
    assert_eq!(asked, (1..=8).map(server).collect::<Vec<_>>());
}

#[test]
fn refreshing_asks_anew_and_tells_what_has_changed() {
    let mut reflexive = begun(1).with_refresh(Duration::from_secs(25));
    let mut now = at(100);
    let mut ids = vec![];
    let mut ask = |reflexive: &mut Reflexive, now, answered: Option<u8>| {
        let request = reflexive.poll_transmit().expect("a request");
        ids.push(request.datagram);
        if let Some(port) = answered {
            let answer = answer(1, &request, &mapped(port));
            assert!(reflexive.handle_datagram(now, server(1), &answer));
        }
        events(reflexive)
    };
    let server = server(1);
    assert_eq!(ask(&mut reflexive, now, Some(7)), [Event::Mapped { server, address: seen(7) }]);
    assert_eq!(wait(&mut reflexive), at(25_100));
    now = at(25_200);
    assert_eq!(ask(&mut reflexive, now, Some(7)), []);
    assert_eq!(wait(&mut reflexive), at(50_200));
    now = at(50_300);
    let (from, to) = (seen(7), seen(8));
    assert_eq!(ask(&mut reflexive, now, Some(8)), [Event::Changed { server, from, to }]);
    // Silent for two rounds, and back again.
    let failed = Event::Failed { server, failure: Failure::Silent };
    for expected in [&[failed, Event::Unknown][..], &[failed]] {
        wait(&mut reflexive);
        assert_eq!(ask(&mut reflexive, now, None), []);
        let mut told = vec![];
        while told.is_empty() {
            now = wait(&mut reflexive);
            told = events(&mut reflexive);
        }
        assert_eq!(told, expected);
        let _ = requests(&mut reflexive);
    }
    assert_eq!(wait(&mut reflexive), now + Duration::from_secs(25));
    assert_eq!(ask(&mut reflexive, now, Some(8)), [Event::Mapped { server, address: seen(8) }]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "no transaction id is used twice");
}

#[test]
fn the_seed_decides_the_transaction_ids() {
    let first = |seed| Reflexive::new(at(0), [server(1)], [seed; 32]).poll_transmit();
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}
