//! The process that dials, and does one piece of work.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm};

use crate::contract::{Done, Work};
use crate::swarm::{BULK, Behaviour, BehaviourEvent, Kind, swarm};
use crate::usage::Usage;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) async fn run(kind: Kind, address: Multiaddr, work: Work, amount: u64) -> Result<()> {
    let done = match work {
        Work::Dial => dial(kind, &address, amount).await?,
        Work::Requests => requests(kind, &address, amount, 1).await?,
        Work::RequestsAtOnce => requests(kind, &address, amount, 32).await?,
        Work::Upload => bulk(kind, &address, amount, 0).await?,
        Work::Download => bulk(kind, &address, 0, amount).await?,
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
        let mut swarm = swarm(kind)?;
        let begun = Instant::now();
        match connect(&mut swarm, address).await {
            Ok(_) => took.push(begun.elapsed().as_secs_f64() * 1e3),
            Err(_) => failed += 1,
        }
    }
    took.sort_by(f64::total_cmp);
    let figure = took.get(took.len() / 2).copied().unwrap_or(f64::NAN);
    Ok(Done { figure, usage: Usage::now() - before, failed })
}

/// Requests of 100 bytes and answers of as many.
async fn requests(kind: Kind, address: &Multiaddr, times: u64, at_once: u64) -> Result<Done> {
    let mut swarm = swarm(kind)?;
    let peer = connect(&mut swarm, address).await?;
    let (before, begun) = (Usage::now(), Instant::now());
    let request = "x".repeat(100);
    let (mut asked, mut answered) = (0, 0);
    while answered < times {
        while asked < times && asked - answered < at_once {
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
                Event::OutboundFailure { error, .. } => return Err(error.into()),
                _ => {}
            },
            SwarmEvent::ConnectionClosed { cause, .. } => {
                return Err(format!("the connection is gone: {cause:?}").into());
            }
            _ => {}
        }
    }
    let figure = times as f64 / begun.elapsed().as_secs_f64();
    Ok(Done { figure, usage: Usage::now() - before, failed: 0 })
}

/// One stream: `up` bytes there, then `down` bytes back.
async fn bulk(kind: Kind, address: &Multiaddr, up: u64, down: u64) -> Result<Done> {
    let mut swarm = swarm(kind)?;
    let peer = connect(&mut swarm, address).await?;
    let mut control = swarm.behaviour().streams.new_control();
    tokio::spawn(async move {
        loop {
            swarm.next().await;
        }
    });
    let mut stream = control.open_stream(peer, BULK).await?;
    let (before, begun) = (Usage::now(), Instant::now());
    stream.write_all(&down.to_be_bytes()).await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut left = up;
    while left > 0 {
        let len = left.min(buffer.len() as u64) as usize;
        stream.write_all(&buffer[..len]).await?;
        left -= len as u64;
    }
    stream.close().await?;
    // The listener ends its side when it has all of ours.
    let mut received = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => break,
            len => received += len as u64,
        }
    }
    if received != down {
        return Err(format!("{received} of {down} bytes came").into());
    }
    let figure = (up + down) as f64 / (1 << 20) as f64 / begun.elapsed().as_secs_f64();
    Ok(Done { figure, usage: Usage::now() - before, failed: 0 })
}

/// Connections that are kept until the listener has been asked what they take, which is when our input ends.
async fn connections(kind: Kind, address: &Multiaddr, amount: u64) -> Result<Done> {
    let before = Usage::now();
    let mut swarms = HashMap::new();
    let mut failed = 0;
    for n in 0..amount {
        let mut swarm = swarm(kind)?;
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
