use super::{generate, path};
use std::fs;

#[test]
fn the_committed_reference_is_current() {
    let committed = fs::read_to_string(path()).unwrap();
    let current = generate().unwrap();
    assert!(committed == current, "run `cargo xtask api-reference`");
}
