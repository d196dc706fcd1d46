//! The dialer's nodes. Each connection has a node of its own: a peer that dials another one twice gets, in
//! most implementations, the connection that it has.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::time::timeout;

use super::{Cue, PATIENCE};
use crate::{Failure, Purpose, dial::Dialer};

/// Nodes that have not dialed yet.
pub(super) async fn prepared<D: Dialer>(address: &str, count: usize) -> Result<Vec<D>, Failure> {
    let mut nodes = Vec::with_capacity(count);
    for _ in 0..count {
        nodes.push(D::new(address, Purpose::Bench).await?);
    }
    Ok(nodes)
}

/// Nodes and the connection of each. A dial that fails is made again by another node, and told of: where dials
/// are not what is measured, one in a hundred that fails must not cost every measurement of many connections.
pub(super) async fn connected<D: Dialer>(
    address: &str,
    version: &str,
    count: usize,
    cue: &mut Cue,
) -> Result<(Vec<D>, Vec<D::Connection>), Failure> {
    let mut connected = (Vec::new(), Vec::new());
    while connected.0.len() < count {
        let nodes = prepared::<D>(address, count - connected.0.len()).await?;
        let dials = stream::iter(nodes.into_iter().map(async |node| {
            let dialed = timeout(PREPARING, dial(&node, address, version)).await;
            (node, dialed)
        }));
        let dialed: Vec<_> = dials.buffer_unordered(AT_ONCE).collect().await;
        for (node, dialed) in dialed {
            match dialed {
                Ok(Ok(connection)) => {
                    connected.0.push(node);
                    connected.1.push(connection);
                }
                Ok(Err(error)) => cue.dial_failed(error)?,
                Err(_) => cue.dial_failed("a connection took too long".into())?,
            }
        }
    }
    Ok(connected)
}

/// One dial that does not wait for ever.
pub(super) async fn dial<D: Dialer>(
    node: &D,
    address: &str,
    version: &str,
) -> Result<D::Connection, Failure> {
    timeout(PATIENCE, node.dial(address, version, PATIENCE))
        .await
        .map_err(|_| "the connection took too long")?
}

/// Tells the peer that all is over, as far as that is quick.
pub(super) async fn close<D: Dialer>(nodes: Vec<D>) {
    let all = stream::iter(nodes).for_each_concurrent(None, D::close);
    let _ = timeout(FAREWELL, all).await;
}

/// How many dials are under way where the dials are not what is measured.
pub(super) const AT_ONCE: usize = 16;
/// Ten times what the slowest dial takes; those that hang are found out early.
const PREPARING: Duration = Duration::from_secs(4);
/// The runner ends what is left.
const FAREWELL: Duration = Duration::from_secs(1);
