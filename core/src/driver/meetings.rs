//! The meetings of an endpoint: private connections while they have signaling, and their streams.
//!
//! A meeting has its place here from when it begins until its connection is up and its stream is done with, or the
//! connection is over. What a stream brings goes to the endpoint, what the endpoint says goes to the stream, on turns
//! on which the stream has [called](super::bell) or the endpoint has something to say. While there is any, the
//! interfaces are watched, as their addresses are where peers may find us; while there is none, nobody looks.

use core::mem;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::bell::Bell;
use super::hub::Hub;
use super::interfaces::{Lookout, Told};
use super::names::Lookups;
use super::talk::{Came, Talk};
use crate::rtc::private::Heard;
use crate::rtc::signaling::{RemoteCandidate, StreamAction};
use crate::rtc::{ConnectionId, Endpoint};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Meetings {
    hub: Arc<Hub>,
    under_way: BTreeMap<ConnectionId, Meeting>,
    /// The addresses that the endpoint was told, while there are meetings.
    told: Option<Told>,
}

#[derive(Debug)]
struct Meeting {
    /// None once it is done with.
    talk: Option<Talk>,
    bell: Arc<Bell>,
    lookups: Lookups,
    /// The connection is up.
    is_up: bool,
    /// Signaling is over: the stream may take what it was given until then.
    until: Option<Timestamp>,
}

impl Meetings {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, under_way: BTreeMap::new(), told: None }
    }

    /// Has the endpoint know where it is, before a meeting begins: to be followed by [`begin`](Self::begin) or
    /// [`rest`](Self::rest).
    pub(super) fn prepare(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        lookout: &mut Lookout,
    ) {
        let interfaces = &self.hub.interfaces;
        if self.told.is_none() {
            self.told = Some(interfaces.enter());
            lookout.attend(now, interfaces);
            lookout.look(now, interfaces);
        }
        self.tell(now, endpoint);
    }

    /// A meeting has begun.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        id: ConnectionId,
        talk: Talk,
    ) {
        let bell = Bell::new(id, self.hub.clone());
        let lookups = Lookups::default();
        let meeting = Meeting { talk: Some(talk), bell, lookups, is_up: false, until: None };
        self.under_way.insert(id, meeting);
        self.hear(now, endpoint, id);
    }

    /// Watches the interfaces no longer than someone meets.
    pub(super) fn rest(&mut self) {
        if self.under_way.is_empty()
            && let Some(mut told) = self.told.take()
        {
            self.hub.interfaces.leave(&mut told);
        }
    }

    /// When this is to be [attended](Self::attend) even if no stream calls.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        self.under_way.values().filter_map(|meeting| meeting.until).min()
    }

    /// Does what is due.
    pub(super) fn attend(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        self.tell(now, endpoint);
        let due = |meeting: &Meeting| meeting.until.is_some_and(|until| until <= now);
        while let Some((&id, _)) = self.under_way.iter().find(|(_, meeting)| due(meeting)) {
            self.let_go(id);
        }
    }

    fn tell(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        let changed = |told| self.hub.interfaces.catch_up(told);
        if let Some(addrs) = self.told.as_mut().and_then(changed) {
            endpoint.set_host_addrs(now, addrs);
        }
    }

    /// A stream or a look-up has called: takes what it brings, a buffer at most, and gives it what it takes.
    pub(super) fn on_call(&mut self, now: Timestamp, endpoint: &mut Endpoint, bell: &Bell) {
        let id = bell.attend();
        self.hear(now, endpoint, id);
        self.find(now, endpoint, id);
    }

    /// A peer hides behind a name.
    pub(super) fn on_hidden(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        id: ConnectionId,
        candidate: RemoteCandidate,
    ) {
        if let Some(meeting) = self.under_way.get_mut(&id)
            && let Some(resolver) = self.hub.resolver()
        {
            meeting.lookups.begin(candidate, &*resolver);
            self.find(now, endpoint, id);
        }
    }

    /// Tells the endpoint of names that have been looked up.
    fn find(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: ConnectionId) {
        let Some(Meeting { lookups, bell, .. }) = self.under_way.get_mut(&id) else { return };
        let waker = bell.waker();
        while let Some((candidate, ip)) = lookups.poll(&mut Context::from_waker(&waker)) {
            endpoint.resolved(now, id, &candidate, ip);
        }
    }

    fn hear(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: ConnectionId) {
        let Some(Meeting { talk: Some(talk), bell, .. }) = self.under_way.get_mut(&id) else {
            return;
        };
        let waker = bell.waker();
        let mut buffer = [0; BUFFER_LEN];
        match talk.poll_hear(&mut Context::from_waker(&waker), &mut buffer) {
            Poll::Ready(Came::Bytes(n)) => {
                endpoint.handle_signaling(now, id, Heard::Bytes(&buffer[..n]));
                // There may be more, for a turn of its own.
                waker.wake();
            }
            Poll::Ready(Came::End) => endpoint.handle_signaling(now, id, Heard::End),
            Poll::Ready(Came::Reset) => {
                endpoint.handle_signaling(now, id, Heard::Reset);
                return self.let_go(id);
            }
            Poll::Pending => {}
        }
        self.say(now, endpoint, id);
    }

    /// Gives a stream what the endpoint has to say, as far as it takes that.
    pub(super) fn say(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: ConnectionId) {
        let Some(Meeting { talk: Some(talk), bell, until, .. }) = self.under_way.get_mut(&id)
        else {
            return;
        };
        let waker = bell.waker();
        let mut context = Context::from_waker(&waker);
        while talk.poll_say(&mut context).is_ready() {
            match endpoint.poll_signaling(id) {
                Some(StreamAction::Write(message)) => talk.say(message),
                Some(StreamAction::Close) => talk.close(),
                Some(StreamAction::Reset) => return self.let_go(id),
                None => break,
            }
        }
        if !endpoint.is_signaling(id) {
            if talk.is_said() {
                return self.let_go(id);
            }
            until.get_or_insert(now + LAST_WORDS_TIME);
        }
    }

    /// A connection is up.
    pub(super) fn connected(&mut self, id: ConnectionId) {
        if let Some(meeting) = self.under_way.get_mut(&id) {
            meeting.is_up = true;
            self.sweep(id);
        }
    }

    /// A connection is over, and so is what there was to say.
    pub(super) fn over(&mut self, id: ConnectionId) {
        if let Some(meeting) = self.under_way.remove(&id) {
            drop(meeting);
            self.rest();
        }
    }

    /// The stream is done with.
    fn let_go(&mut self, id: ConnectionId) {
        if let Some(meeting) = self.under_way.get_mut(&id) {
            meeting.until = None;
            drop(meeting.talk.take());
            self.sweep(id);
        }
    }

    fn sweep(&mut self, id: ConnectionId) {
        let done = |meeting: &Meeting| meeting.is_up && meeting.talk.is_none();
        if self.under_way.get(&id).is_some_and(done) {
            self.over(id);
        }
    }

    /// The driver ends.
    pub(super) fn end(&mut self) {
        drop(mem::take(&mut self.under_way));
        self.rest();
    }
}

/// Bytes that are read from a stream on one turn: an offer of a browser's and its first candidates.
const BUFFER_LEN: usize = 4096;
/// The stream may take so long for what was said last: the end of our half, mostly. A relay that takes nothing must
/// not keep it for ever.
const LAST_WORDS_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
