//! USERNAME and the credentials in it: read as a plain reading of the rules says, and never guessed.

use floe_core::ice::{Credentials, DialSecrets, Ufrag, Username, UsernameError, Version};

use crate::input::{Input, flip};
use crate::says_why;

/// Any bytes as a USERNAME; then one whose halves are mostly in order; then the one of a dial with these bytes
/// for randomness.
pub fn username(data: &[u8]) {
    reads(data);
    reads(&assembled(&mut Input::new(data)));

    let mut input = Input::new(data);
    let version = if input.byte() & 1 == 0 { Version::V1 } else { Version::V2 };
    assert_eq!(version.to_string().parse(), Ok(version));
    dialed(&DialSecrets::new(version, &input.array()));
}

fn reads(data: &[u8]) {
    let parsed = Username::parse(data);
    let plain = plainly_parsed(data);
    assert_eq!(parsed.ok().map(texts), plain);
    let inferred = parsed.and_then(|username| {
        Credentials::infer(username)
            .inspect(|credentials| is_inferred(username, credentials))
            .inspect_err(|error| is_refused(username, *error))
    });
    if let Err(error) = inferred {
        says_why(&error);
    }
}

/// A known prefix, then a wrong character, a wrong length or a missing colon at most.
fn assembled(input: &mut Input<'_>) -> Vec<u8> {
    const PREFIXES: &[&str] =
        &["libp2p+webrtc+v1/", "libp2p+webrtc+v2/", "libp2p+webrtc+v3/", "libp2p+webrtc+v1", ""];
    let (choice, at) = (input.byte(), input.u16());
    let lens = [input.byte(), input.byte()].map(usize::from);
    let server = input.pick(PREFIXES).to_owned() + &input.ice_text(lens[0]);
    let client = if choice & 1 == 0 { server.clone() } else { input.ice_text(lens[1]) };
    let colon = input.pick(&[":", ":", ":", "", "::"]);
    let mut username = [server, colon.into(), client].concat().into_bytes();
    if choice & 2 != 0 {
        flip(&mut username, at);
    }
    username
}

/// RFC 8445 §7.2.2 and RFC 8839 §5.4, by the word.
fn plainly_parsed(data: &[u8]) -> Option<(&str, &str)> {
    let (server, client) = core::str::from_utf8(data).ok()?.split_once(':')?;
    let is_ice_char = |char: char| char.is_ascii_alphanumeric() || char == '+' || char == '/';
    let is_ufrag = |text: &str| (4..=256).contains(&text.len()) && text.chars().all(is_ice_char);
    (is_ufrag(server) && is_ufrag(client)).then_some((server, client))
}

/// The credentials lead back to the USERNAME, and are those that the version prescribes.
fn is_inferred(username: Username<'_>, credentials: &Credentials<'_>) {
    let Credentials { version, local, remote } = *credentials;
    assert_eq!((local.ufrag, remote.ufrag), (username.server, username.client));
    assert_eq!(local.ufrag.as_str(), local.password.as_str());
    let server = username.server.as_str();
    match version {
        Version::V1 => {
            assert!(server.starts_with("libp2p+webrtc+v1/"));
            assert_eq!(username.server, username.client);
            assert_eq!(remote.password.as_str(), server);
        }
        Version::V2 => {
            assert_eq!(server, format!("libp2p+webrtc+v2/{}", remote.password.as_str()));
        }
        other => panic!("{other} is not known here"),
    }
}

/// Only what has a reason is refused.
fn is_refused(username: Username<'_>, error: UsernameError) {
    let (server, client) = texts(username);
    let v1 = server.strip_prefix("libp2p+webrtc+v1/");
    let v2 = server.strip_prefix("libp2p+webrtc+v2/");
    match error {
        UsernameError::UnknownVersion => assert_eq!((v1, v2), (None, None)),
        UsernameError::UnequalHalves => assert!(v1.is_some() && server != client),
        // Prefix and four more characters make a password of v1; v2 wants 22 behind the prefix.
        UsernameError::Password(_) => {
            assert!(server.len() < 22 || v2.is_some_and(|password| password.len() < 22));
        }
        error => panic!("{error} cannot come of a USERNAME that was read"),
    }
}

/// The listener sees the dialer's credentials from the other side.
fn dialed(secrets: &DialSecrets) {
    let dialer = secrets.credentials();
    let username = format!("{}:{}", dialer.remote.ufrag.as_str(), dialer.local.ufrag.as_str());
    let username = Username::parse(username.as_bytes()).expect("floe dials with a valid USERNAME");
    let listener = Credentials::infer(username).expect("floe accepts the USERNAME of its dials");
    assert_eq!(listener.version, dialer.version);
    assert_eq!((listener.local, listener.remote), (dialer.remote, dialer.local));
}

fn texts(username: Username<'_>) -> (&str, &str) {
    let text = Ufrag::as_str;
    (text(username.server), text(username.client))
}
