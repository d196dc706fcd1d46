//! What the peer says: its description, and the candidates that belong to it.

use std::borrow::ToOwned;
use std::collections::VecDeque;
use std::string::{String, ToString};
use std::vec::Vec;

use super::Event;
use crate::rtc::CandidateInit;
use crate::rtc::one_host::is_one_host;
use crate::sdp::{Address, Candidate, SessionDescription, Setup, Transport};

/// A candidate of the peer that can be used: over UDP, of the one component that there is, at an address of its
/// own or behind a name in mDNS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RemoteCandidate(String);

impl RemoteCandidate {
    /// What it says.
    pub fn as_sdp(&self) -> Candidate<'_> {
        Candidate::parse(&self.0).expect("it is written as it was read")
    }

    /// `None` if it is of no use, to us or to anybody.
    fn new(candidate: &Candidate<'_>) -> Option<Self> {
        let is_usable = match candidate.address {
            Address::Ip(ip) => is_one_host(ip),
            // Of names, browsers write those of mDNS and follow no others: a stranger could have us ask DNS for
            // whatever he likes.
            Address::Name(name) => name.is_mdns(),
        };
        let is_data = candidate.transport == Transport::Udp && candidate.component == 1;
        (is_usable && is_data).then(|| Self(candidate.to_string()))
    }
}

/// The peer's words, put in order: nothing of a candidate is told before the description.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    /// The description's, once it was there.
    ufrag: Option<String>,
    /// Candidates that came before the description.
    early: Vec<RemoteCandidate>,
    told: usize,
    /// No candidates follow.
    is_end: bool,
    limit: usize,
}

impl Remote {
    /// Nothing was said yet; at most `limit` candidates will be kept.
    pub(super) fn new(limit: usize) -> Self {
        Self { ufrag: None, early: Vec::new(), told: 0, is_end: false, limit }
    }

    /// The description; `setup` is what it leaves to us.
    pub(super) fn on_description(
        &mut self,
        sdp: &SessionDescription<'_>,
        setup: Setup,
        events: &mut VecDeque<Event>,
    ) {
        self.ufrag = Some(sdp.credentials.ufrag.as_str().to_owned());
        events.push_back(Event::Description { remote: sdp.into(), setup });
        for candidate in sdp.candidates.iter() {
            self.tell(&candidate, events);
        }
        for candidate in core::mem::take(&mut self.early) {
            self.tell(&candidate.as_sdp(), events);
        }
        if self.is_end || sdp.is_end_of_candidates {
            self.is_end = true;
            events.push_back(Event::EndOfCandidates);
        }
    }

    /// The data of a message with a candidate. What cannot be read or used is passed over.
    pub(super) fn on_candidate(&mut self, json: &str, events: &mut VecDeque<Event>) {
        let init = match CandidateInit::from_json(json) {
            Ok(Some(init)) => init,
            Ok(None) => return self.on_end(events),
            Err(_) => return,
        };
        let Ok(candidate) = init.candidate() else { return };
        if self.is_end {
            // Trickle ICE has none behind the end (RFC 8838), so nobody reckons with them.
        } else if self.ufrag.is_some() {
            self.tell(&candidate, events);
        } else if self.early.len() < self.limit {
            self.early.extend(RemoteCandidate::new(&candidate));
        }
    }

    /// No candidates follow.
    pub(super) fn on_end(&mut self, events: &mut VecDeque<Event>) {
        if !core::mem::replace(&mut self.is_end, true) && self.ufrag.is_some() {
            events.push_back(Event::EndOfCandidates);
        }
    }

    /// Tells of a candidate, if it belongs to the description and the limit allows.
    fn tell(&mut self, candidate: &Candidate<'_>, events: &mut VecDeque<Event>) {
        let is_other = |ufrag: &str| self.ufrag.as_deref() != Some(ufrag);
        if self.told == self.limit || candidate.ufrag.is_some_and(|it| is_other(it.as_str())) {
            return;
        }
        if let Some(candidate) = RemoteCandidate::new(candidate) {
            self.told += 1;
            events.push_back(Event::Candidate(candidate));
        }
    }
}
