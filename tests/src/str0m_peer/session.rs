//! One `Rtc`: the connection with one peer, from its first check to its end.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use floe_core::peer_id::PeerId;
use str0m::channel::{ChannelConfig, ChannelId as RtcChannelId};
use str0m::config::{DtlsCert, Fingerprint};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::channel::Channel;
use super::credentials::Credentials;
use super::noise::{Identity, Noise};
use super::{Manner, SilentAfter};
use crate::net::Packet;

/// A channel of a session: they count from 0 in the order of their opening, from either side.
pub type ChannelId = usize;

/// What a session is made of.
pub(super) struct Setup<'a> {
    pub(super) now: Instant,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) role: Role,
    pub(super) ice: Credentials,
    pub(super) certificate: &'a DtlsCert,
    pub(super) fingerprint: [u8; 32],
    pub(super) identity: Rc<Identity>,
    pub(super) manner: &'a Manner,
}

/// Who dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Dialer { certhash: [u8; 32] },
    Listener,
}

/// The connection with one peer.
#[derive(Debug)]
pub struct Session {
    rtc: Rtc,
    role: Role,
    local: SocketAddr,
    fingerprint: [u8; 32],
    identity: Rc<Identity>,
    manner: Manner,
    zero: RtcChannelId,
    zero_channel: Channel,
    noise: Option<Noise>,
    peer: Option<PeerId>,
    channels: Vec<(RtcChannelId, Channel)>,
    end: Option<String>,
}

impl Session {
    pub(super) fn new(setup: Setup<'_>) -> Self {
        let Setup { now, local, remote, role, ice, certificate, fingerprint, identity, manner } =
            setup;
        let (is_dialer, expected) = match role {
            Role::Dialer { certhash } => (true, certhash),
            // Anything: who dials is known by Noise.
            Role::Listener => (false, [0xff; 32]),
        };
        let mut rtc = Rtc::builder()
            .clear_codecs()
            .set_ice_lite(!is_dialer && !manner.full_ice)
            .set_fingerprint_verification(is_dialer)
            .set_dtls_cert(certificate.clone())
            .set_dtls_version(manner.dtls)
            .build(now);
        let host = |addr| Candidate::host(addr, Protocol::Udp).expect("an address of a host");
        rtc.add_local_candidate(host(local));
        rtc.add_remote_candidate(host(remote));
        let mut api = rtc.direct_api();
        api.set_local_ice_credentials(ice.local);
        api.set_remote_ice_credentials(ice.remote);
        api.set_remote_fingerprint(sha256_fingerprint(expected));
        api.set_ice_controlling(is_dialer);
        api.start_dtls(is_dialer).expect("DTLS starts");
        api.start_sctp(is_dialer);
        let zero = api
            .create_data_channel(ChannelConfig { negotiated: Some(0), ..ChannelConfig::default() });
        let mut session = Self {
            rtc,
            role,
            local,
            fingerprint,
            identity,
            manner: manner.clone(),
            zero,
            zero_channel: Channel::zero(),
            noise: None,
            peer: None,
            channels: Vec::new(),
            end: None,
        };
        session.handle_timeout(now);
        session
    }

    /// Who the peer has proven to be.
    pub fn peer(&self) -> Option<PeerId> {
        self.peer
    }

    /// Why the session ended, if it did.
    pub fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    /// Opens a channel; what is sent on it waits until the peer has answered.
    pub fn open(&mut self) -> ChannelId {
        let id = self.rtc.direct_api().create_data_channel(ChannelConfig::default());
        self.channels.push((id, Channel::new(&self.manner, false)));
        self.channels.len() - 1
    }

    /// A channel.
    ///
    /// # Panics
    /// If there is none of that number.
    pub fn channel(&mut self, id: ChannelId) -> &mut Channel {
        &mut self.channels[id].1
    }

    /// All channels that there ever were.
    pub fn channels(&mut self) -> impl Iterator<Item = &mut Channel> {
        self.channels.iter_mut().map(|(_, channel)| channel)
    }

    /// Closes the connection as a polite peer does.
    pub fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            self.end.get_or_insert(error.to_string());
        }
    }

    pub(super) fn handle_packet(&mut self, now: Instant, packet: &Packet) {
        let received =
            Receive::new(Protocol::Udp, packet.source, packet.destination, &packet.payload);
        // `Err` is a datagram that was dropped; an end is told by `poll_output`.
        if let Ok(received) = received {
            let _ = self.rtc.handle_input(Input::Receive(now, received));
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    /// Sends what is to be sent; then says when to be called again.
    pub(super) fn drain(&mut self, now: Instant, send: &mut dyn FnMut(Packet)) -> Option<Instant> {
        loop {
            if !self.rtc.is_alive() {
                self.end.get_or_insert_with(|| "not alive".to_owned());
                return None;
            }
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => send(Packet {
                    source: self.local,
                    destination: transmit.destination,
                    payload: transmit.contents.to_vec(),
                }),
                Ok(Output::Event(event)) => self.handle_event(event),
                Ok(Output::Timeout(_)) if self.write() => {}
                Ok(Output::Timeout(at)) if at <= now => self.handle_timeout(now),
                Ok(Output::Timeout(at)) => {
                    // str0m's "never" is a moment far away, which need not be waited for.
                    return (at < now + NEVER).then_some(at);
                }
                Err(error) => {
                    self.end.get_or_insert(error.to_string());
                    return None;
                }
            }
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::ChannelOpen(id, _) if id == self.zero => self.begin(),
            Event::ChannelOpen(id, _) if self.index(id).is_none() => {
                self.channels.push((id, Channel::new(&self.manner, true)));
            }
            Event::ChannelData(data) if data.id == self.zero => self.handle_zero(&data.data),
            Event::ChannelData(data) => {
                if let Some(index) = self.index(data.id) {
                    self.channels[index].1.handle(&data.data);
                }
            }
            Event::ChannelClose(id) => {
                if let Some(index) = self.index(id) {
                    self.channels[index].1.is_closed = true;
                }
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.end.get_or_insert_with(|| "ICE: disconnected".to_owned());
            }
            Event::Closed => {
                self.end.get_or_insert_with(|| "closed by the peer".to_owned());
            }
            _ => {}
        }
    }

    /// SCTP is up: the listener speaks first.
    fn begin(&mut self) {
        for bytes in self.manner.early.clone() {
            let early = self.open();
            self.channel(early).send(&bytes);
        }
        if self.manner.silent_after == Some(SilentAfter::Sctp) {
            return;
        }
        let api = self.rtc.direct_api();
        let remote = api.remote_dtls_fingerprint().expect("DTLS is done before SCTP");
        let remote: [u8; 32] = remote.bytes.as_slice().try_into().expect("it is SHA-256");
        let remote = if self.manner.lies { [0x11; 32] } else { remote };
        let is_listener = self.role == Role::Listener;
        let (client, server) =
            if is_listener { (remote, self.fingerprint) } else { (self.fingerprint, remote) };
        let noise = self.noise.insert(Noise::new(&self.identity, is_listener, &client, &server));
        if is_listener {
            let first = noise.begin();
            self.zero_channel.send(&first);
        }
    }

    fn handle_zero(&mut self, message: &[u8]) {
        self.zero_channel.handle(message);
        let Some(noise) = &mut self.noise else { return };
        match noise.handle(&std::mem::take(&mut self.zero_channel.received)) {
            Ok(answer) => self.zero_channel.send(&answer),
            Err(error) => {
                self.end.get_or_insert(error);
                self.close();
            }
        }
        self.peer = self.peer.or(self.noise.as_ref().and_then(Noise::peer));
    }

    /// Hands over what is queued while there is room; says whether anything was.
    fn write(&mut self) -> bool {
        let Self { rtc, zero, zero_channel, channels, .. } = self;
        let mut progress = false;
        let all = channels.iter_mut().map(|(id, channel)| (*id, channel));
        for (id, channel) in [(*zero, zero_channel)].into_iter().chain(all) {
            while let Some(message) = channel.outbox.front()
                && let Some(mut it) = rtc.channel(id)
                && matches!(it.write(true, message), Ok(true))
            {
                channel.outbox.pop_front();
                progress = true;
            }
            if channel.closes && channel.outbox.is_empty() {
                channel.closes = false;
                rtc.direct_api().close_data_channel(id);
                progress = true;
            }
        }
        progress
    }

    fn index(&self, id: RtcChannelId) -> Option<ChannelId> {
        // str0m uses an id again when both sides have closed it.
        self.channels.iter().rposition(|(other, _)| *other == id)
    }
}

fn sha256_fingerprint(bytes: [u8; 32]) -> Fingerprint {
    Fingerprint { hash_func: "sha-256".to_owned(), bytes: bytes.to_vec() }
}

/// Longer than any timer of ICE, DTLS and SCTP.
const NEVER: Duration = Duration::from_secs(24 * 3600);
