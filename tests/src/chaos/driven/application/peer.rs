//! A [`Driven`] node as a [`Peer`]: what is asked for is done through handles and their futures.

use floe_core::driver::DialError;
use floe_core::ice::Version;
use floe_core::multiaddr::DirectAddr;
use floe_core::peer_id::PeerId;
use floe_core::rtc::{ConnectionId, Read, StreamId, Target};
use floe_core::time::Timestamp;

use super::{Application, News, tell};
use crate::chaos::driven::{Driven, Manner};
use crate::chaos::peer::{Ask, Broken, Happening, Peer};

/// Peers are asked through the application that has moved in.
///
/// # Panics
/// All of them, but who and where it is, if none has.
impl Peer for Driven {
    fn peer_id(&self) -> PeerId {
        Self::peer_id(self)
    }

    fn address(&self) -> DirectAddr {
        Self::address(self)
    }

    fn dial(&mut self, _: Timestamp, address: &DirectAddr, version: Option<Version>) -> Ask {
        let application = self.application_mut();
        let (ask, news) = (application.asks.number(), application.news.clone());
        let (endpoint, target) = (application.endpoint.clone(), Target::new(address));
        self.tasks.spawn(async move {
            let dial = async {
                let mut target = target.map_err(DialError::from)?;
                target.version = version;
                endpoint.dial(target).await
            };
            let dialed = dial.await;
            tell(
                &news,
                match dialed {
                    Ok(connection) => News::Connected(Some(ask), connection),
                    Err(DialError::Failed { end, .. }) => News::Refused(ask, end.to_string()),
                    Err(DialError::Refused(why)) => News::Refused(ask, why.to_string()),
                    Err(error) => News::Refused(ask, error.to_string()),
                },
            );
        });
        ask
    }

    fn open(&mut self, _: Timestamp, on: ConnectionId) -> Ask {
        let application = self.application_mut();
        let (ask, news) = (application.asks.number(), application.news.clone());
        let Some(connection) = application.connections.get(&on).cloned() else {
            tell(&news, News::Refused(ask, "there is no such connection".to_owned()));
            return ask;
        };
        self.tasks.spawn(async move {
            tell(
                &news,
                match connection.open().await {
                    Ok(stream) => News::Opened(Some(ask), stream),
                    Err(error) => News::Refused(ask, error.to_string()),
                },
            );
        });
        ask
    }

    fn write(&mut self, _: Timestamp, to: StreamId, bytes: &[u8]) -> Result<usize, Broken> {
        let application = self.application_mut();
        let is_impatient = application.is_impatient();
        let held = application.streams.get_mut(&to).ok_or(Broken)?;
        held.write(bytes, is_impatient)
    }

    fn read(&mut self, _: Timestamp, from: StreamId, out: &mut [u8]) -> Read {
        let application = self.application_mut();
        let is_impatient = application.is_impatient();
        let held = application.streams.get_mut(&from);
        held.map_or(Read::Reset, |held| held.read(out, is_impatient))
    }

    fn finish(&mut self, _: Timestamp, stream: StreamId) -> Result<(), Broken> {
        self.application_mut().streams.get_mut(&stream).ok_or(Broken)?.finish()
    }

    fn stop_reading(&mut self, _: Timestamp, stream: StreamId) {
        if let Some(held) = self.application_mut().streams.get_mut(&stream) {
            held.stop_reading();
        }
    }

    fn reset(&mut self, _: Timestamp, stream: StreamId) {
        if let Some(held) = self.application_mut().streams.get_mut(&stream) {
            held.reset();
        }
    }

    fn forget(&mut self, _: Timestamp, stream: StreamId) {
        let held = self.application_mut().streams.remove(&stream);
        drop(held);
    }

    fn close(&mut self, _: Timestamp, connection: ConnectionId) {
        let connection = self.application_mut().connections.get(&connection).cloned();
        if let Some(connection) = connection {
            self.tasks.spawn(async move { connection.close().await });
        }
    }

    fn calm(&mut self) {
        self.set_manner(Manner::KIND);
    }

    fn happening(&mut self) -> Option<Happening> {
        self.application_mut().happenings.pop_front()
    }
}

impl Driven {
    fn application_mut(&mut self) -> &mut Application {
        self.application.as_mut().expect("an application has moved in")
    }
}
