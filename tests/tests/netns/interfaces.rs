//! Interfaces that really come and go, in a namespace where a story may add and remove addresses as it likes.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use floe_core::driver::{AddrChange, Connection, Endpoint, ListenAddrs};
use floe_core::multiaddr::DirectAddr;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, join};

use crate::namespace::{in_a_namespace, ip};

/// Plays the story on each runtime, for each family of addresses.
macro_rules! play {
    ($($test:ident: $stage:ident on $family:ident),+ $(,)?) => {
        $(#[test]
        fn $test() {
            let name = concat!(module_path!(), "::", stringify!($test));
            in_a_namespace(name, || $stage(story($family, bind::$stage)));
        })+
    };
}

play! {
    tokio_ipv4: tokio on IPV4, tokio_ipv6: tokio on IPV6,
    smol_ipv4: smol on IPV4, smol_ipv6: smol on IPV6,
    async_std_ipv4: async_std on IPV4, async_std_ipv6: async_std on IPV6,
}

/// What differs between IPv4 and IPv6.
struct Family {
    wildcard: IpAddr,
    loopback: IpAddr,
    /// An address of the ranges for documentation, and as `ip addr` takes it.
    extra: IpAddr,
    extra_words: &'static [&'static str],
}

const IPV4: Family = Family {
    wildcard: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    loopback: IpAddr::V4(Ipv4Addr::LOCALHOST),
    extra: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
    extra_words: &["192.0.2.7/32", "dev", "lo"],
};

const IPV6: Family = Family {
    wildcard: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    loopback: IpAddr::V6(Ipv6Addr::LOCALHOST),
    extra: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7)),
    extra_words: &["2001:db8::7/128", "dev", "lo"],
};

/// An address comes, is dialed, goes and comes back; the endpoint lives through all of it.
async fn story<F>(family: Family, bind: impl Fn(SocketAddr, Config) -> F)
where
    F: Future<Output = io::Result<Endpoint>>,
{
    let Family { wildcard, loopback, extra, extra_words } = family;
    let bind = async |seed| bind((wildcard, 0).into(), config(seed)).await.unwrap();
    ip(&["link", "set", "lo", "up"], &[]);
    let listener = bind(1).await;
    let here = listener.listen_addrs();
    assert_eq!(here.iter().map(|addr| addr.ip()).collect::<Vec<_>>(), [loopback]);
    let at = |ip| here[0].with_socket_addr((ip, here[0].port()).into());

    let mut watcher = listener.watch_addrs();
    assert_eq!(next(&mut watcher).await, AddrChange::New(at(loopback)));
    ip(&["addr", "add"], extra_words);
    assert_eq!(next(&mut watcher).await, AddrChange::New(at(extra)));

    // Whoever begins to watch now hears of both, in their order.
    let late: Vec<_> = listener.watch_addrs().take(2).collect().await;
    let mut both = [at(loopback), at(extra)];
    both.sort_by_key(|addr| addr.ip());
    assert_eq!(late, both.map(AddrChange::New));

    let (near, far) = (bind(2).await, bind(3).await);
    let (near_out, near_in) = connect(&near, &listener, at(loopback)).await;
    let (far_out, far_in) = connect(&far, &listener, at(extra)).await;
    assert_eq!(far_out.remote_addr().ip(), extra);
    hello(&near_out, &near_in).await;
    hello(&far_out, &far_in).await;

    ip(&["addr", "del"], extra_words);
    assert_eq!(next(&mut watcher).await, AddrChange::Expired(at(extra)));
    assert_eq!(listener.listen_addrs(), [at(loopback)]);
    hello(&near_out, &near_in).await;
    let late = bind(4).await;
    let (late_out, late_in) = connect(&late, &listener, at(loopback)).await;
    hello(&late_out, &late_in).await;

    ip(&["addr", "add"], extra_words);
    assert_eq!(next(&mut watcher).await, AddrChange::New(at(extra)));
    // The same connection finds its way again.
    hello(&far_out, &far_in).await;

    listener.close().await;
    assert_eq!(watcher.next().await, None);
}

/// The runtimes' own ways to bind, under the names of the runtimes.
mod bind {
    pub(super) use floe_async_std::bind as async_std;
    pub(super) use floe_smol::bind as smol;
    pub(super) use floe_tokio::bind as tokio;
}

fn tokio(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(patiently(story));
}

fn smol(story: impl Future<Output = ()>) {
    smol::block_on(patiently(story));
}

fn async_std(story: impl Future<Output = ()>) {
    async_std::task::block_on(patiently(story));
}

async fn patiently(story: impl Future<Output = ()>) {
    let patience = async {
        smol::Timer::after(PATIENCE).await;
        panic!("the story hangs");
    };
    smol::future::or(story, patience).await;
}

/// Far longer than the story takes, which is a few looks at the interfaces.
const PATIENCE: Duration = Duration::from_secs(120);

// ── the endpoints ──

fn config(seed: u8) -> Config {
    let keypair = Keypair::ed25519_from_seed([seed; 32]);
    let certificate = Certificate::derive(&keypair);
    Config::new(keypair, certificate)
}

async fn next(watcher: &mut ListenAddrs) -> AddrChange {
    watcher.next().await.expect("the endpoint is open")
}

async fn connect(
    dialer: &Endpoint,
    listener: &Endpoint,
    at: DirectAddr,
) -> (Connection, Connection) {
    let (outbound, inbound) = join!(dialer.dial(&at), listener.accept());
    (outbound.expect("the dial succeeds"), inbound.expect("the listener is open"))
}

/// Sends a word each way.
async fn hello(client: &Connection, server: &Connection) {
    let ask = async {
        let mut stream = client.open().await.unwrap();
        stream.write_all(b"hello?").await.unwrap();
        stream.close().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = async {
        let mut stream = server.accept().await.unwrap();
        let mut question = String::new();
        stream.read_to_string(&mut question).await.unwrap();
        stream.write_all(b"hello!").await.unwrap();
        stream.close().await.unwrap();
        question
    };
    assert_eq!(join!(ask, answer), ("hello!".to_owned(), "hello?".to_owned()));
}
