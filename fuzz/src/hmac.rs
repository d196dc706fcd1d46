//! HMAC-SHA1, which floor 0 asks its caller for.

use floe_core::ice::stun::HmacSha1;
use ring::hmac;

pub(crate) struct Ring;

impl HmacSha1 for Ring {
    fn hmac_sha1(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let mut context = hmac::Context::with_key(&key);
        parts.iter().for_each(|part| context.update(part));
        context.sign().as_ref().try_into().expect("SHA-1 has 20 bytes")
    }
}
