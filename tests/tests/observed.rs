//! An observed endpoint on the loopback: what leaves and comes is in its files, and so are the keys.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use floe_core::capture::{KeyLogWriter, PcapWriter, WallClock};
use floe_core::driver::{Flow, Observed, Observer, os_seed};
use floe_core::rtc::config::DtlsVersions;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, KeyLogLine};
use floe_core::runtime;
use futures::{AsyncReadExt, AsyncWriteExt};

/// Counts: sent, received, keys, turns.
#[derive(Default)]
struct Tally([usize; 4]);

impl Observer for Tally {
    fn datagram(&mut self, datagram: Observed<'_>) {
        assert!(!datagram.payload.is_empty() && datagram.payload.len() <= 1_200);
        assert!(datagram.local.port() != 0 && datagram.remote.port() != 0);
        self.0[usize::from(datagram.flow == Flow::Received)] += 1;
    }

    fn key(&mut self, _: &KeyLogLine) {
        self.0[2] += 1;
    }

    fn drained(&mut self) {
        self.0[3] += 1;
    }
}

#[test]
fn an_observer_sees_both_ways_and_the_keys() {
    let folder = std::env::temp_dir().join(format!("floe-observed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (pcap, keylog) = (folder.join("a.pcapng"), folder.join("keys"));
    let config = |log_keys| {
        let keypair = Keypair::ed25519_from_seed(os_seed().unwrap());
        let certificate = Certificate::derive(&keypair);
        let mut config = Config::new(keypair, certificate);
        config.dtls = DtlsVersions::V12;
        if log_keys {
            config.log_keys();
        }
        config
    };
    let tally = Arc::new(Mutex::new(Tally::default()));
    smol::block_on(async {
        let any = "127.0.0.1:0".parse().unwrap();
        let (listener, driver) = runtime::bind(floe_smol::AsyncIo, any, config(true)).unwrap();
        let wall_clock = WallClock::new(Instant::now(), Duration::from_secs(1_000_000_000));
        let files =
            (PcapWriter::create(&pcap, wall_clock).unwrap(), KeyLogWriter::open(&keylog).unwrap());
        let driver = smol::spawn(driver.observed((tally.clone(), files)).run());
        let dialer = floe_smol::bind(any, config(false)).await.unwrap();
        let address = listener.listen_addrs()[0];
        let accept = async {
            let connection = listener.accept().await.unwrap();
            let mut stream = connection.accept().await.unwrap();
            stream.write_all(&[7; 200_000]).await.unwrap();
            stream.close().await.unwrap();
            connection
        };
        let dial = async {
            let connection = dialer.dial(&address).await.unwrap();
            let mut stream = connection.open().await.unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            assert_eq!(all.len(), 200_000);
            connection
        };
        let ends = futures::future::join(accept, dial).await;
        dialer.close().await;
        listener.close().await;
        drop(ends);
        driver.await;
    });
    let [sent, received, keys, turns] = tally.lock().unwrap().0;
    println!("{sent} sent, {received} received, {keys} keys, {turns} turns");
    assert!(sent > 200_000 / 1_200 && received > 5 && turns > 5);
    assert_eq!(keys, 1, "one secret of DTLS 1.2");
    let lines = std::fs::read_to_string(&keylog).unwrap();
    assert!(lines.starts_with("CLIENT_RANDOM ") && lines.len() == 14 + 64 + 1 + 96 + 1, "{lines}");
    assert!(std::fs::metadata(&pcap).unwrap().len() > 200_000);
    std::fs::remove_dir_all(&folder).unwrap();
}
