//! The page's files, as `build.rs` has put them into the program.

/// One of them.
#[derive(Debug)]
pub(super) struct File {
    /// Its path in a URL.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: &'static [u8],
}

/// Whether the page has all that it imports: its own files are always there, its one package only if it
/// had been installed.
pub(super) const COMPLETE: bool = cfg!(web_library);

/// The file at `path`.
pub(super) fn find(path: &str) -> Option<&'static File> {
    let path = if path == "/" { "/index.html" } else { path };
    FILES.iter().find(|file| file.path == path)
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    /// The text between `"` or `'` behind each `marker`.
    fn quoted<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
        let after = text.split(marker).skip(1);
        after.filter_map(|rest| rest[1..].split(&rest[..1]).next()).collect()
    }

    /// `reference` as a file at `path` means it.
    fn resolve(path: &str, reference: &str) -> String {
        let mut parts: Vec<_> = path.split('/').collect();
        parts.pop();
        for part in reference.split('/').filter(|part| *part != ".") {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    #[test]
    fn the_page_is_found_and_nothing_else() {
        assert_eq!(find("/").map(|file| file.path), Some("/index.html"));
        assert!(
            find("/page.js").is_some_and(|file| file.content_type.starts_with("text/javascript"))
        );
        for path in
            ["", "/.", "/package.json", "/test/noise.test.js", "/../Cargo.toml", "//index.html"]
        {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn whatever_a_file_refers_to_is_served() {
        let mut references = 0;
        for file in FILES {
            let text = std::str::from_utf8(file.body).unwrap();
            // Examples in the package's comments are no imports.
            let code = || text.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
            let code: Vec<_> = code().collect();
            let code = code.join("\n");
            for marker in [" from ", "import ", " href=", " src="] {
                for reference in quoted(&code, marker) {
                    if !reference.starts_with("./") {
                        continue;
                    }
                    let path = resolve(file.path, reference);
                    let of_package = path.starts_with("/node_modules/");
                    assert!(
                        find(&path).is_some() || of_package && !COMPLETE,
                        "{} refers to {path}",
                        file.path
                    );
                    references += 1;
                }
            }
        }
        assert!(references > 10, "only {references} references were found");
    }
}
