//! The dialer: one connection, and the stories on it.

use std::{
    io,
    time::{Duration, Instant},
};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _, TryFutureExt as _, future};
use libp2p::{Multiaddr, PeerId, Stream, identify, multiaddr::Protocol, swarm::SwarmEvent};
use libp2p_stream::Control;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    node::{self, BehaviourEvent, ECHO, Failure, Node, PERF},
    report,
    story::Story,
    transfer::{self, PIECE, Reader},
};

/// Connects and plays; `false` when a story failed.
pub(crate) async fn run(
    address: Multiaddr,
    stories: &[Story],
    limit: Duration,
) -> Result<bool, Failure> {
    let pings = stories.iter().any(|story| matches!(story, Story::Ping(_)));
    let mut node = node::new(if pings { PING_OFTEN } else { PING_SELDOM })?;
    // libp2p-webrtc dials from the socket of a listener and has none of its own
    // (`Error::NoListeners`, src/tokio/transport.rs).
    timeout(limit, node::listen(&mut node, beside(&address)?)).await??;

    let began = Instant::now();
    let Ok(connected) = timeout(limit, Session::connect(node, address)).await else {
        return Err("the connection took too long".into());
    };
    let mut session = connected?;
    report::connected(&session.peer, began.elapsed());

    let mut all_passed = true;
    for story in stories {
        let began = Instant::now();
        let played = timeout(limit, session.play(*story)).await;
        let took = began.elapsed();
        let (ok, message, details) = match played {
            Ok(Ok(details)) => (true, String::new(), details),
            Ok(Err(error)) => (false, error.to_string(), json!({})),
            Err(_) => (false, "the story took too long".into(), json!({})),
        };
        report::result(&story.to_string(), ok, took, &message, details);
        all_passed &= ok;
    }
    session.close().await;
    Ok(all_passed)
}

/// One connection and what was learned on it.
struct Session {
    node: Node,
    peer: PeerId,
    /// What identify brought, which may come during any story.
    identified: Option<Result<identify::Info, String>>,
}

impl Session {
    async fn connect(mut node: Node, address: Multiaddr) -> Result<Self, Failure> {
        node.dial(address)?;
        loop {
            match node.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    return Ok(Self { node, peer: peer_id, identified: None });
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
                _ => {}
            }
        }
    }

    /// Plays one story; what it returns is added to the result line.
    async fn play(&mut self, story: Story) -> Result<Value, Failure> {
        let control = self.node.behaviour().stream.new_control();
        let peer = self.peer;
        match story {
            Story::Dial => Ok(json!({})),
            Story::Ping(count) => self.ping(count).await,
            Story::Identify => self.identify().await,
            Story::Echo(bytes) => self.drive(echo(control, peer, bytes, PIECE)).await,
            Story::BigFrames => self.drive(echo(control, peer, BIG, BIG_PIECE)).await,
            Story::Up(bytes) => self.drive(perf(control, peer, bytes, 0)).await,
            Story::Down(bytes) => self.drive(perf(control, peer, 0, bytes)).await,
            Story::HalfClose => self.drive(half_close(control, peer)).await,
            Story::Streams(count) => {
                let one_by_one = async {
                    for _ in 0..count {
                        echo(control.clone(), peer, SMALL, PIECE).await?;
                    }
                    Ok(json!({}))
                };
                self.drive(one_by_one).await
            }
            Story::Parallel(count) => {
                let all = (0..count).map(|_| echo(control.clone(), peer, SMALL, PIECE));
                self.drive(future::try_join_all(all).map_ok(|_| json!({}))).await
            }
        }
    }

    /// Takes the round trips that rust-libp2p's ping behaviour reports.
    async fn ping(&mut self, count: u64) -> Result<Value, Failure> {
        let mut round_trips = Vec::new();
        while (round_trips.len() as u64) < count {
            if let BehaviourEvent::Ping(event) = self.next_event().await? {
                round_trips.push(report::milliseconds(event.result?));
            }
        }
        Ok(json!({ "rtt_ms": round_trips }))
    }

    async fn identify(&mut self) -> Result<Value, Failure> {
        let info = loop {
            match &self.identified {
                Some(identified) => break identified.clone()?,
                None => self.next_event().await?,
            };
        };
        let named = info.public_key.to_peer_id();
        if named != self.peer {
            return Err(format!("identify names {named}, Noise proved {}", self.peer).into());
        }
        for served in [ECHO, PERF] {
            if !info.protocols.contains(&served) {
                return Err(format!("identify does not list {served}").into());
            }
        }
        Ok(json!({ "agent": info.agent_version }))
    }

    /// Polls the swarm, without which no stream moves, until `story` has an end.
    async fn drive(
        &mut self,
        story: impl Future<Output = Result<Value, Failure>>,
    ) -> Result<Value, Failure> {
        let mut story = std::pin::pin!(story);
        loop {
            tokio::select! {
                played = &mut story => return played,
                event = self.next_event() => { event?; }
            }
        }
    }

    /// The next event of a behaviour; the end of the connection is an error.
    async fn next_event(&mut self) -> Result<BehaviourEvent, Failure> {
        loop {
            match self.node.select_next_some().await {
                SwarmEvent::ConnectionClosed { cause, .. } => {
                    return Err(match cause {
                        Some(cause) => format!("the connection closed: {cause}").into(),
                        None => "the connection closed".into(),
                    });
                }
                SwarmEvent::Behaviour(event) => {
                    match &event {
                        BehaviourEvent::Identify(identify::Event::Received { info, .. }) => {
                            self.identified = Some(Ok(info.clone()));
                        }
                        BehaviourEvent::Identify(identify::Event::Error { error, .. }) => {
                            self.identified = Some(Err(error.to_string()));
                        }
                        _ => {}
                    }
                    return Ok(event);
                }
                _ => {}
            }
        }
    }

    /// Tells the peer, so that it need not find out by its own timers.
    async fn close(mut self) {
        if self.node.disconnect_peer_id(self.peer).is_ok() {
            // The only event that is an error is the one waited for.
            let closed = async { while self.next_event().await.is_ok() {} };
            let _ = timeout(CLOSE, closed).await;
        }
    }
}

/// Reads everything back before the write half is closed, so that no FIN_ACK can come in between.
async fn echo(control: Control, peer: PeerId, bytes: u64, piece: usize) -> Result<Value, Failure> {
    let (reader, mut writer) = open(control, peer, ECHO).await?.split();
    let mut reader = Reader::past_fin_ack(reader);
    future::try_join(reader.check(bytes), transfer::send(&mut writer, bytes, piece)).await?;
    writer.close().await?;
    let more = reader.count().await?;
    if more > 0 {
        return Err(format!("{more} bytes more came back than were sent").into());
    }
    Ok(json!({ "fin_acks": reader.fin_acks }))
}

/// perf's order is fixed: the answer begins after our FIN, behind a FIN_ACK if the peer sends one.
async fn perf(control: Control, peer: PeerId, up: u64, down: u64) -> Result<Value, Failure> {
    let mut stream = open(control, peer, PERF).await?;
    stream.write_all(&down.to_be_bytes()).await?;
    stream.flush().await?;
    transfer::send(&mut stream, up, PIECE).await?;
    stream.close().await?;
    let mut reader = Reader::past_fin_ack(stream);
    match reader.count().await? {
        got if got == down => Ok(json!({ "fin_acks": reader.fin_acks })),
        got => Err(transfer::short(got, down).into()),
    }
}

/// Closes the write half first and then reads as applications do, which is where rust-libp2p fails
/// against every peer that acknowledges a FIN.
async fn half_close(control: Control, peer: PeerId) -> Result<Value, Failure> {
    let mut stream = open(control, peer, ECHO).await?;
    transfer::send(&mut stream, SMALL, PIECE).await?;
    stream.close().await?;
    let mut reader = Reader::plain(stream);
    reader.check(SMALL).await?;
    match reader.count().await? {
        0 => Ok(json!({})),
        more => Err(format!("{more} bytes more came back than were sent").into()),
    }
}

async fn open(
    mut control: Control,
    peer: PeerId,
    protocol: libp2p::StreamProtocol,
) -> io::Result<Stream> {
    control.open_stream(peer, protocol).await.map_err(io::Error::other)
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

/// Below SCTP's smallest retransmission timeout, so that a lost ping is visible in its round trip.
const PING_OFTEN: Duration = Duration::from_millis(50);
/// Nobody waits for these.
const PING_SELDOM: Duration = Duration::from_secs(3600);
/// What a stream carries when the number of streams is the point.
const SMALL: u64 = 10 * 1024;
/// What the story of the big frames carries, and the payload of each: the frame and its prefix stay
/// below the 16384 bytes of the specification.
const BIG: u64 = 1024 * 1024;
const BIG_PIECE: usize = 16_000;
/// More than a DTLS close_notify needs on a loaded machine.
const CLOSE: Duration = Duration::from_secs(2);
