//! Builds the bundles and the files that are published with them.
//!
//! The same sources give the same bytes: archive entries are sorted and have no owner and no time. The version is written
//! into the manifest before the host is built, because the host embeds the manifest.
//!
//! Next to the bundles are their checksums, an SBOM for each platform, NOTICE, and signatures if a key is named. `dist`
//! contains only what can be published; builds for tests go to `target/bundle`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libdeflater::{CompressionError, CompressionLvl, Compressor};
use serde_json::Value;

use crate::error::{Error, at};
use crate::packages::Package;
use crate::platforms::{LIMIT, LIMIT_OF_ONE, LINUX, PLATFORMS, Platform};
use crate::run::{cargo, json, root, run, target, variable, write_if_changed};
use crate::version::{has_changes, is_shallow};
use crate::zig::{Zig, link_argument, linked_by_rust};
use crate::{
    checksums, embedded, env_check, guides, inspect, notice, npm, packages, path_leaks, sbom, sign,
    toolchain, version, webapp,
};

/// The limit of the stripped executable's size, in bytes.
const EXECUTABLE_LIMIT: u64 = 8_500_000;

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
    fn sums(&self) -> Result<String, Error> {
        let path = self.folder.join(checksums::NAME);
        fs::read_to_string(&path).map_err(at(&path))
    }

    /// The executable for this machine.
    pub fn executable(&self) -> Result<&Path, Error> {
        self.executable_for(&LINUX)
    }

    /// The executable for a platform.
    pub fn executable_for(&self, platform: &Platform) -> Result<&Path, Error> {
        let found = self
            .executables
            .iter()
            .find(|(name, _)| *name == platform.name);
        let found = found.map(|(_, path)| path.as_path());
        found.ok_or_else(|| Error::Failed(format!("nothing was built for {}", platform.name)))
    }
}

/// Builds the bundles of a release for all platforms, signed if a key is named.
pub fn dist() -> Result<Dist, Error> {
    if variable(sign::KEY).is_some() && (has_changes() || is_shallow()) {
        let text = "only a clean commit can be signed: commit or stash your changes, and fetch all commits and tags \
                    (`git fetch --unshallow --tags`)";
        return Err(Error::Needed(text.to_owned()));
    }
    if let Some(strays) = version::strays(&FOLDERS) {
        let text = format!(
            "{} are packed as they are, and this is in no commit:\n{strays}\ncommit it, or remove it",
            FOLDERS.join(" and ")
        );
        return Err(Error::Needed(text));
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
pub fn here() -> Result<Dist, Error> {
    tried(&[&LINUX], None)
}

/// Builds the bundles for some platforms for tests: with the linker of releases, or, for this machine only, with its own.
pub fn tried(platforms: &[&Platform], zig: Option<&Zig>) -> Result<Dist, Error> {
    let folder = target().join("bundle");
    let (version, time) = (checked_version()?, version::time()?);
    build(&version, time, platforms, zig, &folder)
}

/// Packs the bundles a second time. The bytes must be the same.
pub fn again(first: &Dist, platforms: &[&Platform], zig: Option<&Zig>) -> Result<(), Error> {
    let folder = target().join("bundle-again");
    let time = first.time.clone();
    let second = build(&first.version, time, platforms, zig, &folder)?.sums()?;
    fs::remove_dir_all(&folder).map_err(at(&folder))?;
    let first = first.sums()?;
    if first == second {
        return Ok(());
    }
    let text = format!("the same files gave other bytes: the sums were\n{first}and are\n{second}");
    Err(Error::Failed(text))
}

/// The version of the sources, with warnings about it.
fn checked_version() -> Result<String, Error> {
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
pub fn check_machine() -> Result<(), Error> {
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(());
    }
    let text = "the bundle is built on linux-amd64, and only there";
    Err(Error::Needed(text.to_owned()))
}

fn build(
    version: &str,
    time: Option<String>,
    platforms: &[&Platform],
    zig: Option<&Zig>,
    folder: &Path,
) -> Result<Dist, Error> {
    check_machine()?;
    let (id, mut manifest, manifest_file) = manifest(version)?;
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
    let about = sbom::About {
        version,
        time: time.as_deref(),
        rust: &rust,
    };
    let prefix = format!("{id}/");
    fs::create_dir_all(folder).map_err(at(folder))?;
    remove_old(folder)?;

    let mut executables = Vec::new();
    let mut programs = Vec::new();
    let mut lists = Vec::new();
    let mut linked = Vec::new();
    let mut published = Vec::new();
    for platform in platforms {
        let (executable, packages) = executable(platform, zig, &manifest_file)?;
        for part in [&executable, &component(), &script] {
            path_leaks::check(part, zig.is_some())?;
        }
        inspect::check(&executable, platform)?;
        let size = fs::metadata(&executable).map_err(at(&executable))?.len();
        println!("executable for {}: {size} bytes", platform.name);
        within("the executable", size, EXECUTABLE_LIMIT)?;

        let content = fs::read(&executable).map_err(at(&executable))?;
        let program = Entry::program(platform.executable, content);
        let parts = zig.map_or_else(|| Ok(linked_by_rust(&rust)), |zig| zig.parts(platform))?;
        let notice = notice::notice(&packages, &scripts, &parts)?;
        only(&mut manifest, &[platform]);
        let mut entries = common.clone();
        entries.extend([
            Entry::file("plugin.json", text(&manifest).into_bytes()),
            Entry::file("NOTICE", notice.into_bytes()),
            program.clone(),
        ]);
        let name = format!("zoom-{version}-{}", platform.name);
        let packed = pack(&prefix, entries)?;
        within("the bundle", packed.len() as u64, LIMIT_OF_ONE)?;
        published.push(write(folder, &format!("{name}.tar.gz"), &packed)?);
        let bill = sbom::sbom(&about, &packages, &scripts, &parts);
        let bill_name = format!("{name}.cdx.json");
        published.push(write(folder, &bill_name, bill.as_bytes())?);
        executables.push((platform.name, executable));
        programs.push(program);
        lists.push(packages);
        linked.extend(parts);
    }

    linked.sort();
    linked.dedup();
    let packages = packages::merged(lists);
    let notice = notice::notice(&packages, &scripts, &linked)?.into_bytes();
    published.push(write(folder, "NOTICE", &notice)?);
    only(&mut manifest, platforms);
    let mut entries = common;
    entries.extend(programs);
    entries.extend([
        Entry::file("plugin.json", text(&manifest).into_bytes()),
        Entry::file("NOTICE", notice),
    ]);
    let packed = pack(&prefix, entries)?;
    within("the bundle for all platforms", packed.len() as u64, LIMIT)?;
    let bundle = write(folder, &format!("zoom-{version}.tar.gz"), &packed)?;
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
fn manifest(version: &str) -> Result<(String, Value, PathBuf), Error> {
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
) -> Result<(PathBuf, Vec<Package>), Error> {
    let packages = packages::packages(platform.triple)?;
    let list = embedded::list(&packages)?;
    let list_file = target()
        .join("dist")
        .join(format!("packages-{}.json", platform.name));
    write_if_changed(&list_file, list.as_bytes())?;
    let built = build_host(&Build {
        component: None,
        manifest,
        packages: Some(&list_file),
        platform,
        zig,
    })?;
    let executable = kept(&built, "dist", platform)?;
    embedded::check(&executable, &list)?;
    Ok((executable, packages))
}

/// Builds the plugin's executable for this machine, without the bundle.
pub fn server() -> Result<(), Error> {
    check_machine()?;
    let (_, _, file) = manifest(&checked_version()?)?;
    let (executable, _) = executable(&LINUX, None, &file)?;
    println!("{}", executable.display());
    Ok(())
}

/// Builds the host with the component of `tests/guests/hello` and returns a copy of it. With the linker of the bundle,
/// so that little is compiled again.
pub fn hello(zig: Option<&Zig>) -> Result<PathBuf, Error> {
    hello_for(&LINUX, zig, &hello_manifest())
}

/// The manifest of that component.
pub fn hello_manifest() -> PathBuf {
    root().join("tests/guests/hello/plugin.json")
}

/// The same for a platform, with that manifest or another.
pub fn hello_for(
    platform: &Platform,
    zig: Option<&Zig>,
    manifest: &Path,
) -> Result<PathBuf, Error> {
    let component = hello_component()?;
    let built = build_host(&Build {
        component: Some(&component),
        manifest,
        packages: None,
        platform,
        zig,
    })?;
    kept(&built, "hello", platform)
}

/// Builds that component like its author would, and returns its path.
fn hello_component() -> Result<PathBuf, Error> {
    let folder = components();
    let mut command = cargo();
    command.current_dir(root().join("tests/guests/hello"));
    command.args(["build", "--locked", "--profile", "guest"]);
    command.args(["--target", "wasm32-wasip2", "--target-dir"]);
    run(command.arg(&folder))?;
    Ok(folder.join("wasm32-wasip2/guest/hello_guest.wasm"))
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
    let path = folder.join(name);
    fs::write(&path, content).map_err(at(&path))?;
    println!("{}: {} bytes", path.display(), content.len());
    Ok(path)
}

/// Packs another plugin's manifest and executable into the bundle `target/bench/NAME.tar.gz`.
pub fn small(name: &str, manifest: &Path, executable: &Path) -> Result<PathBuf, Error> {
    let (id, manifest) = versioned(manifest, "0.1.0")?;
    let content = fs::read(executable).map_err(at(executable))?;
    let entries = vec![
        Entry::file("plugin.json", text(&manifest).into_bytes()),
        Entry::program(LINUX.executable, content),
    ];
    let packed = pack(&format!("{id}/"), entries)?;
    let folder = target().join("bench");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let bundle = folder.join(format!("{name}.tar.gz"));
    fs::write(&bundle, packed).map_err(at(&bundle))?;
    Ok(bundle)
}

/// Copies an executable, because the next build replaces it.
fn kept(built: &Path, name: &str, platform: &Platform) -> Result<PathBuf, Error> {
    let folder = target().join(name).join(platform.name);
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let copy = folder.join(built.file_name().unwrap_or_default());
    fs::copy(built, &copy).map_err(at(&copy))?;
    Ok(copy)
}

/// The inputs of a host.
struct Build<'a> {
    /// The component's folder or file, if it is not our own.
    component: Option<&'a Path>,
    manifest: &'a Path,
    /// The list of packages to embed.
    packages: Option<&'a Path>,
    platform: &'a Platform,
    zig: Option<&'a Zig>,
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

fn build_host(build: &Build) -> Result<PathBuf, Error> {
    env_check::check_wrapper()?;
    if build.zig.is_some() {
        env_check::check()?;
    }
    toolchain::complete()?;
    let triple = build.platform.triple;
    toolchain::add_target(triple)?;
    let mut command = match build.zig {
        Some(zig) => zig.cargo_rustc(build.platform),
        None => own_cargo_rustc(triple),
    };
    command.args(["--locked", "--release", "-p", packages::HOST]);
    command.args(["--bin", "plugin-host"]);
    command.env("PLUGIN_MANIFEST", build.manifest);
    command.env("COMPONENTS_FOLDER", components());
    match build.component {
        Some(folder) => command.env("PLUGIN_COMPONENT", folder),
        None => command.env_remove("PLUGIN_COMPONENT"),
    };
    match build.packages {
        Some(list) => command.env("PLUGIN_PACKAGES", list),
        None => command.env_remove("PLUGIN_PACKAGES"),
    };
    command.arg("--").args(WHOLE_PROGRAM);
    if build.zig.is_some() {
        command.arg(link_argument(build.platform));
    }
    run(&mut command)?;
    let mut executable = target().join(triple).join("release/plugin-host");
    if build.platform.executable.ends_with(".exe") {
        executable.set_extension("exe");
    }
    Ok(executable)
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
fn versioned(path: &Path, version: &str) -> Result<(String, Value), Error> {
    let content = |problem: &str| Error::Content {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let mut value = json(path)?;
    let id = value.get("id").and_then(Value::as_str);
    let id = id.ok_or_else(|| content("there is no id"))?.to_owned();
    let Some(fields) = value.as_object_mut() else {
        return Err(content("it is not an object"));
    };
    fields.insert("version".to_owned(), version.into());
    Ok((id, value))
}

/// Leaves only these platforms' executables in a manifest.
fn only(manifest: &mut Value, platforms: &[&Platform]) {
    let named = platforms
        .iter()
        .map(|platform| (platform.name.to_owned(), platform.executable.into()));
    if let Some(executables) = manifest.pointer_mut("/server/executables") {
        *executables = Value::Object(named.collect());
    }
}

/// A manifest as it is written.
fn text(manifest: &Value) -> String {
    format!("{manifest:#}\n")
}

fn remove_old(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let of_a_version = name.starts_with("zoom-") && ENDS.iter().any(|end| name.ends_with(end));
        if of_a_version || name == "NOTICE" || name.starts_with(checksums::NAME) {
            fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
        }
    }
    Ok(())
}

fn within(what: &'static str, bytes: u64, limit: u64) -> Result<(), Error> {
    if bytes > limit {
        return Err(Error::TooLarge { what, bytes, limit });
    }
    Ok(())
}

/// One file of the bundle.
#[derive(Clone)]
pub struct Entry {
    name: String,
    mode: u32,
    content: Vec<u8>,
}

impl Entry {
    /// A program.
    pub fn program(name: &str, content: Vec<u8>) -> Self {
        Self {
            mode: 0o755,
            ..Self::file(name, content)
        }
    }

    /// A file that is not a program.
    pub fn file(name: &str, content: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            mode: 0o644,
            content,
        }
    }

    fn read(name: &str, path: &Path) -> Result<Self, Error> {
        Ok(Self::file(name, fs::read(path).map_err(at(path))?))
    }

    fn read_folder(name: &str, path: &Path) -> Result<Vec<Self>, Error> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(at(path))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                let problem = "this is a folder, and only files are packed from the one above: move what is in it \
                               there, or remove it";
                return Err(Error::Content {
                    path,
                    problem: problem.to_owned(),
                });
            }
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            entries.push(Self::read(&name, &path)?);
        }
        Ok(entries)
    }
}

/// Packs files below a folder of that name. The same files give the same bytes.
pub fn pack(prefix: &str, mut entries: Vec<Entry>) -> Result<Vec<u8>, Error> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let mut archive = tar::Builder::new(Vec::new());
    let failed = |source| Error::File {
        path: PathBuf::from("bundle"),
        source,
    };
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        let name = format!("{prefix}{}", entry.name);
        archive
            .append_data(&mut header, name, entry.content.as_slice())
            .map_err(failed)?;
    }
    let archive = archive.into_inner().map_err(failed)?;
    compressed(&archive).map_err(|error| Error::Failed(format!("packing the bundle: {error}")))
}

/// Gzip data without name and time.
fn compressed(content: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor.gzip_compress(content, &mut packed)?;
    packed.truncate(length);
    Ok(packed)
}

#[cfg(test)]
#[path = "../tests/unit/bundle.rs"]
mod tests;
