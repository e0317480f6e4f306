//! A component with attacks that the sandbox must refuse.
//!
//! `GET /NAME` runs the attack with that name. The expected outcomes are in `tests/component/tests/hostile`. In the other
//! exports, the setting `Attack` names the attack. Attacks with forbidden imports are features of the crate, because a
//! component with such an import does not load.
#![cfg(target_arch = "wasm32")]

mod attacks;
mod bindings;

use bindings::exports::mattermost::plugin::command_handler::{self, Invocation};
use bindings::exports::mattermost::plugin::diagnostics;
use bindings::exports::mattermost::plugin::http_handler::{self, Request, Response};
use bindings::exports::mattermost::plugin::job_handler::{self, Outcome};
use bindings::exports::mattermost::plugin::lifecycle;
use bindings::mattermost::plugin::{config, log};

struct Hostile;

fn is_wanted(attack: &str) -> bool {
    config::settings().contains(&format!(r#""attack":"{attack}""#))
}

/// Panics if the setting asks for a panic in this export.
#[expect(clippy::panic, reason = "an attack")]
fn panic_in(export: &str) {
    if is_wanted(export) {
        panic!("panicking in {export}, as asked");
    }
}

impl lifecycle::Guest for Hostile {
    fn activate() -> Result<(), String> {
        panic_in("activate");
        if is_wanted("ask-in-activate") {
            let asked = attacks::ask("Token");
            let generated = bindings::mattermost::plugin::settings::generate("Seal");
            return Err(format!("{asked:?} {generated:?}"));
        }
        if is_wanted("long-reason") {
            return Err("no reason\n".repeat(1_000_000));
        }
        Ok(())
    }

    fn configuration_changed(previous: Vec<(String, String)>) {
        panic_in("configuration-changed");
        log::write(log::Level::Info, "previous values", &previous);
    }

    fn deactivate() {
        panic_in("deactivate");
    }
}

impl command_handler::Guest for Hostile {
    fn run(invocation: Invocation) -> Option<String> {
        panic_in("command");
        if invocation.text.ends_with("print") {
            attacks::print_and_panic();
        }
        if invocation.text.ends_with("hold") {
            attacks::wait_for_go();
        }
        if let Some((_, keys)) = invocation.text.split_once("ask ") {
            return Some(format!("{:?}", attacks::ask(keys)));
        }
        if let Some((_, key)) = invocation.text.split_once("generate ") {
            let generated = bindings::mattermost::plugin::settings::generate(key);
            return Some(format!("{generated:?}"));
        }
        if invocation.text.ends_with("dialog") {
            return Some(format!("{:?}", attacks::dialog("/origin", 4, &[])));
        }
        if invocation.text.ends_with("length") {
            return Some("at length ".repeat(1_000_000));
        }
        Some(invocation.text)
    }
}

impl job_handler::Guest for Hostile {
    fn run(kind: String, payload: Vec<u8>, _attempt: u32) -> Outcome {
        panic_in("job");
        attacks::work(&kind, &payload);
        Outcome::Done
    }

    fn given_up(_kind: String, _payload: Vec<u8>) -> Outcome {
        panic_in("given-up");
        Outcome::Done
    }
}

impl diagnostics::Guest for Hostile {
    fn support_data() -> String {
        panic_in("support-data");
        if is_wanted("endless-support-data") {
            loop {
                std::hint::spin_loop();
            }
        }
        if is_wanted("large-support-data") {
            return "x".repeat(1024 * 1024 + 1);
        }
        if is_wanted("text-support-data") {
            return "no JSON".to_owned();
        }
        r#"{"state":"fine"}"#.to_owned()
    }
}

impl http_handler::Guest for Hostile {
    fn handle(request: Request) -> Response {
        panic_in("request");
        attacks::make(&request)
    }
}

/// The generated exports. Their names are not valid in a native library, so only the component has them.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::all, clippy::restriction)]
mod exports {
    use crate::Hostile;
    crate::bindings::export!(Hostile with_types_in crate::bindings);
}
