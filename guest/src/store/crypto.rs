//! Encryption of tokens at rest.
//!
//! New values are envelopes: `v1:`, followed by the base64url of a 96-bit nonce, the AES-256-GCM ciphertext, and its tag.
//! The key is derived from the setting `EncryptionKey` with HKDF-SHA256, so keys of 16, 24, and 32 bytes are valid. The
//! associated data contain the version, the kind of record, and the owner. A value that is copied to another user's record
//! therefore cannot be decrypted.
//!
//! Values of the Go plugin are AES in CFB mode with a 128-bit segment: padded base64url of the IV and the padded text,
//! without authentication. They are read but never written. Base64 has no colon, so the formats cannot be confused.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use cfb_mode::cipher::KeyIvInit;
use hkdf::Hkdf;
use sha2::Sha256;

const PREFIX: &str = "v1:";
const INFO: &[u8] = b"mattermost-zoom token v1";
const BLOCK: usize = 16;

/// The length of a nonce, in bytes.
pub const NONCE: usize = 12;

/// The reason why a value cannot be decrypted. It never contains the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text has an unknown format.
    #[error("the stored value is malformed")]
    Malformed,
    /// The key or the owner is wrong, or the value was changed.
    #[error("the stored value was encrypted with another key or was changed")]
    Refused,
    /// The length of the key is not 16, 24, or 32 bytes.
    #[error("the encryption key has a length that AES does not have")]
    Key,
}

/// The purpose of an envelope. It is part of the associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's access token.
    UserAccess,
    /// A user's refresh token.
    UserRefresh,
    /// The access token of the connection for everyone.
    AccountAccess,
    /// The refresh token of the connection for everyone.
    AccountRefresh,
    /// The access token of a server-to-server app.
    AppAccess,
    /// The payload of a job.
    Job,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::UserAccess => "user access token",
            Kind::UserRefresh => "user refresh token",
            Kind::AccountAccess => "account access token",
            Kind::AccountRefresh => "account refresh token",
            Kind::AppAccess => "server-to-server access token",
            Kind::Job => "job",
        }
    }
}

fn cipher(key: &[u8]) -> Result<Aes256Gcm, Error> {
    let mut derived = [0_u8; 32];
    Hkdf::<Sha256>::new(None, key)
        .expand(INFO, &mut derived)
        .map_err(|_| Error::Key)?;
    Ok(Aes256Gcm::new(&Key::<Aes256Gcm>::from(derived)))
}

fn associated(kind: Kind, owner: &str) -> Vec<u8> {
    format!("v1\n{}\n{owner}", kind.name()).into_bytes()
}

/// Whether the text is an envelope and not a value of the Go plugin.
pub fn is_envelope(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Encrypts a text for this owner. The nonce must be random and must not be used twice.
pub fn seal(
    key: &[u8],
    kind: Kind,
    owner: &str,
    nonce: [u8; NONCE],
    text: &str,
) -> Result<String, Error> {
    let payload = Payload {
        msg: text.as_bytes(),
        aad: &associated(kind, owner),
    };
    let sealed = cipher(key)?
        .encrypt(&nonce.into(), payload)
        .map_err(|_| Error::Refused)?;
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&sealed);
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Decrypts an envelope of this kind and owner.
pub fn open(key: &[u8], kind: Kind, owner: &str, envelope: &str) -> Result<String, Error> {
    let encoded = envelope.strip_prefix(PREFIX).ok_or(Error::Malformed)?;
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| Error::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(Error::Malformed)?;
    let payload = Payload {
        msg: sealed,
        aad: &associated(kind, owner),
    };
    let text = cipher(key)?
        .decrypt(&(*nonce).into(), payload)
        .map_err(|_| Error::Refused)?;
    String::from_utf8(text).map_err(|_| Error::Malformed)
}

/// Decrypts a value of the Go plugin.
pub fn open_legacy(key: &[u8], text: &str) -> Result<String, Error> {
    let bytes = URL_SAFE.decode(text).map_err(|_| Error::Malformed)?;
    let (iv, body) = bytes.split_first_chunk::<BLOCK>().ok_or(Error::Malformed)?;
    if body.is_empty() || body.len() % BLOCK != 0 {
        return Err(Error::Malformed);
    }
    let mut body = body.to_vec();
    match key.len() {
        16 => decrypt::<aes::Aes128>(key, iv, &mut body)?,
        24 => decrypt::<aes::Aes192>(key, iv, &mut body)?,
        32 => decrypt::<aes::Aes256>(key, iv, &mut body)?,
        _ => return Err(Error::Key),
    }
    // The Go plugin writes 1 to 16 bytes of padding, and its reader also accepts 0.
    let padding = usize::from(body.last().copied().unwrap_or(0));
    let length = body.len().checked_sub(padding).ok_or(Error::Refused)?;
    if padding > BLOCK {
        return Err(Error::Refused);
    }
    body.truncate(length);
    String::from_utf8(body).map_err(|_| Error::Refused)
}

fn decrypt<C>(key: &[u8], iv: &[u8; BLOCK], body: &mut [u8]) -> Result<(), Error>
where
    C: cfb_mode::cipher::BlockCipherEncrypt + cfb_mode::cipher::KeyInit,
{
    let decryptor = cfb_mode::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| Error::Key)?;
    decryptor.decrypt(body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn sealed() -> String {
        seal(KEY, Kind::UserAccess, "alice", [7; NONCE], "secret token").unwrap()
    }

    #[test]
    fn an_envelope_can_be_decrypted_for_its_owner() {
        assert!(is_envelope(&sealed()));
        assert_eq!(
            open(KEY, Kind::UserAccess, "alice", &sealed()).unwrap(),
            "secret token"
        );
        for key in [&KEY[..16], &KEY[..24]] {
            let text = seal(key, Kind::UserRefresh, "bob", [1; NONCE], "").unwrap();
            assert_eq!(open(key, Kind::UserRefresh, "bob", &text).unwrap(), "");
        }
    }

    #[test]
    fn d17_an_envelope_cannot_be_decrypted_for_other_owners() {
        let refused = Err(Error::Refused);
        assert_eq!(open(KEY, Kind::UserAccess, "bob", &sealed()), refused);
        assert_eq!(open(KEY, Kind::UserRefresh, "alice", &sealed()), refused);
        assert_eq!(
            open(&KEY[..16], Kind::UserAccess, "alice", &sealed()),
            refused
        );
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = URL_SAFE_NO_PAD.decode(&sealed()[PREFIX.len()..]).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(changed));
            assert_eq!(
                open(KEY, Kind::UserAccess, "alice", &text),
                Err(Error::Refused)
            );
        }
    }

    // openssl enc -aes-{256,192,128}-cfb with IV 000102…0f and "zoom-access-token" padded to 32 bytes.
    #[test]
    fn zm107_values_of_the_go_plugin_are_read_with_all_key_lengths() {
        for (length, value) in [(32, LEGACY_256), (24, LEGACY_192), (16, LEGACY_128)] {
            assert_eq!(
                open_legacy(&KEY[..length], value).unwrap(),
                "zoom-access-token"
            );
        }
    }

    const LEGACY_256: &str = "AAECAwQFBgcICQoLDA0ODykys5i7rlUHZE_0YPHm0ET-G5do0UhBZ-vB-SzbIswe";
    const LEGACY_192: &str = "AAECAwQFBgcICQoLDA0OD4u1T54GGDnYaOTjAqsKWeXfa4hWZx1kZgPwDoRq_yR2";
    const LEGACY_128: &str = "AAECAwQFBgcICQoLDA0OD9oW9p3P3t11nObgxPDLItLr37lrjiZY6LbBpXq97rM1";

    /// A value of the Go plugin with this padded text.
    fn legacy(padded: &[u8]) -> String {
        let iv = [7; BLOCK];
        let mut body = padded.to_vec();
        let encryptor = cfb_mode::Encryptor::<aes::Aes256>::new_from_slices(KEY, &iv).unwrap();
        encryptor.encrypt(&mut body);
        URL_SAFE.encode([iv.as_slice(), &body].concat())
    }

    #[test]
    fn zm107_the_padding_of_go_values_is_at_most_a_block() {
        let with = |text: &str, padding: u8| {
            let mut padded = text.as_bytes().to_vec();
            padded.extend(std::iter::repeat_n(padding, usize::from(padding)));
            open_legacy(KEY, &legacy(&padded))
        };
        // A text of whole blocks is followed by a block of padding, which is the longest valid padding.
        assert_eq!(with("0123456789abcdef", 16).unwrap(), "0123456789abcdef");
        assert_eq!(with("0123456789abcde", 1).unwrap(), "0123456789abcde");
        assert_eq!(with("0123456789abcde", 17), Err(Error::Refused));
        assert_eq!(with("", 32), Err(Error::Refused));
        assert_eq!(open_legacy(KEY, &legacy(&[b'a'; 16])), Err(Error::Refused));
    }

    #[test]
    fn d17_short_values_of_the_go_plugin_are_errors() {
        assert_eq!(open_legacy(KEY, ""), Err(Error::Malformed));
        assert_eq!(
            open_legacy(KEY, &URL_SAFE.encode([0; 16])),
            Err(Error::Malformed)
        );
        assert_eq!(
            open_legacy(KEY, &URL_SAFE.encode([0; 40])),
            Err(Error::Malformed)
        );
        assert_eq!(open_legacy(b"short", LEGACY_256), Err(Error::Key));
    }

    proptest! {
        #[test]
        fn any_text_can_be_encrypted_and_decrypted(text in ".*", owner in "[a-z0-9]{0,26}", nonce: [u8; NONCE]) {
            let envelope = seal(KEY, Kind::UserRefresh, &owner, nonce, &text).unwrap();
            prop_assert_eq!(open(KEY, Kind::UserRefresh, &owner, &envelope).unwrap(), text);
        }

        #[test]
        fn no_text_makes_the_decoders_panic(text in ".*", bytes: Vec<u8>) {
            let _ = open(KEY, Kind::UserAccess, "alice", &text);
            let _ = open(KEY, Kind::UserAccess, "alice", &format!("v1:{}", URL_SAFE_NO_PAD.encode(&bytes)));
            let _ = open_legacy(KEY, &text);
            let _ = open_legacy(KEY, &URL_SAFE.encode(&bytes));
        }
    }
}
