use super::check;
use crate::run::{root, scratch, target};
use std::fs;

#[test]
fn a_published_file_must_not_contain_build_paths() {
    let folder = scratch("path_leaks");
    let part = folder.join("part");
    let home = std::env::var("HOME").unwrap() + "/.cargo";
    for name in [home.into(), target(), root()] {
        let name = name.display();
        fs::write(&part, format!("\0\u{1}{name}/registry/src/x.rs\0")).unwrap();
        let told = check(&part, true).unwrap_err().to_string();
        assert!(told.contains(&format!("names {name}")), "{told}");
        check(&part, false).unwrap();
    }
    fs::write(&part, "\0tokio-1.0.0/src/x.rs\0").unwrap();
    check(&part, true).unwrap();
    fs::remove_dir_all(folder).unwrap();
    // This program contains the path of its sources, because it reads them.
    assert!(check(&std::env::current_exe().unwrap(), true).is_err());
}
