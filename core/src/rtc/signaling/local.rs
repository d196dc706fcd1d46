//! What we say: our description, our candidates, and ICE_DONE to whoever says it.

use std::collections::VecDeque;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::description::Description;
use crate::rtc::CandidateInit;
use crate::sdp::{Candidate, SessionDescription, Setup};
use crate::signaling::{Kind, Message};

/// Our words, put in order: candidates wait for the description that they belong to.
#[derive(Clone, Debug)]
pub(super) struct Local {
    description: Description,
    /// The description was said.
    is_described: bool,
    /// Candidates that appeared before it was.
    early: Vec<CandidateInit>,
    candidates: usize,
    limit: usize,
    /// All candidates that there are have been said.
    is_end: bool,
    done: Done,
    outbox: VecDeque<Vec<u8>>,
}

impl Local {
    /// Nothing was said yet; at most `limit` candidates will be.
    pub(super) fn new(description: Description, limit: usize) -> Self {
        Self {
            description,
            is_described: false,
            early: Vec::new(),
            candidates: 0,
            limit,
            is_end: false,
            done: Done::Unasked,
            outbox: VecDeque::new(),
        }
    }

    /// Offers.
    pub(super) fn offer(&mut self) {
        self.describe(Kind::SdpOffer);
    }

    /// Answers an offer; returns the role in DTLS that we take.
    pub(super) fn answer(&mut self, offer: &SessionDescription<'_>) -> Setup {
        self.description = self.description.clone().answering(offer);
        self.describe(Kind::SdpAnswer);
        self.description.setup
    }

    /// What our description says of who begins DTLS.
    pub(super) fn setup(&self) -> Setup {
        self.description.setup
    }

    /// A candidate of ours. An interface may come up after the end of those that there were; only to who was told
    /// that none follow it means nothing any more.
    pub(super) fn add_candidate(&mut self, candidate: &Candidate<'_>) {
        if self.done == Done::Said || self.candidates == self.limit {
            return;
        }
        self.candidates += 1;
        // With it, a peer that has heard of an earlier attempt of ours does not take it for one of that.
        let ufrag = Some(self.description.credentials().ufrag);
        let init = CandidateInit::new(&Candidate { ufrag, ..*candidate }, None);
        if self.is_described {
            self.say_candidate(init);
        } else {
            self.early.push(init);
        }
    }

    /// These were our candidates, as far as can be known.
    pub(super) fn end(&mut self) {
        self.is_end = true;
        self.say_done();
    }

    /// The peer has said ICE_DONE.
    pub(super) fn on_done(&mut self) {
        if self.done == Done::Unasked {
            self.done = Done::Owed;
            self.say_done();
        }
    }

    /// The next message to write.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    fn describe(&mut self, kind: Kind) {
        let sdp = self.description.as_sdp().to_string();
        self.say(Message::new(kind, &sdp));
        self.is_described = true;
        for init in core::mem::take(&mut self.early) {
            self.say_candidate(init);
        }
        self.say_done();
    }

    fn say_candidate(&mut self, mut init: CandidateInit) {
        init.sdp_mid = self.description.mid().map(|mid| mid.as_str().to_string());
        self.say(Message::new(Kind::IceCandidate, &init.to_json()));
    }

    /// Whoever says ICE_DONE waits for it; whoever does not would stop reading at it. Neither may see it before
    /// our last candidate.
    fn say_done(&mut self) {
        if self.is_described && self.is_end && self.done == Done::Owed {
            self.done = Done::Said;
            self.say(Message::new(Kind::IceDone, ""));
        }
    }

    fn say(&mut self, message: Message<'_>) {
        let mut bytes = vec![0; message.encoded_len()];
        message.encode(&mut bytes).expect("there is room for its length");
        self.outbox.push_back(bytes);
    }
}

/// ICE_DONE: whether it is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// The peer has not said it.
    Unasked,
    /// It has, and waits for ours.
    Owed,
    /// We have. Said to each that came, two of us would say it for ever.
    Said,
}
