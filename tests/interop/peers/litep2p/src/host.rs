//! A node that listens: litep2p with its own ping and identify, and a user protocol for each of the
//! contract's.

use std::time::Duration;

use contract::{Failure, Listener, Purpose, SERVED};
use futures::StreamExt as _;
use litep2p::{
    Litep2p,
    codec::ProtocolCodec,
    config::ConfigBuilder,
    crypto::ed25519::Keypair,
    protocol::{
        Direction, TransportEvent, TransportService, UserProtocol,
        libp2p::{identify, ping},
    },
    transport::webrtc::config::Config,
    types::protocol::ProtocolName,
};

use crate::stream::Stream;

pub(crate) struct Host {
    litep2p: Litep2p,
}

impl Listener for Host {
    async fn listen(address: &str, _: Purpose) -> Result<(Self, String), Failure> {
        // Nobody wants their events, and without a receiver both do their work all the same.
        let (ping, _pings) = ping::Config::default();
        let (identify, _identified) = identify::Config::new("/ipfs/0.1.0".into(), None);
        let mut config = ConfigBuilder::new()
            .with_keypair(Keypair::generate())
            .with_webrtc(Config { listen_addresses: vec![address.parse()?], ..Config::default() })
            // The runner ends connections; a connection that has just no stream open is not idle.
            .with_keep_alive_timeout(IDLE)
            .with_libp2p_ping(ping)
            .with_libp2p_identify(identify);
        for protocol in SERVED {
            config = config.with_user_protocol(Box::new(Served(protocol)));
        }
        let litep2p = Litep2p::new(config.build())?;
        let address = litep2p.listen_addresses().next().ok_or("it listens nowhere")?.to_string();
        Ok((Self { litep2p }, address))
    }

    async fn run(mut self) {
        while self.litep2p.next_event().await.is_some() {}
    }
}

/// One of the contract's protocols.
struct Served(&'static str);

#[async_trait::async_trait]
impl UserProtocol for Served {
    fn protocol(&self) -> ProtocolName {
        self.0.into()
    }

    /// Bytes as they come: `Substream` is then used as `AsyncRead` and `AsyncWrite`.
    fn codec(&self) -> ProtocolCodec {
        ProtocolCodec::Unspecified
    }

    async fn run(self: Box<Self>, mut service: TransportService) -> litep2p::Result<()> {
        while let Some(event) = service.next().await {
            if let TransportEvent::SubstreamOpened {
                peer,
                substream,
                direction: Direction::Inbound,
                ..
            } = event
            {
                let protocol = self.0;
                tokio::spawn(async move {
                    let served = contract::serve(protocol, Stream::new(substream)).await;
                    if let Err(error) = served {
                        eprintln!("{protocol} for {peer} failed: {error}");
                    }
                });
            }
        }
        Ok(())
    }
}

const IDLE: Duration = Duration::from_secs(3600);
