//! The cells of private `/webrtc`: two peers that only a relay makes reachable.

use interop::{
    peers::{FLOE, PRIVATE, Peer, Role, Version},
    proxy::Network,
    relays::{RELAYS, Relay},
    story::{Kind, STORIES, Story},
};

use super::{Case, Expected, excused};

/// All cells: everybody with everybody. What passes the relay is no part of a story, so that over one relay floe
/// with everybody, and everybody with itself, play all stories; for the rest, and over the others, there are those
/// that show that a connection comes about. Over `relays`, if they are asked for by name, all play all.
pub(crate) fn all(relays: &[String]) -> Vec<Case> {
    let mut cases = Vec::new();
    for relay in RELAYS.iter().filter(|relay| asked(relays, relay) || relays.is_empty()) {
        for dialer in PRIVATE {
            for listener in PRIVATE {
                let measured =
                    [dialer.name, listener.name].contains(&FLOE) || dialer.name == listener.name;
                let every = asked(relays, relay) || (measured && relay.name == RELAYS[0].name);
                let told = |story: &&Story| every || CONNECTING.contains(&story.name);
                let stories = STORIES.iter().filter(told);
                cases.extend(stories.filter_map(|story| case(dialer, listener, relay, story)));
            }
        }
    }
    // What is about floe comes first.
    cases.sort_by_key(|case| case.dialer.name != FLOE && case.listener.name != FLOE);
    cases
}

fn asked(relays: &[String], relay: &Relay) -> bool {
    relays.iter().any(|name| name == relay.name)
}

fn case(
    dialer: &'static Peer,
    listener: &'static Peer,
    relay: &'static Relay,
    story: &'static Story,
) -> Option<Case> {
    let lacking = dialer.lacks(Role::Dialer, story) || listener.lacks(Role::Listener, story);
    if lacking || !has_a_private_form(story) {
        return None;
    }
    let expected = match excused(dialer, listener, story) {
        Some(defect) => defect,
        None if story.kind.must_be_refused() => Expected::Refusal,
        None => Expected::Pass { over: Some(Version::Private) },
    };
    Some(Case { dialer, listener, version: Version::Private, relay: Some(relay), story, expected })
}

/// There are no certhashes, no address that somebody could come back to, and no place for a proxy: where the
/// datagrams go the two make out between them.
fn has_a_private_form(story: &Story) -> bool {
    story.network == Network::CLEAR && !matches!(story.kind, Kind::WrongCerthash | Kind::Restart)
}

/// What shows whether a connection comes about, and that it is not the one over the relay, which carries no
/// more than 128 KiB.
const CONNECTING: [&str; 4] = ["dial", "ping", "wrong-peer", "echo-1m"];

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(relays: &[&str]) -> Vec<String> {
        let relays: Vec<_> = relays.iter().map(|name| (*name).to_owned()).collect();
        all(&relays).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn over_one_relay_all_is_played_and_over_the_others_what_shows_a_connection() {
        let lines = lines(&[]);
        let has = |line: &str| lines.iter().any(|known| known == line);
        for measured in ["chromium -> chromium", "floe -> chromium"] {
            assert!(has(&format!("{measured} private up-4m over js-libp2p")), "{measured}");
            assert!(!has(&format!("{measured} private up-4m over rust-libp2p")), "{measured}");
        }
        assert!(!has("js-libp2p -> chromium private up-4m over js-libp2p"));
        assert!(has("js-libp2p -> chromium private echo-1m over js-libp2p"));
        assert!(has("js-libp2p -> chromium private echo-1m over rust-libp2p"));
        assert!(has("chromium-mdns -> js-libp2p private ping over rust-libp2p"));
        assert!(
            !lines.iter().any(|line| line.contains("lossy") || line.contains("wrong-certhash"))
        );
    }

    #[test]
    fn a_relay_that_is_asked_for_by_name_is_played_with_all_stories() {
        let lines = lines(&["rust-libp2p"]);
        assert!(lines.iter().all(|line| line.ends_with("over rust-libp2p")));
        assert!(lines.iter().any(|line| line.contains("chromium private parallel-100")));
    }

    #[test]
    fn nobody_is_connected_to_a_peer_that_is_not_there() {
        let cases = all(&[]);
        let wrong = cases.iter().filter(|case| case.story.kind == Kind::WrongPeer);
        assert!(wrong.clone().count() > 0);
        assert!(wrong.clone().all(|case| matches!(case.expected, Expected::Refusal)));
    }

    #[test]
    fn what_shows_a_connection_are_stories() {
        assert!(CONNECTING.iter().all(|name| interop::story::find(name).is_some()));
    }
}
