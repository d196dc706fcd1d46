//! The loop: drain, wait, apply.
//!
//! The driver is the sole owner of the sans-IO endpoint, so nothing locks it. A turn applies at most one
//! batch of datagrams from each socket, the letters that have come by then (no more than there are
//! handles) and the time, and then drains; neither a flood of datagrams nor busy handles starve the other side.

use core::future::{Future, pending, poll_fn};
use core::mem;
use core::pin::pin;
use core::task::Poll;
use std::boxed::Box;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

use tracing::{debug, warn};

use super::desk::Desk;
use super::endpoint::Endpoint;
use super::error::Ending;
use super::hub::Hub;
use super::interfaces::Interfaces;
use super::observer::{Observed, Observer};
use super::outside::{Clock, Socket};
use super::sockets::{Arrivals, Sockets};
use crate::rtc::telemetry::{self, Tally};
use crate::rtc::{self, Config, Event, Output};
use crate::time::Deadline;

/// The future that makes an endpoint live. Spawn [`run`](Self::run), or poll it by hand.
///
/// If it is dropped before its end, everything that was open is over at once, as
/// [`DriverDropped`](rtc::error::ConnectionEnd::DriverDropped); peers are not told.
#[derive(Debug)]
#[must_use = "an endpoint does nothing until its driver runs"]
pub struct Driver<S, C, O = ()> {
    endpoint: rtc::Endpoint,
    sockets: Sockets<S>,
    clock: C,
    unsent: Tally,
    observer: O,
    /// The last field, so that the sockets are free when handles hear of the end.
    desk: Desk,
}

impl<S: Socket, C: Clock> Driver<S, C> {
    /// An endpoint on `socket`, and the driver that must run for anything to happen.
    ///
    /// `seed` is 32 bytes of entropy, for instance from [`os_seed`](super::os_seed).
    ///
    /// # Errors
    ///
    /// If the socket cannot say what it is bound to; [`InvalidInput`](io::ErrorKind::InvalidInput) with a
    /// [`ConfigError`](crate::rtc::ConfigError) inside if nothing could ever happen with this configuration.
    pub fn new(
        config: Config,
        socket: S,
        clock: C,
        seed: [u8; 32],
    ) -> io::Result<(Endpoint, Self)> {
        let socket = Arc::new(socket);
        let local = socket.local_addr()?;
        // Handles outlive the driver, but must not keep its port.
        let weak = Arc::downgrade(&socket);
        let addrs = move || weak.upgrade().map_or(Ok(Vec::new()), |socket| socket.local_addrs());
        let hub = Hub::new(local, Interfaces::new(local, Box::new(addrs)));
        let handle = Endpoint::new(hub.clone(), &config);
        // Whether anybody can look them up, the handles say later.
        let config = Config { resolve_names: true, ..config };
        let driver = Self {
            endpoint: rtc::Endpoint::new(Arc::new(config), clock.epoch(), seed)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
            sockets: Sockets::new(socket),
            clock,
            unsent: Tally::default(),
            observer: (),
            desk: Desk::new(hub),
        };
        Ok((handle, driver))
    }

    /// The same driver, watched by `observer`. Of secrets it hears only if the configuration asks for
    /// them.
    pub fn observed<O: Observer>(self, observer: O) -> Driver<S, C, O> {
        let Self { endpoint, sockets, clock, unsent, desk, observer: () } = self;
        Driver { endpoint, sockets, clock, unsent, observer, desk }
    }
}

impl<S: Socket, C: Clock, O: Observer> Driver<S, C, O> {
    /// Runs until the endpoint is closed, by its handles or because its main socket fails for good.
    pub async fn run(mut self) {
        let result = self.turns().await;
        let Self { sockets, observer, mut desk, .. } = self;
        // Whoever hears of the end finds the port free, and what was observed complete.
        drop((sockets, observer));
        desk.end(match result {
            Ok(()) => Ending::Closed,
            Err(error) => {
                warn!(target: telemetry::DRIVER, %error, "the socket failed, the endpoint is closed");
                Ending::SocketFailed(Arc::new(error))
            }
        });
    }

    async fn turns(&mut self) -> io::Result<()> {
        let mut stretch = 0;
        loop {
            let deadline = self.drain().await;
            if self.desk.is_closed(self.clock.now()) {
                return Ok(());
            }
            stretch += 1;
            if stretch == TURNS_AT_A_STRETCH {
                yield_now().await;
                stretch = 0;
            }
            let (received, waited) = self.wait(deadline).await;
            if waited {
                stretch = 0;
            }
            let now = self.clock.now();
            if let Some(arrivals) = received {
                self.sockets.note(now, arrivals)?;
                let at = self.clock.epoch().instant(now);
                for datagram in self.sockets.datagrams() {
                    if let Some(bound) = self.sockets.local_addr(datagram.port) {
                        self.observer.datagram(Observed::received(at, bound, &datagram));
                    }
                    self.endpoint.handle_datagram(now, datagram);
                }
            }
            self.desk.attend(now, &mut self.endpoint);
            if deadline.is_some_and(|deadline| deadline.at <= now) {
                self.endpoint.handle_timeout(now);
            }
        }
    }

    /// Sends what is to be sent and passes on what has happened; says when to come again.
    async fn drain(&mut self) -> Option<Deadline> {
        let now = self.clock.now();
        loop {
            match self.endpoint.poll(now) {
                Output::Transmit(transmit) => {
                    if let Err(error) = self.sockets.send(&self.clock, transmit).await {
                        // Datagrams get lost; those of an address that cannot be reached, all of them.
                        if let Some(times) = self.unsent.count(now) {
                            debug!(
                                target: telemetry::DRIVER,
                                %error, times, "datagrams were not sent"
                            );
                        }
                    } else if let Some(bound) = self.sockets.local_addr(transmit.port) {
                        let at = self.clock.epoch().instant(now);
                        let sent = Observed::sent(at, bound, transmit);
                        sent.for_each(|datagram| self.observer.datagram(datagram));
                    }
                }
                Output::Event(Event::KeyLog { line, .. }) => self.observer.key(&line),
                Output::Event(event) => self.desk.on_event(now, &mut self.endpoint, event),
                Output::Timeout(deadline) => {
                    if !self.desk.settle(now, &mut self.endpoint) {
                        self.observer.drained();
                        return deadline;
                    }
                }
            }
        }
    }

    /// Waits for datagrams, letters or the time; gives the outcome of receiving, if it was that, and says
    /// whether other tasks had their turn meanwhile.
    async fn wait(&mut self, deadline: Option<Deadline>) -> (Option<Arrivals>, bool) {
        let now = self.clock.now();
        let paused = self.sockets.paused_until(now);
        let until = [deadline.map(|deadline| deadline.at), paused, self.desk.wakes_at()];
        let until = until.into_iter().flatten().min();
        let mut recv = pin!(self.sockets.recv(now));
        let mut sleep = pin!(async {
            match until {
                Some(at) => self.clock.sleep_until(at).await,
                None => pending().await,
            }
        });
        let mut polls = 0_u64;
        // Datagrams come first: they keep connections alive. Letters are read on every turn anyway.
        let received = poll_fn(|context| {
            polls += 1;
            if let Poll::Ready(arrivals) = recv.as_mut().poll(context) {
                return Poll::Ready(Some(arrivals));
            }
            if self.desk.poll_letters(context).is_ready() {
                return Poll::Ready(None);
            }
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await;
        (received, polls > 1)
    }
}

/// Lets other tasks of the same thread run.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Turns without giving way: sockets that always have something ready never make the loop wait.
const TURNS_AT_A_STRETCH: u32 = 16;
