//! A node in either role: its swarm runs in a task of its own, without which no stream moves.

use std::{collections::HashMap, io, time::Duration};

use contract::{
    Connection, Dialer, Failure, Identified, Listener, Manner, Purpose, SERVED, milliseconds,
};
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm,
    core::transport::ListenerId,
    identify,
    swarm::{ConnectionId, SwarmEvent, dial_opts::DialOpts},
};
use libp2p_stream::{Control, IncomingStreams};
use tokio::{
    sync::{Mutex, broadcast, mpsc, oneshot, watch},
    time::timeout,
};

use crate::{Behaviour, BehaviourEvent, Carrier};

/// A node that listens.
pub struct Host<C: Carrier> {
    swarm: Swarm<Behaviour<C::Own>>,
}

impl<C: Carrier> Listener for Host<C> {
    async fn listen(address: &str, purpose: Purpose) -> Result<(Self, String), Failure> {
        let address = address.parse()?;
        let carrier = C::of(&address);
        let mut swarm = carrier.swarm(purpose).await?;
        serve_all(&mut swarm, carrier)?;
        let address = carrier.listen(&mut swarm, address).await?;
        Ok((Self { swarm }, address.to_string()))
    }

    async fn run(mut self) {
        loop {
            self.swarm.select_next_some().await;
        }
    }
}

/// A node that dials.
pub struct Dialing<C> {
    carrier: C,
    control: Control,
    dials: mpsc::Sender<Dial>,
    heard: watch::Receiver<Heard>,
    pings: broadcast::Sender<Pinged>,
}

/// What the swarm's task is asked for.
struct Dial(Multiaddr, oneshot::Sender<Result<(PeerId, ConnectionId), String>>);

/// What identify has brought of each connection.
type Heard = HashMap<ConnectionId, Result<identify::Info, String>>;

/// The round trip of one ping.
type Pinged = (ConnectionId, Result<Duration, String>);

impl<C: Carrier> Dialer for Dialing<C> {
    type Connection = Connected<C>;

    async fn new(address: &str, purpose: Purpose) -> Result<Self, Failure> {
        let address = address.parse()?;
        let carrier = C::of(&address);
        let mut swarm = carrier.swarm(purpose).await?;
        serve_all(&mut swarm, carrier)?;
        let control = swarm.behaviour().stream.inner().new_control();
        carrier.prepare(&mut swarm, &address).await?;
        let (dials, asked) = mpsc::channel(1);
        let (identified, heard) = watch::channel(HashMap::new());
        let pings = broadcast::Sender::new(1000);
        tokio::spawn(run::<C>(swarm, asked, identified, pings.clone()));
        Ok(Self { carrier, control, dials, heard, pings })
    }

    async fn dial(
        &self,
        address: &str,
        version: &str,
        _: Duration,
    ) -> Result<Connected<C>, Failure> {
        if version != self.carrier.version() {
            return Err(format!("this peer does not speak {version}").into());
        }
        let (answer, answered) = oneshot::channel();
        self.dials.send(Dial(address.parse()?, answer)).await?;
        let (peer, id) = answered.await??;
        Ok(Connected {
            carrier: self.carrier,
            peer,
            id,
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
pub struct Connected<C> {
    carrier: C,
    peer: PeerId,
    id: ConnectionId,
    control: Control,
    heard: watch::Receiver<Heard>,
    pings: Mutex<broadcast::Receiver<Pinged>>,
}

impl<C: Carrier> Connection for Connected<C> {
    type Stream = C::Stream;

    fn peer(&self) -> String {
        self.peer.to_string()
    }

    fn version(&self) -> String {
        self.carrier.version().into()
    }

    async fn open(&self, protocol: &'static str, manner: Manner) -> io::Result<C::Stream> {
        let opened =
            self.control.clone().open_stream(self.peer, StreamProtocol::new(protocol)).await;
        Ok(self.carrier.stream(opened.map_err(io::Error::other)?, manner))
    }

    /// Takes the round trips that rust-libp2p's ping behaviour reports.
    async fn ping(&self, count: u64) -> Result<Vec<f64>, Failure> {
        let mut pings = self.pings.lock().await;
        // Only those from here on count, and the first of them may have begun before.
        *pings = pings.resubscribe();
        let mut round_trips = Vec::new();
        while (round_trips.len() as u64) < count + 1 {
            let (id, round_trip) = pings.recv().await?;
            if id == self.id {
                round_trips.push(milliseconds(round_trip?));
            }
        }
        Ok(round_trips.split_off(1))
    }

    async fn identify(&self) -> Result<Identified, Failure> {
        let mut heard = self.heard.clone();
        let heard = heard.wait_for(|heard| heard.contains_key(&self.id)).await?;
        let info = heard[&self.id].clone()?;
        Ok(Identified {
            peer: info.public_key.to_peer_id().to_string(),
            protocols: info.protocols.iter().map(ToString::to_string).collect(),
            agent: info.agent_version,
        })
    }
}

/// The task of a dialer's swarm.
async fn run<C: Carrier>(
    mut swarm: Swarm<Behaviour<C::Own>>,
    mut asked: mpsc::Receiver<Dial>,
    identified: watch::Sender<Heard>,
    pings: broadcast::Sender<Pinged>,
) {
    let mut dialing: Option<(ConnectionId, _)> = None;
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
                if let Some((id, answer)) = dialing.take_if(|(id, _)| *id == connection_id) {
                    let _ = answer.send(Ok((peer_id, id)));
                }
            }
            SwarmEvent::OutgoingConnectionError { error, connection_id, .. } => {
                if let Some((_, answer)) = dialing.take_if(|(id, _)| *id == connection_id) {
                    let _ = answer.send(Err(error.to_string()));
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => {
                let (id, told) = match event {
                    identify::Event::Received { connection_id, info, .. } => {
                        (connection_id, Ok(info))
                    }
                    identify::Event::Error { connection_id, error, .. } => {
                        (connection_id, Err(error.to_string()))
                    }
                    _ => continue,
                };
                identified.send_modify(|heard| drop(heard.insert(id, told)));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                let round_trip = event.result.map_err(|error| error.to_string());
                // Nobody may be waiting for one.
                let _ = pings.send((event.connection, round_trip));
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

/// Waits for the first address of a listener that is `wanted`.
///
/// # Errors
///
/// Why the listener has ended.
pub async fn listening<C: Carrier>(
    swarm: &mut Swarm<Behaviour<C::Own>>,
    listener: ListenerId,
    wanted: impl Fn(&Multiaddr) -> bool,
) -> Result<Multiaddr, Failure> {
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address }
                if listener_id == listener && wanted(&address) =>
            {
                return Ok(address.with_p2p(*swarm.local_peer_id()).unwrap_or_else(|whole| whole));
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                return Err(reason
                    .err()
                    .unwrap_or_else(|| io::ErrorKind::NotConnected.into())
                    .into());
            }
            SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => {
                return Err(error.into());
            }
            _ => {}
        }
    }
}

/// Serves whatever the contract asks for, beside the behaviours.
fn serve_all<C: Carrier>(swarm: &mut Swarm<Behaviour<C::Own>>, carrier: C) -> Result<(), Failure> {
    for protocol in SERVED {
        let mut control = swarm.behaviour().stream.inner().new_control();
        tokio::spawn(serve(protocol, carrier, control.accept(StreamProtocol::new(protocol))?));
    }
    Ok(())
}

async fn serve<C: Carrier>(protocol: &'static str, carrier: C, mut incoming: IncomingStreams) {
    while let Some((peer, stream)) = incoming.next().await {
        tokio::spawn(async move {
            let stream = carrier.stream(stream, Manner::Usual);
            let served = contract::serve(protocol, stream).await;
            if let Err(error) = served {
                eprintln!("{protocol} for {peer} failed: {error}");
            }
        });
    }
}

/// More than a DTLS close_notify needs on a loaded machine.
const CLOSE: Duration = Duration::from_secs(2);
