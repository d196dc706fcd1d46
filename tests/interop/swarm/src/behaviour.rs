//! What runs on top of the transport: ping, identify, raw streams, and what the transport brings.

use std::time::Duration;

use contract::Purpose;
use libp2p::{
    identify,
    identity::Keypair,
    ping,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
};

use crate::direct::Direct;

/// All of it.
#[derive(NetworkBehaviour)]
pub struct Behaviour<O: NetworkBehaviour> {
    /// Where stories are played.
    pub ping: Toggle<ping::Behaviour>,
    /// Where stories are played.
    pub identify: Toggle<identify::Behaviour>,
    /// No relay carries what is played.
    pub stream: Direct<libp2p_stream::Behaviour>,
    /// The transport's.
    pub own: O,
}

impl<O: NetworkBehaviour> Behaviour<O> {
    /// For a node with this key.
    pub fn new(key: &Keypair, purpose: Purpose, own: O) -> Self {
        let stories = purpose == Purpose::Stories;
        let ping = ping::Config::new().with_interval(PING_OFTEN);
        let identify = identify::Config::new("/ipfs/0.1.0".into(), key.public());
        Self {
            ping: stories.then(|| ping::Behaviour::new(ping)).into(),
            identify: stories.then(|| identify::Behaviour::new(identify)).into(),
            stream: Direct::new(libp2p_stream::Behaviour::new()),
            own,
        }
    }
}

/// Far below rust-libp2p's default of 15 s, for two reasons. A dialer takes its round trips from its own
/// behaviour. And a defect of libp2p-ping 0.48.0: having answered a ping, its handler (src/handler.rs,
/// `poll`) puts up the future for the next one without polling it, so nothing wakes the handler when that
/// ping comes. The handler's own pings do: with the default interval every second ping of a peer is
/// answered up to 15 s late, with this one up to 100 ms.
const PING_OFTEN: Duration = Duration::from_millis(100);
