//! The page's server, by what goes over its socket. What the page does is shown in a browser, in `tests/interop`.
//!
//! A program that was built without the page's library has no page to serve: then the tests here are those of
//! what it says instead.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::floe::{Listener, floe};

#[cfg(not(web_library))]
#[test]
fn a_program_without_the_page_says_how_to_get_it() {
    let run = floe(&["listen", "--json", "--web", "127.0.0.1:0"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let error = run.event("error");
    assert_eq!(error["step"], "web");
    let message = error["message"].as_str().expect("a sentence");
    assert!(message.contains("npm ci --prefix cli/web") && message.contains("build"), "{message}");
}

/// A listener with its address and where its page is.
struct Page {
    listener: Listener,
    addr: String,
    /// Without the scheme and the slash.
    host: String,
}

impl Page {
    fn serve(args: &[&str]) -> Self {
        let mut listener = Listener::start(args);
        let addr = listener.addr();
        let event = listener.event();
        assert_eq!(event["event"], "web");
        let url = event["url"].as_str().expect("url is a string");
        let host = url.strip_prefix("http://").and_then(|url| url.strip_suffix('/'));
        Self { host: host.expect("an URL of a root").to_owned(), listener, addr }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("the page's port is open");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time is given");
        stream
    }

    /// What is answered to these bytes.
    fn exchange(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("the server reads");
        Answer::read(stream)
    }

    fn get(&self, path: &str) -> Answer {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host))
    }

    fn node(&self) -> Value {
        let node = self.get("/node.json");
        assert_eq!(node.header("content-type"), Some("application/json"));
        serde_json::from_str(&node.body).expect("it is JSON")
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer comes, with an end");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head has an end");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.expect("a status line has a status");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(other, _)| *other == name).map(|(_, value)| value);
        values.next()
    }
}

#[test]
#[cfg_attr(not(web_library), ignore = "the page's library is missing: npm ci --prefix cli/web")]
fn the_page_is_served_and_keeps_to_itself() {
    let page = Page::serve(&["--web", "127.0.0.1:0"]);
    let index = page.get("/");
    assert_eq!(index.status, 200);
    assert!(index.body.contains("<script type=\"module\" src=\"./page.js\">"));
    assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(index.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(index.header("cache-control"), Some("no-store"));
    let policy = index.header("content-security-policy").expect("there is a policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");

    for (path, content_type) in [
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/style.css?x", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/node_modules/@noble/ciphers/chacha.js", "text/javascript; charset=utf-8"),
    ] {
        let file = page.get(path);
        assert_eq!((file.status, file.header("content-type")), (200, Some(content_type)), "{path}");
        let length = file.body.len().to_string();
        assert_eq!(file.header("content-length"), Some(&*length), "{path}");
    }
    let host = &page.host;
    let head = page.exchange(&format!("HEAD / HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    assert_eq!((head.status, &*head.body), (200, ""));
    assert_eq!(head.header("content-length"), index.header("content-length"));
    for path in
        ["/Cargo.toml", "/../Cargo.toml", "/package.json", "/test/frame.test.js", "/node_modules"]
    {
        let nothing = page.get(path);
        assert_eq!(nothing.status, 404, "{path}");
        assert!(nothing.header("content-security-policy").is_some());
    }
}

#[test]
#[cfg_attr(not(web_library), ignore = "the page's library is missing: npm ci --prefix cli/web")]
fn the_node_says_who_it_is_and_where() {
    for runtime in ["tokio", "smol", "async-std"] {
        let page = Page::serve(&["--web", "localhost:0", "--runtime", runtime]);
        let peer = page.addr.rsplit_once("/p2p/").expect("the address ends with a peer id").1;
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            page.node(),
            json!({"peer": peer, "addrs": [page.addr], "version": version}),
            "{runtime}"
        );
    }
}

#[test]
#[cfg_attr(not(web_library), ignore = "the page's library is missing: npm ci --prefix cli/web")]
fn other_names_other_methods_and_nonsense_are_refused() {
    let page = Page::serve(&["--web", "127.0.0.1:0"]);
    let port = page.host.rsplit_once(':').expect("a host has a port").1;
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let request = format!("GET /node.json HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
        assert_eq!(page.exchange(&request).status, 200, "{host}");
    }
    // A name that its owner points at this machine.
    let rebound =
        page.exchange(&format!("GET /node.json HTTP/1.1\r\nhost: evil.example:{port}\r\n\r\n"));
    assert_eq!(rebound.status, 421);
    assert!(!rebound.body.contains("12D3"), "{rebound:?}");
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 421),
        ("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nbody", 405),
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
    ] {
        assert_eq!(page.exchange(request).status, status, "{request}");
    }
    let endless = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}", "y".repeat(100_000));
    assert_eq!(page.exchange(&endless).status, 431);
    // And it is still there.
    assert_eq!(page.get("/").status, 200);
}

#[test]
#[cfg_attr(not(web_library), ignore = "the page's library is missing: npm ci --prefix cli/web")]
fn a_slow_client_holds_nobody_up() {
    let page = Page::serve(&["--web", "127.0.0.1:0"]);
    let mut slow: Vec<_> = (0..8).map(|_| page.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").expect("the server reads");
    }
    assert_eq!(page.get("/").status, 200);
    let mut first = slow.swap_remove(0);
    first.write_all(format!("{}\r\n\r\n", page.host).as_bytes()).expect("the server waits");
    assert_eq!(Answer::read(first).status, 200);
    // Even who says nothing any more is not waited for at the end.
    #[cfg(unix)]
    assert_eq!(page.listener.terminate("TERM").code(), Some(0));
}

#[test]
#[cfg_attr(not(web_library), ignore = "the page's library is missing: npm ci --prefix cli/web")]
fn a_port_that_is_taken_is_a_failure_with_its_reason() {
    let page = Page::serve(&["--web", "127.0.0.1:0"]);
    let run = floe(&["listen", "--json", "--web", &page.host]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let error = run.event("error");
    assert_eq!(error["step"], "web");
    assert!(error["message"].as_str().is_some_and(|text| text.contains(&page.host)), "{error}");
    drop(page.listener);
}
