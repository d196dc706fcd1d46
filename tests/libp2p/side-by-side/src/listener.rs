//! The process that listens: it answers requests, sinks and sources bytes, and says what it has spent.

use std::error::Error;

use futures::StreamExt;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::bulk;
use crate::contract::{Listening, USAGE};
use crate::swarm::{BULK, BehaviourEvent, Kind, swarm};
use crate::usage::Usage;

pub(crate) async fn run(kind: Kind) -> Result<(), Box<dyn Error>> {
    let mut swarm = swarm(kind)?;
    let peer = *swarm.local_peer_id();
    swarm.listen_on(kind.listen_address())?;
    let mut bulk = swarm.behaviour().streams.new_control().accept(BULK)?;
    tokio::spawn(async move {
        while let Some((_, stream)) = bulk.next().await {
            tokio::spawn(bulk::serve(stream));
        }
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line?.as_deref() {
                Some(USAGE) => println!("{}", serde_json::to_string(&Usage::now())?),
                Some(other) => return Err(format!("nobody knows {other:?}").into()),
                None => return Ok(()),
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::NewListenAddr { address, .. } => {
                    let address = address.with_p2p(peer).expect("it has no other peer id");
                    println!("{}", serde_json::to_string(&Listening { address })?);
                }
                SwarmEvent::Behaviour(BehaviourEvent::Requests(Event::Message {
                    message: Message::Request { request, channel, .. },
                    ..
                })) => {
                    // Whoever went away needs no answer.
                    let _gone = swarm.behaviour_mut().requests.send_response(channel, request);
                }
                _ => {}
            },
        }
    }
}
