//! PEM (RFC 7468): labelled blocks of base64 in a text.
//!
//! Its own thirty lines, because the label `PRIVATE_KEY` of rust-libp2p's files is no label that
//! strict readers take.

use std::string::String;
use std::vec::Vec;

use data_encoding::BASE64;

use super::CertificateError;

/// Label and content of each block in `text`. What stands between blocks is ignored.
pub(super) fn blocks(
    text: &str,
) -> impl Iterator<Item = Result<(&str, Vec<u8>), CertificateError>> {
    let mut lines = text.lines().map(str::trim);
    core::iter::from_fn(move || {
        let label = lines.find_map(|line| line.strip_prefix(BEGIN)?.strip_suffix(DASHES))?;
        Some(content(label, &mut lines).map(|bytes| (label, bytes)))
    })
}

fn content<'a>(
    label: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Vec<u8>, CertificateError> {
    let mut base64 = String::new();
    for line in lines {
        if line.strip_prefix(END).and_then(|line| line.strip_suffix(DASHES)) == Some(label) {
            return BASE64.decode(base64.as_bytes()).map_err(|_| CertificateError::MalformedPem);
        }
        base64.push_str(line);
    }
    Err(CertificateError::MalformedPem)
}

/// Appends a block to `text`.
pub(super) fn write(text: &mut String, label: &str, bytes: &[u8]) {
    text.extend([BEGIN, label, DASHES, "\n"]);
    let mut rest = &*BASE64.encode(bytes);
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE_LEN));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend([END, label, DASHES, "\n"]);
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// RFC 7468 §2: "generators MUST wrap the base64-encoded lines so that each line consists of exactly
/// 64 characters".
const LINE_LEN: usize = 64;
