//! Builds, tests, and measures the webapp with the npm scripts of its folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;

use crate::run::{cargo_with, root, run, target, within};

/// The limit of the script's size with all languages, in bytes.
const LIMIT: usize = 90_000;
/// The limit of its compressed size.
const PACKED_LIMIT: usize = 26_000;

/// The folder of the webapp.
pub fn folder() -> PathBuf {
    root().join("webapp")
}

/// npm, in the folder of the webapp.
pub fn npm(words: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder()).args(words);
    command.env("npm_config_loglevel", "error");
    command.env("npm_config_update_notifier", "false");
    // The tools set their own mode; a mode for all changes the script or omits packages.
    for name in ["NODE_ENV", "NODE_OPTIONS"] {
        command.env_remove(name);
    }
    command
}

/// A copy of the lock file whose packages are installed.
fn stamp() -> PathBuf {
    target().join("webapp").join("installed-lock.json")
}

/// Installs the packages of the lock file again, so that a release contains nothing else.
pub fn clean_install() -> Result<()> {
    let stamp = stamp();
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    install()
}

/// Installs the packages of the lock file unless they are installed.
pub fn install() -> Result<()> {
    let lock = folder().join("package-lock.json");
    let stamp = stamp();
    let wanted = fs::read(&lock)?;
    let there = folder().join("node_modules").is_dir();
    if there && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // Installation scripts would run with the builder's rights, and no package here needs one.
    let mut install = npm(&["ci", "--ignore-scripts", "--include=dev"]);
    run(install.args(["--no-audit", "--no-fund"]))?;
    let parent = target().join("webapp");
    fs::create_dir_all(&parent)?;
    Ok(fs::write(&stamp, wanted)?)
}

/// Builds the script that Mattermost's client loads, and returns its path.
pub fn build() -> Result<PathBuf> {
    install()?;
    run(&mut npm(&["run", "build"]))?;
    let script = folder().join("dist").join("main.js");
    let content = fs::read(&script)?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(&content).and_then(|()| packer.finish());
    let (size, packed) = (content.len(), packed?.len());
    println!("main.js: {size} bytes, {packed} compressed");
    within("main.js", size, LIMIT)?;
    within("main.js compressed", packed, PACKED_LIMIT)?;
    Ok(script)
}

/// Builds the test client and the gallery with the built plugin.
pub fn build_pages() -> Result<()> {
    let script = build()?;
    run(&mut npm(&["run", "build:test-pages"]))?;
    let pages = folder().join("build");
    for (from, to) in [
        (script.as_path(), "main.js"),
        (Path::new("gallery/index.html"), "index.html"),
    ] {
        let from = folder().join(from);
        fs::copy(&from, pages.join(to))?;
    }
    Ok(())
}

/// Builds the test client of the demo, and returns its folder.
pub fn build_demo_page() -> Result<PathBuf> {
    run(&mut npm(&["run", "build:demo-page"]))?;
    Ok(folder().join("build"))
}

/// The command that runs the browser suite on a bundle.
pub fn browser_suite(bundle: &Path) -> Result<Command> {
    build_pages()?;
    let build = "build --locked --release -p plugin-tests --bin serve-site";
    run(&mut cargo_with(build))?;
    let mut suite = npm(&["run", "--silent", "e2e", "--", "--reporter=tap-flat"]);
    suite.env("SERVE_SITE", target().join("release/serve-site"));
    suite.env("PLUGIN_BUNDLE", bundle);
    Ok(suite)
}

/// Measures the built plugin in a browser and prints the results.
pub fn benchmark() -> Result<()> {
    build_pages()?;
    run(&mut npm(&["run", "--silent", "bench"]))
}

/// Builds the gallery and serves it until it is interrupted.
pub fn gallery() -> Result<()> {
    build_pages()?;
    println!("the gallery: http://127.0.0.1:4173/index.html (press Ctrl-C to end)");
    run(&mut npm(&["run", "gallery"]))
}
