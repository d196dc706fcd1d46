//! One attempt of private signaling, watched: whatever it is told, it keeps these promises.

use floe_core::fingerprint::Fingerprint;
use floe_core::ice::{Password, Secrets, Ufrag};
use floe_core::rtc::signaling::{Event, Failure, Limits, Signaling, StreamAction};
use floe_core::sdp::{Address, Candidate, CandidateKind, Foundation, SessionDescription, Setup};
use floe_core::signaling::{Kind, Message};
use floe_core::time::Timestamp;

use crate::says_why;

/// A machine, and what has come out of it.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) machine: Signaling,
    is_offerer: bool,
    limit: usize,
    pub(crate) events: Vec<Event>,
    pub(crate) actions: Vec<StreamAction>,
    pub(crate) failure: Option<Failure>,
}

impl Attempt {
    pub(crate) fn new(is_offerer: bool, limit: usize) -> Self {
        let (ufrag, setup) =
            if is_offerer { ("oooo", Setup::ActPass) } else { ("aaaa", Setup::Passive) };
        let description = description(ufrag, setup);
        let mut limits = Limits::default();
        limits.candidates = limit;
        let new = if is_offerer { Signaling::offerer } else { Signaling::answerer };
        let machine = new(Timestamp::ZERO, &description, limits);
        let (events, actions) = (Vec::new(), Vec::new());
        let mut this = Self { machine, is_offerer, limit, events, actions, failure: None };
        this.drain();
        this
    }

    pub(crate) fn handle_bytes(&mut self, bytes: &[u8]) {
        self.machine.handle_bytes(bytes);
        self.drain();
    }

    /// The peer is described.
    pub(crate) fn is_described(&self) -> bool {
        !self.told_of(|event| matches!(event, Event::Description { .. })).is_empty()
    }

    /// Takes what comes out, and looks at it; returns what is to be done.
    pub(crate) fn drain(&mut self) -> Vec<StreamAction> {
        while let Some(event) = self.machine.poll_event() {
            self.on_event(event);
        }
        let mut new = Vec::new();
        while let Some(action) = self.machine.poll_stream() {
            self.on_action(&action);
            self.actions.push(action.clone());
            new.push(action);
        }
        let is_waiting = self.machine.deadline().is_some();
        assert_eq!(is_waiting, !self.machine.is_over(), "it ends, or has a deadline: {self:?}");
        new
    }

    /// Nothing before the description, nothing behind the end, nothing twice and nothing without bound.
    fn on_event(&mut self, event: Event) {
        assert_eq!(self.failure, None, "{event:?} after a failure");
        match &event {
            Event::Description { setup, .. } => {
                assert_eq!(self.events, [], "described once, and first");
                assert_ne!(*setup, Setup::ActPass, "both sides know who begins");
            }
            Event::Failed(failure) => {
                says_why(failure);
                self.failure = Some(*failure);
            }
            told => {
                assert!(self.is_described(), "{told:?} before the description");
                assert!(!self.events.contains(&Event::EndOfCandidates), "{told:?} behind the end");
            }
        }
        if let Event::Candidate(candidate) = &event {
            let candidate = candidate.as_sdp();
            let is_mdns = matches!(candidate.address, Address::Name(name) if name.is_mdns());
            assert!(is_mdns || candidate.udp_addr().is_some(), "{candidate:?} can be used");
        }
        self.events.push(event);
        let candidates = self.told_of(|event| matches!(event, Event::Candidate(_)));
        assert!(candidates.len() <= self.limit);
    }

    /// Our description first, then candidates, then at most one ICE_DONE; then the end, which is a reset if it failed.
    fn on_action(&mut self, action: &StreamAction) {
        let is_end = |action: &&StreamAction| !matches!(action, StreamAction::Write(_));
        assert_eq!(self.actions.iter().find(is_end), None, "{action:?} behind the end");
        let StreamAction::Write(bytes) = action else {
            assert_eq!(*action == StreamAction::Reset, self.failure.is_some());
            return;
        };
        assert_eq!(self.failure, None, "nothing is written after a failure");
        let (message, len) = Message::read(bytes, bytes.len()).expect("a message").expect("whole");
        assert_eq!(len, bytes.len());
        assert!(len < 4096, "our messages are short: {len}");
        let first = if self.is_offerer { Kind::SdpOffer } else { Kind::SdpAnswer };
        let before = self.actions.last().map(kind);
        match message.kind {
            Kind::IceCandidate => assert!(before.is_some_and(|kind| kind != Kind::IceDone)),
            Kind::IceDone => assert!(before.is_some_and(|kind| kind != Kind::IceDone)),
            kind => assert_eq!((kind, before), (first, None)),
        }
        assert!(self.actions.len() <= self.limit + 1);
    }

    fn told_of(&self, which: fn(&Event) -> bool) -> Vec<&Event> {
        self.events.iter().filter(|event| which(event)).collect()
    }
}

/// The kind of the message that is written.
pub(crate) fn kind(action: &StreamAction) -> Kind {
    let StreamAction::Write(bytes) = action else { panic!("{action:?}") };
    let read = Message::read(bytes, bytes.len()).expect("a message");
    read.expect("a whole one").0.kind
}

/// A host candidate at this port.
pub(crate) fn candidate(port: u16) -> Candidate<'static> {
    let foundation = Foundation::new("1").expect("an ice-char");
    Candidate::new(foundation, 7, ([192, 0, 2, 1], port).into(), CandidateKind::Host)
}

fn description(ufrag: &str, setup: Setup) -> SessionDescription<'_> {
    let credentials = Secrets {
        ufrag: Ufrag::new(ufrag.as_bytes()).expect("four ice-chars"),
        password: Password::new(b"0123456789abcdefghijkl").expect("22 ice-chars"),
    };
    SessionDescription::new(credentials, Fingerprint::from_bytes([7; 32]), setup)
}
