//! Code that `wasmtime` generates from the WIT files: types, traits to implement, and exports to call.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

/// The plugin interfaces, from `wit/`.
pub mod plugin {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The job queue, which a component may omit.
pub mod jobs {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package host:optional;
            world jobs {
                import mattermost:plugin/jobs@0.1.0;
                export mattermost:plugin/job-handler@0.1.0;
            }
        ",
        world: "host:optional/jobs",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "mattermost:plugin/types@0.1.0": super::plugin::mattermost::plugin::types },
    });
}

/// The file for support packets, which a component may omit.
pub mod diagnostics {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package host:optional;
            world diagnostics {
                export mattermost:plugin/diagnostics@0.1.0;
            }
        ",
        world: "host:optional/diagnostics",
        exports: { default: async },
    });
}

/// The part of WASI that Rust's standard library needs, from `host/wit/`.
pub mod wasi {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "host:inert/wasi",
        imports: { default: async | trappable },
        with: {
            "wasi:io/poll.pollable": crate::bindings::resources::Pollable,
            "wasi:io/error.error": crate::bindings::resources::Never,
            "wasi:io/streams.input-stream": crate::bindings::resources::ClosedInput,
            "wasi:io/streams.output-stream": crate::bindings::resources::LogOutput,
            "wasi:cli/terminal-input.terminal-input": crate::bindings::resources::Never,
            "wasi:cli/terminal-output.terminal-output": crate::bindings::resources::Never,
        },
    });
}

/// The resources of the WASI interfaces.
pub mod resources {
    use tokio::time::Instant;

    /// A resource that cannot exist.
    pub enum Never {}

    /// An input that is at its end.
    pub struct ClosedInput;

    /// An output whose bytes are kept for the log.
    pub struct LogOutput;

    /// A moment to wait for, or `None` for something that is ready.
    pub struct Pollable(pub(crate) Option<Instant>);
}
