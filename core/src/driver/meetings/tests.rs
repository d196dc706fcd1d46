//! A host whose address changes while it meets somebody.

use core::pin::pin;
use core::time::Duration;

use futures::FutureExt;

use super::super::lone_host::Host;
use super::super::talk::tests::{Scripted, State};
use super::*;
use crate::peer_id::PeerId;

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
