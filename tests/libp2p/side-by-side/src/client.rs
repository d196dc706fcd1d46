//! The process that dials, and does one piece of work.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm};

use crate::bulk;
use crate::contract::{Done, Work};
use crate::swarm::{BULK, Behaviour, BehaviourEvent, Kind, swarm};
use crate::usage::Usage;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) async fn run(kind: Kind, address: Multiaddr, work: Work, amount: u64) -> Result<()> {
    let done = match work {
        Work::Dial => dial(kind, &address, amount).await?,
        Work::Requests => requests(kind, &address, amount, 1).await?,
        Work::RequestsAtOnce => requests(kind, &address, amount, 32).await?,
        Work::Upload => transfer(kind, &address, amount, 0).await?,
        Work::Download => transfer(kind, &address, 0, amount).await?,
        Work::Connections => connections(kind, &address, amount).await?,
    };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

/// One swarm dials again and again; the median.
async fn dial(kind: Kind, address: &Multiaddr, times: u64) -> Result<Done> {
    let before = Usage::now();
    let (mut took, mut failed) = (Vec::new(), 0);
    for _ in 0..times {
        let mut swarm = dialer(kind).await?;
        let begun = Instant::now();
        match connect(&mut swarm, address).await {
            Ok(_) => took.push(begun.elapsed().as_secs_f64() * 1e3),
            Err(_) => failed += 1,
        }
    }
    took.sort_by(f64::total_cmp);
    let figure = *took.get(took.len() / 2).ok_or("no dial has succeeded")?;
    Ok(Done { figure, usage: Usage::now() - before, failed })
}

/// Requests of 100 bytes and answers of as many.
async fn requests(kind: Kind, address: &Multiaddr, times: u64, at_once: u64) -> Result<Done> {
    let mut swarm = dialer(kind).await?;
    let peer = connect(&mut swarm, address).await?;
    let (before, begun) = (Usage::now(), Instant::now());
    let request = "x".repeat(100);
    let (mut asked, mut answered, mut failed) = (0, 0, 0);
    while answered + failed < times {
        while asked < times && asked - answered - failed < at_once {
            swarm.behaviour_mut().requests.send_request(&peer, request.clone());
            asked += 1;
        }
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(BehaviourEvent::Requests(event)) => match event {
                Event::Message { message: Message::Response { response, .. }, .. } => {
                    if response != request {
                        return Err("another answer than what was asked".into());
                    }
                    answered += 1;
                }
                Event::OutboundFailure { .. } => failed += 1,
                _ => {}
            },
            SwarmEvent::ConnectionClosed { cause, .. } => {
                return Err(format!("the connection is gone: {cause:?}").into());
            }
            _ => {}
        }
    }
    let figure = answered as f64 / begun.elapsed().as_secs_f64();
    Ok(Done { figure, usage: Usage::now() - before, failed })
}

/// One stream: `up` bytes there, then `down` bytes back.
async fn transfer(kind: Kind, address: &Multiaddr, up: u64, down: u64) -> Result<Done> {
    let mut swarm = dialer(kind).await?;
    let peer = connect(&mut swarm, address).await?;
    let mut control = swarm.behaviour().streams.new_control();
    tokio::spawn(async move {
        loop {
            swarm.next().await;
        }
    });
    let mut stream = control.open_stream(peer, BULK).await?;
    let (before, begun) = (Usage::now(), Instant::now());
    bulk::ask(&mut stream, up, down).await?;
    let figure = (up + down) as f64 / (1 << 20) as f64 / begun.elapsed().as_secs_f64();
    Ok(Done { figure, usage: Usage::now() - before, failed: 0 })
}

/// Connections that are kept until the listener has been asked what they take, which is when our input ends.
async fn connections(kind: Kind, address: &Multiaddr, amount: u64) -> Result<Done> {
    let before = Usage::now();
    let mut swarms = HashMap::new();
    let mut failed = 0;
    for n in 0..amount {
        let mut swarm = dialer(kind).await?;
        match connect(&mut swarm, address).await {
            Ok(_) => drop(swarms.insert(n, tokio::spawn(swarm.for_each(|_| async {})))),
            Err(_) => failed += 1,
        }
    }
    let done = Done { figure: swarms.len() as f64, usage: Usage::now() - before, failed };
    println!("{}", serde_json::to_string(&done)?);
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    std::process::exit(0)
}

/// A swarm that can dial: of libp2p-webrtc only one that listens.
async fn dialer(kind: Kind) -> Result<Swarm<Behaviour>> {
    let mut swarm = swarm(kind)?;
    if kind == Kind::Webrtc {
        swarm.listen_on(kind.listen_address())?;
        while !matches!(swarm.select_next_some().await, SwarmEvent::NewListenAddr { .. }) {}
    }
    Ok(swarm)
}

async fn connect(swarm: &mut Swarm<Behaviour>, address: &Multiaddr) -> Result<PeerId> {
    swarm.dial(address.clone())?;
    let established = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => return Ok(peer_id),
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
                _ => {}
            }
        }
    };
    tokio::time::timeout(LIMIT, established).await?
}

/// For a dial.
const LIMIT: Duration = Duration::from_secs(30);
