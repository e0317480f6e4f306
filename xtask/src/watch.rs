//! `make watch`: what changes is built and deployed.
//!
//! git knows the files that matter, ignored ones left out. Their times are compared once a second, and a
//! build begins when a second has passed without another change: saving in many files is one change. A build
//! that fails is no reason to stop; the next change may mend it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use crate::deploy::{Server, deploy};
use crate::error::Error;
use crate::run::{read, root};

/// What a bundle is made of.
const SOURCES: [&str; 14] = [
    "Cargo.lock",
    "Cargo.toml",
    "assets",
    "guest",
    "host",
    "plugin.json",
    "public",
    "webapp/i18n",
    "webapp/package-lock.json",
    "webapp/package.json",
    "webapp/src",
    "webapp/tsconfig.json",
    "webapp/vite.config.ts",
    "wit",
];

type Times = BTreeMap<PathBuf, Option<SystemTime>>;

/// Deploys, and again after each change, until it is interrupted.
pub fn watch() -> Result<(), Error> {
    // What the environment lacks is said before the first build, and not after each.
    Server::from_environment()?;
    loop {
        // What changes during the build is a change after it.
        let built = times(&root())?;
        if let Err(error) = deploy() {
            println!("{error}");
        }
        println!("waiting for a change (press Ctrl-C to end)");
        let mut before = times(&root())?;
        loop {
            sleep(Duration::from_secs(1));
            let now = times(&root())?;
            if now != built && now == before {
                break;
            }
            before = now;
        }
    }
}

fn times(root: &Path) -> Result<Times, Error> {
    let mut command = Command::new("git");
    command.current_dir(root);
    command.args(["ls-files", "-z", "--cached", "--others"]);
    command.args(["--exclude-standard", "--"]).args(SOURCES);
    let names = read(&mut command).ok_or_else(|| Error::Failed("git ls-files".to_owned()))?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    let time = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    Ok(names
        .map(|name| (root.join(name), time(&root.join(name))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::times;
    use crate::run::scratch;
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_source_that_is_changed_added_or_removed_is_seen_and_nothing_else() {
        let root = scratch("watch");
        let git = Command::new("git")
            .args(["init", "-q"])
            .current_dir(&root)
            .status();
        assert!(git.unwrap().success());
        fs::create_dir_all(root.join("guest/src")).unwrap();
        let file = root.join("guest/src/lib.rs");
        fs::write(&file, "one").unwrap();
        let first = times(&root).unwrap();

        let later = SystemTime::now() + Duration::from_secs(5);
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(later)
            .unwrap();
        let changed = times(&root).unwrap();
        assert_ne!(first, changed);

        fs::write(root.join("guest/src/other.rs"), "").unwrap();
        let added = times(&root).unwrap();
        assert_ne!(changed, added);
        fs::remove_file(&file).unwrap();
        assert_ne!(times(&root).unwrap(), added);

        let before = times(&root).unwrap();
        fs::write(root.join("README.md"), "").unwrap();
        fs::write(root.join(".gitignore"), "build.rs\n").unwrap();
        fs::write(root.join("guest/build.rs"), "").unwrap();
        assert_eq!(times(&root).unwrap(), before);
        fs::remove_dir_all(root).unwrap();
    }
}
