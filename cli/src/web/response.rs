//! What is answered, with the headers that keep the page to itself.

use std::borrow::Cow;

use serde::Serialize;

use super::files::File;
use super::request::Refusal;

/// A whole response.
#[derive(Debug)]
pub(super) struct Response {
    status: &'static str,
    content_type: &'static str,
    body: Cow<'static, [u8]>,
    with_body: bool,
}

impl Response {
    /// One of the page's files.
    pub(super) fn file(file: &'static File) -> Self {
        Self::new("200 OK", file.content_type, file.body)
    }

    /// Something that changes.
    pub(super) fn json(value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("what is served has only named fields");
        Self::new("200 OK", "application/json", body)
    }

    /// There is no such file.
    pub(super) fn not_found() -> Self {
        Self::text("404 Not Found", "There is no such file here.\n")
    }

    /// The request is not answered.
    pub(super) fn refusal(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::text("400 Bad Request", "This server speaks HTTP/1.1.\n"),
            Refusal::TooLarge => Self::text(
                "431 Request Header Fields Too Large",
                "The request's headers are too large.\n",
            ),
            Refusal::Method => {
                Self::text("405 Method Not Allowed", "This server knows GET and HEAD.\n")
            }
            Refusal::Host => Self::text(
                "421 Misdirected Request",
                "This page is served as localhost, 127.0.0.1 or [::1] only: open it by one of these names.\n",
            ),
        }
    }

    /// The same for HEAD.
    pub(super) fn without_body(self) -> Self {
        Self { with_body: false, ..self }
    }

    /// As it goes over the wire.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let Self { status, content_type, body, with_body } = self;
        let len = body.len();
        let allow = if status.starts_with("405") { "allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len}\r\n{allow}{FOR_ALL}\r\n"
        );
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(&body);
        }
        bytes
    }

    fn text(status: &'static str, text: &'static str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.as_bytes())
    }

    fn new(
        status: &'static str,
        content_type: &'static str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        Self { status, content_type, body: body.into(), with_body: true }
    }
}

/// The page runs its own files and nothing else, speaks to nobody but this server (WebRTC is not HTTP and
/// not covered), and is part of no other page; and a browser that is shown another build of floe has kept
/// nothing of this one.
const FOR_ALL: &str = "\
    content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    x-content-type-options: nosniff\r\n\
    cross-origin-resource-policy: same-origin\r\n\
    cross-origin-opener-policy: same-origin\r\n\
    referrer-policy: no-referrer\r\n\
    cache-control: no-store\r\n\
    connection: close\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_the_length_of_the_body_that_it_leaves_out() {
        let text = |response: Response| String::from_utf8(response.into_bytes()).unwrap();
        let whole = text(Response::not_found());
        let head = text(Response::not_found().without_body());
        let (head_of_whole, body) = whole.split_once("\r\n\r\n").unwrap();
        assert_eq!(format!("{head_of_whole}\r\n\r\n"), head);
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
