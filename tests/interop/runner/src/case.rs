//! The cells of the matrix and what is expected of each.

pub(crate) mod private;
pub(crate) mod round_trips;

use std::fmt;

use interop::{
    peers::{FLOE, Flake, PEERS, Peer, Role, Version},
    relays::Relay,
    story::{STORIES, Story},
};

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) dialer: &'static Peer,
    pub(crate) listener: &'static Peer,
    pub(crate) version: Version,
    /// What the two find each other over, if they are private.
    pub(crate) relay: Option<&'static Relay>,
    pub(crate) story: &'static Story,
    pub(crate) expected: Expected,
}

/// What is expected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// Success, over this version if there is only one.
    Pass { over: Option<Version> },
    /// One side cannot do with the version, or the listener is not who the address says: the dialer says
    /// so, in time and in words.
    Refusal,
    /// A defect of one side makes it impossible.
    Defect { reason: &'static str, source: &'static str },
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialer, listener, version, story, .. } = self;
        write!(f, "{} -> {} {} {}", dialer.name, listener.name, version.name(), story.name)?;
        match self.relay {
            Some(relay) => write!(f, " over {}", relay.name),
            None => Ok(()),
        }
    }
}

impl Case {
    /// Whom it is about: who is not floe, and of two others the dialer, unless that only stands in.
    pub(crate) fn subject(&self) -> &'static str {
        match self.dialer.name == FLOE || self.listener.dials.is_empty() {
            true => self.listener.name,
            false => self.dialer.name,
        }
    }

    /// The defect of one side that shows now and then, if a failure bears its sign.
    pub(crate) fn flake(&self, message: &str) -> Option<&Flake> {
        let (dialer, listener) = (self.dialer, self.listener);
        dialer
            .flake(Role::Dialer, listener.name, self.story, message)
            .or_else(|| listener.flake(Role::Listener, dialer.name, self.story, message))
    }
}

/// All cells of the matrix: floe with everybody in both roles, and everybody with itself or its kin.
pub(crate) fn all() -> Vec<Case> {
    pairs(|dialer, listener| {
        let pair = (dialer.name, listener.name);
        let alone = pair == dialer.alone() || pair == listener.alone();
        alone || dialer.name == FLOE || listener.name == FLOE
    })
}

/// The cells of pairs that are asked for by name, in the matrix or not: with a third peer in floe's place one
/// sees whose a failure is.
pub(crate) fn between(dialers: &[String], listeners: &[String]) -> Vec<Case> {
    pairs(|dialer, listener| {
        dialers.iter().any(|name| name == dialer.name)
            && listeners.iter().any(|name| name == listener.name)
    })
}

fn pairs(wanted: impl Fn(&Peer, &Peer) -> bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for dialer in PEERS {
        for listener in PEERS {
            if wanted(dialer, listener) {
                for version in dialer.dials {
                    cases.extend(
                        STORIES.iter().filter_map(|story| case(dialer, listener, *version, story)),
                    );
                }
            }
        }
    }
    cases
}

fn case(
    dialer: &'static Peer,
    listener: &'static Peer,
    version: Version,
    story: &'static Story,
) -> Option<Case> {
    if dialer.lacks(Role::Dialer, story) || listener.lacks(Role::Listener, story) {
        return None;
    }
    let choosing = match version {
        Version::Auto => true,
        version => impossible(dialer, listener, version),
    };
    // Which version comes about, or that none does, shows with one story as well as with ten.
    if listener.listens.is_empty() || (choosing && story.name != CHOOSING) {
        return None;
    }
    let expected = match (excused(dialer, listener, story), version) {
        (None, _) if story.kind.must_be_refused() => Expected::Refusal,
        (Some(defect), _) => defect,
        (None, Version::Auto) => Expected::Pass {
            over: match listener.listens {
                [only] => Some(*only),
                _ => None,
            },
        },
        (None, version) if impossible(dialer, listener, version) => Expected::Refusal,
        (None, version) => Expected::Pass { over: Some(version) },
    };
    Some(Case { dialer, listener, version, relay: None, story, expected })
}

/// The defect of one side that makes it impossible.
fn excused(dialer: &'static Peer, listener: &'static Peer, story: &Story) -> Option<Expected> {
    dialer
        .defect(Role::Dialer, listener.name, story)
        .or_else(|| listener.defect(Role::Listener, dialer.name, story))
        .map(|defect| Expected::Defect { reason: defect.reason, source: defect.source })
}

/// Whether one side cannot do with this version.
fn impossible(dialer: &Peer, listener: &Peer, version: Version) -> bool {
    !listener.listens.contains(&version) || dialer.barred.contains(&version)
}

/// The story that shows which version comes about.
const CHOOSING: &str = "ping";

#[cfg(test)]
mod tests {
    use super::*;
    use interop::{peers, story};

    fn expected(line: &str) -> Option<Expected> {
        all().into_iter().find(|case| case.to_string() == line).map(|case| case.expected)
    }

    #[test]
    fn a_listener_that_lacks_a_version_must_be_given_up_in_time() {
        assert!(matches!(expected("floe -> rust-libp2p v2 ping"), Some(Expected::Refusal)));
        assert!(expected("floe -> rust-libp2p v2 echo-1m").is_none());
    }

    #[test]
    fn without_munging_v1_must_be_refused_and_v2_must_pass() {
        let v1 = expected("chromium-nomunge -> floe v1 ping");
        assert!(matches!(v1, Some(Expected::Refusal)));
        assert!(expected("chromium-nomunge -> floe v1 echo-1m").is_none());
        let v2 = expected("chromium-nomunge -> floe v2 echo-1m");
        assert!(matches!(v2, Some(Expected::Pass { over: Some(Version::V2) })));
    }

    #[test]
    fn who_cannot_listen_is_measured_with_its_kin() {
        let over = Some(Version::V1);
        let case = expected("chromium -> js-libp2p v1 ping");
        assert!(matches!(case, Some(Expected::Pass { over: seen }) if seen == over));
    }

    #[test]
    fn who_cannot_dial_is_measured_with_its_kin() {
        let over = Some(Version::V1);
        let case = expected("chromium -> litep2p v1 ping");
        assert!(matches!(case, Some(Expected::Pass { over: seen }) if seen == over));
        assert!(all().iter().all(|case| case.dialer.name != "litep2p"));
    }

    #[test]
    fn a_pair_outside_the_matrix_is_played_if_it_is_asked_for_by_name() {
        let line = "js-libp2p -> litep2p v1 ping";
        assert!(expected(line).is_none());
        let named = between(&["js-libp2p".into()], &["litep2p".into()]);
        assert!(named.iter().any(|case| case.to_string() == line));
        assert!(named.iter().all(|case| case.to_string().starts_with("js-libp2p -> litep2p ")));
    }

    #[test]
    fn a_case_is_about_the_one_that_is_not_floe_and_does_not_stand_in() {
        let subject = |dialer: &str, listener: &str| {
            let cases = between(&[dialer.into()], &[listener.into()]);
            cases.first().expect("they understand each other").subject()
        };
        assert_eq!(subject("floe", "go-libp2p"), "go-libp2p");
        assert_eq!(subject("go-libp2p", "floe"), "go-libp2p");
        assert_eq!(subject("chromium", "js-libp2p"), "chromium");
        assert_eq!(subject("chromium", "litep2p"), "litep2p");
    }

    #[test]
    fn who_is_not_whom_the_address_names_must_be_refused() {
        for story in ["wrong-certhash", "wrong-peer"] {
            let line = format!("rust-libp2p -> floe v1 {story}");
            assert!(matches!(expected(&line), Some(Expected::Refusal)), "{line}");
        }
    }

    #[test]
    fn what_a_peer_lacks_is_no_case() {
        assert!(expected("floe-cli -> floe v1 identify").is_none());
        assert!(expected("floe -> floe-cli v1 identify").is_some());
    }

    #[test]
    fn auto_must_end_at_the_only_version_a_listener_has() {
        assert!(matches!(
            expected("floe -> rust-libp2p auto ping"),
            Some(Expected::Pass { over: Some(Version::V1) })
        ));
        assert!(matches!(expected("floe -> floe auto ping"), Some(Expected::Pass { over: None })));
    }

    #[test]
    fn a_defect_is_excused_only_where_it_shows() {
        assert!(matches!(
            expected("rust-libp2p -> floe v1 peerresets"),
            Some(Expected::Defect { .. })
        ));
        for excepted in ["rust-libp2p -> rust-libp2p", "rust-libp2p -> floe"] {
            assert!(matches!(
                expected(&format!("{excepted} v1 halfclose")),
                Some(Expected::Pass { .. })
            ));
        }
        assert!(matches!(
            expected("rust-libp2p -> floe v1 bigframes"),
            Some(Expected::Pass { .. })
        ));
    }

    #[test]
    fn defects_and_lacks_name_stories_and_peers_that_exist() {
        for peer in PEERS {
            for defect in peer.defects {
                for story in defect.stories {
                    assert!(story::find(story).is_some(), "{}: {story}", peer.name);
                }
                for other in defect.except {
                    assert!(peers::find(other).is_some(), "{}: {other}", peer.name);
                }
            }
            for other in peer.flakes.iter().flat_map(|flake| flake.except) {
                assert!(peers::find(other).is_some(), "{}: {other}", peer.name);
            }
            assert!(peer.kin.is_none_or(|kin| peers::find(kin).is_some()), "{}", peer.name);
            for lack in peer.lacks {
                for story in lack.stories {
                    assert!(story::find(story).is_some(), "{}: {story}", peer.name);
                }
            }
        }
    }
}
