//! A transport that dials again when a dial has failed.
//!
//! libp2p-webrtc's dials fail now and then when the machine is busy, with "data channel opening took longer than 10
//! seconds" (9 of 240, with eight of them at a time on two cores): what is tested with it is something else.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};

/// Dials up to three times.
pub(crate) struct Stubborn<T>(pub(crate) T);

impl<T: Transport + Unpin> Transport for Stubborn<T>
where
    T::Dial: Send + 'static,
    T::Output: Send,
    T::Error: Send,
{
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = BoxFuture<'static, Result<T::Output, T::Error>>;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<Self::Error>> {
        self.0.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.0.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<Self::Error>> {
        // Nothing is done before they are polled.
        let first = self.0.dial(address.clone(), options)?;
        let others = [self.0.dial(address.clone(), options)?, self.0.dial(address, options)?];
        let dial = async {
            let mut result = first.await;
            for another in others {
                if result.is_err() {
                    result = another.await;
                }
            }
            result
        };
        Ok(dial.boxed())
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Pin::new(&mut self.0).poll(context)
    }
}
