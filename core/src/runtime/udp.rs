//! Batches of datagrams through a UDP socket that does not block.
//!
//! Nothing in this room waits or knows a runtime: when the kernel is not ready, the caller hears
//! `WouldBlock`. Sending and receiving use segmentation offload (GSO, GRO) and `recvmmsg` where the
//! kernel has them, by `quinn-udp`, and plain calls elsewhere.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::io::{self, IoSliceMut};
use std::net::UdpSocket;
use std::vec::Vec;

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

use crate::driver::{Batch, Received};
use crate::rtc::Transmit;

/// A UDP socket, and how to move batches through it.
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Udp {
    /// Opens a socket that does not block, bound to `addr`.
    ///
    /// An IPv6 socket carries IPv6 only, the wildcard too, so that `0.0.0.0` and `::` can share a port
    /// and every peer has the address that it knows itself by.
    ///
    /// # Errors
    ///
    /// What the kernel says, for instance that the address is in use or not of this host.
    pub fn open(addr: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        // As much as the kernel grants: a burst that waits for us is not lost.
        let _ = socket.set_recv_buffer_size(KERNEL_BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(KERNEL_BUFFER_BYTES);
        let socket = UdpSocket::from(socket);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        Ok(Self { state, local: socket.local_addr()?, socket })
    }

    /// A second handle of the same socket, for whoever waits until it is ready.
    ///
    /// # Errors
    ///
    /// What the kernel says: that there are too many open files.
    pub fn handle(&self) -> io::Result<UdpSocket> {
        self.socket.try_clone()
    }

    /// The address that the socket is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The addresses that peers on this host's networks can reach the socket at: for a wildcard, those
    /// of all interfaces as they are now.
    ///
    /// Link-local addresses are left out: those of IPv6 mean nothing without a zone, which an address that
    /// is passed on does not have, and those of IPv4 are what a host has that was given no other.
    ///
    /// # Errors
    ///
    /// What the system says when it is asked for its interfaces.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        if !self.local.ip().is_unspecified() {
            return Ok(Vec::from([self.local]));
        }
        let interfaces = if_addrs::get_if_addrs()?;
        let ips = interfaces.iter().map(if_addrs::Interface::ip);
        let mut ips: Vec<IpAddr> =
            ips.filter(|ip| ip.is_ipv4() == self.local.is_ipv4() && !is_link_local(*ip)).collect();
        ips.sort_unstable();
        ips.dedup();
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, self.local.port())).collect())
    }

    /// Buffers for one [`try_recv`](Self::try_recv).
    pub fn batch(&self) -> Batch {
        Batch::new(BATCH_SIZE, DATAGRAM_BYTES * self.state.gro_segments().max(1))
    }

    /// Takes what has arrived, as much as `batch` has room for.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing has arrived; otherwise what the kernel says.
    pub fn try_recv(&self, batch: &mut Batch) -> io::Result<()> {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let mut buffers = batch.buffers();
        // The array must be full; there are as many buffers as it has places.
        let mut slices: [_; BATCH_SIZE] =
            core::array::from_fn(|_| IoSliceMut::new(buffers.next().unwrap_or_default()));
        let filled = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas)?;
        drop(buffers);
        for meta in &metas[..filled] {
            let (remote, len, stride) = (meta.addr, meta.len, meta.stride);
            batch.push(Received { remote, local: meta.dst_ip, len, stride });
        }
        Ok(())
    }

    /// Sends what the kernel takes in one call, from the front of `transmit`; says how many bytes of its
    /// payload that were.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the kernel's buffer is full; otherwise what the kernel says.
    pub fn try_send(&self, transmit: Transmit<'_>) -> io::Result<usize> {
        let segments = self.state.max_gso_segments().max(1);
        let len = transmit.payload.len().min(segments * transmit.segment.max(1));
        let contents = &transmit.payload[..len];
        let segment_size = (len > transmit.segment).then_some(transmit.segment);
        let datagrams = quinn_udp::Transmit {
            destination: transmit.remote,
            ecn: None,
            contents,
            segment_size,
            // A socket that is bound to one address can send from no other.
            src_ip: transmit.local.filter(|_| self.local.ip().is_unspecified()),
        };
        self.state.try_send(UdpSockRef::from(&self.socket), &datagrams)?;
        Ok(len)
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => Ipv6Addr::is_unicast_link_local(&ip),
    }
}

/// Longer than any datagram that peers send: browsers' largest have 1 408 bytes.
const DATAGRAM_BYTES: usize = 1_500;
/// A hundredth of a second at 2 Gbit/s; the kernel grants less unless it is told otherwise.
const KERNEL_BUFFER_BYTES: usize = 2 * 1024 * 1024;
