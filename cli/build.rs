//! Puts the page of `floe listen --web` into the program: every HTML, CSS, SVG and JavaScript file of `web/`,
//! and of its one package what it imports. Without that package, which `npm ci --prefix cli/web` fetches,
//! the program is built all the same, and says what is missing when it is asked for the page.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    // Of a folder cargo looks at all that is in it, so packages that are installed later are noticed too.
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(web_library)");
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    let mut paths = Vec::new();
    for entry in fs::read_dir(&web)? {
        let name = entry?.file_name().into_string().map_err(|name| format!("{name:?} in web/"))?;
        if content_type(&name).is_some() {
            paths.push(name);
        }
    }
    let library = LIBRARY.map(|module| format!("{LIBRARY_FOLDER}/{module}"));
    if library.iter().all(|path| web.join(path).is_file()) {
        println!("cargo::rustc-cfg=web_library");
        paths.extend(library);
    }
    paths.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?).join("web_files.rs");
    fs::write(out, table(&web, &paths)?)?;
    Ok(())
}

/// The expression that `src/web/files.rs` includes.
fn table(web: &Path, paths: &[String]) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for path in paths {
        let content_type = content_type(path).ok_or_else(|| format!("{path} has no type"))?;
        let file = web.join(path);
        writeln!(
            table,
            "File {{ path: {:?}, content_type: {content_type:?}, body: include_bytes!({file:?}) }},",
            format!("/{path}"),
        )?;
    }
    table.push(']');
    Ok(table)
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// Where npm puts the package with ChaCha20-Poly1305.
const LIBRARY_FOLDER: &str = "node_modules/@noble/ciphers";
/// The module that `web/noise.js` imports, and those which that one imports. A test of `src/web/files.rs`
/// finds out if there are others.
const LIBRARY: [&str; 4] = ["chacha.js", "_arx.js", "_poly1305.js", "utils.js"];
