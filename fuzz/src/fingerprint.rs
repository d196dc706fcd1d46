//! Fingerprints: each of their forms is read back as it was written, and none is misread.

use floe_core::fingerprint::Fingerprint;

use crate::input::Input;
use crate::says_why;

/// Any bytes as a multihash and as text; then the first 32 as a digest.
pub fn fingerprint(data: &[u8]) {
    let is_multihash = data.len() == 34 && data.starts_with(&[0x12, 0x20]);
    match Fingerprint::from_multihash(data) {
        Ok(fingerprint) => {
            assert!(is_multihash);
            assert_eq!(fingerprint.multihash(), data);
        }
        Err(error) => {
            says_why(&error);
            assert!(!is_multihash);
        }
    }
    if let Ok(text) = core::str::from_utf8(data) {
        match Fingerprint::parse_certhash(text) {
            Ok(fingerprint) => {
                reads_alike(fingerprint);
                // Writers use one base; in it, a fingerprint has one spelling.
                if text.starts_with('u') {
                    assert_eq!(fingerprint.certhash().to_string(), text);
                }
            }
            Err(error) => says_why(&error),
        }
        match Fingerprint::parse_sdp(text) {
            Ok(fingerprint) => {
                assert_eq!(fingerprint.sdp().to_string(), text.to_ascii_uppercase());
            }
            Err(error) => says_why(&error),
        }
    }
    reads_alike(Fingerprint::from_bytes(Input::new(data).array()));
}

fn reads_alike(fingerprint: Fingerprint) {
    let multihash = fingerprint.multihash();
    assert_eq!(Fingerprint::from_multihash(&multihash), Ok(fingerprint));
    assert_eq!(Fingerprint::parse_certhash(&fingerprint.certhash().to_string()), Ok(fingerprint));
    assert_eq!(Fingerprint::parse_sdp(&fingerprint.sdp().to_string()), Ok(fingerprint));
    let hex: String = multihash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(Fingerprint::parse_certhash(&format!("f{hex}")), Ok(fingerprint));
}
