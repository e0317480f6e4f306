use super::{check_configuration, foreign, is_flag};
use crate::run::scratch;
use std::fs;

#[test]
fn variables_that_change_the_published_bytes_are_refused() {
    for name in [
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "CARGO_INCREMENTAL",
        "CC_x86_64_unknown_linux_musl",
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL",
        "TARGET_CFLAGS",
    ] {
        assert!(is_flag(name, ""), "{name}");
    }
    for name in [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_JOBS",
        "CARGO_HOME",
        "PATH",
        // `toolchain` compares the version.
        "RUSTUP_TOOLCHAIN",
        "RUSTC_LOG",
        "CCACHE_DIR",
    ] {
        assert!(!is_flag(name, "x"), "{name}");
    }
    assert!(!is_flag("CARGO_INCREMENTAL", "0"));
}

#[test]
fn a_configuration_may_name_registries_but_not_change_the_build() {
    for fine in [
        "",
        "# [build]\n",
        "[source.far]\nreplace-with = \"near\"\n[source.near]\nregistry = \"sparse+https://x/\"\n",
        "alias.x = [\n  \"run\",\n  \"build=1\",\n]\nnet.offline = true\n",
    ] {
        assert_eq!(foreign(fine), None, "{fine}");
    }
    for (wrong, key) in [
        ("[net]\n  [ build ] # mine\n", "`build`"),
        ("[target.'cfg(unix)']\n", "`target`"),
        ("[\"b\\u0075ild\"]", "`build`"),
        ("paths = [\"/x\"]", "`paths`"),
        ("build = ", "a line that is not TOML"),
    ] {
        assert_eq!(foreign(wrong).as_deref(), Some(key), "{wrong}");
    }
}

#[test]
fn a_refused_file_is_named_and_a_copy_of_the_checkouts_own_file_is_accepted() {
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
