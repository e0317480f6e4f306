//! `types`: the error type that all interfaces share. It has no functions.

use wasmtime::component::{HasData, Linker};

use crate::bindings::plugin::mattermost::plugin::types::{self, Host};
use crate::event::EventState;

/// Adds the interface to the linker.
pub(super) fn add_to_linker(linker: &mut Linker<EventState>) -> wasmtime::Result<()> {
    struct NoState;
    impl HasData for NoState {
        type Data<'a> = NoState;
    }
    impl Host for NoState {}
    types::add_to_linker::<_, NoState>(linker, |_| NoState)
}
