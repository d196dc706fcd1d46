//! A node in either role: its swarm runs in a task of its own, without which no stream moves.

use std::{io, time::Duration};

use contract::{
    Connection, Dialer, Failure, Identified, Listener, Manner, Purpose, SERVED, milliseconds,
};
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, identify,
    multiaddr::Protocol,
    swarm::{ConnectionId, SwarmEvent, dial_opts::DialOpts},
};
use libp2p_stream::{Control, IncomingStreams};
use tokio::{
    sync::{Mutex, broadcast, mpsc, oneshot, watch},
    time::timeout,
};

use crate::{
    behaviour::{self, Behaviour, BehaviourEvent, Carrier},
    stream::Stream,
};

/// A node that listens.
pub(crate) struct Host {
    swarm: Swarm<Behaviour>,
}

impl Listener for Host {
    async fn listen(address: &str, purpose: Purpose) -> Result<(Self, String), Failure> {
        let address = address.parse()?;
        let carrier = Carrier::of(&address);
        let mut swarm = behaviour::new(carrier, purpose, PING_OFTEN)?;
        serve_all(&mut swarm, carrier)?;
        let address = behaviour::listen(&mut swarm, address).await?;
        Ok((Self { swarm }, address.to_string()))
    }

    async fn run(mut self) {
        loop {
            self.swarm.select_next_some().await;
        }
    }
}

/// A node that dials.
pub(crate) struct Dialing {
    carrier: Carrier,
    control: Control,
    dials: mpsc::Sender<Dial>,
    heard: watch::Receiver<Heard>,
    pings: broadcast::Sender<Pinged>,
}

/// What the swarm's task is asked for.
struct Dial(Multiaddr, oneshot::Sender<Result<PeerId, String>>);

/// What identify has brought of the latest peer.
type Heard = Option<Result<identify::Info, String>>;

/// The round trip of one ping.
type Pinged = (PeerId, Result<Duration, String>);

impl Dialer for Dialing {
    type Connection = Connected;

    async fn new(address: &str, purpose: Purpose) -> Result<Self, Failure> {
        let address = address.parse()?;
        let carrier = Carrier::of(&address);
        let mut swarm = behaviour::new(carrier, purpose, PING_OFTEN)?;
        serve_all(&mut swarm, carrier)?;
        let control = swarm.behaviour().stream.new_control();
        // libp2p-webrtc dials from the socket of a listener and has none of its own
        // (`Error::NoListeners`, src/tokio/transport.rs).
        if carrier == Carrier::Webrtc {
            behaviour::listen(&mut swarm, beside(&address)?).await?;
        }
        let (dials, asked) = mpsc::channel(1);
        let (identified, heard) = watch::channel(None);
        let pings = broadcast::Sender::new(1000);
        tokio::spawn(run(swarm, asked, identified, pings.clone()));
        Ok(Self { carrier, control, dials, heard, pings })
    }

    async fn dial(&self, address: &str, version: &str, _: Duration) -> Result<Connected, Failure> {
        if version != "v1" {
            return Err(format!("rust-libp2p does not speak {version}").into());
        }
        let (answer, answered) = oneshot::channel();
        self.dials.send(Dial(address.parse()?, answer)).await?;
        let peer = answered.await??;
        Ok(Connected {
            carrier: self.carrier,
            peer,
            control: self.control.clone(),
            heard: self.heard.clone(),
            pings: Mutex::new(self.pings.subscribe()),
        })
    }

    async fn close(self) {
        // The task disconnects its peers when nobody can ask for a dial any more, and then ends.
        drop(self.dials);
        let mut heard = self.heard;
        let _ = timeout(CLOSE, async { while heard.changed().await.is_ok() {} }).await;
    }
}

/// An authenticated connection.
pub(crate) struct Connected {
    carrier: Carrier,
    peer: PeerId,
    control: Control,
    heard: watch::Receiver<Heard>,
    pings: Mutex<broadcast::Receiver<Pinged>>,
}

impl Connection for Connected {
    type Stream = Stream;

    fn peer(&self) -> String {
        self.peer.to_string()
    }

    fn version(&self) -> String {
        "v1".into()
    }

    async fn open(&self, protocol: &'static str, manner: Manner) -> io::Result<Stream> {
        let opened =
            self.control.clone().open_stream(self.peer, StreamProtocol::new(protocol)).await;
        Ok(Stream::new(opened.map_err(io::Error::other)?, self.carrier, manner))
    }

    /// Takes the round trips that rust-libp2p's ping behaviour reports.
    async fn ping(&self, count: u64) -> Result<Vec<f64>, Failure> {
        let mut pings = self.pings.lock().await;
        // Only those from here on count, and the first of them may have begun before.
        *pings = pings.resubscribe();
        let mut round_trips = Vec::new();
        while (round_trips.len() as u64) < count + 1 {
            let (peer, round_trip) = pings.recv().await?;
            if peer == self.peer {
                round_trips.push(milliseconds(round_trip?));
            }
        }
        Ok(round_trips.split_off(1))
    }

    async fn identify(&self) -> Result<Identified, Failure> {
        let mut heard = self.heard.clone();
        let info = heard.wait_for(Option::is_some).await?.clone().expect("it was waited for")?;
        Ok(Identified {
            peer: info.public_key.to_peer_id().to_string(),
            protocols: info.protocols.iter().map(ToString::to_string).collect(),
            agent: info.agent_version,
        })
    }
}

/// The task of a dialer's swarm.
async fn run(
    mut swarm: Swarm<Behaviour>,
    mut asked: mpsc::Receiver<Dial>,
    identified: watch::Sender<Heard>,
    pings: broadcast::Sender<Pinged>,
) {
    let mut dialing: Option<(ConnectionId, oneshot::Sender<Result<PeerId, String>>)> = None;
    loop {
        let event = tokio::select! {
            dial = asked.recv() => {
                let Some(Dial(address, answer)) = dial else { break };
                let options = DialOpts::from(address);
                let id = options.connection_id();
                match swarm.dial(options) {
                    Ok(()) => dialing = Some((id, answer)),
                    // Whoever asked may have run out of patience; so below.
                    Err(error) => drop(answer.send(Err(error.to_string()))),
                }
                continue;
            }
            event = swarm.select_next_some() => event,
        };
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } => {
                if let Some((_, answer)) = dialing.take_if(|(id, _)| *id == connection_id) {
                    let _ = answer.send(Ok(peer_id));
                }
            }
            SwarmEvent::OutgoingConnectionError { error, connection_id, .. } => {
                if let Some((_, answer)) = dialing.take_if(|(id, _)| *id == connection_id) {
                    let _ = answer.send(Err(error.to_string()));
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => match event {
                identify::Event::Received { info, .. } => {
                    identified.send_replace(Some(Ok(info)));
                }
                identify::Event::Error { error, .. } => {
                    identified.send_replace(Some(Err(error.to_string())));
                }
                _ => {}
            },
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                // Nobody may be waiting for one.
                let _ = pings.send((event.peer, event.result.map_err(|error| error.to_string())));
            }
            _ => {}
        }
    }
    for peer in swarm.connected_peers().copied().collect::<Vec<_>>() {
        let _ = swarm.disconnect_peer_id(peer);
    }
    while swarm.network_info().num_peers() > 0 {
        swarm.select_next_some().await;
    }
}

/// Serves whatever the contract asks for, beside the behaviours.
fn serve_all(swarm: &mut Swarm<Behaviour>, carrier: Carrier) -> Result<(), Failure> {
    for protocol in SERVED {
        let mut control = swarm.behaviour().stream.new_control();
        tokio::spawn(serve(protocol, carrier, control.accept(StreamProtocol::new(protocol))?));
    }
    Ok(())
}

async fn serve(protocol: &'static str, carrier: Carrier, mut incoming: IncomingStreams) {
    while let Some((peer, stream)) = incoming.next().await {
        tokio::spawn(async move {
            let stream = Stream::new(stream, carrier, Manner::Usual);
            let served = contract::serve(protocol, stream).await;
            if let Err(error) = served {
                eprintln!("{protocol} for {peer} failed: {error}");
            }
        });
    }
}

/// Where to listen in order to dial `target`: loopback reaches nothing but loopback.
fn beside(target: &Multiaddr) -> Result<Multiaddr, Failure> {
    let address = match target.iter().next() {
        Some(Protocol::Ip4(ip)) if ip.is_loopback() => "/ip4/127.0.0.1/udp/0/webrtc-direct",
        Some(Protocol::Ip4(_)) => "/ip4/0.0.0.0/udp/0/webrtc-direct",
        Some(Protocol::Ip6(ip)) if ip.is_loopback() => "/ip6/::1/udp/0/webrtc-direct",
        Some(Protocol::Ip6(_)) => "/ip6/::/udp/0/webrtc-direct",
        _ => return Err(format!("{target} does not begin with an IP address").into()),
    };
    Ok(address.parse()?)
}

/// Far below rust-libp2p's default of 15 s, for two reasons. A dialer takes its round trips from its own
/// behaviour. And a defect of libp2p-ping 0.48.0: having answered a ping, its handler (src/handler.rs,
/// `poll`) puts up the future for the next one without polling it, so nothing wakes the handler when that
/// ping comes. The handler's own pings do: with the default interval every second ping of a peer is
/// answered up to 15 s late, with this one up to 100 ms.
const PING_OFTEN: Duration = Duration::from_millis(100);
/// More than a DTLS close_notify needs on a loaded machine.
const CLOSE: Duration = Duration::from_secs(2);
