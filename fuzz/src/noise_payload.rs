//! The handshake on channel 0: payloads as quick-protobuf reads them, and a stranger who says what it likes
//! in either role. Nobody is authenticated but by a signature of their own, and nobody as somebody else.

mod payload;
mod stranger;

use floe_core::fuzz::{Handshake, proven};
use floe_core::peer_id::PeerId;

use self::payload::{FLOE, STRANGER, VICTIM, material, reads_alike};
use self::stranger::{PROLOGUE, Stranger, static_public_key};
use crate::input::{Input, flip};
use crate::says_why;

/// Any bytes as a payload; then a stranger's whole handshake, of choices; then any bytes at some turn.
pub fn noise_payload(data: &[u8]) {
    reads_alike(data, &static_public_key());
    let mut input = Input::new(data);
    let talk = Talk::choose(&mut input);
    reads_alike(&talk.payload, &static_public_key());
    if talk.floe_dials {
        talk.floe_dials();
    } else {
        talk.floe_listens();
    }
    let heard = hear(&mut at_turn(talk.turn), input.rest(), &talk.cuts);
    assert_eq!(heard.authenticated, None, "nobody wrote this");
}

/// What the stranger is going to do.
struct Talk {
    floe_dials: bool,
    /// Whom floe insists on, if it dials.
    expected: Option<PeerId>,
    /// The payload of the stranger's second message, or of its only one.
    payload: Vec<u8>,
    /// One of an honest stranger, in words of its own.
    is_honest: bool,
    /// What the stranger says in message 1, where it should say nothing.
    early_payload: Vec<u8>,
    /// The stranger has seen other certificates.
    other_prologue: bool,
    /// The record with the payload has a bit changed under way.
    flipped: Option<u16>,
    /// How long the pieces are in which records arrive.
    cuts: Vec<usize>,
    /// When bytes arrive that nobody wrote.
    turn: u8,
}

impl Talk {
    fn choose(input: &mut Input<'_>) -> Self {
        let (choice, more, at) = (input.byte(), input.byte(), input.u16());
        let cuts = (0..more & 3).map(|_| usize::from(input.byte())).collect();
        let early_payload = input.take(usize::from(more >> 2 & 3)).to_vec();
        let (payload, is_honest) = material(choice >> 3 & 7, at, &mut input.clone());
        Self {
            floe_dials: choice & 1 != 0,
            expected: match choice >> 1 & 3 {
                1 => Some(STRANGER.peer_id()),
                2 => Some(VICTIM.peer_id()),
                _ => None,
            },
            payload,
            is_honest,
            early_payload,
            other_prologue: choice & 0x40 != 0,
            flipped: (choice & 0x80 != 0).then_some(at),
            cuts,
            turn: more >> 4,
        }
    }

    fn stranger(&self) -> Stranger {
        let mut prologue = PROLOGUE;
        if self.other_prologue {
            flip(&mut prologue, 7);
        }
        Stranger::new(self.floe_dials, &prologue)
    }

    fn floe_dials(&self) {
        let mut stranger = self.stranger();
        let mut floe = Handshake::dialer(FLOE.clone(), self.expected, &PROLOGUE, [4; 32]);
        assert_eq!(floe.start(), None, "the listener speaks first");
        let heard = hear(&mut floe, &stranger.write(&self.early_payload), &self.cuts);
        let second = heard.send.expect("anybody may begin");
        assert_eq!(heard.authenticated, None);
        if self.other_prologue {
            assert!(stranger.read(&second).is_none());
            return;
        }
        floe_proves_itself(&mut stranger, &second);
        let heard = hear(&mut floe, &self.told(&mut stranger), &self.cuts);
        assert_eq!(heard.send, None);
        assert_eq!(heard.authenticated, self.owed());
    }

    fn floe_listens(&self) {
        let mut stranger = self.stranger();
        let mut floe = Handshake::listener(FLOE.clone(), &PROLOGUE, [3; 32]);
        let first = floe.start().expect("the listener speaks first");
        assert_eq!(stranger.read(&first).as_deref(), Some(&[][..]));
        let heard = hear(&mut floe, &self.told(&mut stranger), &self.cuts);
        assert_eq!(heard.authenticated, self.owed());
        assert_eq!(heard.send.is_some(), heard.authenticated.is_some());
        if let Some(third) = heard.send {
            floe_proves_itself(&mut stranger, &third);
        }
    }

    /// The record with the payload, as it arrives.
    fn told(&self, stranger: &mut Stranger) -> Vec<u8> {
        let mut record = stranger.write(&self.payload);
        if let Some(at) = self.flipped {
            flip(&mut record, at);
        }
        record
    }

    /// Whom floe should believe to have spoken.
    fn owed(&self) -> Option<PeerId> {
        // Two keys and two tags at most stand around a payload; floe takes 4096 bytes.
        let overhead = if self.floe_dials { 64 } else { 96 };
        let is_intact = !self.other_prologue && self.flipped.is_none();
        let key = proven(&self.payload, &static_public_key()).ok();
        assert!(key.is_some() || !self.is_honest, "an honest claim is refused");
        let peer = key?.peer_id();
        assert_ne!(peer, VICTIM.peer_id(), "the victim never signed this");
        let expected = self.expected.filter(|_| self.floe_dials).unwrap_or(peer);
        let fits = self.payload.len() + overhead <= 4096;
        (is_intact && fits && expected == peer).then_some(peer)
    }
}

/// What came of a record.
#[derive(Default)]
struct Heard {
    send: Option<Vec<u8>>,
    authenticated: Option<PeerId>,
}

/// Hands `record` to `floe` in pieces, up to its first error; after one, and after the end, nothing is heard.
fn hear(floe: &mut Handshake, record: &[u8], cuts: &[usize]) -> Heard {
    let mut heard = Heard::default();
    let mut rest = record;
    for len in cuts.iter().copied().chain([usize::MAX]) {
        let (piece, after) = rest.split_at(len.min(rest.len()));
        rest = after;
        match floe.handle(piece) {
            Ok((send, peer)) => {
                if let Some((id, key)) = peer {
                    assert_eq!(id, key.peer_id());
                    heard.authenticated = Some(id);
                    assert!(floe.handle(&[0]).is_err(), "the handshake is over");
                }
                heard.send = send.or(heard.send);
            }
            Err(error) => {
                says_why(&error);
                assert!(floe.handle(&[0]).is_err(), "the handshake is over");
                break;
            }
        }
    }
    heard
}

fn floe_proves_itself(stranger: &mut Stranger, record: &[u8]) {
    let payload = stranger.read(record).expect("floe speaks Noise");
    let static_key = stranger.remote_static().expect("floe has sent its key");
    let key = proven(&payload, &static_key);
    assert_eq!(key.as_ref(), Ok(FLOE.public_key()));
}

/// A handshake of either role, at one of its turns.
fn at_turn(turn: u8) -> Handshake {
    let mut dialer = Handshake::dialer(FLOE.clone(), None, &PROLOGUE, [4; 32]);
    let mut listener = Handshake::listener(FLOE.clone(), &PROLOGUE, [3; 32]);
    match turn % 4 {
        0 => dialer,
        1 => listener,
        turn => {
            let first = listener.start().expect("the listener speaks first");
            if turn == 2 {
                return listener;
            }
            hear(&mut dialer, &first, &[]);
            dialer
        }
    }
}
