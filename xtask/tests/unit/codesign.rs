use super::{AD_HOC, CODE_DIRECTORY, CODE_DIRECTORY_SLOT, SIGNATURE, check};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest as _, Sha256};

/// A signature of some bytes, as the linker makes it.
fn signature(code: &[u8]) -> Vec<u8> {
    let hashes: Vec<_> = code.chunks(4096).map(Sha256::digest).collect();
    let size = |number: usize| u32::try_from(number).unwrap();
    let head = 44;
    let length = head + 4 + hashes.len() * 32;
    let directory = [
        CODE_DIRECTORY,
        size(length),
        0x2_0001,
        AD_HOC,
        size(head + 4),
        size(head),
        0,
        size(hashes.len()),
        size(code.len()),
        u32::from_be_bytes([32, 2, 0, 12]),
        0,
    ];
    let outer = [SIGNATURE, size(20 + length), 1, CODE_DIRECTORY_SLOT, 20];
    let mut bytes: Vec<u8> = outer
        .into_iter()
        .chain(directory)
        .flat_map(u32::to_be_bytes)
        .collect();
    bytes.extend_from_slice(b"abc\0");
    bytes.extend(hashes.iter().flatten());
    bytes
}

/// The problem with a file that ends with a signature.
fn told(code: &[u8], signature: &[u8]) -> Option<String> {
    let told = check(&[code, signature].concat(), code.len(), signature.len());
    told.err().map(|error| error.to_string())
}

#[test]
fn a_signature_covers_every_byte_of_the_file() {
    for length in [1, 4096, 10_000] {
        let code: Vec<u8> = (0..=255).cycle().take(length).collect();
        let signature = signature(&code);
        assert_eq!(told(&code, &signature), None, "{length}");
        for place in [0, length / 2, length - 1] {
            let mut other = code.clone();
            other[place] ^= 1;
            let told = told(&other, &signature).unwrap();
            assert!(told.contains(&format!("page {}", place / 4096)), "{told}");
        }
    }
}

proptest! {
    #[test]
    fn a_signature_of_other_bytes_is_an_error_and_no_panic(
        code in vec(any::<u8>(), 0..9000),
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
    ) {
        let signature = signature(&code);
        let mut changed = signature.clone();
        for (place, byte) in changes {
            changed[place.index(signature.len())] = byte;
        }
        let _ = told(&code, &changed);
        prop_assert_eq!(told(&code, &signature), None);
    }
}
