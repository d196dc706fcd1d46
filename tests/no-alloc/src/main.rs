//! Floor 0 of `floe-core` in a program without std and without an allocator.
//!
//! That it links is half of the proof: a crate that merely names `alloc` would ask for a global
//! allocator. The other half is that it runs: every room is entered, and what it says is checked. Exits
//! with 0 if all is well, else with the number of the check that failed. It needs a C start-up and
//! nothing else of the system.
#![no_std]
#![no_main]

use core::ffi::c_int;
use core::fmt::{self, Write};
use core::panic::PanicInfo;

use floe_core::demux::{Kind, classify};
use floe_core::fingerprint::Fingerprint;
use floe_core::frame::{Decoder, Flag, Item, Message};
use floe_core::ice::stun::{
    Binding, HmacSha1, REQUEST_LEN_MAX, Request, Role, SUCCESS_LEN_MAX, TransactionId,
    write_binding_request, write_binding_success,
};
use floe_core::ice::{Credentials, DialSecrets, Username, Version};
use floe_core::multiaddr::{DirectAddr, PrivateAddr};
use floe_core::peer_id::PeerId;
use floe_core::prologue::prologue;
use floe_core::signaling;
use floe_core::stream::{Cause, Lifecycle, Wish};
use floe_core::time::Timestamp;

#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: c_int, _argv: *const *const u8) -> c_int {
    let checks: [fn() -> Option<()>; 7] =
        [frames, streams, ice, fingerprints, peer_ids, addresses, signaling_messages];
    for (number, check) in (1..).zip(checks) {
        if check().is_none() {
            return number;
        }
    }
    0
}

fn frames() -> Option<()> {
    let mut out = [0; 64];
    let len = Message { flag: Some(Flag::Fin), payload: b"hello" }.encode(&mut out).ok()?.len();
    let mut decoder = Decoder::default();
    let mut payload = [0; 5];
    let mut filled = 0;
    let mut fin = false;
    for mut piece in out[..len].chunks(1) {
        while let Some(item) = decoder.decode(&mut piece).ok()? {
            match item {
                Item::Payload(bytes) => {
                    payload.get_mut(filled..filled + bytes.len())?.copy_from_slice(bytes);
                    filled += bytes.len();
                }
                Item::Flag(flag) => fin = flag == Flag::Fin,
            }
        }
    }
    holds(payload == *b"hello" && fin && decoder.is_between_frames())
}

fn streams() -> Option<()> {
    let now = Timestamp::ZERO;
    let mut stream = Lifecycle::new();
    holds(stream.on(now, Cause::App(Wish::Finish)).ok()?.send == Some(Flag::Fin))?;
    let deadline = stream.deadline()?;
    holds(!stream.on(deadline.at, Cause::Expired).ok()?.close_channel)?;
    holds(stream.on(now, Cause::Peer(Flag::Fin)).ok()?.close_channel)
}

fn ice() -> Option<()> {
    for version in [Version::V1, Version::V2] {
        let random = core::array::from_fn(|at| (at as u8).wrapping_mul(7));
        let secrets = DialSecrets::new(version, &random);
        let dialer = secrets.credentials();
        let key = dialer.remote.password.as_str().as_bytes();
        let request = Request::new(TransactionId(*b"twelve bytes"), dialer.remote.ufrag, dialer.local.ufrag, 1, Role::Controlling { tie_breaker: 2 }).with_use_candidate(true);
        let mut out = [0; REQUEST_LEN_MAX];
        let datagram = write_binding_request(&mut out, &request, key, &NotHmac).ok()?;
        holds(classify(datagram) == Kind::Stun)?;
        let binding = Binding::parse(datagram).ok()?;
        binding.verify_fingerprint().ok()?;
        let listener = Credentials::infer(Username::parse(binding.username()?).ok()?).ok()?;
        holds(listener.version == version && listener.local == dialer.remote)?;
        let key = listener.local.password.as_str().as_bytes();
        binding.verify_integrity(key, &NotHmac).ok()?;
        let from = "192.0.2.1:4242".parse().ok()?;
        let mut out = [0; SUCCESS_LEN_MAX];
        let id = binding.transaction_id();
        let answer = write_binding_success(&mut out, id, from, key, &NotHmac).ok()?;
        holds(Binding::parse(answer).ok()?.mapped() == Some(from))?;
    }
    Some(())
}

fn fingerprints() -> Option<()> {
    let client = Fingerprint::from_bytes([1; 32]);
    let server = Fingerprint::from_multihash(&Fingerprint::from_bytes([2; 32]).multihash()).ok()?;
    holds(prologue(&client, &server).starts_with(b"libp2p-webrtc-noise:\x12\x20\x01"))?;
    let mut text = Text::default();
    write!(text, "{}", client.certhash()).ok()?;
    holds(Fingerprint::parse_certhash(text.as_str()?).ok()? == client)?;
    let mut text = Text::default();
    write!(text, "{}", server.sdp()).ok()?;
    holds(Fingerprint::parse_sdp(text.as_str()?).ok()? == server)
}

fn peer_ids() -> Option<()> {
    let id = PeerId::from_public_key(&[8; 36], |_| [0; 32]);
    let mut text = Text::default();
    write!(text, "{id}").ok()?;
    holds(text.as_str()?.parse() == Ok(id))
}

fn addresses() -> Option<()> {
    let text = "/ip6/2001:db8::1/udp/4242/webrtc-direct/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
    let address: DirectAddr = text.parse().ok()?;
    let mut out = [0; DirectAddr::ENCODED_LEN_MAX];
    let bytes = address.encode(&mut out).ok()?;
    holds(DirectAddr::from_bytes(bytes) == Ok(address))?;
    let mut shown = Text::default();
    write!(shown, "{address}").ok()?;
    holds(shown.as_str()? == text)?;
    let private = "/ip4/192.0.2.1/tcp/1/p2p-circuit/webrtc/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
    let private = PrivateAddr::parse(private).ok()?;
    let mut shown = Text::default();
    write!(shown, "{}", private.signaling_addr()).ok()?;
    holds(shown.as_str()?.starts_with("/ip4/192.0.2.1/tcp/1/p2p-circuit/p2p/12D3"))
}

fn signaling_messages() -> Option<()> {
    let message = signaling::Message::new(signaling::Kind::IceCandidate, "null");
    let mut out = [0; 16];
    let wire = message.encode(&mut out).ok()?;
    let (read, taken) = signaling::Message::read(wire, 1024).ok()??;
    holds(read == message && taken == wire.len())
}

fn holds(condition: bool) -> Option<()> {
    condition.then_some(())
}

/// Stands in for HMAC-SHA1, which floor 0 asks its caller for: mixes, and proves nothing.
struct NotHmac;

impl HmacSha1 for NotHmac {
    fn hmac_sha1(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
        let mut code = [0; 20];
        let bytes = parts.iter().copied().chain([key]).flatten();
        for (at, byte) in bytes.enumerate() {
            let slot = &mut code[at % 20];
            *slot = u8::rotate_left(*slot, 3) ^ byte;
        }
        code
    }
}

/// Text on the stack, for what displays itself.
struct Text {
    bytes: [u8; 256],
    len: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; 256], len: 0 }
    }
}

impl Text {
    fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.bytes[..self.len]).ok()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    // SAFETY: abort takes nothing, returns nothing, and may be called at any time.
    unsafe { abort() }
}

/// The ready-made `core` library names this function of unwinding, which std would bring. Nothing
/// unwinds here: the profiles abort on panic.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}
