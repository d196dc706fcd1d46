//! The desk between the handles and the endpoint: wishes in, events out.
//!
//! It knows who holds what: a link for each connection, a lane of the pump for each stream. It never
//! waits and never touches the socket; the [loop](super::run) calls it.

use core::mem;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;
use std::vec::Vec;

use tracing::debug;

use super::error::{DialError, Ending};
use super::hub::Hub;
use super::interfaces::Lookout;
use super::link::Link;
use super::mail::Letter;
use super::pipe::{Attention, Pipe};
use super::pump::Pump;
use crate::rtc::error::{ConnectionEnd, OpenError};
use crate::rtc::output::{Direction, Established, Timeline};
use crate::rtc::{ConnectionId, Endpoint, Event, StreamId, telemetry};
use crate::time::Timestamp;

/// Drops as it [ends](Self::end): no handle waits for a driver that is gone.
#[derive(Debug)]
pub(super) struct Desk {
    hub: Arc<Hub>,
    links: HashMap<ConnectionId, Arc<Link>>,
    pump: Pump,
    lookout: Lookout,
    /// Empty between two turns; kept for its capacity.
    letters: Vec<Letter>,
    /// Set when everything is being closed: that is over then at the latest.
    closes_at: Option<Timestamp>,
}

impl Desk {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        let (links, pump, lookout) = (HashMap::new(), Pump::new(), Lookout::default());
        Self { hub, links, pump, lookout, letters: Vec::new(), closes_at: None }
    }

    /// Whether everything was to be closed, and is.
    pub(super) fn is_closed(&self, now: Timestamp) -> bool {
        self.closes_at.is_some_and(|latest| self.links.is_empty() || latest <= now)
    }

    /// When the desk is to be [attended](Self::attend) even if no letter has come.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        self.closes_at.into_iter().chain(self.lookout.due()).min()
    }

    pub(super) fn poll_letters(&self, context: &mut Context<'_>) -> Poll<()> {
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
            }
        }
        self.letters = letters;
        self.lookout.look(now, &self.hub.interfaces);
    }

    fn attend_hub(&mut self, now: Timestamp, endpoint: &mut Endpoint) {
        let wishes = self.hub.attend();
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
        match (wishes.dial, wishes.id) {
            (Some(_), _) if wishes.close || self.closes_at.is_some() => {
                link.refused(DialError::EndpointClosed);
            }
            (Some(target), _) => match endpoint.dial(now, target) {
                Ok(id) => {
                    link.dialed(id);
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
                }
            }
            (None, None) => {}
        }
    }

    fn attend_pipe(&mut self, now: Timestamp, endpoint: &mut Endpoint, pipe: &Arc<Pipe>) {
        match pipe.attend() {
            Attention::Open(_) if self.closes_at.is_some() => pipe.opened(Err(OpenError::Closed)),
            Attention::Open(connection) => match endpoint.open_stream(connection) {
                Ok(id) => {
                    self.pump.insert(id, pipe.clone());
                    pipe.opened(Ok(id));
                }
                Err(error) => pipe.opened(Err(error)),
            },
            wishes => self.pump.serve(now, endpoint, wishes),
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
            Event::Readable { id } => pump.readable(endpoint, id),
            Event::Writable { id } => pump.write(now, endpoint, id),
            Event::Finished { id, .. } => pump.finished(id),
            Event::StreamClosed { id, end } => pump.ended(now, endpoint, id, end),
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
        if let Some(link) = self.links.get(&id) {
            return link.connected(established);
        }
        debug_assert_eq!(established.direction, Direction::Inbound, "a dial has its link");
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
        self.closes_at = Some(now + CLOSE_TIME);
        for id in self.links.keys() {
            endpoint.close(now, *id);
        }
    }

    /// Ends everything that handles may wait for. Nothing is left to be found here afterwards.
    pub(super) fn end(&mut self, ending: Ending) {
        for letter in self.hub.mail.close() {
            match letter {
                Letter::Endpoint => {}
                Letter::Connection(link) => link.refused(DialError::from(&ending)),
                Letter::Stream(pipe) => pipe.abandon(),
            }
        }
        for (_, link) in self.links.drain() {
            link.refused(DialError::from(&ending));
        }
        self.pump.abandon();
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

/// Closing tells peers at once; what is still unanswered after this is cut off.
const CLOSE_TIME: Duration = Duration::from_secs(1);
