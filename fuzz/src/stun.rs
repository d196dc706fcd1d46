//! STUN binding messages: what parses is written again alike, and no proven message can be altered.

mod assembled;

use std::net::{IpAddr, SocketAddr};

use floe_core::ice::stun::{
    Binding, Class, REQUEST_LEN_MAX, Request, Role, SUCCESS_LEN_MAX, TransactionId,
    write_bare_binding_request, write_binding_request, write_binding_success,
};
use floe_core::ice::{Ufrag, Username};

use crate::hmac::Ring;
use crate::input::{Input, flip};
use crate::says_why;

/// Any bytes as a datagram; then a message of any attributes, and one that floe would write, of choices from
/// the same bytes.
pub fn stun(data: &[u8]) {
    match Binding::parse(data) {
        Ok(binding) => {
            reads(&binding);
            match binding.verify_fingerprint() {
                Ok(()) => proven(data, &[], data.len() as u16),
                Err(error) => says_why(&error),
            }
        }
        Err(error) => says_why(&error),
    }
    assembled::assembled(&mut Input::new(data));
    made(&mut Input::new(data));
}

/// What was read is written, and read again alike.
fn reads(binding: &Binding<'_>) {
    let username = binding.username().map(Username::parse);
    if let (Some(Ok(username)), Some(priority), Some(role)) =
        (username, binding.priority(), binding.role())
    {
        let request = Request::new(
            binding.transaction_id(),
            username.server,
            username.client,
            priority,
            role,
        )
        .with_use_candidate(binding.use_candidate());
        let key = username.server.as_str().as_bytes();
        let _ = binding.verify_integrity(key, &Ring);
        request_reads_alike(&request, key);
    }
    if let Some(mapped) = binding.mapped() {
        success_reads_alike(binding.transaction_id(), mapped, b"key");
    }
}

/// Messages that floe would write.
fn made(input: &mut Input<'_>) {
    let transaction_id = TransactionId(input.array());
    let (flags, at) = (input.byte(), input.u16());
    let number = u64::from_le_bytes(input.array());
    let ip = if flags & 1 == 0 {
        IpAddr::from(input.array::<4>())
    } else {
        IpAddr::from(input.array::<16>())
    };
    let bare = write_bare_binding_request(transaction_id);
    let read = Binding::parse(&bare).expect("a bare request is read");
    assert_eq!((read.class(), read.transaction_id()), (Class::Request, transaction_id));
    success_reads_alike(transaction_id, SocketAddr::new(ip, input.u16()), &number.to_be_bytes());

    let (receiver_len, sender_len) = (input.byte(), input.byte());
    let mut ice_text = |len: u8| input.ice_text(usize::from(len).max(3) + 1);
    let (receiver, sender) = (ice_text(receiver_len), ice_text(sender_len));
    let role = if flags & 2 == 0 {
        Role::Controlling { tie_breaker: number }
    } else {
        Role::Controlled { tie_breaker: number }
    };
    let request = Request::new(
        transaction_id,
        Ufrag::new(receiver.as_bytes()).expect("made of ice-chars, 4 to 256 of them"),
        Ufrag::new(sender.as_bytes()).expect("made of ice-chars, 4 to 256 of them"),
        number as u32,
        role,
    )
    .with_use_candidate(flags & 4 != 0);
    let message = request_reads_alike(&request, receiver.as_bytes());
    proven(&message, receiver.as_bytes(), at);
}

fn request_reads_alike(request: &Request<'_>, key: &[u8]) -> Vec<u8> {
    let mut out = [0; REQUEST_LEN_MAX];
    let message =
        write_binding_request(&mut out, request, key, &Ring).expect("the length suffices");
    let again = Binding::parse(message).expect("a written request is read");
    let username = Username::parse(again.username().expect("it has a USERNAME"));
    let expected = Username { server: request.receiver, client: request.sender };
    assert_eq!(username, Ok(expected));
    assert_eq!(again.class(), Class::Request);
    assert_eq!(again.transaction_id(), request.transaction_id);
    assert_eq!(again.priority(), Some(request.priority));
    assert_eq!(again.role(), Some(request.role));
    assert_eq!(again.use_candidate(), request.use_candidate);
    assert_eq!(again.mapped(), None);
    assert_eq!(again.verify_fingerprint(), Ok(()));
    assert_eq!(again.verify_integrity(key, &Ring), Ok(()));
    message.to_vec()
}

fn success_reads_alike(id: TransactionId, mapped: SocketAddr, key: &[u8]) {
    let mut out = [0; SUCCESS_LEN_MAX];
    let message =
        write_binding_success(&mut out, id, mapped, key, &Ring).expect("the length suffices");
    let again = Binding::parse(message).expect("a written answer is read");
    assert_eq!(again.class(), Class::Success);
    assert_eq!(again.transaction_id(), id);
    assert_eq!(again.mapped(), Some(SocketAddr::new(mapped.ip().to_canonical(), mapped.port())));
    assert_eq!(again.verify_fingerprint(), Ok(()));
    assert_eq!(again.verify_integrity(key, &Ring), Ok(()));
}

/// No bit of a message can be changed without one of its proofs failing.
fn proven(message: &[u8], key: &[u8], at: u16) {
    let mut altered = message.to_vec();
    flip(&mut altered, at);
    if let Ok(altered) = Binding::parse(&altered) {
        let is_proven = altered.verify_fingerprint().is_ok()
            && (key.is_empty() || altered.verify_integrity(key, &Ring).is_ok());
        assert!(!is_proven, "bit {at} of a proven message could be changed");
    }
}
