//! Where the nodes of stories are, on a network that is nobody's (RFC 5737).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the server is.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4001);
/// Where its client is.
pub const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5002);
/// Where a third one is.
pub const OTHER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)), 6003);
