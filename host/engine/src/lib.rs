//! The one engine configuration.
//!
//! An image compiled ahead of time loads only into an engine that was configured the same way, so the
//! side that compiles (`host/aot`, at build time) and the side that runs (`host`) both ask here. The
//! target is always named: otherwise the features of the builder's own processor would leak into the
//! image, and it would refuse to load on a smaller one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

use wasmtime::{Config, WasmFeatures};

/// How long one tick of the epoch clock lasts, in milliseconds: the granularity at which a component
/// that computes without calling the host is looked at.
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
    // A backtrace names functions, which is enough; the map from every instruction to its place in the
    // component would be a third of the image.
    config.generate_address_map(false);
    // Frames are walked by their pointers; unwinders of the system have no business in a component. Windows
    // insists.
    config.native_unwind_info(target.contains("-windows-"));
    // Features that Rust components do not use are attack surface for nothing.
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

    /// All that a component may be made of. A feature that an update of wasmtime adds is a decision, not an accident.
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
    fn a_component_is_made_of_these_features_of_webassembly_and_no_others() {
        for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"] {
            let told = format!("{:#?}", config(target).unwrap());
            let mut enabled: Vec<_> = told
                .lines()
                .filter_map(|line| line.trim().strip_prefix("wasm_")?.strip_suffix(": true,"))
                .collect();
            enabled.sort_unstable();
            println!("{target}: {}", enabled.join(" "));
            assert_eq!(enabled, ENABLED, "{target}");
        }
    }
}
