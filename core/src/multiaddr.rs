//! multiaddr
