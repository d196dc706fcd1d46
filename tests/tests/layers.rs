//! The walls of the house, as a test: who may import whom in `core`.
//!
//! Each rule looks at the code of one file: comments, the inside of strings and tests are cut out
//! before. The rules themselves are tried on offending code first, so that none is deaf.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What may not be written where.
struct Rule {
    why: &'static str,
    words: &'static [&'static str],
    /// Where the words are at home; a path of a file or of a folder and all that is in it.
    except: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        why: "ICE is upgraded in one room",
        words: &["is::"],
        except: &["rtc/engine/ice.rs", "rtc/engine/ice/"],
    },
    Rule {
        why: "DTLS is upgraded in one file",
        words: &["dimpl::"],
        except: &["rtc/engine/dtls/"],
    },
    Rule {
        why: "each SCTP library is named by its own back end",
        words: &["sctp_proto::"],
        except: &["rtc/engine/sctp/"],
    },
    Rule { why: "Noise is one room", words: &["snow::"], except: &["rtc/handshake/"] },
    Rule {
        why: "the generated protobuf is of the handshake's payload only",
        words: &["quick_protobuf::"],
        except: &["rtc/identity/"],
    },
    Rule {
        why: "only signaled candidates are JSON",
        words: &["serde_json::"],
        except: &["rtc/candidate_init.rs"],
    },
    Rule {
        why: "only floor 2 is asynchronous and shared",
        words: &[
            "futures::",
            "async fn",
            "async move",
            ".await",
            "Mutex",
            "RwLock",
            "RefCell",
            "Rc",
            "mpsc::",
            "Waker",
        ],
        except: &["driver.rs", "driver/", "libp2p/", "runtime.rs"],
    },
    Rule {
        why: "time comes in by argument",
        words: &["Instant::now", "SystemTime"],
        except: &["runtime.rs"],
    },
    Rule {
        why: "randomness comes in by argument",
        words: &["rand::", "fastrand::", "getrandom::", "thread_rng", "OsRng", "SystemRandom"],
        except: &["driver/"],
    },
    Rule {
        why: "only captures open files, and nothing a socket or a thread but the porches' shared socket options",
        words: &["std::net::UdpSocket", "std::fs", "std::thread", "std::env"],
        except: &["capture/", "runtime.rs", "runtime/"],
    },
    Rule {
        why: "floor 0 has no std, no allocator, and no floor beneath it",
        words: &["std::", "alloc::", "crate::rtc", "crate::driver"],
        except: &[
            "lib.rs",
            "rtc.rs",
            "rtc/",
            "driver.rs",
            "driver/",
            "capture/",
            "api.rs",
            "fuzz.rs",
            "libp2p.rs",
            "libp2p/",
            "runtime.rs",
            "runtime/",
        ],
    },
    Rule {
        why: "the handshake is open to fuzz targets, and to nobody else",
        words: &["crate::rtc::handshake", "rtc::handshake"],
        except: &["rtc.rs", "rtc/", "fuzz.rs"],
    },
    Rule {
        why: "floor 1 does not know that there is a floor 2",
        words: &["crate::driver"],
        except: &[
            "driver.rs",
            "driver/",
            "capture/",
            "api.rs",
            "libp2p/",
            "runtime.rs",
            "runtime/",
        ],
    },
    Rule {
        why: "rust-libp2p is one room, on which nothing in core stands",
        words: &["libp2p_core::", "libp2p_identity::", "libp2p_swarm::", "crate::libp2p"],
        except: &["libp2p/"],
    },
    Rule {
        why: "runtimes live in their own porches",
        words: &["tokio::", "smol::", "async_std::"],
        except: &[],
    },
    Rule {
        why: "sockets are the porches' business",
        words: &["quinn_udp::", "socket2::"],
        except: &["runtime/"],
    },
];

#[test]
fn everybody_keeps_to_their_room() {
    let files = Files::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"));
    let mut wrong = Vec::new();
    for (path, code) in files.code() {
        for rule in RULES {
            wrong.extend(rule.broken_by(&path, &code));
        }
        wrong.extend(conditional(&path, &code));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_can_be_broken() {
    for rule in RULES {
        for word in rule.words {
            let code = format!("fn f() {{ {word} }}");
            assert_eq!(rule.broken_by("elsewhere.rs", &code).len(), 1, "{word}: {}", rule.why);
            for home in rule.except {
                let home =
                    if home.ends_with('/') { format!("{home}x.rs") } else { home.to_string() };
                assert!(rule.broken_by(&home, &code).is_empty(), "{word} in {home}");
            }
        }
    }
    assert_eq!(conditional("wire.rs", "#[cfg(feature = \"\")]").len(), 1);
    assert_eq!(conditional("wire.rs", "if cfg!(unix) {}").len(), 1);
    assert!(conditional("lib.rs", "#[cfg(feature = \"\")]").is_empty());
    assert!(conditional("wire.rs", "#[cfg(test)]").is_empty());
}

#[test]
fn comments_strings_and_tests_do_not_count() {
    let code = code_of(
        "use core::fmt; // std::vec\n/* std::a /* std::b */ */\nlet q = '\"'; let s = \"std::c\\\"\";\n\
         let r = r#\"std::\"d\"#; let l: &'static str;\nfn f() { std::e }\n\
         #[cfg(test)]\nmod tests {\n    use std::f;\n}\n",
    );
    assert_eq!(code.matches("std::").count(), 1, "{code}");
    assert!(code.contains("std::e") && code.contains("'static str"), "{code}");
    assert_eq!(code.lines().count(), 5, "lines keep their numbers: {code}");
}

impl Rule {
    fn broken_by(&self, path: &str, code: &str) -> Vec<String> {
        let is_home = |home: &&str| match home.strip_suffix('/') {
            Some(folder) => path.starts_with(*home) || path == format!("{folder}.rs"),
            None => path == *home,
        };
        if self.except.iter().any(is_home) {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        for (number, line) in code.lines().enumerate() {
            if let Some(word) = self.words.iter().find(|word| has_word(line, word)) {
                let (number, line, why) = (number + 1, line.trim(), self.why);
                wrong.push(format!("core/src/{path}:{number}: `{word}`, but {why}: {line}"));
            }
        }
        wrong
    }
}

/// Conditional compilation is in `lib.rs` only: features add rooms, they never change one.
fn conditional(path: &str, code: &str) -> Vec<String> {
    if path == "lib.rs" {
        return Vec::new();
    }
    let lines = code.lines().enumerate();
    let is_conditional = |line: &str| {
        let line = line.replace("cfg(test)", "");
        ["cfg(", "cfg!(", "cfg_attr("].iter().any(|word| has_word(&line, word))
    };
    lines
        .filter(|(_, line)| is_conditional(line))
        .map(|(number, line)| {
            format!("core/src/{path}:{}: cfg belongs into lib.rs: {}", number + 1, line.trim())
        })
        .collect()
}

/// Whether a word is in a line, and not as a part of a longer name or path.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let starts = !word.starts_with(is_name) || !before.is_some_and(|c| is_name(c) || c == ':');
        let ends = !word.ends_with(is_name) || !after.is_some_and(is_name);
        starts && ends
    })
}

/// The files of a crate: their paths below its root, and their text.
struct Files {
    files: Vec<(String, String)>,
    /// Paths that are compiled for tests only.
    tests: BTreeSet<String>,
}

impl Files {
    fn read(root: &Path) -> Self {
        let (mut files, mut tests) = (Vec::new(), BTreeSet::new());
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder can be read") {
                let path = entry.expect("the entry can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).expect("the file is text");
                    let below = path.strip_prefix(root).expect("it is below its root");
                    tests.extend(test_modules(below, &text));
                    files.push((slashes(below), text));
                }
            }
        }
        assert!(files.len() > 20, "the sources of core are not at {}", root.display());
        Self { files, tests }
    }

    /// Each file's path and its code.
    fn code(&self) -> impl Iterator<Item = (String, String)> {
        let is_test = |path: &str| {
            self.tests
                .iter()
                .any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")))
        };
        let code = self.files.iter().filter(move |(path, _)| !is_test(path));
        code.map(|(path, text)| (path.clone(), code_of(text)))
    }
}

/// The modules in files of their own that a file declares for tests only.
fn test_modules(path: &Path, text: &str) -> Vec<String> {
    let parent = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib") => PathBuf::new(),
        _ => path.with_extension(""),
    };
    let declared = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        let name = rest.strip_prefix("pub(crate) ").unwrap_or(rest).strip_prefix("mod ")?;
        name.split_once(';').map(|(name, _)| name)
    });
    declared
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .map(|name| slashes(&parent.join(name)))
        .collect()
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The text without its comments, the inside of its strings, and its tests, line by line.
fn code_of(text: &str) -> String {
    let text = match text.find("#[cfg(test)]\nmod tests {") {
        Some(end) => &text[..end],
        None => text,
    };
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skip_len(rest);
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// Length of the comment, string or quoted quotation mark that the text begins with.
fn skip_len(text: &str) -> usize {
    let to_end_of = |end: &str, from: usize| {
        text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment_len(text);
    }
    for (start, end) in [("r##\"", "\"##"), ("r#\"", "\"#"), ("r\"", "\""), ("'\"'", "")] {
        if text.starts_with(start) {
            return to_end_of(end, start.len());
        }
    }
    if text.starts_with('"') {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return at + 1,
                _ => {}
            }
        }
        return text.len();
    }
    0
}

fn block_comment_len(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}
