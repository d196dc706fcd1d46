//! The two ends of `/webrtc-signaling/0.0.1` on one relayed connection.
//!
//! It opens streams that are wished for and passes on those that the peer opens; what is said on them is not its
//! business. A stream keeps its connection alive as long as there is one, so nothing else has to.

use core::convert::Infallible;
use core::future::{self, Ready};
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libp2p_core::upgrade::{InboundUpgrade, ReadyUpgrade, UpgradeInfo};
use libp2p_swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p_swarm::{
    ConnectionHandler, ConnectionHandlerEvent, Stream, StreamProtocol, StreamUpgradeError,
    SubstreamProtocol,
};

use super::PROTOCOL;
use super::wishes::WishId;

/// Of a relayed connection.
#[derive(Debug)]
pub struct Handler {
    is_listening: Arc<AtomicBool>,
    /// Streams that are to be opened.
    opens: VecDeque<WishId>,
    reports: VecDeque<Report>,
}

/// What the behaviour wants of it.
#[derive(Debug)]
pub struct Open(pub(super) WishId);

/// What the behaviour hears from it.
#[derive(Debug)]
pub enum Report {
    Opened(WishId, Stream),
    Failed(WishId, StreamUpgradeError<Infallible>),
    Offered(Stream),
}

impl Handler {
    /// It takes offers as long as `is_listening` says so, and begins with the streams of `opens`.
    pub(super) fn new(
        is_listening: Arc<AtomicBool>,
        opens: impl IntoIterator<Item = WishId>,
    ) -> Self {
        Self { is_listening, opens: opens.into_iter().collect(), reports: VecDeque::new() }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Report;
    type InboundProtocol = Accept;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = WishId;

    fn listen_protocol(&self) -> SubstreamProtocol<Accept> {
        let is_listening = self.is_listening.load(Ordering::Relaxed);
        SubstreamProtocol::new(Accept { is_listening }, ())
    }

    fn on_behaviour_event(&mut self, Open(wish): Open) {
        self.opens.push_back(wish);
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, WishId, Report>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some(wish) = self.opens.pop_front() {
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), wish);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Accept, Self::OutboundProtocol, (), WishId>,
    ) {
        let report = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => Report::Offered(stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: wish,
            }) => Report::Opened(wish, stream),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: wish, error }) => {
                Report::Failed(wish, error)
            }
            _ => return,
        };
        self.reports.push_back(report);
    }
}

/// Takes a stream for signaling, if anybody listens for offers: else the protocol is not spoken.
#[derive(Clone, Copy, Debug)]
pub struct Accept {
    is_listening: bool,
}

impl UpgradeInfo for Accept {
    type Info = StreamProtocol;
    type InfoIter = Option<StreamProtocol>;

    fn protocol_info(&self) -> Option<StreamProtocol> {
        self.is_listening.then_some(PROTOCOL)
    }
}

impl InboundUpgrade<Stream> for Accept {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        future::ready(Ok(stream))
    }
}
