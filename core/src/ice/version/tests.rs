use std::{format, string::ToString, vec::Vec};

use super::*;
use crate::testing::{Dice, text, vectors};

fn infer(username: &[u8]) -> Result<Credentials<'_>, UsernameError> {
    Credentials::infer(Username::parse(username)?)
}

#[test]
fn credentials_of_the_vectors() {
    let vectors = vectors();
    for (name, version) in [("stun_v1", Version::V1), ("stun_v2", Version::V2)] {
        let vector = &vectors[name];
        let username = text(&vector["username"]);
        assert_eq!(vector["username_len"], username.len());
        let credentials = infer(username.as_bytes()).unwrap();
        assert_eq!(credentials.version, version);
        assert_eq!(credentials.local.ufrag.as_str(), text(&vector["server_ufrag"]));
        assert_eq!(credentials.local.password.as_str(), text(&vector["server_pwd"]));
        assert_eq!(credentials.remote.ufrag.as_str(), text(&vector["client_ufrag"]));
        assert_eq!(credentials.remote.password.as_str(), text(&vector["client_pwd"]));
    }
}

#[test]
fn a_version_is_read_as_it_is_written() {
    for version in [Version::V1, Version::V2] {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    assert_eq!("v3".parse::<Version>(), Err(UnknownVersion));
}

/// The USERNAMEs that go-libp2p and js-libp2p refuse in their tests, and some of our own.
#[test]
fn negative_usernames_are_refused() {
    use TextError::*;
    use UsernameError::*;
    let v1 = "libp2p+webrtc+v1/abcdefgh";
    let v2 = "libp2p+webrtc+v2/clientPassword1234567890";
    let long = |prefix: &str, len| format!("{prefix}{}", "a".repeat(len - prefix.len()));
    for (username, error) in [
        (v1.into(), NoColon),
        ("".into(), NoColon),
        (":".into(), Server(TooShort { len: 0, min: 4 })),
        (format!(":{v1}"), Server(TooShort { len: 0, min: 4 })),
        (format!("{v1}:"), Client(TooShort { len: 0, min: 4 })),
        ("ab:abcd".into(), Server(TooShort { len: 2, min: 4 })),
        (format!("{v2}:abc"), Client(TooShort { len: 3, min: 4 })),
        (format!("{v2}\r:wxYZ"), Server(Byte(b'\r'))),
        (format!("{v2}:wxYZ\r\na=candidate"), Client(Byte(b'\r'))),
        (format!("{v2}:wxYZ\n"), Client(Byte(b'\n'))),
        (format!("{v2}:wxYZ:wxYZ"), Client(Byte(b':'))),
        (format!("{v2}:wx-Z"), Client(Byte(b'-'))),
        (format!("{v2}:wx\u{e9}Z"), Client(Byte(0xc3))),
        ("abcdEFGH:abcdEFGH".into(), UnknownVersion),
        ("abcdefghijklmnopqrstuvwxyz:abcdefghijklmnopqrstuvwxyz".into(), UnknownVersion),
        (format!("x{v1}:x{v1}"), UnknownVersion),
        ("libp2p+webrtc+v3/clientPassword1234567890:wxYZ".into(), UnknownVersion),
        ("libp2p+webrtc+v11/abcdefgh:libp2p+webrtc+v11/abcdefgh".into(), UnknownVersion),
        ("LIBP2P+WEBRTC+V1/abcdefgh:LIBP2P+WEBRTC+V1/abcdefgh".into(), UnknownVersion),
        // A go dialer from before 2024 wrote NULs where the prefix belongs.
        (format!("{0}abcd:{0}abcd", "\0".repeat(17)), Server(Byte(0))),
        ("libp2p+webrtc+v2/short:wxYZ".into(), Password(TooShort { len: 5, min: 22 })),
        (
            format!("{}:wxYZ", long("libp2p+webrtc+v2/", 17 + 21)),
            Password(TooShort { len: 21, min: 22 }),
        ),
        (
            "libp2p+webrtc+v1/abcd:libp2p+webrtc+v1/abcd".into(),
            Password(TooShort { len: 21, min: 22 }),
        ),
        (format!("{v1}:libp2p+webrtc+v1/abcdefgX"), UnequalHalves),
        (format!("{v1}:wxYZ"), UnequalHalves),
        (
            format!("{}:wxYZ", long("libp2p+webrtc+v2/", 257)),
            Server(TooLong { len: 257, max: 256 }),
        ),
        (format!("{v2}:{}", long("", 257)), Client(TooLong { len: 257, max: 256 })),
    ] {
        assert_eq!(infer(username.as_bytes()), Err(error), "{username:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn the_shortest_and_longest_usernames_are_taken() {
    let u = format!("libp2p+webrtc+v1/{}", "a".repeat(5));
    assert!(infer(format!("{u}:{u}").as_bytes()).is_ok());
    let u = format!("libp2p+webrtc+v1/{}", "a".repeat(239));
    let longest = format!("{u}:{u}");
    assert_eq!(longest.len(), Username::LEN_MAX);
    assert!(infer(longest.as_bytes()).is_ok());
    let v2 = |len| format!("libp2p+webrtc+v2/{}:wxYZ", "p".repeat(len));
    assert!(infer(v2(22).as_bytes()).is_ok());
    assert!(infer(v2(239).as_bytes()).is_ok());
}

#[test]
fn a_listener_infers_what_a_dialer_made_up() {
    for seed in 0..200 {
        let mut random = [0; DialSecrets::RANDOM_LEN];
        Dice(seed).fill(&mut random);
        for version in [Version::V1, Version::V2] {
            let secrets = DialSecrets::new(version, &random);
            let dialer = secrets.credentials();
            let username =
                format!("{}:{}", dialer.remote.ufrag.as_str(), dialer.local.ufrag.as_str());
            let listener = infer(username.as_bytes()).unwrap();
            assert_eq!(listener.version, version, "seed {seed}");
            assert_eq!(listener.local, dialer.remote, "seed {seed}");
            assert_eq!(listener.remote, dialer.local, "seed {seed}");
        }
    }
}

#[test]
fn dials_differ_in_every_random_byte_that_they_show() {
    let base = [0; DialSecrets::RANDOM_LEN];
    let servers: Vec<DialSecrets> = (0..base.len())
        .map(|at| {
            let mut random = base;
            random[at] = 1;
            DialSecrets::new(Version::V2, &random)
        })
        .collect();
    for (at, secrets) in servers.iter().enumerate() {
        assert_eq!(servers.iter().filter(|other| *other == secrets).count(), 1, "byte {at}");
    }
    assert_eq!((Version::V1.to_string(), Version::V2.to_string()), ("v1".into(), "v2".into()));
}
