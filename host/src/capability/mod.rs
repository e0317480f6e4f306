//! The WIT interfaces that a component imports: one module per interface, with its policy checks.
//!
//! Each host function charges the call to the event's meter, checks the policy, and makes one call of Mattermost's API or one
//! request to an allowed host. The `Host` traits are generated from the WIT files, which document the functions. Each is
//! implemented for a short-lived view that borrows only the parts of the event's state that the interface needs.
//!
//! To add a Mattermost API method: add it to `host/rpc/api/methods.txt`, declare the function in `wit/`, and implement it in
//! the module of its interface here.

/// Defines the view of an interface: `view!(NAME { shared: Type, …; mut exclusive: Type, … })`. The fields are those of
/// the event's state that the interface needs. Also defines the function that adds the interface to the linker.
macro_rules! view {
    ($interface:ident { $($shared:ident: $shared_type:ty),+; $(mut $exclusive:ident: $exclusive_type:ty),+ }) => {
        struct View<'a> {
            $($shared: &'a $shared_type,)+
            $($exclusive: &'a mut $exclusive_type,)+
        }

        /// Adds the interface to the linker.
        pub(super) fn add_to_linker(
            linker: &mut wasmtime::component::Linker<crate::event::EventState>,
        ) -> wasmtime::Result<()> {
            struct HasView;
            impl wasmtime::component::HasData for HasView {
                type Data<'a> = View<'a>;
            }
            fn view(state: &mut crate::event::EventState) -> View<'_> {
                View {
                    $($shared: &state.$shared,)+
                    $($exclusive: &mut state.$exclusive,)+
                }
            }
            $interface::add_to_linker::<_, HasView>(linker, view)
        }
    };
}

mod audit;
mod bots;
mod channels;
mod commands;
mod config;
mod dialogs;
mod files;
mod http;
mod jobs;
mod kv;
mod limits;
mod log;
mod observations;
mod posts;
mod settings;
mod types;
mod users;
mod websocket;

use wasmtime::component::Linker;

use crate::event::EventState;

pub(crate) use posts::MESSAGE_LIMIT;

/// Adds all interfaces to the linker.
pub(crate) fn add_to_linker(linker: &mut Linker<EventState>) -> wasmtime::Result<()> {
    audit::add_to_linker(linker)?;
    bots::add_to_linker(linker)?;
    channels::add_to_linker(linker)?;
    commands::add_to_linker(linker)?;
    config::add_to_linker(linker)?;
    dialogs::add_to_linker(linker)?;
    files::add_to_linker(linker)?;
    http::add_to_linker(linker)?;
    jobs::add_to_linker(linker)?;
    kv::add_to_linker(linker)?;
    log::add_to_linker(linker)?;
    observations::add_to_linker(linker)?;
    posts::add_to_linker(linker)?;
    settings::add_to_linker(linker)?;
    types::add_to_linker(linker)?;
    users::add_to_linker(linker)?;
    websocket::add_to_linker(linker)
}
