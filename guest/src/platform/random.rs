//! Random bytes from the host's cryptographic generator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` bytes from the host's cryptographic generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let drawn = wasi::random::random::get_random_bytes(N as u64);
    for (to, from) in bytes.iter_mut().zip(drawn) {
        *to = from;
    }
    bytes
}

/// 256 random bits as text, valid in a URL and as a code verifier of RFC 7636.
pub fn url_safe_token(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}
