//! Reading the head of a request, and refusing what the page would never send.
//!
//! Any page that the user has open can make the browser send requests here, and a name of its own that it
//! points at this machine (DNS rebinding) would let it read the answers. So the `Host` must be a name that
//! only this machine can have. Its port is not looked at: with `ssh -L` it is another one than ours.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use futures::{AsyncRead, AsyncReadExt};

/// A request that can be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Without its query.
    pub(super) path: String,
    /// HEAD rather than GET.
    pub(super) head_only: bool,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not HTTP/1.
    Malformed,
    /// Its head does not end within the bounds.
    TooLarge,
    /// Neither GET nor HEAD.
    Method,
    /// It was meant for another host.
    Host,
}

/// Reads a request's head from `stream`. `None`: it ended before a request began.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<Result<Request, Refusal>>> {
    let mut head = Vec::new();
    loop {
        let mut chunk = [0; 1024];
        let room = chunk.len().min(HEAD_MAX - head.len());
        if room == 0 {
            return Ok(Some(Err(Refusal::TooLarge)));
        }
        let read = stream.read(&mut chunk[..room]).await?;
        if read == 0 {
            return match head.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        head.extend_from_slice(&chunk[..read]);
        if let Some(outcome) = parse(&head) {
            return Ok(Some(outcome));
        }
    }
}

/// What the head says; `None` if there is more to come.
fn parse(head: &[u8]) -> Option<Result<Request, Refusal>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => Some(accept(&request)),
        Ok(httparse::Status::Partial) => None,
        Err(httparse::Error::TooManyHeaders) => Some(Err(Refusal::TooLarge)),
        Err(_) => Some(Err(Refusal::Malformed)),
    }
}

fn accept(request: &httparse::Request<'_, '_>) -> Result<Request, Refusal> {
    let mut hosts =
        request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if std::str::from_utf8(host.value).is_ok_and(is_this_machine) => {}
        _ => return Err(Refusal::Host),
    }
    let head_only = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(Refusal::Method),
    };
    let target = request.path.ok_or(Refusal::Malformed)?;
    let path = target.split_once('?').map_or(target, |(path, _)| path).to_owned();
    Ok(Request { path, head_only })
}

/// Whether a `Host` can only mean the machine that the browser runs on.
fn is_this_machine(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, port)) => match ip.parse::<Ipv6Addr>() {
            Ok(ip) => (Ok(IpAddr::from(ip)), port),
            Err(_) => return false,
        },
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            (name.parse::<std::net::Ipv4Addr>().map(IpAddr::from).map_err(|_| name), port)
        }
    };
    let port_is_one = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    port_is_one
        && match name {
            Ok(ip) => ip.is_loopback(),
            Err(name) => name.eq_ignore_ascii_case("localhost"),
        }
}

/// Bytes of a head that are read; browsers send less than one KiB, cookies of other servers on this
/// machine, which know no ports, come on top.
const HEAD_MAX: usize = 16 * 1024;
/// Headers of a request; browsers send some twenty.
const HEADERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    fn request(text: &str) -> Result<Request, Refusal> {
        block_on(read(&mut text.as_bytes())).unwrap().unwrap()
    }

    fn get(path: &str) -> Result<Request, Refusal> {
        Ok(Request { path: path.into(), head_only: false })
    }

    #[test]
    fn a_browsers_request_is_understood_however_it_is_cut() {
        let text = "GET /page.js?1 HTTP/1.1\r\nhost: localhost:8080\r\naccept: */*\r\n\r\n";
        assert_eq!(request(text), get("/page.js"));
        for cut in 1..text.len() {
            assert_eq!(parse(&text.as_bytes()[..cut]), None, "{cut}");
        }
        let head = request("HEAD / HTTP/1.1\r\nHost: [::1]:1\r\n\r\n").unwrap();
        assert!(head.head_only);
    }

    #[test]
    fn hosts_are_this_machine_or_refused() {
        for host in
            ["localhost", "LOCALHOST:80", "127.0.0.1:65535", "127.1.2.3", "[::1]:8080", "[::1]"]
        {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "localhost:80:80",
            "localhost:x",
            "localhost:65536",
            "user@localhost",
            "192.0.2.1:80",
            "0.0.0.0",
            "2130706433",
            "[::]:80",
            "[::1",
            "[::1]80",
            "::1",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn what_the_page_never_sends_is_refused() {
        for (text, refusal) in [
            ("GET / HTTP/1.1\r\n\r\n", Refusal::Host),
            ("GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n", Refusal::Host),
            ("GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n", Refusal::Host),
            ("POST / HTTP/1.1\r\nhost: localhost\r\n\r\n", Refusal::Method),
            ("GET / SMTP\r\n\r\n", Refusal::Malformed),
            ("\u{16}\u{3}\u{1}\0", Refusal::Malformed),
        ] {
            assert_eq!(request(text), Err(refusal), "{text}");
        }
        let endless = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}", "y".repeat(HEAD_MAX));
        assert_eq!(request(&endless), Err(Refusal::TooLarge));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(HEADERS_MAX + 1));
        assert_eq!(request(&many), Err(Refusal::TooLarge));
    }

    #[test]
    fn an_end_before_the_end_is_no_request() {
        assert_eq!(block_on(read(&mut &b""[..])).unwrap(), None);
        assert!(block_on(read(&mut &b"GET / HTTP/1.1\r\n"[..])).is_err());
    }
}
