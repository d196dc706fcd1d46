//! The two sockets of a driver: the one it was given, and a sibling for dials that fall back to v1.
//!
//! The sibling is opened when something is first to leave by it, as most endpoints never need it, and
//! stays until the end. It is a help and no more: if it cannot be opened, what would go by it is lost, as
//! datagrams may be; if it fails it is closed, and opened anew for what next wants to leave by it. All
//! else goes on. [`Port`] says what it is good for.

use core::future::{pending, poll_fn};
use core::net::{Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use tracing::{debug, warn};

use super::outside::{Batch, Clock, Socket};
use super::trouble::Trouble;
use crate::rtc::output::{Datagram, Port, Transmit};
use crate::rtc::telemetry;
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Sockets<S> {
    main: Bound<S>,
    fallback: Option<Bound<S>>,
}

/// A socket, what came by it, and how it fares.
#[derive(Debug)]
struct Bound<S> {
    socket: Arc<S>,
    /// What it is bound to.
    local: SocketAddr,
    batch: Batch,
    trouble: Trouble,
    /// There was no room for what was sent last, for as long as that was waited for.
    stuck: bool,
}

/// What came of receiving, for each socket that was ready.
#[derive(Debug)]
pub(super) struct Arrivals {
    main: Option<io::Result<()>>,
    fallback: Option<io::Result<()>>,
}

impl<S: Socket> Sockets<S> {
    pub(super) fn new(main: Arc<S>) -> Self {
        Self { main: Bound::new(main), fallback: None }
    }

    /// Sends datagrams by the socket that they are for. An error is about them, not about the socket.
    ///
    /// Waits while the kernel has no room for them, a second at most. If it still has none they are lost, and
    /// what follows is not waited for, until something finds room again: connections must hear what comes
    /// and when their time is over, and an endpoint must close, though nothing can be sent.
    pub(super) async fn send(
        &mut self,
        clock: &impl Clock,
        transmit: Transmit<'_>,
    ) -> io::Result<()> {
        let bound = match transmit.port {
            Port::Main => &mut self.main,
            Port::Fallback => self.fallback()?,
        };
        bound.send(clock, transmit).await
    }

    /// Waits until something arrives or fails; takes a batch from each socket that is ready, so that
    /// neither starves the other. Cancel-safe; to be followed by [`note`](Self::note).
    pub(super) async fn recv(&mut self, now: Timestamp) -> Arrivals {
        let mut main = pin!(self.main.recv(now));
        let fallback = self.fallback.as_mut();
        let mut fallback = pin!(async {
            match fallback {
                Some(fallback) => fallback.recv(now).await,
                None => pending().await,
            }
        });
        poll_fn(|context| {
            let main = ready(main.as_mut().poll(context));
            let fallback = ready(fallback.as_mut().poll(context));
            match (&main, &fallback) {
                (None, None) => Poll::Pending,
                _ => Poll::Ready(Arrivals { main, fallback }),
            }
        })
        .await
    }

    /// Learns from what came of receiving.
    ///
    /// # Errors
    ///
    /// If the main socket has failed for good.
    pub(super) fn note(&mut self, now: Timestamp, arrivals: Arrivals) -> io::Result<()> {
        if let (Some(result), Some(fallback)) = (arrivals.fallback, &mut self.fallback)
            && let Err(error) = fallback.note(now, result)
        {
            warn!(target: telemetry::DRIVER, %error, "the socket of fallbacks failed, it is closed");
            self.fallback = None;
        }
        arrivals.main.map_or(Ok(()), |result| self.main.note(now, result))
    }

    /// What the last [`recv`](Self::recv) has brought.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        let fallback = self.fallback.iter();
        let main = self.main.batch.datagrams(Port::Main);
        main.chain(fallback.flat_map(|fallback| fallback.batch.datagrams(Port::Fallback)))
    }

    /// What the socket of a port is bound to, as long as there is one.
    pub(super) fn local_addr(&self, port: Port) -> Option<SocketAddr> {
        match port {
            Port::Main => Some(self.main.local),
            Port::Fallback => self.fallback.as_ref().map(|fallback| fallback.local),
        }
    }

    /// When a socket that is left alone for a moment is to be asked again, if one is.
    pub(super) fn paused_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        let fallback = self.fallback.as_mut().and_then(|it| it.trouble.paused_until(now));
        [self.main.trouble.paused_until(now), fallback].into_iter().flatten().min()
    }

    fn fallback(&mut self) -> io::Result<&mut Bound<S>> {
        let opened = match self.fallback.take() {
            Some(fallback) => fallback,
            None => {
                let socket = self.main.socket.sibling()?;
                debug!(target: telemetry::DRIVER, "the socket of fallbacks is opened");
                Bound::new(Arc::new(socket))
            }
        };
        Ok(self.fallback.insert(opened))
    }
}

impl<S: Socket> Bound<S> {
    fn new(socket: Arc<S>) -> Self {
        let local = socket.local_addr().unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into());
        let (batch, trouble) = (socket.batch(), Trouble::default());
        Self { batch, local, socket, trouble, stuck: false }
    }

    async fn send(&mut self, clock: &impl Clock, transmit: Transmit<'_>) -> io::Result<()> {
        let mut send = pin!(self.socket.send(transmit));
        // The clock is asked when there is something to wait for, and not before.
        let mut sleep = pin!(async { clock.sleep_until(clock.now() + PATIENCE).await });
        let sent = poll_fn(|context| match send.as_mut().poll(context) {
            Poll::Ready(sent) => Poll::Ready(Some(sent)),
            Poll::Pending if self.stuck => Poll::Ready(None),
            Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
        })
        .await;
        self.stuck = sent.is_none();
        sent.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn recv(&mut self, now: Timestamp) -> io::Result<()> {
        self.batch.clear();
        if self.trouble.paused_until(now).is_some() {
            return pending().await;
        }
        self.socket.recv(&mut self.batch).await
    }

    fn note(&mut self, now: Timestamp, result: io::Result<()>) -> io::Result<()> {
        match result {
            Ok(()) => {
                self.trouble.over();
                Ok(())
            }
            Err(error) => self.trouble.strikes(now, error),
        }
    }
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// How long datagrams wait for room. Slow links make room within that; later they are of no use to
/// anybody, for what they carry has been given up or sent again.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;
    use std::collections::VecDeque;
    use std::io::ErrorKind;
    use std::sync::Mutex;
    use std::vec::Vec;

    use futures::FutureExt;

    use super::super::outside::Received;
    use super::*;
    use crate::rtc::Epoch;

    /// A socket that a test fills by hand.
    #[derive(Debug, Default)]
    struct Fake {
        /// What is to be received: a datagram's only byte, or an error.
        inbound: Mutex<VecDeque<Result<u8, ErrorKind>>>,
        sent: Mutex<Vec<u8>>,
        /// There is no room for anything to be sent.
        full: Mutex<bool>,
        /// What its sibling will receive; without it there is none.
        sibling: Option<Vec<Result<u8, ErrorKind>>>,
    }

    impl Socket for Fake {
        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(peer())
        }

        fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
            Ok(Vec::new())
        }

        fn sibling(&self) -> io::Result<Self> {
            let inbound = self.sibling.clone().ok_or(ErrorKind::AddrNotAvailable)?;
            Ok(Self { inbound: Mutex::new(inbound.into()), ..Self::default() })
        }

        fn batch(&self) -> Batch {
            Batch::new(1, 1)
        }

        async fn recv(&self, batch: &mut Batch) -> io::Result<()> {
            let next = self.inbound.lock().unwrap().pop_front();
            let Some(next) = next else { return pending().await };
            batch.buffers().next().unwrap()[0] = next?;
            batch.push(Received { remote: peer(), local: None, len: 1, stride: 1 });
            Ok(())
        }

        async fn send(&self, transmit: Transmit<'_>) -> io::Result<()> {
            if *self.full.lock().unwrap() {
                return pending().await;
            }
            self.sent.lock().unwrap().extend(transmit.payload);
            Ok(())
        }
    }

    /// Time passes at once for whoever waits.
    #[derive(Default)]
    struct Hasty {
        sleeps: Mutex<Vec<Timestamp>>,
    }

    impl Clock for Hasty {
        fn epoch(&self) -> Epoch {
            unreachable!("sockets count from nowhere")
        }

        fn now(&self) -> Timestamp {
            Timestamp::ZERO
        }

        async fn sleep_until(&self, at: Timestamp) {
            self.sleeps.lock().unwrap().push(at);
        }
    }

    fn peer() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 7))
    }

    fn sockets(
        inbound: &[Result<u8, ErrorKind>],
        sibling: Option<&[Result<u8, ErrorKind>]>,
    ) -> Sockets<Fake> {
        let inbound = Mutex::new(inbound.iter().copied().collect());
        let sibling = sibling.map(<[_]>::to_vec);
        Sockets::new(Arc::new(Fake { inbound, sibling, ..Fake::default() }))
    }

    fn send(sockets: &mut Sockets<Fake>, port: Port, byte: u8) -> io::Result<()> {
        let transmit = Transmit { port, remote: peer(), local: None, payload: &[byte], segment: 1 };
        sockets.send(&Hasty::default(), transmit).now_or_never().expect("a fake never waits")
    }

    /// What arrives in one turn.
    fn turn(sockets: &mut Sockets<Fake>, now: Timestamp) -> io::Result<Vec<(Port, u8)>> {
        if let Some(arrivals) = sockets.recv(now).now_or_never() {
            sockets.note(now, arrivals)?;
        }
        Ok(sockets.datagrams().map(|it| (it.port, it.payload[0])).collect())
    }

    #[test]
    fn the_sibling_is_opened_when_it_is_needed_and_then_kept() {
        let mut sockets = sockets(&[], Some(&[]));
        send(&mut sockets, Port::Main, 1).unwrap();
        assert!(sockets.fallback.is_none());
        send(&mut sockets, Port::Fallback, 2).unwrap();
        send(&mut sockets, Port::Main, 3).unwrap();
        send(&mut sockets, Port::Fallback, 4).unwrap();
        let sent = |bound: &Bound<Fake>| bound.socket.sent.lock().unwrap().clone();
        assert_eq!(sent(&sockets.main), [1, 3]);
        assert_eq!(sent(sockets.fallback.as_ref().unwrap()), [2, 4]);
    }

    #[test]
    fn room_is_waited_for_once_until_there_is_some_again() {
        let mut sockets = sockets(&[], None);
        let clock = Hasty::default();
        let send = |sockets: &mut Sockets<Fake>, byte| {
            let transmit = Transmit::new(peer(), core::slice::from_ref(&byte));
            sockets.send(&clock, transmit).now_or_never().expect("time passes at once")
        };
        send(&mut sockets, 1).unwrap();
        for _ in 0..2 {
            *sockets.main.socket.full.lock().unwrap() = true;
            for byte in [2, 3, 4] {
                assert_eq!(send(&mut sockets, byte).unwrap_err().kind(), ErrorKind::TimedOut);
            }
            *sockets.main.socket.full.lock().unwrap() = false;
            send(&mut sockets, 5).unwrap();
        }
        assert_eq!(*sockets.main.socket.sent.lock().unwrap(), [1, 5, 5]);
        let second = Timestamp::ZERO + PATIENCE;
        assert_eq!(*clock.sleeps.lock().unwrap(), [second, second], "for the first ones only");
    }

    #[test]
    fn each_turn_takes_from_both() {
        let mut sockets = sockets(&[Ok(1), Ok(2), Ok(3)], Some(&[Ok(11), Ok(12)]));
        let turn = |sockets: &mut _| turn(sockets, Timestamp::ZERO).unwrap();
        assert_eq!(turn(&mut sockets), [(Port::Main, 1)]);
        send(&mut sockets, Port::Fallback, 0).unwrap();
        assert_eq!(turn(&mut sockets), [(Port::Main, 2), (Port::Fallback, 11)]);
        assert_eq!(turn(&mut sockets), [(Port::Main, 3), (Port::Fallback, 12)]);
        assert_eq!(turn(&mut sockets), [], "and nothing twice");
    }

    #[test]
    fn a_sibling_that_cannot_be_opened_costs_only_what_was_to_be_sent() {
        let mut sockets = sockets(&[Ok(1)], None);
        let error = send(&mut sockets, Port::Fallback, 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        assert_eq!(turn(&mut sockets, Timestamp::ZERO).unwrap(), [(Port::Main, 1)]);
        send(&mut sockets, Port::Main, 3).unwrap();
    }

    #[test]
    fn a_sibling_that_fails_for_good_is_closed_and_the_main_socket_goes_on() {
        let broken = [Err(ErrorKind::NotConnected); 2000];
        let mut sockets = sockets(&[Ok(1); 200], Some(&broken));
        send(&mut sockets, Port::Fallback, 2).unwrap();
        let mut now = Timestamp::ZERO;
        let mut turns = 0;
        while sockets.fallback.is_some() {
            // While the sibling is left alone the main socket is not.
            assert_eq!(turn(&mut sockets, now).unwrap(), [(Port::Main, 1)]);
            assert_eq!(turn(&mut sockets, now).unwrap(), [(Port::Main, 1)]);
            now = sockets.paused_until(now).unwrap_or(now + Duration::from_millis(1));
            turns += 1;
            assert!(turns < 100, "it is given up");
        }
        assert_eq!(turn(&mut sockets, now).unwrap(), [(Port::Main, 1)]);
        assert_eq!(sockets.paused_until(now), None);
    }
}
