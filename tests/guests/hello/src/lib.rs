//! The smallest useful plugin that is a component.
//!
//! It is three things at once: an example to start another plugin from, the proof that the host serves
//! any component and not one in particular, and the guest that misbehaves in tests. It counts visits,
//! answers a command, and tries what a sandbox must refuse, so that a test can look at the refusal.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | says hello and counts the visit with compare-and-set |
//! | `POST /echo` | answers with the body it got |
//! | `GET /pieces` | answers with more than fits into one write |
//! | `GET /header` | answers with the request's header `x-name`, in body and header `x-plugin-name` |
//! | `GET /log` | writes a log line of each level |
//! | `GET /as-user?channel=ID` | posts as the user who caused the request |
//! | `GET /fetch?url=URL` | tries to reach a host |
//! | `GET /nap?ms=MS&bed=BYTES` | sleeps, with so much memory in use |
//! | `GET /kv-host-key` | tries to write a key that belongs to the host |
//! | `PUT /value` | stores the body |
//! | `GET /kv-reads?n=N` | reads that value N times: what a call of the API costs |
//! | `POST /later?kind=KIND&delay=SECONDS` | enqueues a job with the body as its payload, see `later.rs` |
//! | `GET /trap`, `/loop`, `/memory` | panics, never ends, never has enough |

mod bindings;
mod later;
mod misbehave;
mod routes;
mod text;

use bindings::exports::mattermost::plugin::command_handler::{self, Invocation};
use bindings::exports::mattermost::plugin::http_handler::{self, Request, Response};
use bindings::exports::mattermost::plugin::job_handler::{self, Outcome};
use bindings::exports::mattermost::plugin::lifecycle;
use bindings::mattermost::plugin::bots;
use bindings::mattermost::plugin::commands::{self, Command};

struct Hello;

impl lifecycle::Guest for Hello {
    fn activate() -> Result<(), String> {
        bots::ensure().map_err(|error| format!("no bot account: {error:?}"))?;
        let command = Command {
            trigger: "hello".to_owned(),
            description: "Says hello".to_owned(),
            hint: String::new(),
            display_name: "Hello".to_owned(),
            icon: Vec::new(),
            nodes: Vec::new(),
        };
        commands::register(&command).map_err(|error| format!("no command: {error:?}"))
    }

    fn configuration_changed() {}

    fn deactivate() {}
}

impl command_handler::Guest for Hello {
    fn run(invocation: Invocation) -> Option<String> {
        Some(format!("Hello, you typed `{}`.", invocation.text))
    }
}

impl job_handler::Guest for Hello {
    fn run(kind: String, payload: Vec<u8>, attempt: u32) -> Outcome {
        later::run(&kind, &payload, attempt)
    }

    fn given_up(kind: String, _payload: Vec<u8>) -> Outcome {
        later::given_up(&kind)
    }
}

impl http_handler::Guest for Hello {
    fn handle(request: Request) -> Response {
        routes::answer(request)
    }
}

/// The generated exports. Their names are not valid in a native library, so only the component has them.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::all, clippy::restriction)]
mod exports {
    use crate::Hello;
    crate::bindings::export!(Hello with_types_in crate::bindings);
}
