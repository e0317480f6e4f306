//! The engine configuration, shared by the compiler and the host.
//!
//! An image compiled ahead of time loads only into an engine with the same configuration, so `host/aot`, which compiles at build
//! time, and `host`, which runs the image, both use this one. The target is always explicit: otherwise the image would
//! depend on the features of the build machine's processor and not load on a smaller one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

use wasmtime::{Config, WasmFeatures};

/// The duration of one tick of the epoch clock, in milliseconds: the granularity at which a component that computes without
/// calling the host can be interrupted.
pub const EPOCH_TICK_MS: u64 = 10;

/// The configuration for a target triple such as `x86_64-unknown-linux-gnu`.
///
/// # Errors
///
/// When wasmtime does not support the target.
pub fn config(target: &str) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.target(target)?;
    config.epoch_interruption(true);
    // Backtraces with function names are enough. The map from instructions to offsets in the component would be a third of the
    // image.
    config.generate_address_map(false);
    // wasmtime walks frames by their pointers, so the system's unwinders need no information. Windows requires it.
    config.native_unwind_info(target.contains("-windows-"));
    // Disable features that Rust components do not use, to reduce the attack surface.
    config.wasm_memory64(false);
    config.wasm_multi_memory(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    // Without wasmtime's `gc` feature, subtypes of functions compile but a call that does not match them can abort the
    // process (RUSTSEC-2026-0570, wasmtime before 48.0.9). Without these two proposals there are no subtypes.
    config.wasm_gc(false);
    config.wasm_features(WasmFeatures::FUNCTION_REFERENCES, false);
    config.concurrency_support(false);
    Ok(config)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that goes wrong should stop right there"
)]
mod tests {
    use super::*;

    /// The features that a component may use. If an update of wasmtime adds one, decide about it.
    const ENABLED: [&str; 12] = [
        "bulk_memory",
        "bulk_memory_opt",
        "call_indirect_overlong",
        "component_model",
        "extended_const",
        "floats",
        "multi_value",
        "mutable_global",
        "reference_types",
        "saturating_float_to_int",
        "sign_extension",
        "simd",
    ];

    #[test]
    fn only_these_webassembly_features_are_enabled() {
        for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"] {
            let config = format!("{:#?}", config(target).unwrap());
            let mut enabled: Vec<_> = config
                .lines()
                .filter_map(|line| line.trim().strip_prefix("wasm_")?.strip_suffix(": true,"))
                .collect();
            enabled.sort_unstable();
            println!("{target}: {}", enabled.join(" "));
            assert_eq!(enabled, ENABLED, "{target}");
        }
    }
}
