//! The code that `wit-bindgen` generates from the WIT files: imports to call and traits to implement.
//!
//! The calls across the component's boundary are the one place that needs `unsafe`, and all of it is
//! generated.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic)]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "plugin-with-jobs",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "crate::bindings",
});
