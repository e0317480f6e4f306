//! Checks that a part of the bundle does not contain the folders it was built in.
//!
//! Such a part differs on every machine. `.cargo/rustc-without-paths` removes the folders; they return if a part is older
//! than that file, because cargo does not rebuild for it.

use std::fs;
use std::path::Path;

use crate::error::{Error, at};
use crate::run::{root, target};

/// Says so, or fails for what is to be published, when this machine's folders are named in a file.
pub fn check(part: &Path, published: bool) -> Result<(), Error> {
    let content = fs::read(part).map_err(at(part))?;
    let cargo = std::env::var("CARGO_HOME").ok();
    let home = std::env::var("HOME")
        .ok()
        .map(|home| format!("{home}/.cargo"));
    let own = [target(), root()].map(|folder| Some(folder.display().to_string()));
    let folders = [cargo, home].into_iter().chain(own).flatten();
    let folders: Vec<String> = folders.collect();
    let Some(folder) = named(&content, &folders) else {
        return Ok(());
    };
    let text = format!(
        "{} names {folder}, so that no other machine can build the same: run `cargo clean`, and build again",
        part.display()
    );
    if published {
        return Err(Error::Needed(text));
    }
    println!("warning: {text}");
    Ok(())
}

/// The first of some folders that is named in some bytes.
fn named<'a>(content: &[u8], folders: &'a [String]) -> Option<&'a str> {
    let within = |folder: &&String| {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        prefix.len() > 1 && find(content, prefix.as_bytes())
    };
    folders.iter().find(within).map(String::as_str)
}

fn find(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::run::{root, scratch, target};
    use std::fs;

    #[test]
    fn what_names_the_folder_it_was_built_in_is_not_published() {
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
        // This program looks for its sources, and so names them.
        assert!(check(&std::env::current_exe().unwrap(), true).is_err());
    }
}
