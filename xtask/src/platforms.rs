//! The systems that the plugin runs on.

/// One system and processor.
#[derive(Debug)]
pub struct Platform {
    /// Mattermost's name, in plugin.json and in names of bundles.
    pub name: &'static str,
    /// Rust's name.
    pub triple: &'static str,
    /// The executable's path in the bundle, as in plugin.json.
    pub executable: &'static str,
}

/// The system that builds and tests everything.
///
/// Executables for Linux contain their C library, musl. They need only a kernel, and take a quarter less memory than
/// with glibc.
pub const LINUX: Platform = Platform {
    name: "linux-amd64",
    triple: "x86_64-unknown-linux-musl",
    executable: "server/dist/plugin-linux-amd64",
};

/// Tested in QEMU.
pub const LINUX_ARM: Platform = Platform {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-musl",
    executable: "server/dist/plugin-linux-arm64",
};

/// Tested in Wine.
pub const WINDOWS: Platform = Platform {
    name: "windows-amd64",
    triple: "x86_64-pc-windows-gnu",
    executable: "server/dist/plugin-windows-amd64.exe",
};

/// Built and inspected, but not run.
pub const MAC: Platform = Platform {
    name: "darwin-amd64",
    triple: "x86_64-apple-darwin",
    executable: "server/dist/plugin-darwin-amd64",
};

/// Built and inspected, but not run.
pub const MAC_ARM: Platform = Platform {
    name: "darwin-arm64",
    triple: "aarch64-apple-darwin",
    executable: "server/dist/plugin-darwin-arm64",
};

/// The platforms of a release. Each has a bundle, and one bundle is for all.
pub const PLATFORMS: [Platform; 5] = [LINUX, LINUX_ARM, MAC, MAC_ARM, WINDOWS];

/// The limit of the bundle for one platform, in bytes. The target is 4 MB (docs/performance.md).
pub const LIMIT_OF_ONE: usize = 4_200_000;

/// The limit of the bundle for all platforms, in bytes. The target is 18 MB.
pub const LIMIT: usize = 19_000_000;

impl Platform {
    /// Whether the executable is static.
    pub fn is_static(&self) -> bool {
        self.triple.ends_with("-linux-musl")
    }
}

#[cfg(test)]
#[path = "../tests/unit/platforms.rs"]
mod tests;
