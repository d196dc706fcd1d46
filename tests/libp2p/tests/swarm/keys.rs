//! Swarms with keys of each type.

use floe_libp2p::{Boxes, Stage, boxed, node, node_on};
use floe_tokio::Certificate;
use floe_tokio::libp2p::{Config, SetupError, Transport};
use libp2p::Swarm;
use libp2p::identity::Keypair;

use crate::basics::{Basics, identify_between};

fn swarm<S: Stage>(key: &Keypair) -> Swarm<Basics> {
    let config = S::config().with_idle_connection_timeout(floe_libp2p::PATIENCE);
    Swarm::new(S::transport(key), Basics::new(key), key.public().to_peer_id(), config)
}

/// Each is derived a certificate from, the same each time, and proves who it is.
pub(crate) async fn of_each_type<S: Stage>() {
    for key in
        [Keypair::generate_ed25519(), Keypair::generate_secp256k1(), Keypair::generate_ecdsa()]
    {
        identify_between([swarm::<S>(&key), node::<S, _>(Basics::new)]).await;
        identify_between([node::<S, _>(Basics::new), swarm::<S>(&key)]).await;
    }
}

/// An RSA key does not give what a certificate is derived from, so that must be given.
#[test]
fn rsa() {
    use floe_libp2p::Tokio;
    let mut file = include_bytes!("rsa-2048.pk8").to_vec();
    let key = Keypair::rsa_from_pkcs8(&mut file).unwrap();
    let refused = Transport::new(&key, Config::default()).unwrap_err();
    assert_eq!(refused.downcast_ref(), Some(&SetupError::NoCertificate));

    Tokio::run(async {
        let config = Config::default().with_certificate(Certificate::generate([1; 32]));
        let transport: Boxes = boxed(Transport::new(&key, config).unwrap());
        let config = Tokio::config().with_idle_connection_timeout(floe_libp2p::PATIENCE);
        let ours = Swarm::new(transport, Basics::new(&key), key.public().to_peer_id(), config);
        identify_between([ours, node_on(Tokio::transport, Tokio::config(), Basics::new)]).await;
    });
}
