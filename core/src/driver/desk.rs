//! The desk between the handles and the endpoint: wishes in, events out.
//!
//! It knows who holds what: a link for each connection, a lane of the pump for each stream; and who waits
//! for what comes of itself: a turn to open a stream, the delivery of all that was written. It never
//! waits and never touches the socket; the [loop](super::run) calls it.

use core::mem;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::vec::Vec;

use rustc_hash::FxHashMap;
use tracing::debug;

use super::error::{DialError, Ending};
use super::hub::Hub;
use super::interfaces::Lookout;
use super::link::{Begin, Link};
use super::mail::Letter;
use super::meetings::Meetings;
use super::pipe::{Attention, Patience, Pipe};
use super::pump::Pump;
use crate::rtc::error::{ConnectionEnd, DialRefused, OpenError};
use crate::rtc::output::{Direction, Established, Timeline};
use crate::rtc::{ConnectionId, Endpoint, Event, StreamId, telemetry};
use crate::time::Timestamp;

/// Drops as it [ends](Self::end): no handle waits for a driver that is gone.
#[derive(Debug)]
pub(super) struct Desk {
    hub: Arc<Hub>,
    links: FxHashMap<ConnectionId, Arc<Link>>,
    pump: Pump,
    meetings: Meetings,
    lookout: Lookout,
    /// Pipes that wait for their turn to have a stream, while there are as many as may be.
    queues: BTreeMap<ConnectionId, VecDeque<Arc<Pipe>>>,
    /// Connections that are to be closed once all is delivered, and when at the latest.
    finishing: BTreeMap<ConnectionId, Timestamp>,
    /// Empty between two turns; kept for its capacity.
    letters: Vec<Letter>,
    /// Set when everything is being closed: that is over then at the latest.
    closes_at: Option<Timestamp>,
}

impl Desk {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self {
            links: FxHashMap::default(),
            pump: Pump::new(),
            meetings: Meetings::new(hub.clone()),
            hub,
            lookout: Lookout::default(),
            queues: BTreeMap::new(),
            finishing: BTreeMap::new(),
            letters: Vec::new(),
            closes_at: None,
        }
    }

    /// Whether everything was to be closed, and is.
    pub(super) fn is_closed(&self, now: Timestamp) -> bool {
        self.closes_at.is_some_and(|latest| self.links.is_empty() || latest <= now)
    }

    /// When the desk is to be [attended](Self::attend) even if no letter has come.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        let finishing = self.finishing.values().copied();
        let others = [self.closes_at, self.lookout.due(), self.meetings.wakes_at()];
        others.into_iter().flatten().chain(finishing).min()
    }

    /// Wants itself exclusively, as signaling streams need not be shared between threads.
    pub(super) fn poll_letters(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.hub.mail.poll_arrived(context)
    }

    /// Does what handles wish, and what is due.
    pub(super) fn attend(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        let mut letters = mem::take(&mut self.letters);
        self.hub.mail.take(&mut letters);
        for letter in letters.drain(..) {
            match letter {
                Letter::Endpoint => self.attend_hub(now, endpoint),
                Letter::Connection(link) => self.attend_link(now, endpoint, &link),
                Letter::Stream(pipe) => self.attend_pipe(now, endpoint, &pipe),
                Letter::Signaling(bell) => self.meetings.on_call(now, endpoint, &bell),
            }
        }
        self.letters = letters;
        self.lookout.look(now, &self.hub.interfaces);
        self.meetings.attend(now, endpoint);
    }

    fn attend_hub(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        let wishes = self.hub.attend();
        if wishes.deaf {
            endpoint.set_accept(false);
        }
        if wishes.counters {
            self.hub.answer(endpoint.counters());
        }
        self.lookout.attend(now, &self.hub.interfaces);
        if wishes.close && self.closes_at.is_none() {
            self.close_all(now, endpoint);
        }
    }

    fn attend_link(&mut self, now: Timestamp, endpoint: &mut Endpoint, link: &Arc<Link>) {
        let wishes = link.attend();
        for id in wishes.unwanted.iter().filter_map(|pipe| pipe.id()) {
            self.pump.forget(now, endpoint, id);
        }
        match (wishes.begin, wishes.id) {
            (Some(_), _) if wishes.close || self.closes_at.is_some() => {
                link.refused(DialError::EndpointClosed);
            }
            (Some(begin), _) => match self.begin(now, endpoint, begin) {
                Ok(id) => {
                    link.begun(id);
                    self.links.insert(id, link.clone());
                }
                Err(error) => link.refused(error.into()),
            },
            (None, Some(id)) => {
                if wishes.stats {
                    link.answer(endpoint.stats(id));
                }
                if wishes.close && self.links.contains_key(&id) {
                    endpoint.close(now, id);
                } else if wishes.finish && self.links.contains_key(&id) {
                    self.finishing.entry(id).or_insert(now + FINISH_TIME);
                    self.close_queue(id);
                }
            }
            (None, None) => {}
        }
    }

    fn begin(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        begin: Begin,
    ) -> Result<ConnectionId, DialRefused> {
        let (meeting, talk) = match begin {
            Begin::Dial(target) => return endpoint.dial(now, target),
            Begin::Meet(meeting, talk) => (meeting, talk),
        };
        self.meetings.prepare(now, endpoint, &mut self.lookout);
        let begun = endpoint.meet(now, meeting);
        match begun {
            Ok(id) => self.meetings.begin(now, endpoint, id, talk),
            Err(_) => self.meetings.rest(),
        }
        begun
    }

    fn attend_pipe(&mut self, now: Timestamp, endpoint: &mut Endpoint, pipe: &Arc<Pipe>) {
        match pipe.attend() {
            Attention::Open { connection, .. }
                if self.closes_at.is_some() || self.finishing.contains_key(&connection) =>
            {
                pipe.opened(Err(OpenError::Closed));
            }
            Attention::Open { connection, patience: Patience::Waits }
                if self.queues.contains_key(&connection) =>
            {
                self.queue(connection, pipe);
            }
            Attention::Open { connection, patience } => match endpoint.open_stream(connection) {
                Err(OpenError::TooManyStreams) if patience == Patience::Waits => {
                    self.queue(connection, pipe);
                }
                result => self.open(pipe, result),
            },
            wishes => self.pump.serve(now, endpoint, wishes),
        }
    }

    fn open(&mut self, pipe: &Arc<Pipe>, result: Result<StreamId, OpenError>) {
        if let Ok(id) = result {
            self.pump.insert(id, pipe.clone());
        }
        pipe.opened(result);
    }

    fn queue(&mut self, connection: ConnectionId, pipe: &Arc<Pipe>) {
        let queue = self.queues.entry(connection).or_default();
        // Those who gave up must not fill it while no turn comes.
        queue.retain(|pipe| !pipe.is_left());
        queue.push_back(pipe.clone());
    }

    /// Does what nobody tells of when it can be done: to be called when the endpoint has nothing left to
    /// say. Says whether it may have something again.
    pub(super) fn settle(&mut self, now: Timestamp, endpoint: &mut Endpoint) -> bool {
        let delivered = |id: &ConnectionId| match endpoint.stats(*id) {
            Some(stats) => stats.send_buffered == 0,
            None => true,
        };
        let due = |id: &ConnectionId, latest: Timestamp| latest <= now || delivered(id);
        let finished: Vec<_> =
            self.finishing.iter().filter(|&(id, at)| due(id, *at)).map(|(id, _)| *id).collect();
        for id in &finished {
            self.finishing.remove(id);
            endpoint.close(now, *id);
        }
        let left = self.pump.settle(now, endpoint);
        self.open_queued(endpoint) || left || !finished.is_empty()
    }

    /// Opens streams for those who wait, as far as there is room for them.
    fn open_queued(&mut self, endpoint: &mut Endpoint) -> bool {
        let mut opened = false;
        let mut queues = mem::take(&mut self.queues);
        queues.retain(|connection, queue| {
            while let Some(pipe) = queue.front() {
                if !pipe.is_left() {
                    match endpoint.open_stream(*connection) {
                        Err(OpenError::TooManyStreams) => return true,
                        result => self.open(pipe, result),
                    }
                    opened = true;
                }
                queue.pop_front();
            }
            false
        });
        self.queues = queues;
        opened
    }

    /// No stream will be opened on a connection any more.
    fn close_queue(&mut self, connection: ConnectionId) {
        for pipe in self.queues.remove(&connection).into_iter().flatten() {
            pipe.opened(Err(OpenError::Closed));
        }
    }

    /// Tells handles what has happened.
    pub(super) fn on_event(&mut self, now: Timestamp, endpoint: &mut Endpoint, event: Event) {
        let pump = &mut self.pump;
        match event {
            Event::Connected { id, established } => {
                self.on_connected(now, endpoint, id, established)
            }
            Event::Moved { id, remote } => {
                if let Some(link) = self.links.get(&id) {
                    link.moved(remote);
                }
            }
            Event::Closed { id, end, timeline } => self.on_closed(now, endpoint, id, end, timeline),
            Event::Opened { id } => self.on_opened(now, endpoint, id),
            Event::Signaling { id } => self.meetings.say(now, endpoint, id),
            Event::Readable { id } => pump.readable(endpoint, id),
            Event::Writable { id } => pump.write(now, endpoint, id),
            Event::Finished { id, .. } => pump.finished(id),
            Event::StreamClosed { id, end } => pump.ended(now, endpoint, id, end),
            Event::Hidden { id, candidate } => {
                self.meetings.on_hidden(now, endpoint, id, candidate);
            }
            Event::KeyLog { .. } => {} // The loop has shown it to the observer.
        }
    }

    fn on_connected(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        id: ConnectionId,
        established: Established,
    ) {
        self.meetings.connected(id);
        if let Some(link) = self.links.get(&id) {
            return link.connected(established);
        }
        debug_assert_eq!(established.direction, Direction::Inbound, "what we began has its link");
        let link = Link::inbound(id, established);
        self.links.insert(id, link.clone());
        if self.closes_at.is_some() || !self.hub.arrived((link.clone(), id, established)) {
            link.close_ears(&self.hub.mail);
            debug!(target: telemetry::DRIVER, ?id, "nobody accepts connections, this one is closed");
            endpoint.close(now, id);
        }
    }

    fn on_closed(
        &mut self,
        now: Timestamp,
        endpoint: &mut Endpoint,
        id: ConnectionId,
        end: ConnectionEnd,
        timeline: Timeline,
    ) {
        self.pump.disconnected(now, endpoint, id);
        self.meetings.over(id);
        self.finishing.remove(&id);
        self.close_queue(id);
        if let Some(link) = self.links.remove(&id) {
            link.closed(end, timeline);
        }
    }

    fn on_opened(&mut self, now: Timestamp, endpoint: &mut Endpoint, id: StreamId) {
        let pipe = Pipe::accepted(id);
        let heard = self.links.get(&id.connection()).is_some_and(|link| link.arrived(pipe.clone()));
        if heard {
            self.pump.insert(id, pipe);
        } else {
            endpoint.forget_stream(now, id);
        }
    }

    fn close_all(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        // Those that deliver what is left have their time, and then this one to say that they are over.
        let begins = self.finishing.values().copied().fold(now, Timestamp::max);
        self.closes_at = Some(begins + CLOSE_TIME);
        let queues: Vec<_> = self.queues.keys().copied().collect();
        queues.into_iter().for_each(|connection| self.close_queue(connection));
        for id in self.links.keys().filter(|id| !self.finishing.contains_key(id)) {
            endpoint.close(now, *id);
        }
    }

    /// Ends everything that handles may wait for. Nothing is left to be found here afterwards.
    pub(super) fn end(&mut self, ending: Ending) {
        for letter in self.hub.mail.close() {
            match letter {
                Letter::Endpoint | Letter::Signaling(_) => {}
                Letter::Connection(link) => link.refused(DialError::from(&ending)),
                Letter::Stream(pipe) => pipe.abandon(),
            }
        }
        for (_, link) in self.links.drain() {
            link.refused(DialError::from(&ending));
        }
        for pipe in mem::take(&mut self.queues).into_values().flatten() {
            pipe.abandon();
        }
        self.pump.abandon();
        self.meetings.end();
        self.hub.end(ending);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Once all was being closed, that it is cut short changes nothing for who wished so.
        let closing = self.closes_at.is_some() || self.hub.attend().close;
        self.end(if closing { Ending::Closed } else { Ending::DriverDropped });
    }
}

/// Delivering what is left may take so long: a few retransmissions. A peer that takes nothing must not keep
/// its connection for ever.
const FINISH_TIME: Duration = Duration::from_secs(5);
/// Closing tells peers at once; what is still unanswered after this is cut off.
const CLOSE_TIME: Duration = Duration::from_secs(1);
