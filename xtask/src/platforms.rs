//! The systems that the plugin runs on.

/// One of them.
#[derive(Debug)]
pub struct Platform {
    /// As Mattermost calls it, in plugin.json and in names of bundles.
    pub name: &'static str,
    /// As Rust calls it.
    pub triple: &'static str,
    /// Where the executable is inside of the bundle, as plugin.json says.
    pub executable: &'static str,
}

/// Where everything is built and tried.
///
/// What runs on Linux has its C library, musl, in itself. So it asks nothing of the system but its kernel, and
/// takes a quarter less memory than with the library that most systems have.
pub const LINUX: Platform = Platform {
    name: "linux-amd64",
    triple: "x86_64-unknown-linux-musl",
    executable: "server/dist/plugin-linux-amd64",
};

/// Tried under an emulator.
pub const LINUX_ARM: Platform = Platform {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-musl",
    executable: "server/dist/plugin-linux-arm64",
};

/// Tried under Wine.
pub const WINDOWS: Platform = Platform {
    name: "windows-amd64",
    triple: "x86_64-pc-windows-gnu",
    executable: "server/dist/plugin-windows-amd64.exe",
};

/// Built, and looked at.
pub const MAC: Platform = Platform {
    name: "darwin-amd64",
    triple: "x86_64-apple-darwin",
    executable: "server/dist/plugin-darwin-amd64",
};

/// The same.
pub const MAC_ARM: Platform = Platform {
    name: "darwin-arm64",
    triple: "aarch64-apple-darwin",
    executable: "server/dist/plugin-darwin-arm64",
};

/// What a release is for. A bundle is made for each, and one for all together.
pub const PLATFORMS: [Platform; 5] = [LINUX, LINUX_ARM, MAC, MAC_ARM, WINDOWS];

/// What is promised of the bundle for one platform, in bytes.
pub const LIMIT_OF_ONE: u64 = 4_000_000;

/// What is promised of the bundle for all platforms together, in bytes.
pub const LIMIT: u64 = 18_000_000;

impl Platform {
    /// Whether the executable has all that it needs in itself.
    pub fn is_static(&self) -> bool {
        self.triple.ends_with("-linux-musl")
    }
}

#[cfg(test)]
mod tests {
    use super::PLATFORMS;
    use crate::run::root;
    use serde_json::Value;

    #[test]
    fn the_manifest_names_the_executable_of_every_platform_and_no_other() {
        let text = std::fs::read_to_string(root().join("plugin.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        let named = manifest["server"]["executables"].as_object().unwrap();
        let mut named: Vec<_> = named
            .iter()
            .map(|(name, path)| (name.as_str(), path.as_str().unwrap()))
            .collect();
        let mut built: Vec<_> = PLATFORMS
            .iter()
            .map(|one| (one.name, one.executable))
            .collect();
        named.sort_unstable();
        built.sort_unstable();
        assert_eq!(named, built);
    }
}
