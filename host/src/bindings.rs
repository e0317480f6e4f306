//! What `wasmtime` generates from the WIT files: types, traits to implement, exports to call.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

/// The plugin's own interfaces, from `wit/`.
pub mod plugin {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The queue, which a component may leave out.
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

/// The part of WASI that Rust's standard library asks for, from `host/wit/`.
pub mod wasi {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "host:inert/wasi",
        imports: { default: async | trappable },
        with: {
            "wasi:io/poll.pollable": crate::sandbox::wasi::Pollable,
            "wasi:io/error.error": crate::sandbox::wasi::Never,
            "wasi:io/streams.input-stream": crate::sandbox::wasi::Closed,
            "wasi:io/streams.output-stream": crate::sandbox::wasi::Output,
            "wasi:cli/terminal-input.terminal-input": crate::sandbox::wasi::Never,
            "wasi:cli/terminal-output.terminal-output": crate::sandbox::wasi::Never,
        },
    });
}
