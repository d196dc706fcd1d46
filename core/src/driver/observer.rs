//! Whoever watches what an endpoint sends and receives.
//!
//! An observer is shown every datagram as it passes between the socket and the endpoint, and the secrets
//! that decrypt them, if the configuration asks for these. It cannot change or delay anything but by
//! being slow: the driver calls it in the middle of its work. Most endpoints have none, `()`, and pay
//! nothing for it.

use core::net::{IpAddr, SocketAddr};
use std::boxed::Box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::rtc::KeyLogLine;
use crate::rtc::output::{Datagram, Transmit};

/// Watches an endpoint; given to [`Driver::observed`](super::Driver::observed).
pub trait Observer: Send + 'static {
    /// A datagram has come, or has left; one at a time, even where the kernel takes many in one call.
    fn datagram(&mut self, datagram: Observed<'_>);

    /// A secret was derived. What it decrypts was shown since the last [`drained`](Self::drained), or
    /// will be.
    fn key(&mut self, line: &KeyLogLine);

    /// All that is to be done now is done: the driver is about to wait. What is kept to be written
    /// together should be written now.
    fn drained(&mut self) {}
}

/// A datagram between a socket and an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// When. A clock of the whole process, so that one observer can watch many endpoints.
    pub at: Instant,
    /// Which way.
    pub flow: Flow,
    /// Our address; its IP address is a wildcard where the kernel has not said, or not yet, which one of
    /// this host's it is.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Its content.
    pub payload: &'a [u8],
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// It has left.
    Sent,
    /// It has come.
    Received,
}

impl<'a> Observed<'a> {
    /// A datagram that came to a socket that is bound to `bound`.
    pub(super) fn received(at: Instant, bound: SocketAddr, datagram: &Datagram<'a>) -> Self {
        let Datagram { remote, local, payload, .. } = *datagram;
        Self { at, flow: Flow::Received, local: known(bound, local), remote, payload }
    }

    /// The datagrams that left by a socket that is bound to `bound`.
    pub(super) fn sent(
        at: Instant,
        bound: SocketAddr,
        transmit: Transmit<'a>,
    ) -> impl Iterator<Item = Self> {
        let local = known(bound, transmit.local);
        let remote = transmit.remote;
        let datagrams = transmit.datagrams();
        datagrams.map(move |payload| Self { at, flow: Flow::Sent, local, remote, payload })
    }
}

fn known(bound: SocketAddr, local: Option<IpAddr>) -> SocketAddr {
    SocketAddr::new(local.unwrap_or(bound.ip()), bound.port())
}

/// Nobody.
impl Observer for () {
    fn datagram(&mut self, _: Observed<'_>) {}
    fn key(&mut self, _: &KeyLogLine) {}
}

/// Somebody, perhaps.
impl<O: Observer> Observer for Option<O> {
    fn datagram(&mut self, datagram: Observed<'_>) {
        self.iter_mut().for_each(|observer| observer.datagram(datagram));
    }

    fn key(&mut self, line: &KeyLogLine) {
        self.iter_mut().for_each(|observer| observer.key(line));
    }

    fn drained(&mut self) {
        self.iter_mut().for_each(Observer::drained);
    }
}

/// One after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn datagram(&mut self, datagram: Observed<'_>) {
        self.0.datagram(datagram);
        self.1.datagram(datagram);
    }

    fn key(&mut self, line: &KeyLogLine) {
        self.0.key(line);
        self.1.key(line);
    }

    fn drained(&mut self) {
        self.0.drained();
        self.1.drained();
    }
}

/// Chosen at run time.
impl<O: Observer + ?Sized> Observer for Box<O> {
    fn datagram(&mut self, datagram: Observed<'_>) {
        (**self).datagram(datagram);
    }

    fn key(&mut self, line: &KeyLogLine) {
        (**self).key(line);
    }

    fn drained(&mut self) {
        (**self).drained();
    }
}

/// Shared with whoever wants to know what was seen.
impl<O: Observer> Observer for Arc<Mutex<O>> {
    fn datagram(&mut self, datagram: Observed<'_>) {
        self.lock().unwrap_or_else(PoisonError::into_inner).datagram(datagram);
    }

    fn key(&mut self, line: &KeyLogLine) {
        self.lock().unwrap_or_else(PoisonError::into_inner).key(line);
    }

    fn drained(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).drained();
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::rtc::Port;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_leaves_in_one_call_is_seen_datagram_by_datagram() {
        let remote = addr("192.0.2.1:7");
        let (port, payload) = (Port::Main, &b"aabbc"[..]);
        let transmit = Transmit { port, remote, local: None, payload, segment: 2 };
        let seen: Vec<_> = Observed::sent(Instant::now(), addr("0.0.0.0:9"), transmit).collect();
        let payloads: Vec<_> = seen.iter().map(|observed| observed.payload).collect();
        assert_eq!(payloads, [&b"aa"[..], b"bb", b"c"]);
        assert!(seen.iter().all(|it| it.local == addr("0.0.0.0:9") && it.remote == remote));
    }

    #[test]
    fn the_local_address_is_the_one_that_the_kernel_names() {
        let local = Some(addr("192.0.2.9:0").ip());
        let datagram =
            Datagram { port: Port::Main, remote: addr("192.0.2.1:7"), local, payload: b"a" };
        let seen = Observed::received(Instant::now(), addr("0.0.0.0:9"), &datagram);
        assert_eq!((seen.local, seen.flow), (addr("192.0.2.9:9"), Flow::Received));
    }
}
