//! Builds the bundles and the files that are published with them.
//!
//! The same sources give the same bytes: archive entries are sorted and have no owner and no time. The version is written
//! into the manifest before the host is built, because the host embeds the manifest.
//!
//! Next to the bundles are their checksums, an SBOM for each platform, NOTICE, and signatures if a key is named. `dist`
//! contains only what can be published; builds for tests go to `target/bundle`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use serde_json::Value;

use crate::archive::{Entry, pack};
use crate::packages::Package;
use crate::platforms::{LIMIT, LIMIT_OF_ONE, LINUX, PLATFORMS, Platform};
use crate::run::{cargo, json, root, run, set, target, variable, within, write_if_changed};
use crate::version::{has_changes, is_shallow};
use crate::zig::{Zig, link_argument, linked_by_rust};
use crate::{
    checksums, embedded, env_check, guides, inspect, notice, npm, packages, path_leaks, sbom, sign,
    toolchain, version, webapp,
};

/// The limit of the stripped executable's size, in bytes.
const EXECUTABLE_LIMIT: usize = 8_500_000;

/// Links the executable with link-time optimization, which makes it much smaller. Only the last step of the build
/// differs, so nothing is compiled twice.
const WHOLE_PROGRAM: [&str; 2] = ["-Clto=fat", "-Ccodegen-units=1"];

/// The documents in the bundle, in addition to the rendered guides.
const DOCUMENTS: [&str; 3] = ["LICENSE", "README.md", "SECURITY.md"];

/// Folders that are packed unchanged.
const FOLDERS: [&str; 2] = ["assets", "public"];

/// Suffixes of the files that a new build replaces.
const ENDS: [&str; 3] = [".tar.gz", ".tar.gz.sig", ".cdx.json"];

/// The bundles and the files published with them.
pub struct Dist {
    /// The bundle for all platforms that were asked for.
    pub bundle: PathBuf,
    /// The folder of all files.
    pub folder: PathBuf,
    version: String,
    /// The time of the commit.
    time: Option<String>,
    /// Platform names and executables.
    executables: Vec<(&'static str, PathBuf)>,
    /// Files to sign: the bundles and the checksums.
    signed: Vec<PathBuf>,
}

impl Dist {
    /// The text of `SHA256SUMS`.
    fn sums(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join(checksums::NAME))?)
    }

    /// The executable for this machine.
    pub fn executable(&self) -> Result<&Path> {
        self.executable_for(&LINUX)
    }

    /// The executable for a platform.
    pub fn executable_for(&self, platform: &Platform) -> Result<&Path> {
        let mut executables = self.executables.iter();
        let found = executables.find(|(name, _)| *name == platform.name);
        let (_, path) =
            found.with_context(|| format!("nothing was built for {}", platform.name))?;
        Ok(path)
    }
}

/// Builds the bundles of a release for all platforms, signed if a key is named.
pub fn dist() -> Result<Dist> {
    ensure!(
        variable(sign::KEY).is_none() || !(has_changes() || is_shallow()),
        "only a clean commit can be signed: commit or stash your changes, and fetch all commits and tags (`git fetch \
         --unshallow --tags`)"
    );
    if let Some(strays) = version::strays(&FOLDERS) {
        bail!(
            "{} are packed as they are, and this is in no commit:\n{strays}\ncommit it, or remove it",
            FOLDERS.join(" and ")
        );
    }
    webapp::clean_install()?;
    let platforms: Vec<_> = PLATFORMS.iter().collect();
    let (zig, version, time) = (Zig::install()?, checked_version()?, version::time()?);
    let dist = build(&version, time, &platforms, Some(&zig), &root().join("dist"))?;
    for path in &dist.signed {
        sign::sign(path)?;
    }
    Ok(dist)
}

/// Builds the bundle for this machine only, with this machine's tools, for tests.
pub fn here() -> Result<Dist> {
    tried(&[&LINUX], None)
}

/// Builds the bundles for some platforms for tests: with the linker of releases, or, for this machine only, with its own.
pub fn tried(platforms: &[&Platform], zig: Option<&Zig>) -> Result<Dist> {
    let folder = target().join("bundle");
    let (version, time) = (checked_version()?, version::time()?);
    build(&version, time, platforms, zig, &folder)
}

/// Packs the bundles a second time. The bytes must be the same.
pub fn again(first: &Dist, platforms: &[&Platform], zig: Option<&Zig>) -> Result<()> {
    let folder = target().join("bundle-again");
    let time = first.time.clone();
    let second = build(&first.version, time, platforms, zig, &folder)?.sums()?;
    fs::remove_dir_all(&folder)?;
    let first = first.sums()?;
    ensure!(
        first == second,
        "the same files gave other bytes: the sums were\n{first}and are\n{second}"
    );
    Ok(())
}

/// The version of the sources, with warnings about it.
fn checked_version() -> Result<String> {
    let version = version::version()?;
    if has_changes() {
        println!(
            "warning: {version} is not what this is built from: there are changes that are not committed"
        );
    }
    if is_shallow() {
        println!(
            "warning: {version} may lack its tag, for older commits are missing: `git fetch --unshallow --tags`"
        );
    }
    Ok(version)
}

/// Fails if this machine cannot build bundles.
pub fn check_machine() -> Result<()> {
    let fits = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    ensure!(fits, "the bundle is built on linux-amd64, and only there");
    Ok(())
}

fn build(
    version: &str,
    time: Option<String>,
    platforms: &[&Platform],
    zig: Option<&Zig>,
    folder: &Path,
) -> Result<Dist> {
    check_machine()?;
    let (id, manifest, manifest_file) = manifest(version)?;
    let script = webapp::build()?;
    let scripts = npm::packages()?;
    let rust = toolchain::version()?;

    let mut common = vec![Entry::read("webapp/dist/main.js", &script)?];
    for name in DOCUMENTS {
        common.push(Entry::read(name, &root().join(name))?);
    }
    let pages = guides::pages()?.into_iter();
    common.extend(pages.map(|(name, text)| Entry::file(&name, text.into_bytes())));
    for name in FOLDERS {
        common.extend(Entry::read_folder(name, &root().join(name))?);
    }
    let packed = |platforms: &[&Platform], programs: &[Entry], notice: &str| {
        let manifest = text(&only(&manifest, platforms));
        let mut entries = [common.as_slice(), programs].concat();
        entries.push(Entry::file("plugin.json", manifest.into_bytes()));
        entries.push(Entry::file("NOTICE", notice.as_bytes().to_vec()));
        pack(&format!("{id}/"), entries)
    };
    let about = sbom::About {
        version,
        time: time.as_deref(),
        rust: &rust,
    };
    fs::create_dir_all(folder)?;
    remove_old(folder)?;

    let (mut executables, mut programs) = (Vec::new(), Vec::new());
    let (mut lists, mut linked, mut published) = (Vec::new(), Vec::new(), Vec::new());
    for platform in platforms {
        let (executable, packages) = executable(platform, zig, &manifest_file)?;
        for part in [&executable, &component(), &script] {
            path_leaks::check(part, zig.is_some())?;
        }
        inspect::check(&executable, platform)?;
        let content = fs::read(&executable)?;
        println!("executable for {}: {} bytes", platform.name, content.len());
        within("the executable", content.len(), EXECUTABLE_LIMIT)?;

        let program = Entry::program(platform.executable, content);
        let parts = zig.map_or_else(|| Ok(linked_by_rust(&rust)), |zig| zig.parts(platform))?;
        let notice = notice::notice(&packages, &scripts, &parts)?;
        let bundle = packed(&[platform], std::slice::from_ref(&program), &notice)?;
        within("the bundle", bundle.len(), LIMIT_OF_ONE)?;
        let name = format!("zoom-{version}-{}", platform.name);
        published.push(write(folder, &format!("{name}.tar.gz"), &bundle)?);
        let bill = sbom::sbom(&about, &packages, &scripts, &parts);
        published.push(write(folder, &format!("{name}.cdx.json"), bill.as_bytes())?);
        executables.push((platform.name, executable));
        programs.push(program);
        lists.push(packages);
        linked.extend(parts);
    }

    linked.sort();
    linked.dedup();
    let notice = notice::notice(&packages::merged(lists), &scripts, &linked)?;
    published.push(write(folder, "NOTICE", notice.as_bytes())?);
    let all = packed(platforms, &programs, &notice)?;
    within("the bundle for all platforms", all.len(), LIMIT)?;
    let bundle = write(folder, &format!("zoom-{version}.tar.gz"), &all)?;
    published.push(bundle.clone());

    let sums = checksums::write(folder, &published)?;
    published.retain(|path| path.extension().is_some_and(|end| end == "gz"));
    published.push(sums);
    let names: Vec<_> = platforms.iter().map(|platform| platform.name).collect();
    println!("the bundle is for {}", names.join(", "));
    if platforms.len() < PLATFORMS.len() {
        println!("`make dist` builds it for all");
    }
    Ok(Dist {
        bundle,
        folder: folder.to_owned(),
        version: version.to_owned(),
        time,
        executables,
        signed: published,
    })
}

/// The plugin's ID, its manifest with a version, and the file that the host embeds.
fn manifest(version: &str) -> Result<(String, Value, PathBuf)> {
    let (id, manifest) = versioned(&root().join("plugin.json"), version)?;
    let file = target().join("dist").join("plugin.json");
    write_if_changed(&file, text(&manifest).as_bytes())?;
    Ok((id, manifest, file))
}

/// Builds the plugin's executable with its list of packages, and returns both.
fn executable(
    platform: &Platform,
    zig: Option<&Zig>,
    manifest: &Path,
) -> Result<(PathBuf, Vec<Package>)> {
    let packages = packages::packages(platform.triple)?;
    let list = embedded::list(&packages)?;
    let list_file = target().join(format!("dist/packages-{}.json", platform.name));
    write_if_changed(&list_file, list.as_bytes())?;
    let executable = build_host("dist", platform, zig, manifest, |command| {
        let command = command.env("PLUGIN_PACKAGES", &list_file);
        command.env_remove("PLUGIN_COMPONENT");
    })?;
    embedded::check(&executable, &list)?;
    Ok((executable, packages))
}

/// Builds the plugin's executable for this machine, without the bundle.
pub fn server() -> Result<()> {
    check_machine()?;
    let (_, _, file) = manifest(&checked_version()?)?;
    let (executable, _) = executable(&LINUX, None, &file)?;
    println!("{}", executable.display());
    Ok(())
}

/// Builds the host with the component of `tests/guests/hello` and returns a copy of it. With the linker of the bundle,
/// so that little is compiled again.
pub fn hello(zig: Option<&Zig>) -> Result<PathBuf> {
    hello_for(&LINUX, zig, &hello_manifest())
}

/// The manifest of that component.
pub fn hello_manifest() -> PathBuf {
    root().join("tests/guests/hello/plugin.json")
}

/// The same for a platform, with that manifest or another.
pub fn hello_for(platform: &Platform, zig: Option<&Zig>, manifest: &Path) -> Result<PathBuf> {
    // The component is built like its author would.
    let mut command = cargo();
    command.current_dir(root().join("tests/guests/hello"));
    command.args(["build", "--locked", "--profile", "guest"]);
    command.args(["--target", "wasm32-wasip2", "--target-dir"]);
    run(command.arg(components()))?;
    let component = components().join("wasm32-wasip2/guest/hello_guest.wasm");
    build_host("hello", platform, zig, manifest, |command| {
        let command = command.env("PLUGIN_COMPONENT", &component);
        command.env_remove("PLUGIN_PACKAGES");
    })
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, content)?;
    println!("{}: {} bytes", path.display(), content.len());
    Ok(path)
}

/// Packs another plugin's manifest and executable into the bundle `target/bench/NAME.tar.gz`.
pub fn small(name: &str, manifest: &Path, executable: &Path) -> Result<PathBuf> {
    let (id, manifest) = versioned(manifest, "0.1.0")?;
    let content = fs::read(executable)?;
    let entries = vec![
        Entry::file("plugin.json", text(&manifest).into_bytes()),
        Entry::program(LINUX.executable, content),
    ];
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    write(
        &folder,
        &format!("{name}.tar.gz"),
        &pack(&format!("{id}/"), entries)?,
    )
}

/// The folder where components are built. Without its name, the build script looks for the outermost target folder,
/// which is another one if this target folder is inside it.
fn components() -> PathBuf {
    target().join("components")
}

/// The component that was built last, before it is compiled to machine code.
fn component() -> PathBuf {
    components().join("wasm32-wasip2/guest/zoom_guest.wasm")
}

/// Builds the host, and copies it to a folder of this name, because the next build replaces it.
fn build_host(
    name: &str,
    platform: &Platform,
    zig: Option<&Zig>,
    manifest: &Path,
    inputs: impl FnOnce(&mut Command),
) -> Result<PathBuf> {
    env_check::check_wrapper()?;
    if zig.is_some() {
        env_check::check()?;
    }
    toolchain::complete()?;
    let triple = platform.triple;
    toolchain::add_target(triple)?;
    let mut command = zig.map_or_else(|| own_cargo_rustc(triple), |zig| zig.cargo_rustc(platform));
    command.args(["--locked", "--release", "-p", packages::HOST]);
    command
        .args(["--bin", "plugin-host", "--"])
        .args(WHOLE_PROGRAM);
    command.args(zig.map(|_| link_argument(platform)));
    command.env("PLUGIN_MANIFEST", manifest);
    command.env("COMPONENTS_FOLDER", components());
    inputs(&mut command);
    run(&mut command)?;
    let mut built = target().join(triple).join("release/plugin-host");
    if platform.executable.ends_with(".exe") {
        built.set_extension("exe");
    }
    let folder = target().join(name).join(platform.name);
    fs::create_dir_all(&folder)?;
    let copy = folder.join(built.file_name().unwrap_or_default());
    fs::copy(&built, &copy)?;
    Ok(copy)
}

/// `cargo rustc` with this machine's tools. Rust links its own musl. C code is compiled against the machine's C library,
/// and must not use functions that musl does not have.
fn own_cargo_rustc(triple: &str) -> Command {
    let mut command = cargo();
    command.args(["rustc", "--target", triple]);
    for (name, value) in [("CC", "cc"), ("CFLAGS", "-U_FORTIFY_SOURCE")] {
        let name = format!("{name}_{}", triple.replace('-', "_"));
        if variable(&name).is_none() {
            command.env(name, value);
        }
    }
    command
}

/// The id in a manifest, and the manifest with a version.
fn versioned(path: &Path, version: &str) -> Result<(String, Value)> {
    let mut value = json(path)?;
    let id = value.get("id").and_then(Value::as_str);
    let id = id.context("the manifest has no id")?.to_owned();
    set(&mut value, "version", version);
    Ok((id, value))
}

/// A manifest with only these platforms' executables.
fn only(manifest: &Value, platforms: &[&Platform]) -> Value {
    let mut manifest = manifest.clone();
    let named = platforms.iter();
    let named = named.map(|platform| (platform.name.to_owned(), platform.executable.into()));
    if let Some(executables) = manifest.pointer_mut("/server/executables") {
        *executables = Value::Object(named.collect());
    }
    manifest
}

/// A manifest as it is written.
fn text(manifest: &Value) -> String {
    format!("{manifest:#}\n")
}

fn remove_old(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let of_a_version = name.starts_with("zoom-") && ENDS.iter().any(|end| name.ends_with(end));
        if of_a_version || name == "NOTICE" || name.starts_with(checksums::NAME) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
