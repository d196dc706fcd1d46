//! A host whose address changes while it meets somebody, and peers that hide theirs.

use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use std::format;
use std::string::ToString;
use std::sync::Mutex;
use std::vec::Vec;

use futures::FutureExt;
use futures::channel::oneshot;

use super::super::lone_host::Host;
use super::super::talk::tests::{Scripted, State};
use super::*;
use crate::fingerprint::Fingerprint;
use crate::ice::{Password, Secrets, Ufrag};
use crate::peer_id::PeerId;
use crate::sdp::{SessionDescription, Setup};
use crate::signaling::{Kind, Message};

/// What a peer says that hides behind a name.
fn hidden() -> Vec<u8> {
    let credentials = Secrets {
        ufrag: Ufrag::new(b"wxYZ").unwrap(),
        password: Password::new(b"clientPassword1234567890").unwrap(),
    };
    let sdp = SessionDescription::new(credentials, Fingerprint::from_bytes([7; 32]), Setup::Active);
    let line = "candidate:1 1 udp 2130706431 f358ccc2.local 4002 typ host";
    let candidate = format!(r#"{{"candidate":"{line}","sdpMid":"0","sdpMLineIndex":0}}"#);
    let mut said = Vec::new();
    for (kind, data) in [(Kind::SdpAnswer, sdp.to_string()), (Kind::IceCandidate, candidate)] {
        let mut out = [0; 2_048];
        said.extend_from_slice(Message::new(kind, &data).encode(&mut out).unwrap());
    }
    said
}

#[test]
fn names_are_looked_up_by_whoever_was_lent_and_by_nobody_else() {
    for is_lent in [true, false] {
        let host = Arc::new(Host::default());
        let (endpoint, driver) = host.endpoint();
        let mut driver = pin!(driver);
        let (found, finds) = oneshot::channel();
        let finds = Mutex::new(Some(finds));
        if is_lent {
            endpoint.set_resolver(move |name: &str| {
                assert_eq!(name, "f358ccc2.local");
                let finds = finds.lock().unwrap().take().expect("it is asked once");
                async move { finds.await.ok() }
            });
        }
        let (stream, state) = Scripted::taking(Some(100_000));
        state.lock().unwrap().reads.push_back(Ok(hidden()));
        let peer = PeerId::from_public_key(&[2; 36], |_| [0; 32]);
        let mut dial = pin!(endpoint.dial_private(stream, peer));
        assert!(dial.as_mut().now_or_never().is_none());
        host.run(driver.as_mut());
        assert!(host.sent.lock().unwrap().is_empty(), "nobody knows where it is");
        let is_heard = found.send([192, 0, 2, 77].into()).is_ok();
        assert!(is_heard || !is_lent);
        host.run(driver.as_mut());
        let at = SocketAddr::from(([192, 0, 2, 77], 4002));
        assert_eq!(host.sent.lock().unwrap().contains(&at), is_lent);
    }
}

fn says(state: &State, what: &str) -> bool {
    state.written.windows(what.len()).any(|words| words == what.as_bytes())
}

#[test]
fn the_driver_looks_where_it_is_for_those_who_meet() {
    let host = Arc::new(Host::default());
    let (endpoint, driver) = host.endpoint();
    let mut driver = pin!(driver);
    assert_eq!(host.run(driver.as_mut()), None, "nobody meets, no timer runs");

    let (stream, state) = Scripted::taking(Some(100_000));
    let peer = PeerId::from_public_key(&[2; 36], |_| [0; 32]);
    {
        let mut dial = pin!(endpoint.dial_private(stream, peer));
        assert!(dial.as_mut().now_or_never().is_none());
        assert_eq!(host.run(driver.as_mut()), Some(Timestamp::from_millis(2_000)));
        assert!(says(&state.lock().unwrap(), "192.0.2.0 4001 typ host"));
        *host.host.lock().unwrap() = 1;
        host.pass(Duration::from_secs(2));
        assert_eq!(host.run(driver.as_mut()), Some(Timestamp::from_millis(4_000)));
        assert!(says(&state.lock().unwrap(), "192.0.2.1 4001 typ host"));
        assert!(dial.as_mut().now_or_never().is_none());
    }
    host.run(driver.as_mut());
    assert!(state.lock().unwrap().dropped, "who gives up resets");
    host.pass(Duration::from_secs(2));
    assert_eq!(host.run(driver.as_mut()), None, "nobody meets any more");
}
