//! What of the machine would change what is published, and is not in the sources.
//!
//! It is refused, not overridden: who set it meant something by it, and is told. Variables are known by their names.
//! Of cargo's own files of configuration, at home and in the folders above the checkout, all is refused but what is
//! about fetching and about showing: packages have sums, so that it does not matter where they come from. A list of
//! what is harmless, rather than of what is not, also holds for keys that a later cargo knows.
//!
//! The compiler counts by its version, however it was chosen: see `toolchain`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, at};
use crate::run::root;
use crate::toolchain;

/// Variables that would change what is compiled or linked: cargo's, rustc's, and those by which compilers for C are
/// found and told.
const NAMES: [&str; 8] = [
    "AR",
    "CC",
    "CPATH",
    "C_INCLUDE_PATH",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "SDKROOT",
];

/// What others of these begin with.
const BEGINNINGS: [&str; 16] = [
    "AR_",
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOST_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "CARGO_ZIGBUILD_",
    "CC_",
    "CFLAGS",
    "CRATE_CC_NO_DEFAULTS",
    "RANLIB_",
    "RUSTC_BOOTSTRAP",
    "RUSTFLAGS",
    "TARGET_",
    "ZIG",
];

/// What begins so, and says only where and how fast.
const HARMLESS: [&str; 3] = [
    "CARGO_BUILD_JOBS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
];

/// What replaces the project's own wrapper of the compiler, also where it is set to nothing.
const WRAPPERS: [&str; 2] = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"];

/// The names that cargo's file of configuration has, the newer first.
pub const FILES: [&str; 2] = ["config.toml", "config"];

/// What may be set there.
const FINE: [&str; 12] = [
    "alias",
    "cargo-new",
    "credential-alias",
    "doc",
    "future-incompat-report",
    "http",
    "install",
    "net",
    "registries",
    "registry",
    "source",
    "term",
];

/// Refuses what no executable can be built with.
pub fn check_wrapper() -> Result<(), Error> {
    let found = WRAPPERS
        .iter()
        .find(|name| std::env::var_os(name).is_some());
    let Some(name) = found else { return Ok(()) };
    let text = format!(
        "{name} replaces .cargo/rustc-without-paths, without which the executable cannot be linked: \
         unset it, run `cargo clean`, and build again"
    );
    Err(Error::Needed(text))
}

/// Refuses what would change what is published.
pub fn check() -> Result<(), Error> {
    let mut variables = std::env::vars_os().map(|(name, value)| {
        let [name, value] = [name, value].map(|text| text.to_string_lossy().into_owned());
        (name, value)
    });
    if let Some((name, _)) = variables.find(|(name, value)| is_flag(name, value)) {
        let text = format!(
            "{name} would change what is published, and is not in the sources: unset it, and build again"
        );
        return Err(Error::Needed(text));
    }
    let root = root();
    let own = fs::read(root.join(".cargo/config.toml")).unwrap_or_default();
    let above = root.ancestors().skip(1);
    let mut folders: Vec<_> = above.map(|folder| folder.join(".cargo")).collect();
    folders.push(home_of_cargo()?);
    for folder in folders {
        check_configuration(&folder, &own)?;
    }
    toolchain::check_version()
}

/// Whether a variable would change it.
fn is_flag(name: &str, value: &str) -> bool {
    // To be without it, which is what is published, is often said.
    if name == "CARGO_INCREMENTAL" {
        return value != "0";
    }
    let begins = BEGINNINGS.iter().any(|start| name.starts_with(start));
    NAMES.contains(&name) || (begins && !HARMLESS.contains(&name))
}

/// Where cargo has its packages.
pub fn home_of_cargo() -> Result<PathBuf, Error> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("CARGO_HOME").map(PathBuf::from);
    let usual = || set("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    home.or_else(usual).ok_or_else(|| {
        let text = "neither CARGO_HOME nor HOME is set: set one of them";
        Error::Needed(text.to_owned())
    })
}

/// Refuses a folder's configuration of cargo that would change it. One that is the checkout's own says nothing new:
/// `reproduce` has a clone below the checkout.
pub fn check_configuration(folder: &Path, own: &[u8]) -> Result<(), Error> {
    for name in FILES {
        let path = folder.join(name);
        let content = match fs::read(&path) {
            Ok(content) if content != own => content,
            Err(error)
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Err(at(&path)(error));
            }
            _ => continue,
        };
        if let Some(key) = foreign(&String::from_utf8_lossy(&content)) {
            let text = format!(
                "{}: {key} may change what is published, and is not in the sources: move that file away while you \
                 build, or take all out of it but {}",
                path.display(),
                FINE.join(", ")
            );
            return Err(Error::Needed(text));
        }
    }
    Ok(())
}

/// The first key of a configuration that is not known to be harmless. Only tables' headings and what is before them
/// are looked at, line by line; what such a look might not understand is refused.
fn foreign(text: &str) -> Option<String> {
    let mut in_table = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        // Within it anything may look like a heading.
        if line.contains("\"\"\"") || line.contains("'''") {
            return Some("a text of several lines".to_owned());
        }
        let heading = line.starts_with('[');
        if in_table && !heading {
            continue;
        }
        in_table |= heading;
        let (key, rest) = first_key(line.trim_start_matches(['[', ' ', '\t']));
        // Anything else is the rest of a list, or of nothing.
        let is_key = heading || rest.starts_with(['.', '=']);
        if is_key && !FINE.contains(&key) {
            return Some(format!("`{key}`"));
        }
    }
    None
}

/// The first part of a dotted key, and what is after it.
fn first_key(line: &str) -> (&str, &str) {
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let inside = line.strip_prefix(quote)?;
        inside.split_once(quote)
    });
    let is_bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let bare = || {
        let end = line.find(|character| !is_bare(character));
        line.split_at_checked(end.unwrap_or(line.len()))
    };
    let (key, rest) = quoted.or_else(bare).unwrap_or_default();
    (key, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{check_configuration, first_key, foreign, is_flag};
    use crate::run::scratch;
    use std::fs;

    #[test]
    fn what_would_change_the_published_bytes_is_no_variable_of_a_build() {
        for name in [
            "RUSTFLAGS",
            "RUSTC",
            "RUSTC_BOOTSTRAP",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_BUILD_RUSTC",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
            "CARGO_BUILD_TARGET",
            "CARGO_INCREMENTAL",
            "CC",
            "CC_x86_64_unknown_linux_musl",
            "CFLAGS_aarch64_apple_darwin",
            "CPATH",
            "SDKROOT",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER",
            "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
            "CARGO_TARGET_AARCH64_APPLE_DARWIN_RUSTFLAGS",
            "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_OPT_LEVEL",
            "CARGO_ZIGBUILD_ZIG_PATH",
            "CARGO_ZIGBUILD_PYTHON_PATH",
            "TARGET_CFLAGS",
        ] {
            assert!(is_flag(name, ""), "{name}");
        }
        for name in [
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "CARGO_HOME",
            "PATH",
            // What counts is the version that it leads to, which `toolchain` compares.
            "RUSTUP_TOOLCHAIN",
            "RUSTC_LOG",
            "CCACHE_DIR",
        ] {
            assert!(!is_flag(name, "x"), "{name}");
        }
        assert!(!is_flag("CARGO_INCREMENTAL", "0"));
    }

    #[test]
    fn a_configuration_may_say_where_packages_come_from_and_not_how_they_are_built() {
        for fine in [
            "",
            "# [build]\n",
            "[source.far]\nreplace-with = \"near\"\n[source.near]\nregistry = \"sparse+https://x/\"\n",
            "[registries.x]\nindex = \"https://x/\"\n[net]\nretry = 3\n[ http ]\nproxy = \"x\"\n[term]\n[install]\n",
            "[alias]\nbuild = \"check\"\ntarget.x = \"y\"\n",
            "alias.x = [\n  \"run\",\n  \"build=1\",\n]\nnet.offline = true\n",
            "[\"registry\"]\ndefault = 'x'\r\n[registry.'x']",
        ] {
            assert_eq!(foreign(fine), None, "{fine}");
        }
        for (wrong, key) in [
            ("[build]\nrustflags = []\n", "`build`"),
            ("[net]\n  [ build ] # mine\n", "`build`"),
            (
                "[target.x86_64-unknown-linux-musl]\nlinker = \"x\"\n",
                "`target`",
            ),
            ("[target.'cfg(unix)']\n", "`target`"),
            ("[[ profile.release ]]", "`profile`"),
            ("\u{feff}build.rustflags = [\"-C\"]\n[net]\n", "`build`"),
            ("build . rustc = 'x'", "`build`"),
            ("\"build\".rustc = 'x'", "`build`"),
            ("'env'={ CC = 'x' }\r\n", "`env`"),
            ("alias.x = [\n  \"run\",\n]\nhost.linker = 'x'", "`host`"),
            ("[\"unstable\"]", "`unstable`"),
            ("[\"b\\u0075ild\"]", "`b\\u0075ild`"),
            ("paths = [\"/x\"]", "`paths`"),
            ("include = [\"x.toml\"]", "`include`"),
            ("[patch.far]", "`patch`"),
            (
                "alias.x = '''\n[net]\n'''\nbuild.rustc = 'x'",
                "a text of several lines",
            ),
        ] {
            assert_eq!(foreign(wrong).as_deref(), Some(key), "{wrong}");
        }
        assert_eq!(first_key("a-1 .b = 2"), ("a-1", ".b = 2"));
        assert_eq!(first_key("\"open"), ("", "\"open"));
    }

    #[test]
    fn a_file_that_is_refused_is_named_and_one_that_is_the_checkouts_own_is_not() {
        let folder = scratch("env_check");
        let own = b"[build]\nrustc-wrapper = 'x'\n";
        let look = || check_configuration(&folder, own).map_err(|error| error.to_string());
        assert_eq!(look(), Ok(()), "none");
        for name in ["config", "config.toml"] {
            let path = folder.join(name);
            fs::write(&path, "[source.x]\n").unwrap();
            assert_eq!(look(), Ok(()));
            fs::write(&path, own).unwrap();
            assert_eq!(look(), Ok(()));
            fs::write(&path, "[build]\nrustc-wrapper = 'y'\n").unwrap();
            let told = look().unwrap_err();
            let named = format!("{}: `build`", path.display());
            assert!(told.contains(&named) && told.contains("move"), "{told}");
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir(folder.join("config")).unwrap();
        assert!(look().is_err(), "what cannot be read");
        fs::remove_dir_all(folder).unwrap();
    }
}
