//! Runtimes, as the stories see them.

use std::future::Future;
use std::time::Duration;

use floe_core::libp2p::{Bind, Config, Transport};
use floe_core::rtc::identity::Keypair;
use floe_smol::AsyncIo;
use libp2p_identity as identity;

/// A runtime.
pub(crate) trait Stage: Sized + 'static {
    /// How it binds.
    type Bind: Bind + Default;

    /// Runs a story to its end, which must come.
    fn run(story: impl Future<Output = ()>);

    /// The transport of the node whose keys grow from `seed`.
    fn transport(seed: u8, config: Config) -> Transport<Self::Bind> {
        Transport::new(&key(seed), config).expect("the key gives all that it takes")
    }
}

/// The key that grows from `seed`.
pub(crate) fn key(seed: u8) -> identity::Keypair {
    let file = Keypair::ed25519_from_seed([seed; 32]).to_protobuf();
    identity::Keypair::from_protobuf_encoding(&file).expect("it is a key file")
}

pub(crate) struct Tokio;

impl Stage for Tokio {
    type Bind = floe_tokio::Tokio;

    fn run(story: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime starts");
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, story).await });
        ended.expect("the story hangs");
    }
}

pub(crate) struct Smol;

impl Stage for Smol {
    type Bind = AsyncIo;

    fn run(story: impl Future<Output = ()>) {
        smol::block_on(patiently(story));
    }
}

pub(crate) struct AsyncStd;

impl Stage for AsyncStd {
    type Bind = floe_async_std::libp2p::AsyncStd;

    fn run(story: impl Future<Output = ()>) {
        async_std::task::block_on(patiently(story));
    }
}

async fn patiently(story: impl Future<Output = ()>) {
    let patience = async {
        smol::Timer::after(PATIENCE).await;
        panic!("the story hangs");
    };
    smol::future::or(story, patience).await;
}

/// Far longer than any story takes: only one that would never end meets it.
const PATIENCE: Duration = Duration::from_secs(120);
