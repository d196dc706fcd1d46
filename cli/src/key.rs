//! The node's identity key: from a file, made in a file, or for one run only.
//!
//! The certificate is always derived from the key, so there is one file to keep, and whoever has it has
//! the same peer id and the same certhash: addresses survive restarts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use floe_core::driver::os_seed;
use floe_core::rtc::identity::Keypair;
use floe_core::rtc::{Certificate, Config, Identity};

use crate::failure::Failure;
use crate::secrecy::warn_if_others_may_read;

/// A node's key and what follows from it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) identity: Identity,
    pub(crate) certificate: Certificate,
}

impl Key {
    /// The key in `file`, which is made if it does not exist; a new key without a file.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, Failure> {
        match file {
            None => Self::random(),
            Some(path) => load(path).map(Self::from),
        }
    }

    /// A new key that is kept nowhere.
    pub(crate) fn random() -> Result<Self, Failure> {
        new_keypair().map(Self::from)
    }

    /// The configuration of an endpoint that speaks for this key.
    pub(crate) fn config(&self) -> Config {
        Config::new(self.identity.clone(), self.certificate.clone())
    }
}

impl From<Keypair> for Key {
    fn from(keypair: Keypair) -> Self {
        let certificate = Certificate::derive(&keypair);
        Self { identity: keypair.into(), certificate }
    }
}

fn load(path: &Path) -> Result<Keypair, Failure> {
    let failure = |what: &str, error: &dyn std::fmt::Display| {
        Failure::new("key", format!("cannot {what} the key file {}: {error}", path.display()))
    };
    match File::open(path) {
        Ok(file) => {
            warn_if_others_may_read(path, &file, "key file");
            let mut bytes = Vec::new();
            file.take(LEN_MAX).read_to_end(&mut bytes).map_err(|error| failure("read", &error))?;
            Keypair::from_protobuf(&bytes).map_err(|error| {
                failure(
                    "use",
                    &format!(
                        "{error}. It must hold libp2p's PrivateKey protobuf with an Ed25519 key; a \
                         file that does not exist yet is made"
                    ),
                )
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keypair = new_keypair()?;
            create(path, &keypair.to_protobuf()).map_err(|error| failure("create", &error))?;
            tracing::info!(file = %path.display(), "made a new identity key");
            Ok(keypair)
        }
        Err(error) => Err(failure("open", &error)),
    }
}

/// Writes a new file that only its owner may read; never over an existing one.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a key would stop the next start; that it cannot be removed either is the lesser news.
        let _ = fs::remove_file(path);
    })
}

fn new_keypair() -> Result<Keypair, Failure> {
    let seed = os_seed().map_err(|error| Failure::new("key", error))?;
    Ok(Keypair::ed25519_from_seed(seed))
}

/// Bytes of a key file that are read: more than any key has.
const LEN_MAX: u64 = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed in the end.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("floe-key-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_missing_file_is_made_and_then_used() {
        let folder = Folder::new("made");
        let path = folder.0.join("node.key");
        let first = Key::load(Some(&path)).unwrap();
        let second = Key::load(Some(&path)).unwrap();
        assert_eq!(first.identity.peer_id(), second.identity.peer_id());
        assert_eq!(first.certificate, second.certificate);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 68);
        assert_eq!(bytes[..4], [0x08, 0x01, 0x12, 0x40]); // type Ed25519, 64 bytes of data
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_ne!(Key::load(None).unwrap().identity.peer_id(), first.identity.peer_id());
    }

    #[test]
    fn what_is_no_key_is_neither_used_nor_overwritten() {
        let folder = Folder::new("kept");
        let path = folder.0.join("notes.txt");
        fs::write(&path, "not a key").unwrap();
        let failure = Key::load(Some(&path)).unwrap_err();
        assert_eq!(failure.step, "key");
        assert!(failure.message.contains("notes.txt"), "{}", failure.message);
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
        assert!(create(&path, b"key").is_err());
        let nowhere = folder.0.join("no/such/folder/key");
        assert!(Key::load(Some(&nowhere)).unwrap_err().message.contains("create"));
    }
}
