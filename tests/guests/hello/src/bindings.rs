//! The code that `wit-bindgen` generates from the WIT files: imports to call and traits to implement.
//!
//! Only the calls across the component's boundary need `unsafe`, and all of them are generated.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic)]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "plugin-with-jobs",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "crate::bindings",
});
