//! The page of `floe listen --web`: a node's own machine shows a browser how to dial it.
//!
//! One small HTTP server for one page, on the loopback interface only. It answers GET and HEAD for the
//! files that were built in, and `/node.json` with what the node is now; it never changes anything, and it
//! never reads more of a request than its head. What comes in on its socket may come from any page that
//! the user has open: [`request`] refuses what was not meant for this machine by name.
//!
//! The dial itself is the browser's, over UDP, and passes the node's own endpoint like everyone's.
//!
//! HTTP is read by `httparse`, which depends on nothing, under a few lines of our own: the servers that
//! exist bring either threads without time limits or a stack several times as large as the page needs.

mod files;
mod request;
mod response;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt, select};
use serde::Serialize;

use self::request::Request;
use self::response::Response;
use crate::failure::Failure;
use crate::runtime::{TcpListener, TcpStream};
use crate::serve::Node;

/// The page's server, bound and not yet serving.
#[derive(Debug)]
pub(crate) struct Web {
    listener: TcpListener,
    addr: SocketAddr,
    node: Arc<Node>,
}

impl Web {
    /// Listens on `addr`, for a page about `node`.
    pub(crate) async fn bind(addr: SocketAddr, node: Arc<Node>) -> Result<Self, Failure> {
        if !files::COMPLETE {
            return Err(Failure::new("web", MISSING_LIBRARY));
        }
        let refused =
            |error| Failure::new("web", format!("cannot serve the page on {addr}: {error}"));
        let listener = TcpListener::bind(addr).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, addr, node })
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Serves the page until the future is dropped, and every connection with it.
    pub(crate) async fn serve(&self) -> Infallible {
        let mut connections = FuturesUnordered::new();
        loop {
            let full = connections.len() >= CONNECTIONS_MAX;
            let next = async { if full { pending().await } else { self.listener.accept().await } };
            select! {
                accepted = next.fuse() => match accepted {
                    Ok((stream, _)) => connections.push(self.serve_one(stream)),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection to the page");
                        // Most likely no file descriptor is left, which only time can mend.
                        self.node.runtime.sleep(ACCEPT_PAUSE).await;
                    }
                },
                () = connections.select_next_some() => {}
            }
        }
    }

    /// Answers the one request of a connection. A browser opens connections as it needs them, and on this
    /// machine they cost nothing worth keeping them for.
    async fn serve_one(&self, stream: TcpStream) {
        match self.node.runtime.within(CONNECTION_LIMIT, self.exchange(stream)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "a connection to the page broke off"),
            None => tracing::debug!("a connection to the page took too long"),
        }
    }

    async fn exchange(&self, mut stream: TcpStream) -> io::Result<()> {
        let response = match request::read(&mut stream).await? {
            Some(Ok(request)) => self.respond(&request),
            Some(Err(refusal)) => Response::refusal(refusal),
            // Browsers open connections that they then do not need.
            None => return Ok(()),
        };
        stream.write_all(&response.into_bytes()).await?;
        stream.close().await?;
        // A socket that is closed with unread bytes in it takes back what was just written.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    }

    fn respond(&self, request: &Request) -> Response {
        let response = if request.path == "/node.json" {
            Response::json(&self.describe())
        } else {
            files::find(&request.path).map_or_else(Response::not_found, Response::file)
        };
        if request.head_only { response.without_body() } else { response }
    }

    fn describe(&self) -> Description {
        Description {
            peer: self.node.peer_id().to_string(),
            addrs: self.node.addrs().iter().map(ToString::to_string).collect(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// What `/node.json` says.
#[derive(Serialize)]
struct Description {
    peer: String,
    /// Where the node can be dialed now.
    addrs: Vec<String>,
    /// Of this program.
    version: &'static str,
}

/// Reads where to serve the page.
pub(crate) fn parse_addr(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let addr = match text.strip_prefix("localhost:") {
        Some(port) => port.parse().map(|port| (Ipv4Addr::LOCALHOST, port).into()).ok(),
        None => text.parse::<SocketAddr>().ok(),
    };
    let addr = addr.ok_or("write an IP address and a TCP port, for instance 127.0.0.1:8080")?;
    if !addr.ip().is_loopback() {
        return Err(format!(
            "{} is not this machine's loopback interface. The page needs what browsers call a secure context, \
             and without HTTPS they grant that to localhost only: use 127.0.0.1:{port}, and from another \
             machine `ssh -L {port}:127.0.0.1:{port} HOST`",
            addr.ip(),
            port = addr.port()
        ));
    }
    Ok(addr)
}

/// What to do about a program without the page's cryptography.
const MISSING_LIBRARY: &str = "this program was built without the page's ChaCha20-Poly1305, which is a package \
                               of npm's: run `npm ci --prefix cli/web` in floe's folder and build floe again";
/// Connections that are served at once; further ones wait to be accepted. A browser opens six.
const CONNECTIONS_MAX: usize = 32;
/// How long a connection may take from its first to its last byte.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for what a refused accept lacked.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_this_machine_only() {
        for (text, addr) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("localhost:0", "127.0.0.1:0"),
            ("[::1]:80", "[::1]:80"),
            (" 127.8.0.1:1 ", "127.8.0.1:1"),
        ] {
            assert_eq!(parse_addr(text), Ok(addr.parse().unwrap()), "{text}");
        }
        for (text, says) in [
            ("0.0.0.0:8080", "ssh -L 8080:127.0.0.1:8080"),
            ("[::]:1", "loopback"),
            ("192.0.2.1:80", "secure context"),
            ("8080", "127.0.0.1:8080"),
            ("localhost", "TCP port"),
            ("localhost:x", "TCP port"),
            ("example.com:80", "TCP port"),
            ("", "TCP port"),
        ] {
            let refusal = parse_addr(text).unwrap_err();
            assert!(refusal.contains(says), "{text}: {refusal}");
        }
    }
}
