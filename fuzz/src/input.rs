//! Bytes read as choices: what turns a fuzzer's input into operations.
//!
//! Reading never fails: past the end everything is zero, so that each prefix of an input is an input,
//! and a shorter one means less of the same.

use std::net::{Ipv4Addr, SocketAddr};

/// Choices, taken from the front of a fuzzer's input.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let taken = self.take(N);
        out[..taken.len()].copy_from_slice(taken);
        out
    }

    /// Up to `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One of `of`.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// So many ice-chars (RFC 8839 §5.1).
    pub(crate) fn ice_text(&mut self, len: usize) -> String {
        const ICE_CHARS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        (0..len).map(|_| char::from(self.pick(ICE_CHARS))).collect()
    }

    /// One of few addresses, so that several choices meet at one.
    pub(crate) fn peer_addr(&mut self) -> SocketAddr {
        let choice = self.byte();
        let ip = Ipv4Addr::new(192, 0, 2, 1 + choice % 4);
        SocketAddr::new(ip.into(), 4000 + u16::from(choice / 4 % 4))
    }
}

/// `bytes` with one bit changed, wherever `at` leads; nothing changes in no bytes.
pub(crate) fn flip(bytes: &mut [u8], at: u16) {
    let at = usize::from(at);
    if !bytes.is_empty() {
        bytes[at / 8 % bytes.len()] ^= 1 << (at % 8);
    }
}
